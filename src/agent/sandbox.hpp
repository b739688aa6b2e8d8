#pragma once
// Where an executor lives on disk, and what it finds in its environment (mesos.md 3.2, 3.8).
//
//   <work_dir>/slaves/<agent>/frameworks/<framework>/executors/<executor>/runs/<container>/   0750, the user's
//                                                                      │         ├── stdout
//                                                                      │         └── stderr
//                                                                      └ latest -> <container>

#include "base/error.hpp"
#include "base/time.hpp"
#include "model/ids.hpp"
#include "model/task.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace windlass {

struct SandboxPlace {
  std::string work_dir;
  AgentId agent_id;
  FrameworkId framework_id;
  ExecutorId executor_id;
  ContainerId container_id;
};

std::string sandbox_directory(const SandboxPlace& place);

// Makes it with empty stdout and stderr, owned by the user (empty: us), and points `latest` to it.
// Errors: Errc::disk, not_found for the user, forbidden.
[[nodiscard]] Result<void> make_sandbox(const SandboxPlace& place, const std::string& user);

struct ExecutorEnvironment {
  std::string agent_ip;
  std::uint16_t agent_port = 5051;
  bool checkpoint = false;
  Duration shutdown_grace_period = {};
  Duration recovery_timeout = {};
  Duration subscription_backoff_max = {};
  std::string docker_host = {};    // set as DOCKER_HOST when not empty, and as WINDLASS_DOCKER_HOST
  std::string max_log_size = "0";  // windlass-executor's flag of that name; "0": it is not set
  std::int64_t max_log_files = 5;  // the same
  // Of ExecutorInfo.command; overrides ours, but not what the agent says of itself (MESOS_, LIBPROCESS_) and nothing
  // that steers windlass-executor (WINDLASS_).
  std::vector<EnvironmentVariable> framework = {};
};

// The complete environment, "NAME=value": `inherited` without the names that speak of us (but with windlass-executor's
// flags), then ours, then the framework's.
std::vector<std::string> executor_environment(const SandboxPlace& place, const ExecutorEnvironment& environment,
                                              const std::vector<std::string>& inherited);

}  // namespace windlass
