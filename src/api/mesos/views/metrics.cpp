#include "api/mesos/views/metrics.hpp"

#include "base/text.hpp"
#include "io/files.hpp"

#include <sys/sysinfo.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <sstream>
#include <string_view>
#include <vector>

namespace windlass {
namespace {

using Metrics = std::map<std::string, double>;

// "TASK_RUNNING" -> "running".
std::string short_name(TaskState state) { return to_lower(std::string_view{to_string(state)}.substr(5)); }

// Of the whole machine, on both sides alike.
void add_system(Metrics& metrics) {
  struct sysinfo info {};
  if (::sysinfo(&info) != 0) return;
  const double load = 1 << SI_LOAD_SHIFT;
  metrics["system/load_1min"] = static_cast<double>(info.loads[0]) / load;
  metrics["system/load_5min"] = static_cast<double>(info.loads[1]) / load;
  metrics["system/load_15min"] = static_cast<double>(info.loads[2]) / load;
  metrics["system/mem_total_bytes"] = static_cast<double>(info.totalram) * info.mem_unit;
  metrics["system/mem_free_bytes"] = static_cast<double>(info.freeram) * info.mem_unit;
  metrics["system/cpus_total"] = cpu_count();
}

void add_resources(Metrics& metrics, const std::string& side, const Resources& total, const Resources& used) {
  for (const std::string name : {"cpus", "mem", "disk", "gpus"}) {
    metrics[side + name + "_total"] = total.scalar(name);
    metrics[side + name + "_used"] = used.scalar(name);
    metrics[side + name + "_percent"] = total.scalar(name) > 0 ? used.scalar(name) / total.scalar(name) : 0;
  }
}

void add_tasks(Metrics& metrics, const std::string& side, const engine::Picture& state,
               const std::vector<TaskState>& terminal) {
  for (const TaskState live : {TaskState::staging, TaskState::starting, TaskState::running, TaskState::killing}) {
    metrics[side + "tasks_" + short_name(live)] = 0;
  }
  for (const auto& [key, task] : state.tasks) {
    if (!is_terminal(task.record.state)) ++metrics[side + "tasks_" + short_name(task.record.state)];
  }
  for (const TaskState ended : terminal) {
    // Counted as they end, since completed tasks are forgotten after a while.
    const auto found = state.ended.find(ended);
    metrics[side + "tasks_" + short_name(ended)] = found == state.ended.end() ? 0 : static_cast<double>(found->second);
  }
}

double seconds_between(TimePoint begin, TimePoint end) { return to_seconds(end) - to_seconds(begin); }

// --- executors ---

std::string text_of(const std::string& path) {
  auto text = read_file(path);
  return text ? std::move(*text) : std::string{};
}

// The number after `name` in lines of "name number".
std::optional<std::uint64_t> number_of(const std::string& text, std::string_view name) {
  std::istringstream lines{text};
  std::string word;
  std::uint64_t number = 0;
  while (lines >> word >> number) {
    if (word == name) return number;
  }
  return std::nullopt;
}

// Where the executor's own group is in each hierarchy, by controller; "" is the unified one.
std::map<std::string, std::string> own_groups(const ExecutorRecord& record, const std::string& proc) {
  std::map<std::string, std::string> groups;
  std::istringstream lines{text_of(proc + "/" + std::to_string(record.pid) + "/cgroup")};
  std::string line;
  while (std::getline(lines, line)) {
    const auto first = line.find(':');
    const auto second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string path = line.substr(second + 1);
    // An executor that is not in a group of its own shares one with us, whose sums are not its own.
    if (!path.ends_with("/" + record.container_id.value)) continue;
    std::istringstream controllers{line.substr(first + 1, second - first - 1)};
    std::string controller;
    bool any = false;
    while (std::getline(controllers, controller, ',')) {
      groups[controller] = path;
      any = true;
    }
    if (!any) groups[""] = path;
  }
  return groups;
}

// Both versions of control groups, since a machine may have either or a mixture.
bool read_cpu(const std::map<std::string, std::string>& groups, const std::string& mount,
              operator_api::Statistics& out) {
  if (const auto group = groups.find("cpuacct"); group != groups.end()) {
    const std::string stat = text_of(mount + "/cpuacct" + group->second + "/cpuacct.stat");
    const auto user = number_of(stat, "user");
    const auto system = number_of(stat, "system");
    const double ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
    if (!user || !system) return false;
    out.cpus_user_seconds = static_cast<double>(*user) / ticks;
    out.cpus_system_seconds = static_cast<double>(*system) / ticks;
    return true;
  }
  if (const auto group = groups.find(""); group != groups.end()) {
    const std::string stat = text_of(mount + group->second + "/cpu.stat");
    const auto user = number_of(stat, "user_usec");
    const auto system = number_of(stat, "system_usec");
    if (!user || !system) return false;
    out.cpus_user_seconds = static_cast<double>(*user) / 1e6;
    out.cpus_system_seconds = static_cast<double>(*system) / 1e6;
    return true;
  }
  return false;
}

bool read_memory(const std::map<std::string, std::string>& groups, const std::string& mount,
                 operator_api::Statistics& out) {
  std::optional<std::uint64_t> rss;
  if (const auto group = groups.find("memory"); group != groups.end()) {
    rss = number_of(text_of(mount + "/memory" + group->second + "/memory.stat"), "total_rss");
  } else if (const auto unified = groups.find(""); unified != groups.end()) {
    rss = number_of(text_of(mount + unified->second + "/memory.stat"), "anon");
  }
  if (rss) out.memory_rss_bytes = *rss;
  return rss.has_value();
}

// /proc/<pid>/stat from its third field on.
std::vector<std::string> stat_fields(const ExecutorRecord& record, const std::string& proc) {
  const std::string text = text_of(proc + "/" + std::to_string(record.pid) + "/stat");
  // The last one: a program may have parentheses in its name.
  const auto name_end = text.rfind(')');
  if (name_end == std::string::npos) return {};
  std::istringstream words{text.substr(name_end + 1)};
  std::vector<std::string> fields;
  std::string word;
  while (words >> word) fields.push_back(word);
  return fields;
}

}  // namespace

std::map<std::string, double> master_metrics(const EngineView& engine) {
  const engine::Picture& state = engine.state();
  Metrics metrics;
  add_system(metrics);
  metrics["master/uptime_secs"] = seconds_between(engine.started_at(), engine.now());
  metrics["master/elected"] = 1;
  for (const char* name : {"slaves_active", "slaves_connected"}) metrics[std::string{"master/"} + name] = 1;
  for (const char* name : {"slaves_inactive", "slaves_disconnected", "slaves_unreachable"}) {
    metrics[std::string{"master/"} + name] = 0;
  }
  double connected = 0;
  double disconnected = 0;
  for (const auto& [id, framework] : state.frameworks) {
    if (!framework.completed()) ++(framework.stream ? connected : disconnected);
  }
  for (const char* name : {"connected", "active"}) metrics[std::string{"master/frameworks_"} + name] = connected;
  for (const char* name : {"disconnected", "inactive"})
    metrics[std::string{"master/frameworks_"} + name] = disconnected;
  metrics["master/outstanding_offers"] = static_cast<double>(state.offers.size());
  add_tasks(metrics, "master/", state,
            {TaskState::finished, TaskState::failed, TaskState::killed, TaskState::error, TaskState::lost,
             TaskState::dropped, TaskState::unreachable, TaskState::gone, TaskState::gone_by_operator});
  add_resources(metrics, "master/", state.settings.agent.resources, holdings(state).all.allocated);
  return metrics;
}

std::map<std::string, double> agent_metrics(const EngineView& engine) {
  const engine::Picture& state = engine.state();
  Metrics metrics;
  add_system(metrics);
  metrics["slave/uptime_secs"] = seconds_between(engine.started_at(), engine.now());
  metrics["slave/registered"] = 1;
  metrics["slave/recovery_errors"] = 0;
  for (const char* name : {"registering", "running", "terminating"}) {
    metrics[std::string{"slave/executors_"} + name] = 0;
  }
  std::set<FrameworkId> frameworks;
  Resources used;
  for (const ExecutorView& view : executor_views(state)) {
    frameworks.insert(view.record.framework_id);
    used += view.resources;
    ++metrics[view.record.terminating  ? "slave/executors_terminating"
              : view.record.subscribed ? "slave/executors_running"
                                       : "slave/executors_registering"];
  }
  metrics["slave/frameworks_active"] = static_cast<double>(frameworks.size());
  add_tasks(metrics, "slave/", state,
            {TaskState::finished, TaskState::failed, TaskState::killed, TaskState::lost, TaskState::gone});
  add_resources(metrics, "slave/", state.settings.agent.resources, used);
  return metrics;
}

operator_api::Statistics executor_statistics(const ExecutorView& executor, TimePoint now, const std::string& proc,
                                             const std::string& cgroups) {
  operator_api::Statistics out{.timestamp = now};
  // Limits are known even of an executor that is gone or has no process yet.
  out.cpus_soft_limit = executor.resources.scalar("cpus");
  out.memory_limit_bytes = static_cast<std::uint64_t>(executor.resources.scalar("mem") * 1024 * 1024);
  if (executor.record.pid <= 0) return out;
  const auto fields = stat_fields(executor.record, proc);
  // Field 22 says when it was started: a process that has got its number since is another one.
  if (fields.size() < 22 || fields[19] != std::to_string(executor.record.start_time)) return out;
  const auto groups = own_groups(executor.record, proc);
  // Without control groups the process itself must do; its children are missing then.
  if (!read_cpu(groups, cgroups, out)) {
    const double ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
    out.cpus_user_seconds = std::strtod(fields[11].c_str(), nullptr) / ticks;
    out.cpus_system_seconds = std::strtod(fields[12].c_str(), nullptr) / ticks;
  }
  if (!read_memory(groups, cgroups, out)) {
    const auto pages = std::strtoull(fields[21].c_str(), nullptr, 10);
    out.memory_rss_bytes = pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  }
  return out;
}

}  // namespace windlass
