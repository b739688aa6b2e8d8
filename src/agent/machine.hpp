#pragma once
// What this machine offers and what it is called, where flags do not say.

#include "base/error.hpp"
#include "model/resources.hpp"

#include <string>

namespace windlass {

// What /version and MasterInfo say: the newest Mesos whose v1 APIs the engine serves.
inline constexpr const char* engine_version = "1.11.0";

// cpus, mem, disk and ports as Mesos measures them (mesos.md 6.3), each replaced by what `given` (--resources) names.
// The disk is that of work_dir, which need not exist yet. Errors: Errc::invalid for `given`.
[[nodiscard]] Result<Resources> agent_resources(const std::string& given, const std::string& work_dir);

// `configured` (--hostname) unless it is empty, else the address of the default route's interface, else the machine's
// name: reachable from inside containers and from other machines.
[[nodiscard]] std::string advertised_hostname(const std::string& configured);

// Errors: Errc::invalid when there is no file that may be executed.
[[nodiscard]] Result<void> check_executor_program(const std::string& path);

// `configured` (--docker_executor) unless it is empty, else windlass-executor beside this program.
[[nodiscard]] std::string executor_program(const std::string& configured);

}  // namespace windlass
