#pragma once
// The flags of windlass-executor. They come before the image and its arguments, which may be anything: the first word
// that is no flag of ours ends them, and so does "--". Each may also be set in the environment (an agent passes on what
// the framework puts into ExecutorInfo.command): --enable_cfs as WINDLASS_EXECUTOR_ENABLE_CFS. The command line counts
// more.

#include "app/agent_environment.hpp"
#include "base/error.hpp"
#include "base/time.hpp"

#include <string>
#include <vector>

namespace windlass {

struct ExecutorFlags {
  bool enable_cfs = false;            // a task's cpus are a limit, not only a share
  bool limit_swap = false;            // a container has no swap beyond its memory
  Duration statistics_interval = {};  // how often the framework is told what the container uses; 0: never

  std::vector<std::string> arguments = {};  // what is not flags
  friend bool operator==(const ExecutorFlags&, const ExecutorFlags&) = default;
};

// argv without the program's name. A switch is --name, --no-name, --name=true or --name=false; other flags are
// --name=value. Errors: Errc::invalid naming the flag.
[[nodiscard]] Result<ExecutorFlags> read_executor_flags(const std::vector<std::string>& argv,
                                                        const Environment& environment);

// The lines for --help.
[[nodiscard]] std::string describe_executor_flags();

}  // namespace windlass
