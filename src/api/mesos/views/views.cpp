#include "api/mesos/views/views.hpp"

#include "api/mesos/views/files.hpp"
#include "engine/accounts.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

namespace windlass {
namespace {

void add_task(ExecutorView& view, const TaskRecord& task) {
  if (is_terminal(task.state)) {
    view.tasks.terminated.push_back(&task);
    return;
  }
  view.resources += task.info.resources;
  (task.queued ? view.tasks.queued : view.tasks.launched).push_back(&task);
}

// Tasks do not say in which container they ran, but the executor's updates do (mesos.md 3.3).
ContainerId container_of(const TaskRecord& task) {
  for (const TaskStatus& status : task.statuses) {
    if (status.container) return status.container->container_id;
  }
  return {};
}

// "cpus:4;mem:8192;ports:[31000-32000]", as --resources takes it: for /flags, what was given or measured.
std::string resources_text(const Resources& resources) {
  std::string text;
  for (const Resource& each : resources.entries()) {
    if (!text.empty()) text += ';';
    text += each.name + (each.reservation.empty() ? "" : "(" + each.reservation + ")") + ":";
    if (each.type == ResourceType::scalar) text += scalar_text(each.milli);
    if (each.type == ResourceType::ranges) text += to_string(each.ranges);
    if (each.type != ResourceType::set) continue;
    std::string items;
    for (const std::string& item : each.items) items += (items.empty() ? "" : ",") + item;
    text += "{" + items + "}";
  }
  return text;
}

}  // namespace

Holding Holdings::of(const FrameworkId& id) const {
  const auto found = by_framework.find(id);
  return found == by_framework.end() ? Holding{} : found->second;
}

// Over all uses, in a reader's thread: the core keeps only the sums that it needs itself.
Holdings holdings(const engine::Picture& state) {
  Holdings sums;
  for (const engine::Use& use : engine::uses(state)) {
    for (Holding* sum : {&sums.all, &sums.by_framework[use.framework], &sums.by_role[use.role]}) {
      (use.offered ? sum->offered : sum->allocated) += *use.resources;
    }
  }
  return sums;
}

std::vector<ExecutorView> executor_views(const engine::Picture& state) {
  std::map<engine::ExecutorKey, ExecutorView> views;
  for (const auto& [id, executor] : state.executors) {
    ExecutorView& view = views[{executor.record.framework_id, executor.record.info.id}];
    view.record = executor.record;
    view.resources = executor.record.info.resources;
  }
  for (const auto& [key, task] : state.tasks) {
    const auto view = views.find({key.first, task.record.executor_id});
    if (view != views.end()) add_task(view->second, task.record);
  }
  for (const auto& [number, task] : state.completed_tasks) {
    const auto view = views.find({task.framework_id, task.executor_id});
    // An executor id comes again: an earlier container's tasks are not this one's.
    const bool its_own = view != views.end() && view->second.record.container_id == container_of(task);
    if (its_own) view->second.tasks.completed.push_back(&task);
  }
  std::vector<ExecutorView> list;
  for (auto& [key, view] : views) list.push_back(std::move(view));
  return list;
}

// The engine forgets executors when they end. Their tasks are remembered, and say enough for a UI to find the sandbox.
std::vector<ExecutorView> completed_executors(const EngineView& engine) {
  const engine::Picture& state = engine.state();
  const SandboxFiles files{engine.work_dir(), state.record.agent_id};
  std::map<std::tuple<FrameworkId, ExecutorId, ContainerId>, ExecutorView> views;
  const auto add = [&](const TaskRecord& task) {
    const ContainerId container = container_of(task);
    if (container.empty() || state.executors.contains(container)) return;
    ExecutorView& view = views[{task.framework_id, task.executor_id, container}];
    ExecutorRecord& record = view.record;
    record.framework_id = task.framework_id;
    record.container_id = container;
    record.is_command = !task.info.executor;
    if (task.info.executor) record.info = *task.info.executor;
    record.info.id = task.executor_id;
    record.info.framework_id = task.framework_id;
    record.directory = files.sandbox(task.framework_id, task.executor_id, container.value);
    if (record.is_command) record.info.source = task.info.id.value;
    view.resources = record.info.resources;
    view.tasks.completed.push_back(&task);
  };
  for (const auto& [key, task] : state.tasks) {
    if (is_terminal(task.record.state)) add(task.record);
  }
  for (const auto& [number, task] : state.completed_tasks) add(task);
  std::vector<ExecutorView> list;
  for (auto& [key, view] : views) list.push_back(std::move(view));
  return list;
}

bool admits(const HttpQuery& query, std::string_view name, const std::string& value) {
  const std::string* wanted = find_query(query, name);
  return wanted == nullptr || *wanted == value;
}

MasterInfo master_info(const engine::Picture& state) {
  MasterInfo info = state.settings.master;
  info.id = state.record.master_id;
  return info;
}

AgentInfo agent_info(const engine::Picture& state) {
  AgentInfo info = state.settings.agent;
  info.id = state.record.agent_id;
  return info;
}

bool is_recovered(const engine::Framework& framework) {
  // A framework that was here since then has had offers, or a heartbeat is due to it.
  return !framework.completed() && !framework.stream && !framework.next_heartbeat && framework.offers_made.empty();
}

std::map<std::string, std::vector<FrameworkId>> roles_of(const engine::Picture& state) {
  std::map<std::string, std::vector<FrameworkId>> roles;
  for (const auto& [id, framework] : state.frameworks) {
    if (framework.completed()) continue;
    for (const std::string& role : framework.record.info.all_roles()) roles[role].push_back(id);
  }
  return roles;
}

std::map<std::string, std::string> master_flags(const EngineView& engine) {
  const engine::Settings& settings = engine.state().settings;
  return {{"allocation_interval", to_mesos_duration(settings.allocation_interval)},
          {"hostname", settings.master.hostname},
          {"ip", settings.master.ip},
          {"port", std::to_string(settings.master.port)},
          {"work_dir", engine.work_dir()}};
}

std::map<std::string, std::string> agent_flags(const EngineView& engine) {
  const engine::Settings& settings = engine.state().settings;
  std::string attributes;
  for (const Attribute& each : settings.agent.attributes) {
    attributes += (attributes.empty() ? "" : ";") + each.name + ":" + each.to_string();
  }
  return {{"attributes", attributes},
          {"executor_registration_timeout", to_mesos_duration(settings.executor_registration_timeout)},
          {"executor_reregistration_timeout", to_mesos_duration(settings.executor_reregistration_timeout)},
          {"executor_shutdown_grace_period", to_mesos_duration(settings.executor_shutdown_grace_period)},
          {"hostname", settings.agent.hostname},
          {"ip", settings.agent.ip},
          {"master", settings.master.ip + ":" + std::to_string(settings.master.port)},
          {"port", std::to_string(settings.agent.port)},
          {"resources", resources_text(settings.agent.resources)},
          {"work_dir", engine.work_dir()}};
}

}  // namespace windlass
