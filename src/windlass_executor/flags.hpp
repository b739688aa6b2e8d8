#pragma once
// The flags of windlass-executor: what its operator sets, before the image and its arguments. One table
// (flags.cpp) from which come the parser, --help and docs/executor_flags.md.

#include "base/error.hpp"
#include "base/time.hpp"
#include "io/process/output_file.hpp"
#include "link/agent_environment.hpp"
#include "model/container_policy.hpp"

#include <string>
#include <vector>

namespace windlass {

struct ExecutorFlags {
  ContainerPolicy policy = {};
  bool enable_cfs = false;            // a task's cpus are a limit, not only a share
  bool limit_swap = false;            // a container has no swap beyond its memory
  bool report_docker_health = false;  // an image's HEALTHCHECK, where the task has no check
  std::string docker_config = {};     // path or text of a configuration of Docker's client; empty: the usual place
  Duration statistics_interval = {};  // how often the framework is told what the container uses; 0: never
  LogLimits log_limits = {};

  std::vector<std::string> arguments = {};  // what is not flags
  friend bool operator==(const ExecutorFlags&, const ExecutorFlags&) = default;
};

// argv without the program's name. Flags come before the image and its arguments, which may be anything: the first word
// that is no flag of ours ends them, and so does "--". A switch is --name, --no-name, --name=true or --name=false;
// other flags are --name=value. Each may also stand in the environment: --allow_mounts as
// WINDLASS_EXECUTOR_ALLOW_MOUNTS. Of what is said twice the later counts, the command line more than the environment;
// but denials add up: more words can only deny more. Errors: Errc::invalid naming the flag or the variable.
[[nodiscard]] Result<ExecutorFlags> read_executor_flags(const std::vector<std::string>& argv,
                                                        const Environment& environment);

// Whether the variable is that of a flag which denies something to containers.
bool is_denial_variable(const std::string& name);

std::string executor_flags_help();
std::string executor_flags_markdown();

}  // namespace windlass
