#pragma once
// The flags of windlass-executor: what its operator sets, before the image and its arguments. One table
// (executor_flags.cpp) from which come the parser, --help and docs/executor_flags.md.

#include "app/agent_environment.hpp"
#include "base/error.hpp"
#include "model/container_policy.hpp"

#include <string>
#include <vector>

namespace windlass {

struct ExecutorFlags {
  ContainerPolicy policy = {};
  std::vector<std::string> argv = {};  // what follows the flags
};

// Flags are "--name=value", up to the first word that is none, or "--". Each may also stand in the environment:
// --allow_mounts as WINDLASS_EXECUTOR_ALLOW_MOUNTS. What is said twice counts twice: all of it can only deny more.
// Errors: Errc::invalid naming the flag or the variable.
[[nodiscard]] Result<ExecutorFlags> read_executor_flags(const std::vector<std::string>& words,
                                                        const Environment& environment);

std::string executor_flags_help();
std::string executor_flags_markdown();

}  // namespace windlass
