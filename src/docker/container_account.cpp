#include "docker/container_account.hpp"

#include "io/log.hpp"
#include "io/nothrow.hpp"

#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <chrono>
#include <utility>

namespace windlass {

namespace {

constexpr std::size_t entries_at_once = 2000;  // some milliseconds

}  // namespace

bool ContainerAccount::begin(const ContainerView& view) {
  // Each inspect comes here; only the first one of a start has something to find.
  if (!view.running || view.pid <= 0 || view.pid == process_.pid) return false;
  auto groups = find_container_cgroups(view.pid, view.id);
  if (!groups) return false;
  // The pid with its start time: it is killed by that later, when the pid alone may be somebody else's.
  auto process = identify_process(view.pid);
  if (!process) return false;
  process_ = *process;
  groups_ = std::move(*groups);
  upper_dir_ = view.upper_dir;
  return true;
}

void ContainerAccount::sample() {
  if (groups_) sample_container(statistics_, *groups_, clock_.now());
}

// The last moment at which the numbers can be had: Docker removes the control groups soon after the process has ended.
asio::awaitable<void> ContainerAccount::follow() {
  auto waiting = wait_process(process_);
  auto ended = co_await std::move(waiting);
  if (!ended || !groups_) co_return;
  sample();
  auto events = read_oom_events(*groups_);
  if (events) oom_ = *events;
}

// In pieces: one with each sample.
void ContainerAccount::count_disk(const std::string& folder) {
  if (!disk_) {
    std::vector<std::string> folders{folder};
    if (!upper_dir_.empty()) folders.push_back(upper_dir_);
    disk_.emplace(std::move(folders));
  }
  // A folder may have millions of files. To count them at once would stop the loop, and with it output and kills.
  if (!disk_->advance(entries_at_once)) return;
  statistics_.disk_used_bytes = disk_->bytes();
  disk_.reset();
}

asio::awaitable<void> ContainerAccount::sample_every(Duration interval, std::string folder,
                                                     std::optional<std::uint64_t> disk_limit_bytes,
                                                     std::function<void(const ContainerStatistics&)> on_sample) {
  statistics_.disk_limit_bytes = disk_limit_bytes;
  // Asked of the process, not of Docker: statistics must not depend on whether that answers.
  while (is_alive(process_)) {
    sample();
    count_disk(folder);
    on_sample(statistics_);
    asio::steady_timer timer{loop_, std::chrono::duration_cast<asio::steady_timer::duration>(interval)};
    auto waited = co_await timer.async_wait(nothrow);
    static_cast<void>(waited);
  }
}

}  // namespace windlass
