#pragma once
// What master and agent say alike of themselves.

#include "node/engine_port.hpp"
#include "wire/json/writer.hpp"

#include <cstdint>
#include <map>
#include <string>

namespace windlass {

// "master@10.0.0.1:5050"
std::string address(const std::string& name, const std::string& ip, std::uint16_t port);
// The member "flags".
void write_flags(JsonWriter& json, const std::map<std::string, std::string>& flags);

std::string version_json(const EngineView& engine);
// {"flags":{…}}.
std::string flags_json(const std::map<std::string, std::string>& flags);
// A flat object of numbers.
std::string metrics_json(const std::map<std::string, double>& metrics);

}  // namespace windlass
