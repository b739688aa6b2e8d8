#pragma once
// Containers whose executor is dead. Its reaper removes them, unless it was killed too (an agent ends whole control
// groups, a machine ends everything): then the next executor does.

#include "docker/client.hpp"

#include <boost/asio/awaitable.hpp>

#include <string>
#include <string_view>

namespace windlass {

// On each container: who made it.
inline constexpr const char* owner_label = "WINDLASS_EXECUTOR";

// This process, as a label's value: "<boot id> <pid namespace> <pid> <start time>".
std::string own_name();

// True only when the process that the name tells of has certainly ended: the machine has been started anew since, or it
// is of our pid namespace and not there any more.
[[nodiscard]] bool is_dead(std::string_view owner);

// Removes the containers of dead executors. REQUIRES: the Docker Engine is this machine's.
[[nodiscard]] asio::awaitable<void> remove_orphans(DockerClient& docker);

}  // namespace windlass
