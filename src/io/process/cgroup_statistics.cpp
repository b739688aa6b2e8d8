#include "io/process/cgroup_statistics.hpp"

#include "io/fd.hpp"
#include "io/files.hpp"
#include "io/process/cgroup.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

namespace windlass {

namespace {

using Counter = std::optional<std::uint64_t>;
using FileText = std::optional<std::string>;

constexpr std::size_t statistics_bytes_max = 256 * 1024;
// Version 1 writes "no limit" as the largest number of whole pages, which depends on the size of a page.
constexpr std::uint64_t unlimited_from = std::uint64_t{1} << 60;
constexpr double nanoseconds_per_second = 1e9;
constexpr double microseconds_per_second = 1e6;
constexpr double shares_per_cpu = 1024;

// --- text ------------------------------------------------------------------------------------------------------------

// Takes the first word off `text`; empty: there is none.
// Views into one buffer: a sample is taken every few seconds for each container, and should cost next to nothing.
std::string_view take_stat_word(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t\n"), text.size()));
  const std::string_view word = text.substr(0, text.find_first_of(" \t\n"));
  text.remove_prefix(word.size());
  return word;
}

std::string_view take_stat_line(std::string_view& text) {
  const std::string_view line = text.substr(0, text.find('\n'));
  text.remove_prefix(std::min(line.size() + 1, text.size()));
  return line;
}

Counter counter_of(std::string_view word) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (word.empty() || error != std::errc{} || end != word.data() + word.size()) return std::nullopt;
  return value;
}

// "user 3\nsystem 1\n": the number of that key.
Counter counter_in(const FileText& text, std::string_view key) {
  std::string_view rest = text ? std::string_view{*text} : std::string_view{};
  while (!rest.empty()) {
    std::string_view line = take_stat_line(rest);
    if (take_stat_word(line) == key) return counter_of(take_stat_word(line));
  }
  return std::nullopt;
}

// A file that is not there is no error: kernels and controllers differ in what they have.
FileText content_of(const CgroupFolder& folder, const char* name) {
  if (folder.path.empty()) return std::nullopt;
  auto text = read_file(folder.path + "/" + name, statistics_bytes_max);
  return text ? FileText{std::move(*text)} : std::nullopt;
}

Counter single_in(const FileText& text) {
  std::string_view rest = text ? std::string_view{*text} : std::string_view{};
  return counter_of(take_stat_word(rest));
}

// --- numbers into fields: what is not there changes nothing ---------------------------------------------------------

void set_counter(std::optional<std::uint64_t>& field, Counter value) {
  if (value) field = value;
}

void set_seconds(std::optional<double>& field, Counter value, double per_second) {
  if (value) field = static_cast<double>(*value) / per_second;
}

// "67108864", or one of the two ways to say that there is no limit.
void set_limit(std::optional<std::uint64_t>& field, const FileText& text) {
  std::string_view rest = text ? std::string_view{*text} : std::string_view{};
  const std::string_view word = take_stat_word(rest);
  const Counter value = counter_of(word);
  if (word == "max" || (value && *value >= unlimited_from)) {
    field.reset();
  } else {
    set_counter(field, value);
  }
}

// --- controllers -----------------------------------------------------------------------------------------------------

bool sample_cpu_v1(ContainerStatistics& statistics, const ContainerCgroups& groups) {
  const FileText times = content_of(groups.cpuacct, "cpuacct.stat");
  const FileText throttling = content_of(groups.cpu, "cpu.stat");
  // cpuacct.stat counts in clock ticks, cpu.stat in nanoseconds.
  const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
  set_seconds(statistics.cpus_user_time_secs, counter_in(times, "user"), ticks);
  set_seconds(statistics.cpus_system_time_secs, counter_in(times, "system"), ticks);
  set_counter(statistics.cpus_nr_periods, counter_in(throttling, "nr_periods"));
  set_counter(statistics.cpus_nr_throttled, counter_in(throttling, "nr_throttled"));
  set_seconds(statistics.cpus_throttled_time_secs, counter_in(throttling, "throttled_time"), nanoseconds_per_second);
  const FileText quota = content_of(groups.cpu, "cpu.cfs_quota_us");
  const Counter period = single_in(content_of(groups.cpu, "cpu.cfs_period_us"));
  // -1: no limit.
  if (quota && quota->starts_with('-')) statistics.cpus_limit.reset();
  if (period && *period > 0) set_seconds(statistics.cpus_limit, single_in(quota), static_cast<double>(*period));
  set_seconds(statistics.cpus_soft_limit, single_in(content_of(groups.cpu, "cpu.shares")), shares_per_cpu);
  return times || throttling;
}

bool sample_cpu_v2(ContainerStatistics& statistics, const CgroupFolder& cpu) {
  const FileText times = content_of(cpu, "cpu.stat");
  set_seconds(statistics.cpus_user_time_secs, counter_in(times, "user_usec"), microseconds_per_second);
  set_seconds(statistics.cpus_system_time_secs, counter_in(times, "system_usec"), microseconds_per_second);
  set_counter(statistics.cpus_nr_periods, counter_in(times, "nr_periods"));
  set_counter(statistics.cpus_nr_throttled, counter_in(times, "nr_throttled"));
  set_seconds(statistics.cpus_throttled_time_secs, counter_in(times, "throttled_usec"), microseconds_per_second);
  const FileText bandwidth = content_of(cpu, "cpu.max");  // "50000 100000" or "max 100000"
  std::string_view rest = bandwidth ? std::string_view{*bandwidth} : std::string_view{};
  const std::string_view quota = take_stat_word(rest);
  const Counter period = counter_of(take_stat_word(rest));
  if (quota == "max") statistics.cpus_limit.reset();
  if (period && *period > 0) set_seconds(statistics.cpus_limit, counter_of(quota), static_cast<double>(*period));
  return times.has_value();
}

// The kernel's peak; where it keeps none, the most that any sample has seen.
void raise_peak(ContainerStatistics& statistics, Counter kernels) {
  for (const Counter& seen : {kernels, statistics.mem_total_bytes}) {
    if (seen) statistics.mem_peak_bytes = std::max(statistics.mem_peak_bytes.value_or(0), *seen);
  }
}

// The total_ keys count the groups below as well, which the container may have made itself.
bool sample_memory_v1(ContainerStatistics& statistics, const CgroupFolder& memory) {
  const FileText parts = content_of(memory, "memory.stat");
  const FileText total = content_of(memory, "memory.usage_in_bytes");
  set_counter(statistics.mem_rss_bytes, counter_in(parts, "total_rss"));
  set_counter(statistics.mem_cache_bytes, counter_in(parts, "total_cache"));
  set_counter(statistics.mem_mapped_file_bytes, counter_in(parts, "total_mapped_file"));
  set_counter(statistics.mem_swap_bytes, counter_in(parts, "total_swap"));  // not there when swap is not accounted for
  set_counter(statistics.mem_unevictable_bytes, counter_in(parts, "total_unevictable"));
  set_counter(statistics.mem_total_bytes, single_in(total));
  set_counter(statistics.mem_total_memsw_bytes, single_in(content_of(memory, "memory.memsw.usage_in_bytes")));
  set_limit(statistics.mem_limit_bytes, content_of(memory, "memory.limit_in_bytes"));
  set_limit(statistics.mem_soft_limit_bytes, content_of(memory, "memory.soft_limit_in_bytes"));
  raise_peak(statistics, single_in(content_of(memory, "memory.max_usage_in_bytes")));
  set_counter(statistics.mem_oom_kills, counter_in(content_of(memory, "memory.oom_control"), "oom_kill"));
  return parts || total;
}

bool sample_memory_v2(ContainerStatistics& statistics, const CgroupFolder& memory) {
  const FileText parts = content_of(memory, "memory.stat");
  const FileText total = content_of(memory, "memory.current");
  const Counter swap = single_in(content_of(memory, "memory.swap.current"));
  set_counter(statistics.mem_rss_bytes, counter_in(parts, "anon"));
  set_counter(statistics.mem_cache_bytes, counter_in(parts, "file"));
  set_counter(statistics.mem_mapped_file_bytes, counter_in(parts, "file_mapped"));
  set_counter(statistics.mem_unevictable_bytes, counter_in(parts, "unevictable"));
  set_counter(statistics.mem_total_bytes, single_in(total));
  set_counter(statistics.mem_swap_bytes, swap);
  if (swap && statistics.mem_total_bytes) statistics.mem_total_memsw_bytes = *statistics.mem_total_bytes + *swap;
  set_limit(statistics.mem_limit_bytes, content_of(memory, "memory.max"));
  set_limit(statistics.mem_soft_limit_bytes, content_of(memory, "memory.low"));
  if (statistics.mem_soft_limit_bytes == 0U) statistics.mem_soft_limit_bytes.reset();  // what v2 has when none is set
  raise_peak(statistics, single_in(content_of(memory, "memory.peak")));
  set_counter(statistics.mem_oom_kills, counter_in(content_of(memory, "memory.events"), "oom_kill"));
  return parts || total;
}

// Whether the limit of memory ("memory.") or of memory and swap ("memory.memsw.") was met. Newer kernels count refusals
// of the first only, and with equal limits it is the second that refuses.
bool has_met_limit_v1(const CgroupFolder& memory, const std::string& prefix) {
  if (single_in(content_of(memory, (prefix + "failcnt").c_str())).value_or(0) > 0) return true;
  const Counter limit = single_in(content_of(memory, (prefix + "limit_in_bytes").c_str()));
  const Counter peak = single_in(content_of(memory, (prefix + "max_usage_in_bytes").c_str()));
  return limit && peak && *peak + *limit / 32 >= *limit;  // what is asked for in pieces stops short of it
}

// "8:0 Read 4096\n8:0 Write 0\n…Total 4096\n": one sum over all devices.
void sum_operations(const FileText& text, std::optional<std::uint64_t>& reads, std::optional<std::uint64_t>& writes) {
  if (!text) return;
  std::uint64_t read = 0, written = 0;
  std::string_view rest = *text;
  while (!rest.empty()) {
    std::string_view line = take_stat_line(rest);
    take_stat_word(line);
    const std::string_view operation = take_stat_word(line);
    const Counter count = counter_of(take_stat_word(line));
    if (count && operation == "Read") read += *count;
    if (count && operation == "Write") written += *count;
  }
  reads = read;
  writes = written;
}

// Older kernels have the counters without those of the groups below only.
FileText recursive_or_plain(const CgroupFolder& folder, const std::string& name) {
  FileText recursive = content_of(folder, (name + "_recursive").c_str());
  return recursive ? std::move(recursive) : content_of(folder, name.c_str());
}

bool sample_blkio_v1(ContainerStatistics& statistics, const CgroupFolder& blkio) {
  const FileText bytes = recursive_or_plain(blkio, "blkio.throttle.io_service_bytes");
  const FileText operations = recursive_or_plain(blkio, "blkio.throttle.io_serviced");
  sum_operations(bytes, statistics.blkio_read_bytes, statistics.blkio_write_bytes);
  sum_operations(operations, statistics.blkio_read_ops, statistics.blkio_write_ops);
  return bytes || operations;
}

// "8:0 rbytes=4096 wbytes=0 rios=1 wios=0 dbytes=0 dios=0\n".
bool sample_blkio_v2(ContainerStatistics& statistics, const CgroupFolder& io) {
  static constexpr auto keys = std::to_array<std::string_view>({"rbytes=", "wbytes=", "rios=", "wios="});
  const FileText text = content_of(io, "io.stat");
  if (!text) return false;
  std::array<std::uint64_t, keys.size()> sums{};
  std::string_view rest = *text;
  for (std::string_view word = take_stat_word(rest); !word.empty(); word = take_stat_word(rest)) {
    for (std::size_t i = 0; i < keys.size(); ++i) {
      if (word.starts_with(keys[i])) sums[i] += counter_of(word.substr(keys[i].size())).value_or(0);
    }
  }
  statistics.blkio_read_bytes = sums[0];
  statistics.blkio_write_bytes = sums[1];
  statistics.blkio_read_ops = sums[2];
  statistics.blkio_write_ops = sums[3];
  return true;
}

bool sample_threads(ContainerStatistics& statistics, const CgroupFolder& pids) {
  const FileText current = content_of(pids, "pids.current");
  set_counter(statistics.threads, single_in(current));
  set_limit(statistics.threads_limit, content_of(pids, "pids.max"));
  return current.has_value();
}

// --- network --------------------------------------------------------------------------------------------------------

// The counters of one interface, as /proc/<pid>/net/dev lists them: bytes packets errs drop, four others, and again.
// Loopback is left out: what a container says to itself is no traffic.
using Interface = std::array<std::uint64_t, 12>;

bool read_interface(std::string_view line, Interface& counters) {
  const auto colon = line.rfind(':');  // names may have one
  if (colon == std::string_view::npos) return false;
  std::string_view name = line.substr(0, colon);
  if (take_stat_word(name) == "lo") return false;
  line.remove_prefix(colon + 1);
  for (std::uint64_t& counter : counters) {
    const Counter value = counter_of(take_stat_word(line));
    if (!value) return false;
    counter = *value;
  }
  return true;
}

std::string link_of(const std::string& path) {
  char target[256];
  const ssize_t size = ::readlink(path.c_str(), target, sizeof target);
  return {target, size > 0 ? static_cast<std::size_t>(size) : 0};
}

// The namespace tells whether the process is still what it was: another that got its number has another one.
bool sample_network(ContainerStatistics& statistics, const ContainerCgroups& groups) {
  if (groups.network.empty() || link_of(groups.process + "/ns/net") != groups.network) return false;
  auto text = read_file(groups.process + "/net/dev", statistics_bytes_max);
  if (!text) return false;
  Interface sums{};
  std::string_view rest = *text;
  take_stat_line(rest);  // two lines of captions
  take_stat_line(rest);
  while (!rest.empty()) {
    Interface counters{};
    if (!read_interface(take_stat_line(rest), counters)) continue;
    for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += counters[i];
  }
  statistics.net_rx_bytes = sums[0];
  statistics.net_rx_packets = sums[1];
  statistics.net_rx_errors = sums[2];
  statistics.net_rx_dropped = sums[3];
  statistics.net_tx_bytes = sums[8];
  statistics.net_tx_packets = sums[9];
  statistics.net_tx_errors = sums[10];
  statistics.net_tx_dropped = sums[11];
  return true;
}

// --- finding --------------------------------------------------------------------------------------------------------

bool lists(std::string_view controllers, std::string_view name) {
  while (!controllers.empty()) {
    const std::string_view each = controllers.substr(0, controllers.find(','));
    if (each == name) return true;
    controllers.remove_prefix(std::min(each.size() + 1, controllers.size()));
  }
  return false;
}

// The group of that controller in the text of /proc/<pid>/cgroup, "4:memory:/docker/1a2b"; "" is version 2's.
std::string_view group_of(std::string_view text, std::string_view controller) {
  while (!text.empty()) {
    std::string_view line = take_stat_line(text);
    line.remove_prefix(std::min(line.find(':'), line.size() - 1) + 1);
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    const std::string_view names = line.substr(0, colon);
    if (controller.empty() ? names.empty() : lists(names, controller)) return line.substr(colon + 1);
  }
  return {};
}

// The container's own group, not one that it has made below; empty when it is not that container's.
// An application in the container (systemd, a nested Docker) may have moved its process into a group of its own.
std::string_view cut_below(std::string_view group, std::string_view container_id) {
  const auto at = group.find(container_id);
  if (at == std::string_view::npos) return {};
  return group.substr(0, group.find('/', at + container_id.size()));
}

// Where a group is seen; a mount need not begin at the root of its hierarchy. Empty: nowhere.
std::string folder_seen_at(const CgroupHierarchy& hierarchy, std::string_view group) {
  if (hierarchy.root == "/") return hierarchy.mount + std::string{group};
  if (!group.starts_with(hierarchy.root)) return {};
  group.remove_prefix(hierarchy.root.size());
  return group.empty() || group.starts_with('/') ? hierarchy.mount + std::string{group} : std::string{};
}

class FolderFinder {
 public:
  FolderFinder(const Cgroups& mounts, std::string_view groups, std::string_view container_id)
      : mounts_{mounts}, groups_{groups}, container_id_{container_id} {}

  // A controller that no version 1 hierarchy has is version 2's.
  [[nodiscard]] CgroupFolder find(std::string_view controller) const {
    const std::string_view group = group_of(groups_, controller);
    return group.empty() ? find(controller, group_of(groups_, {}), true) : find(controller, group, false);
  }

 private:
  [[nodiscard]] CgroupFolder find(std::string_view controller, std::string_view group, bool unified) const {
    group = cut_below(group, container_id_);
    for (const CgroupHierarchy& hierarchy : mounts_.hierarchies()) {
      if (group.empty() || hierarchy.unified != unified) continue;
      const auto& all = hierarchy.controllers;
      if (!unified && std::find(all.begin(), all.end(), controller) == all.end()) continue;
      std::string path = folder_seen_at(hierarchy, group);
      if (!path.empty()) return {.path = std::move(path), .unified = unified};
    }
    return {};
  }

  const Cgroups& mounts_;
  std::string_view groups_;
  std::string_view container_id_;
};

// --- the kernel's log -----------------------------------------------------------------------------------------------

// What follows the key, up to a comma or the end; nothing when it is not there.
std::string_view log_value(std::string_view line, std::string_view key) {
  const auto at = line.find(key);
  if (at == std::string_view::npos) return {};
  line.remove_prefix(at + key.size());
  return line.substr(0, line.find(','));
}

std::optional<std::uint64_t> log_kibibytes(std::string_view line, std::string_view key) {
  std::string_view text = log_value(line, key);
  if (!text.ends_with("kB")) return std::nullopt;
  text.remove_suffix(2);
  const Counter value = counter_of(text);
  return value && *value < unlimited_from / 1024 ? Counter{*value * 1024} : std::nullopt;
}

// Before Linux kills, it says what the group has that is full, and then whom it chose:
//   "memory: usage 16384kB, limit 16384kB, failcnt 47"
//   "oom-kill:constraint=CONSTRAINT_MEMCG,…,oom_memcg=/docker/1a2b,task_memcg=/docker/1a2b,task=dd,pid=16757,uid=0"
// With global_oom instead of oom_memcg it was the host that was full.
// The last resort when the group is gone before it could be read; see the header for how that race comes about.
class OomLogReader {
 public:
  explicit OomLogReader(std::string_view container_id) : container_id_{container_id} {}

  [[nodiscard]] Result<OomEvents> read(const std::string& path) {
    // Without O_NONBLOCK a read at the end of the log would wait for the next message.
    const Fd log{::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC)};
    char piece[8 * 1024];  // a record of /dev/kmsg comes whole or not at all
    for (std::size_t records = 0; log.value >= 0 && !container_id_.empty() && records < records_max; ++records) {
      const ssize_t size = ::read(log.value, piece, sizeof piece);
      if (size < 0 && (errno == EPIPE || errno == EINTR)) continue;  // EPIPE: what came next has been overwritten
      if (size <= 0) break;
      held_.append(piece, static_cast<std::size_t>(size));
      take_lines();
    }
    if (events_.kills > 0) return events_;
    return Error{Errc::not_found, "the container's memory group is not there and the kernel's log does not tell", path};
  }

 private:
  static constexpr std::size_t records_max = 200'000;

  void take_lines() {
    std::size_t begin = 0;
    for (auto end = held_.find('\n'); end != std::string::npos; end = held_.find('\n', begin)) {
      take(std::string_view{held_}.substr(begin, end - begin));
      begin = end + 1;
    }
    held_.erase(0, begin);
  }
  void take(std::string_view line) {
    if (line.find("memory: usage ") != std::string_view::npos) {
      usage_ = log_kibibytes(line, "memory: usage ");
      limit_ = log_kibibytes(line, "limit ");
    }
    if (line.find("oom-kill:") == std::string_view::npos) return;
    if (log_value(line, ",task_memcg=").find(container_id_) == std::string_view::npos) return;
    ++events_.kills;
    if (log_value(line, ",oom_memcg=").find(container_id_) == std::string_view::npos) return;
    events_.at_limit = true;
    events_.limit_bytes = limit_;
    events_.peak_bytes = usage_;
  }

  std::string_view container_id_;
  std::string held_;  // an unfinished line
  Counter usage_, limit_;
  OomEvents events_;
};

}  // namespace

Result<ContainerCgroups> find_container_cgroups(pid_t pid, const std::string& container_id, const std::string& proc) {
  ContainerCgroups found{.container_id = container_id, .process = proc + "/" + std::to_string(pid)};
  auto groups = read_file(found.process + "/cgroup", statistics_bytes_max);
  if (!groups) return Error{Errc::not_found, "there is no process " + std::to_string(pid), found.process};
  auto mounts = Cgroups::detect(proc + "/self/mountinfo");
  if (!mounts) return mounts.error();
  if (container_id.empty() || groups->find(container_id) == std::string::npos) {
    return Error{Errc::not_found,
                 "process " + std::to_string(pid) + " is not in a group of container '" + container_id + "'",
                 found.process};
  }
  const FolderFinder finder{*mounts, *groups, container_id};
  found.cpu = finder.find("cpu");
  found.cpuacct = finder.find("cpuacct");
  found.memory = finder.find("memory");
  found.blkio = finder.find("blkio");
  found.pids = finder.find("pids");
  found.network = link_of(found.process + "/ns/net");
  if (found.network == link_of(proc + "/self/ns/net")) found.network.clear();
  return found;
}

bool sample_container(ContainerStatistics& statistics, const ContainerCgroups& groups, TimePoint now) {
  bool found = groups.cpu.unified ? sample_cpu_v2(statistics, groups.cpu) : sample_cpu_v1(statistics, groups);
  found |=
      groups.memory.unified ? sample_memory_v2(statistics, groups.memory) : sample_memory_v1(statistics, groups.memory);
  found |= groups.blkio.unified ? sample_blkio_v2(statistics, groups.blkio) : sample_blkio_v1(statistics, groups.blkio);
  found |= sample_threads(statistics, groups.pids);
  found |= sample_network(statistics, groups);
  if (found) statistics.timestamp = now;
  return found;
}

Result<OomEvents> read_oom_events(const ContainerCgroups& groups, const std::string& kernel_log) {
  const CgroupFolder& memory = groups.memory;
  const FileText events = content_of(memory, memory.unified ? "memory.events" : "memory.oom_control");
  if (!events) return OomLogReader{groups.container_id}.read(kernel_log);
  const Counter kills = counter_in(*events, "oom_kill");
  // Before Linux 4.13 the file has other lines, but not this one.
  if (!kills && events->find("oom_kill ") == std::string::npos) {
    return Error{Errc::unsupported, "this kernel does not count what it kills for want of memory", memory.path};
  }
  if (!kills) return Error{Errc::malformed, "its oom_kill is not a number", memory.path};
  ContainerStatistics now;
  if (memory.unified) {
    sample_memory_v2(now, memory);
  } else {
    sample_memory_v1(now, memory);
  }
  OomEvents result{.kills = *kills, .limit_bytes = now.mem_limit_bytes, .peak_bytes = now.mem_peak_bytes};
  result.at_limit = memory.unified ? counter_in(*events, "oom").value_or(0) > 0
                                   : has_met_limit_v1(memory, "memory.") || has_met_limit_v1(memory, "memory.memsw.");
  return result;
}

}  // namespace windlass
