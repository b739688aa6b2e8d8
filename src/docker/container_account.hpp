#pragma once
// What a container uses while it runs, and what the kernel says of its end: io/cgroup_statistics at the right moments.
// Used on the loop thread only.

#include "base/time.hpp"
#include "io/process/cgroup_statistics.hpp"
#include "io/process/disk_usage.hpp"
#include "io/process/process.hpp"
#include "model/container_spec.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <functional>
#include <optional>
#include <string>

namespace windlass {

namespace asio = boost::asio;

class ContainerAccount {
 public:
  explicit ContainerAccount(asio::any_io_executor loop) : loop_{std::move(loop)} {}

  // The container runs, as the view says: finds its first process and its control groups. False when it is not one of
  // this machine, or known already.
  bool begin(const ContainerView& view);
  // Its first process; pid 0: not known.
  [[nodiscard]] ProcessId process() const { return process_; }

  // Waits for the end of that process, then reads what the kernel has counted.
  [[nodiscard]] asio::awaitable<void> follow();
  // Calls on_sample at once and every `interval` until the process has ended. folder: the sandbox, whose files count
  // against disk_limit_bytes together with the container's own layer.
  [[nodiscard]] asio::awaitable<void> sample_every(Duration interval, std::string folder,
                                                   std::optional<std::uint64_t> disk_limit_bytes,
                                                   std::function<void(const ContainerStatistics&)> on_sample);

  // After follow(): what the kernel says, if it does.
  [[nodiscard]] const std::optional<OomEvents>& oom() const { return oom_; }
  [[nodiscard]] const ContainerStatistics& statistics() const { return statistics_; }

 private:
  void sample();
  void count_disk(const std::string& folder);

  asio::any_io_executor loop_;
  const Clock clock_{};
  std::string upper_dir_;
  ProcessId process_;
  std::optional<ContainerCgroups> groups_;
  ContainerStatistics statistics_;
  std::optional<OomEvents> oom_;
  std::optional<DiskUsage> disk_;  // a count under way
};

}  // namespace windlass
