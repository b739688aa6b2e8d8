#include "docker/container_orphans.hpp"

#include "io/files.hpp"
#include "io/log.hpp"
#include "io/process/process.hpp"

#include <unistd.h>

#include <cstdint>
#include <sstream>
#include <utility>

namespace windlass {

namespace {

// "pid:[4026531836]"
std::string pid_namespace() {
  char name[64];
  const ssize_t size = ::readlink("/proc/self/ns/pid", name, sizeof name);
  return {name, size > 0 ? static_cast<std::size_t>(size) : 0};
}

}  // namespace

// The start time, since pids are used again; the boot, since start times count from it; the namespace, since a pid
// means something only in its own.
std::string own_name() {
  auto own = identify_process(::getpid());
  const std::uint64_t start = own ? own->start_ticks : 0;
  auto boot = boot_id();
  return (boot ? *boot : "?") + " " + pid_namespace() + " " + std::to_string(::getpid()) + " " + std::to_string(start);
}

bool is_dead(std::string_view owner) {
  std::istringstream words{std::string{owner}};
  std::string boot, space;
  ProcessId process;
  if (!(words >> boot >> space >> process.pid >> process.start_ticks) || process.pid <= 0) return false;
  auto now = boot_id();
  // In doubt it lives: to remove the container of a task that runs is worse than to leave one behind.
  if (!now || boot == "?" || pid_namespace().empty()) return false;
  if (boot != *now) return true;
  return space == pid_namespace() && process.start_ticks != 0 && !is_alive(process);
}

asio::awaitable<void> remove_orphans(DockerClient& docker) {
  auto listing = docker.list_labelled(owner_label);
  auto listed = co_await std::move(listing);
  // Not worth a word: the next executor tries again.
  if (!listed) co_return;
  for (const auto& [id, owner] : *listed) {
    if (!is_dead(owner)) continue;
    auto removing = docker.remove(id);
    auto removed = co_await std::move(removing);
    log_info("removed the container of an executor that is dead",
             {{"container", id.substr(0, 12)}, {"outcome", removed ? "ok" : removed.error().message}});
  }
}

}  // namespace windlass
