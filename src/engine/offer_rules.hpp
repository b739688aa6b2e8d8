#pragma once
// What may be offered to whom, and for how long a refusal holds (mesos.md 2.2, 2.3): for the engine, and for a fleet.

#include "base/time.hpp"
#include "model/framework.hpp"
#include "model/resources.hpp"

#include <optional>
#include <string>
#include <vector>

namespace windlass::engine {

// Unreserved resources, and those that are reserved to the role or to one above it.
Resources open_to(const Resources& free, const std::string& role);

// Whether it is enough for an offer: --min_allocatable_resources of Mesos, cpus:0.01|mem:32.
bool is_allocatable(const Resources& resources);

// The roles that a REVIVE or SUPPRESS means: `named`, or all when none is named. None when one of them is not the
// framework's.
std::vector<std::string> meant_roles(const FrameworkInfo& info, const std::vector<std::string>& named);

// How long resources that are refused for `seconds` are not offered again: 5 s when it is less than 0 or no number, a
// year at most, and until the next batch at least. None: they may be offered at once.
std::optional<Duration> refusal_time(double seconds, Duration allocation_interval);

}  // namespace windlass::engine
