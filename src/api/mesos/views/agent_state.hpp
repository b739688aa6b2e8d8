#pragma once
// The agent's older reads as JSON: /state, /containers, /monitor/statistics (mesos.md 5.6).

#include "io/http/message.hpp"
#include "node/engine_port.hpp"

#include <string>

namespace windlass {

std::string agent_state_json(const EngineView& engine);
// framework_id, executor_id, container_id.
std::string containers_json(const EngineView& engine, const HttpQuery& query);
std::string statistics_json(const EngineView& engine);

}  // namespace windlass
