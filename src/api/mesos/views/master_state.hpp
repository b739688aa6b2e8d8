#pragma once
// The master's older reads as JSON: /state, /slaves, /frameworks, /tasks and so on (mesos.md 5.2 to 5.5).

#include "io/http/message.hpp"
#include "node/engine_port.hpp"

#include <string>

namespace windlass {

std::string master_state_json(const EngineView& engine);
std::string state_summary_json(const EngineView& engine);
std::string slaves_json(const EngineView& engine, const HttpQuery& query);
std::string frameworks_json(const EngineView& engine, const HttpQuery& query);
// limit (100), offset, order ("des", else "asc"), framework_id, task_id; by the time of the first status.
std::string tasks_json(const EngineView& engine, const HttpQuery& query);
std::string roles_json(const EngineView& engine);

}  // namespace windlass
