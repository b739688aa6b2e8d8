#pragma once
// What this machine offers and what it is called, where flags do not say.

#include "app/config.hpp"
#include "model/resources.hpp"

#include <string>

namespace windlass {

// What /version and MasterInfo say: the newest Mesos whose v1 APIs the engine serves.
inline constexpr const char* engine_version = "1.11.0";

// cpus, mem, disk and ports as Mesos measures them (mesos.md 6.3), each replaced by what --resources names.
// Errors: Errc::invalid for --resources.
[[nodiscard]] Result<Resources> agent_resources(const Config& config);

// --hostname, else the address of the default route's interface, else the machine's name: reachable from inside
// containers and from other machines.
[[nodiscard]] std::string advertised_hostname(const Config& config);

// --docker_executor, else windlass-executor beside this program.
[[nodiscard]] std::string executor_program(const Config& config);

}  // namespace windlass
