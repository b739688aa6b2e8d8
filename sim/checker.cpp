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

bool says_over(TaskState state) {
  return is_terminal(state) || state == TaskState::unreachable || state == TaskState::unknown;
}

std::string text(const std::optional<std::int64_t>& count) { return count ? std::to_string(*count) : "no app"; }

}  // namespace

Checker::Checker(Cluster& cluster, World& world, Resources total)
    : cluster_(cluster), world_(world), total_(std::move(total)) {}

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
  if (instance.task_id.empty() || ended_.contains(instance.task_id) || !lives(instance.task_id)) return;
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

void Checker::engine_hears(const calls::Body& call) {
  if (const auto* acknowledge = std::get_if<calls::Acknowledge>(&call)) acknowledged_.insert(acknowledge->uuid);
}

void Checker::engine_will_commit(const EngineRows& rows, const std::vector<engine::Write>& writes) {
  for (const auto& write : writes) {
    const auto* put = std::get_if<engine::PutTask>(&write);
    if (put == nullptr) continue;
    auto old = rows.tasks.find({put->framework_id, put->task_id});
    auto framework = rows.frameworks.find(put->framework_id);
    const bool over = framework == rows.frameworks.end() || framework->second.removed || !put->record;
    if (old != rows.tasks.end() && !over) {
      for (const TaskStatus& update : old->second.updates) {
        const auto& now = put->record->updates;
        const bool kept = std::ranges::any_of(now, [&](const TaskStatus& each) { return each.uuid == update.uuid; });
        if (!kept && !acknowledged_.contains(*update.uuid)) {
          world_.fail("the engine loses an update that was not acknowledged: " + update.task_id.value);
        }
      }
    }
    if (!put->record) continue;
    for (const TaskStatus& update : put->record->updates) engine_has_.insert(*update.uuid);
  }
}

void Checker::engine_tells_scheduler(const SchedulerEvent& event) {
  const auto* update = std::get_if<events::Update>(&event);
  if (update == nullptr || !says_over(update->status.state)) return;
  check_death_notice(update->status);
  ended_.insert(update->status.task_id);
}

void Checker::check_death_notice(const TaskStatus& status) const {
  for (const auto& [pid, process] : processes_) {
    if (!process.task || process.task->id != status.task_id) continue;
    if (process.told_to_end || process.reported_end) continue;
    if (lives(status.task_id)) {
      world_.fail("the engine reports a living task as " + std::string(to_string(status.state)) + ": " +
                  status.task_id.value);
    }
  }
}

void Checker::engine_tells_executor(const EngineRows& rows, const ExecutorEvent& event) {
  const auto* acknowledged = std::get_if<executor_events::Acknowledged>(&event);
  if (acknowledged == nullptr || engine_has_.contains(acknowledged->uuid)) return;
  for (const auto& [key, record] : rows.tasks) {
    if (key.second == acknowledged->task_id) {
      world_.fail("the engine acknowledges an update that its journal never had: " + key.second.value);
    }
  }
}

// --- the machine ----------------------------------------------------------------------------------------------------

void Checker::executor_hears(std::int64_t pid, const ExecutorEvent& event) {
  Process& process = processes_[pid];
  if (std::holds_alternative<executor_events::Shutdown>(event)) process.told_to_end = true;
  const auto* launch = std::get_if<executor_events::Launch>(&event);
  if (launch == nullptr) return;
  for (const auto& [other_pid, other] : processes_) {
    if (other.task && other.task->id == launch->task.id) world_.fail("launched twice: " + launch->task.id.value);
  }
  process.task = launch->task;
  check_resources();
}

void Checker::executor_says(std::int64_t pid, const executor_calls::Body& call) {
  const auto* update = std::get_if<executor_calls::Update>(&call);
  if (update == nullptr || !is_terminal(update->status.state)) return;
  processes_[pid].reported_end = true;
  const auto code = exit_codes_.find(update->status.task_id);
  const bool has_failed = code != exit_codes_.end() && code->second != 0;
  if (has_failed && update->status.state == TaskState::finished) {
    world_.fail(update->status.task_id.value + " is told to have finished, with code " + std::to_string(code->second));
  }
}

void Checker::executor_ended(std::int64_t pid) { processes_.erase(pid); }

void Checker::check_resources() const {
  Resources used;
  std::set<std::uint16_t> ports;
  for (const auto& [pid, process] : processes_) {
    if (!process.task || process.reported_end) continue;
    used += process.task->resources.allocated_to("");
    for (const auto port : process.task->resources.ports()) {
      if (!ports.insert(port).second) world_.fail("host port " + std::to_string(port) + " is given twice");
    }
  }
  if (!total_.contains(used)) {
    world_.fail("more resources are given than there are: " + used.to_string() + " of " + total_.to_string());
  }
}

void Checker::container_started(const Container& container) {
  for (const auto& [id, other] : cluster_.docker.containers()) {
    if (id != container.id && other.state == ContainerState::running && other.task == container.task) {
      world_.fail("two live containers for " + container.task.value);
    }
  }
}

void Checker::container_ended(const Container& container) { exit_codes_[container.task] = container.exit_code; }

bool Checker::lives(const TaskId& task) const {
  for (const auto& [id, container] : cluster_.docker.containers()) {
    if (container.task != task || container.state != ContainerState::running) continue;
    if (cluster_.executors.contains(container.owner)) return true;
  }
  return false;
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
  const std::string& name = instance.task_id.value;
  if (instance.goal != Goal::running) return name + " is still being killed";
  if (instance.condition != Condition::running) return name + " is not running";
  if (instance.host != cluster_.options.hostname) return name + " is said to be on host " + instance.host;
  for (const auto& [pid, process] : processes_) {
    if (!process.task || process.task->id != instance.task_id || process.reported_end) continue;
    auto ports = process.task->resources.ports();
    auto shown = instance.ports;
    std::ranges::sort(shown);
    if (ports != shown) return name + " has other ports than its endpoints show";
    return lives(instance.task_id) ? "" : name + " has no running container";
  }
  return name + " has no executor";
}

std::string Checker::rest_not_converged(std::size_t wanted) const {
  for (const auto& [id, container] : cluster_.docker.containers()) {
    const bool known = std::ranges::any_of(cluster_.scheduler.rows().instances,
                                           [&](const auto& each) { return each.second.task_id == container.task; });
    if (!known) return "container " + id + " of " + container.task.value + " is left over";
  }
  if (cluster_.docker.containers().size() != wanted) return "there are more containers than instances";
  if (cluster_.executors.size() != wanted) return "there are more executors than instances";
  for (const auto& [key, record] : cluster_.engine.rows().tasks) {
    if (!record.updates.empty()) return "the engine has unacknowledged updates of " + key.second.value;
    const bool known = std::ranges::any_of(cluster_.scheduler.rows().instances,
                                           [&](const auto& each) { return each.second.task_id == key.second; });
    if (!known && !is_terminal(record.state)) return "the engine has a task that nobody knows: " + key.second.value;
  }
  return {};
}

std::size_t Checker::launches(const AppId& id) const {
  auto found = launches_.find(id);
  return found == launches_.end() ? 0 : found->second;
}

}  // namespace windlass::sim
