#pragma once
// The older reads of master and agent as JSON: /state, /slaves, /frameworks, /tasks and so on (mesos.md 5.2 to 5.6).

#include "io/http_message.hpp"
#include "node/engine_port.hpp"

#include <map>
#include <string>

namespace windlass {

std::string version_json(const EngineView& engine);
// {"flags":{…}}.
std::string flags_json(const std::map<std::string, std::string>& flags);
// A flat object of numbers.
std::string metrics_json(const std::map<std::string, double>& metrics);

// Of the master.
std::string master_state_json(const EngineView& engine);
std::string state_summary_json(const EngineView& engine);
std::string slaves_json(const EngineView& engine, const HttpQuery& query);
std::string frameworks_json(const EngineView& engine, const HttpQuery& query);
// limit (100), offset, order ("des", else "asc"), framework_id, task_id; by the time of the first status.
std::string tasks_json(const EngineView& engine, const HttpQuery& query);
std::string roles_json(const EngineView& engine);

// Of the agent.
std::string agent_state_json(const EngineView& engine);
// framework_id, executor_id, container_id.
std::string containers_json(const EngineView& engine, const HttpQuery& query);
std::string statistics_json(const EngineView& engine);

}  // namespace windlass
