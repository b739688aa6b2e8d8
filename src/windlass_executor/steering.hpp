#pragma once
// Who says how the executor works: the agent and the operator, never the framework. A framework's variables are for its
// container, but a Mesos agent puts them into the executor's environment, over the operator's of the same name.
// SUBSCRIBED tells which they are.
//
//   of the framework          what follows
//   DOCKER_HOST               the default socket, or WINDLASS_DOCKER_HOST: our own agent's, which no framework replaces
//   PATH, HOME                the system's default, the user's folder
//   WINDLASS_EXECUTOR_DENY    and the other denials: no container is run, for what the operator denied is not known
//   all others                as if they were not set
//
// The container gets them all the same: what it gets comes from the task.

#include "link/agent_environment.hpp"
#include "model/task.hpp"
#include "windlass_executor/flags.hpp"

#include <optional>
#include <string>
#include <vector>

namespace windlass {

struct Steering {
  Environment environment = {};  // without what the framework has set, and so for what we start for ourselves
  std::string docker_host = {};  // as in DOCKER_HOST
  ExecutorFlags flags = {};
  std::vector<std::string> ignored = {};  // of the framework's variables, those that would have steered us
  std::optional<Error> refusal = {};      // why no container is run
};

// `all` is the executor's own environment, `framework` ExecutorInfo.command.environment, `argv` as for
// read_executor_flags. Errors: those of read_executor_flags.
[[nodiscard]] Result<Steering> steer(const Environment& all, const std::vector<EnvironmentVariable>& framework,
                                     const std::vector<std::string>& argv);

// The process' own environment becomes this one. REQUIRES: no other thread.
void replace_environment(const Environment& environment);

}  // namespace windlass
