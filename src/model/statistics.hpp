#pragma once
// What a container has used, and what the kernel did to it for want of memory. Names are those of Mesos'
// ResourceStatistics where it has the number; the others are marked "ours". Unset: the kernel did not tell.

#include "base/time.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace windlass {

struct ContainerStatistics {
  TimePoint timestamp = {};

  // Since the start of the container, all of its processes, ended ones too.
  std::optional<double> cpus_user_time_secs = {};
  std::optional<double> cpus_system_time_secs = {};
  std::optional<double> cpus_limit = {};       // CFS quota in CPUs; unset: none
  std::optional<double> cpus_soft_limit = {};  // cpu.shares in CPUs; not in cgroup v2, whose weights say no CPUs
  std::optional<std::uint64_t> cpus_nr_periods = {};
  std::optional<std::uint64_t> cpus_nr_throttled = {};
  std::optional<double> cpus_throttled_time_secs = {};

  std::optional<std::uint64_t> mem_total_bytes = {};        // all that counts against the limit
  std::optional<std::uint64_t> mem_total_memsw_bytes = {};  // with swap
  std::optional<std::uint64_t> mem_limit_bytes = {};        // the container's own; unset: none
  std::optional<std::uint64_t> mem_soft_limit_bytes = {};
  std::optional<std::uint64_t> mem_rss_bytes = {};  // anonymous
  std::optional<std::uint64_t> mem_cache_bytes = {};
  std::optional<std::uint64_t> mem_mapped_file_bytes = {};
  std::optional<std::uint64_t> mem_swap_bytes = {};
  std::optional<std::uint64_t> mem_unevictable_bytes = {};
  std::optional<std::uint64_t> mem_peak_bytes = {};  // ours: most of mem_total_bytes; the kernel's where it keeps it
  std::optional<std::uint64_t> mem_oom_kills = {};   // ours: processes that the kernel has killed for want of memory

  // All interfaces but the loopback. Unset when the container is in the host's network.
  std::optional<std::uint64_t> net_rx_bytes = {};
  std::optional<std::uint64_t> net_rx_packets = {};
  std::optional<std::uint64_t> net_rx_errors = {};
  std::optional<std::uint64_t> net_rx_dropped = {};
  std::optional<std::uint64_t> net_tx_bytes = {};
  std::optional<std::uint64_t> net_tx_packets = {};
  std::optional<std::uint64_t> net_tx_errors = {};
  std::optional<std::uint64_t> net_tx_dropped = {};

  // Ours (in Mesos a tree, blkio_statistics): sums over all block devices.
  std::optional<std::uint64_t> blkio_read_bytes = {};
  std::optional<std::uint64_t> blkio_write_bytes = {};
  std::optional<std::uint64_t> blkio_read_ops = {};
  std::optional<std::uint64_t> blkio_write_ops = {};

  std::optional<std::uint64_t> threads = {};        // of all processes: what the pids controller counts
  std::optional<std::uint64_t> threads_limit = {};  // ours: --pids-limit; unset: none

  // Files that it has written, into its own layer and the sandbox: whoever walks the folders sets these.
  std::optional<std::uint64_t> disk_used_bytes = {};
  std::optional<std::uint64_t> disk_limit_bytes = {};

  friend bool operator==(const ContainerStatistics&, const ContainerStatistics&) = default;
};

// What the kernel's own counters say about the memory of a container.
struct OomEvents {
  std::uint64_t kills = 0;  // processes of the container that were killed for want of memory
  // The container has met its own limit. With kills but without this, the host or a group above it was full.
  bool at_limit = false;
  std::optional<std::uint64_t> limit_bytes = {};  // unset: none
  std::optional<std::uint64_t> peak_bytes = {};
  friend bool operator==(const OomEvents&, const OomEvents&) = default;
};

// Why a container whose processes the kernel killed has failed, to go behind "Memory limit exceeded: ":
//   "the container is limited to 64 MB and used 63.9 MB at its peak"
//   "the host or a group above the container ran out of memory; the container is limited to 64 MB and used 12.1 MB at
//   its peak"
std::string describe_oom(const OomEvents& events);

}  // namespace windlass
