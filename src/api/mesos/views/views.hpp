#pragma once
// What several of the operator's reads ask of the engine's state.

#include "engine/picture.hpp"
#include "io/http/message.hpp"
#include "node/engine_port.hpp"
#include "wire/mesos/operator.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace windlass {

struct Holding {
  Resources allocated;
  Resources offered;
};

// Who holds what, as the master counts it: without what the engine adds for tasks that have only a command.
struct Holdings {
  Holding all;
  std::map<FrameworkId, Holding> by_framework;
  std::map<std::string, Holding> by_role;
  [[nodiscard]] Holding of(const FrameworkId& id) const;
};
Holdings holdings(const engine::Picture& state);

// An executor with its tasks, as the agent counts them: resources are its own and those of its tasks that have not
// ended.
struct ExecutorView {
  ExecutorRecord record;
  operator_api::Tasks tasks = {};
  Resources resources = {};
};
// Those that there are, in the order of their frameworks and ids.
std::vector<ExecutorView> executor_views(const engine::Picture& state);
// Those that ended, as far as their completed tasks tell.
std::vector<ExecutorView> completed_executors(const EngineView& engine);

// Whether the query asks for this value of `name`, or for none.
bool admits(const HttpQuery& query, std::string_view name, const std::string& value);

// With the ids that the journal has.
MasterInfo master_info(const engine::Picture& state);
AgentInfo agent_info(const engine::Picture& state);

// Known from the journal, and not heard of since this process began.
bool is_recovered(const engine::Framework& framework);

// Roles that a framework subscribes to, each with those frameworks.
std::map<std::string, std::vector<FrameworkId>> roles_of(const engine::Picture& state);

// What is told of the settings at /flags.
std::map<std::string, std::string> master_flags(const EngineView& engine);
std::map<std::string, std::string> agent_flags(const EngineView& engine);

}  // namespace windlass
