#include "sim/checker.hpp"

#include "sim/cluster.hpp"

#include <algorithm>

namespace windlass::sim {

namespace {

bool is_unreachable(Condition condition) {
  return condition == Condition::unreachable || condition == Condition::unreachable_inactive;
}

const Instance* instance_of(const SchedulerRows& rows, const TaskId& task) {
  for (const auto& [id, instance] : rows.instances) {
    if (instance.task_id == task) return &instance;
  }
  return nullptr;
}

std::string text(const std::optional<std::int64_t>& count) { return count ? std::to_string(*count) : "no app"; }

}  // namespace

// --- the API --------------------------------------------------------------------------------------------------------

void Checker::asked(const AppId& id, const Counts& possible, const std::optional<App>& definition) {
  Expected& expected = apps_[id];
  expected.possible.insert(possible.begin(), possible.end());
  if (!definition) return;
  expected.definition = definition;
  expected.service_ports.clear();
}

void Checker::answered(const AppId& id, std::optional<std::int64_t> now) {
  Expected& expected = apps_[id];
  if (!expected.possible.contains(now)) world_.fail("the answer for " + id.value + " cannot be: " + text(now));
  expected.possible = {now};
  check_apps(cluster_.scheduler.rows());
}

void Checker::never_answered(const AppId& id, const SchedulerRows& rows) {
  check_apps(rows);
  auto app = rows.apps.find(id);
  std::optional<std::int64_t> now;
  if (app != rows.apps.end()) now = app->second.instances;
  apps_[id].possible = {now};
}

Checker::Counts Checker::possible(const AppId& id) const {
  auto found = apps_.find(id);
  return found == apps_.end() || found->second.possible.empty() ? Counts{std::nullopt} : found->second.possible;
}

std::vector<AppId> Checker::known_apps() const {
  std::vector<AppId> ids;
  for (const auto& [id, expected] : apps_) ids.push_back(id);
  return ids;
}

const App* Checker::definition(const AppId& id) const {
  auto found = apps_.find(id);
  return found == apps_.end() || !found->second.definition ? nullptr : &*found->second.definition;
}

void Checker::check_apps(const SchedulerRows& rows) {
  for (auto& [id, expected] : apps_) {
    auto app = rows.apps.find(id);
    std::optional<std::int64_t> now;
    if (app != rows.apps.end()) now = app->second.instances;
    if (!expected.possible.contains(now)) {
      world_.fail("an acknowledged app is lost or changed: " + id.value + " is in the journal with " + text(now) +
                  ", acknowledged was " + text(*expected.possible.begin()));
    }
    if (!now) continue;
    check_definition(expected, app->second);
    std::vector<std::uint16_t> ports;
    for (const auto& port : app->second.ports) ports.push_back(port.port);
    if (expected.service_ports.empty()) expected.service_ports = ports;
    if (expected.service_ports != ports) world_.fail("the service ports of " + id.value + " have changed");
  }
  for (const auto& [id, app] : rows.apps) {
    if (!apps_.contains(id)) world_.fail("an app that nobody asked for is in the journal: " + id.value);
  }
}

void Checker::check_definition(const Expected& expected, const App& app) {
  const App& wanted = *expected.definition;
  const bool same = wanted.cmd == app.cmd && wanted.cpus == app.cpus && wanted.mem == app.mem &&
                    wanted.env == app.env && wanted.executor == app.executor && wanted.constraints == app.constraints &&
                    wanted.ports.size() == app.ports.size();
  if (!same) world_.fail("the definition of " + app.id.value + " in the journal is not what was acknowledged");
}

void Checker::check_counts(const SchedulerRows& rows) {
  std::map<AppId, std::int64_t> wanted;
  std::set<TaskId> tasks;
  for (const auto& [id, instance] : rows.instances) {
    if (!instance.task_id.empty() && !tasks.insert(instance.task_id).second) {
      world_.fail("two instances have the task " + instance.task_id.value);
    }
    if (instance.goal == Goal::running && !is_unreachable(instance.condition)) ++wanted[instance.app_id];
  }
  for (const auto& [id, count] : wanted) {
    auto app = rows.apps.find(id);
    const std::int64_t limit = app == rows.apps.end() ? 0 : app->second.instances;
    if (count > limit) {
      world_.fail("more instances than wanted: " + id.value + " has " + std::to_string(count) +
                  " that should run, of " + std::to_string(limit));
    }
  }
}

// --- journals and wire ----------------------------------------------------------------------------------------------

void Checker::scheduler_will_commit(const SchedulerRows& rows, const std::vector<scheduler::Write>& writes) {
  for (const auto& write : writes) {
    const auto* put = std::get_if<scheduler::PutFrameworkId>(&write);
    // Mesos has removed the framework: what it ran is over.
    if (put != nullptr && put->id != rows.framework_id) return;
  }
  for (const auto& write : writes) {
    const auto* put = std::get_if<scheduler::PutInstance>(&write);
    if (put == nullptr || put->instance) continue;
    auto instance = rows.instances.find(put->id);
    if (instance != rows.instances.end()) check_forgotten(instance->second);
  }
}

void Checker::check_forgotten(const Instance& instance) const {
  if (instance.task_id.empty() || cluster_.agent_checker.is_told_over(instance.task_id) ||
      !cluster_.agent_checker.lives(instance.task_id))
    return;
  world_.fail("the scheduler forgets a living instance: " + instance.task_id.value);
}

void Checker::scheduler_has_committed(const SchedulerRows& rows) {
  check_apps(rows);
  check_counts(rows);
}

void Checker::scheduler_calls(const SchedulerRows& rows, const calls::Body& call) {
  if (const auto* accept = std::get_if<calls::Accept>(&call)) check_accept(rows, *accept);
  if (const auto* acknowledge = std::get_if<calls::Acknowledge>(&call)) check_acknowledge(rows, *acknowledge);
}

void Checker::check_accept(const SchedulerRows& rows, const calls::Accept& call) {
  for (const auto& operation : call.operations) {
    for (const TaskInfo& task : operation.tasks) {
      const Instance* instance = instance_of(rows, task.id);
      if (instance == nullptr) world_.fail("launched before it is in the journal: " + task.id.value);
      ++launches_[instance->app_id];
    }
  }
}

void Checker::check_acknowledge(const SchedulerRows& rows, const calls::Acknowledge& call) const {
  auto heard = heard_.find({call.task_id, call.uuid});
  if (heard == heard_.end()) world_.fail("acknowledges an update that it never got: " + call.task_id.value);
  const Instance* instance = instance_of(rows, call.task_id);
  if (instance == nullptr) return;
  const Condition now = instance->condition;
  const bool before_start = now == Condition::scheduled || now == Condition::provisioned || now == Condition::staging;
  const bool before_running = before_start || now == Condition::starting;
  const TaskState state = heard->second;
  const bool saved = is_terminal(state)             ? false
                     : state == TaskState::running  ? !before_running
                     : state == TaskState::starting ? !before_start
                                                    : true;
  if (!saved) {
    world_.fail("acknowledges " + std::string(to_string(state)) + " of " + call.task_id.value +
                " before the journal has it");
  }
}

void Checker::scheduler_hears(const SchedulerEvent& event) {
  const auto* update = std::get_if<events::Update>(&event);
  if (update != nullptr && update->status.uuid) {
    heard_[{update->status.task_id, *update->status.uuid}] = update->status.state;
  }
}

// --- liveness -------------------------------------------------------------------------------------------------------

std::string Checker::why_not_converged() const {
  if (!cluster_.scheduler.subscribed()) return "the scheduler is not subscribed";
  std::size_t wanted = 0;
  for (const auto& [id, expected] : apps_) {
    if (expected.possible.size() > 1) return "a request for " + id.value + " has no answer yet";
    const std::int64_t count = expected.possible.begin()->value_or(0);
    wanted += static_cast<std::size_t>(count);
    if (auto why = app_not_converged(id, count); !why.empty()) return why;
  }
  return rest_not_converged(wanted);
}

std::string Checker::app_not_converged(const AppId& id, std::int64_t wanted) const {
  std::int64_t count = 0;
  for (const auto& [instance_id, instance] : cluster_.scheduler.rows().instances) {
    if (instance.app_id != id) continue;
    if (auto why = instance_not_converged(instance); !why.empty()) return why;
    ++count;
  }
  if (count != wanted) {
    return id.value + " has " + std::to_string(count) + " instances, wanted are " + std::to_string(wanted);
  }
  return {};
}

std::string Checker::instance_not_converged(const Instance& instance) const {
  const AgentChecker& agents = cluster_.agent_checker;
  const std::string& name = instance.task_id.value;
  if (instance.goal != Goal::running) return name + " is still being killed";
  if (instance.condition != Condition::running) return name + " is not running";
  const TaskInfo* task = agents.task_at_executor(instance.task_id);
  if (task == nullptr) return name + " has no executor";
  auto ports = task->resources.ports();
  auto shown = instance.ports;
  std::ranges::sort(shown);
  if (ports != shown) return name + " has other ports than its endpoints show";
  for (const auto& machine : cluster_.machines) {
    if (!machine->runs(instance.task_id)) continue;
    return instance.host == machine->info.hostname ? "" : name + " is said to be on host " + instance.host;
  }
  return name + " has no running container";
}

bool Checker::is_guests(const Machine& machine, std::int64_t pid) const {
  const auto found = machine.executors.find(pid);
  return found != machine.executors.end() && found->second->framework() == cluster_.guest.framework();
}

// What is not the guest's is ours.
std::string Checker::rest_not_converged(std::size_t wanted) const {
  std::size_t containers = 0;
  std::size_t executors = 0;
  for (const auto& machine : cluster_.machines) {
    for (const auto& [id, container] : machine->docker.containers()) {
      if (is_guests(*machine, container.owner)) continue;
      const bool known = std::ranges::any_of(cluster_.scheduler.rows().instances,
                                             [&](const auto& each) { return each.second.task_id == container.task; });
      if (!known) return "container " + id + " of " + container.task.value + " is left over";
      ++containers;
    }
    for (const auto& [pid, executor] : machine->executors) {
      if (!is_guests(*machine, pid)) ++executors;
    }
    for (const TaskView& task : machine->agent->tasks()) {
      if (auto why = task_not_converged(task); !why.empty()) return why;
    }
  }
  if (containers != wanted) return "there are more containers than instances";
  if (executors != wanted) return "there are more executors than instances";
  return {};
}

std::string Checker::task_not_converged(const TaskView& task) const {
  if (task.unacknowledged != 0) return "an agent has unacknowledged updates of " + task.id.value;
  if (cluster_.guest_checker.owns(task.id)) return {};
  const bool known = std::ranges::any_of(cluster_.scheduler.rows().instances,
                                         [&](const auto& each) { return each.second.task_id == task.id; });
  if (!known && !is_terminal(task.state)) return "an agent has a task that nobody knows: " + task.id.value;
  return {};
}

std::size_t Checker::launches(const AppId& id) const {
  auto found = launches_.find(id);
  return found == launches_.end() ? 0 : found->second;
}

}  // namespace windlass::sim
