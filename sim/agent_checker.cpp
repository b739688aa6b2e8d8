#include "sim/agent_checker.hpp"

#include "sim/cluster.hpp"

#include <algorithm>

namespace windlass::sim {

namespace {

bool says_over(TaskState state) {
  return is_terminal(state) || state == TaskState::unreachable || state == TaskState::unknown;
}

}  // namespace

// --- masters --------------------------------------------------------------------------------------------------------

void AgentChecker::master_hears(const calls::Body& call) {
  if (const auto* acknowledge = std::get_if<calls::Acknowledge>(&call)) acknowledged_.insert(acknowledge->uuid);
  if (const auto* accept = std::get_if<calls::Accept>(&call)) {
    for (const auto& id : accept->offer_ids) offers_.erase(id);
  }
  if (const auto* decline = std::get_if<calls::Decline>(&call)) {
    for (const auto& id : decline->offer_ids) offers_.erase(id);
  }
}

void AgentChecker::master_tells(const SchedulerEvent& event) {
  if (const auto* subscribed = std::get_if<events::Subscribed>(&event)) offers_end(subscribed->framework_id);
  if (const auto* rescind = std::get_if<events::Rescind>(&event)) offers_.erase(rescind->offer_id);
  if (const auto* offers = std::get_if<events::Offers>(&event)) {
    for (const Offer& offer : offers->offers) take_offer(offer);
  }
  const auto* update = std::get_if<events::Update>(&event);
  if (update == nullptr || !says_over(update->status.state)) return;
  check_death_notice(update->status);
  told_over_.insert(update->status.task_id);
}

void AgentChecker::offers_end(const FrameworkId& framework) {
  std::erase_if(offers_, [&](const auto& each) { return each.second.framework_id == framework; });
}

void AgentChecker::take_offer(const Offer& offer) {
  for (const Resource& each : offer.resources.entries()) {
    if (!each.reservation.empty() && each.reservation != offer.role) {
      world_.fail(offer.id.value + " offers to " + offer.role + " what is reserved to " + each.reservation);
    }
  }
  offers_[offer.id] = offer;
  for (const auto& machine : cluster_.machines) {
    if (machine->info.hostname == offer.hostname) check_resources(*machine);
  }
}

// An agent that cannot be reached is no death notice: what it runs may come back.
void AgentChecker::check_death_notice(const TaskStatus& status) const {
  if (status.state == TaskState::unreachable || status.state == TaskState::gone_by_operator) return;
  for (const auto& [pid, process] : processes_) {
    const auto task = process.tasks.find(status.task_id);
    if (task == process.tasks.end() || process.told_to_end || task->second.reported_end) continue;
    if (lives(status.task_id)) {
      world_.fail("a living task is reported as " + std::string(to_string(status.state)) + ": " + status.task_id.value);
    }
  }
}

// --- journals -------------------------------------------------------------------------------------------------------

void AgentChecker::agent_drops(const TaskStatus& update) const {
  if (acknowledged_.contains(*update.uuid)) return;
  world_.fail("an agent loses an update that was not acknowledged: " + update.task_id.value);
}

void AgentChecker::engine_will_commit(const EngineRows& rows, const std::vector<engine::Write>& writes) {
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
        if (!kept) agent_drops(update);
      }
    }
    if (!put->record) continue;
    for (const TaskStatus& update : put->record->updates) agent_has(*update.uuid);
  }
}

void AgentChecker::agent_acknowledges(const TaskId& task, const Uuid& update) const {
  if (agent_has_.contains(update)) return;
  world_.fail("an agent acknowledges an update that its journal never had: " + task.value);
}

void AgentChecker::engine_tells_executor(const EngineRows& rows, const ExecutorEvent& event) const {
  const auto* acknowledged = std::get_if<executor_events::Acknowledged>(&event);
  if (acknowledged == nullptr) return;
  for (const auto& [key, record] : rows.tasks) {
    if (key.second == acknowledged->task_id) agent_acknowledges(acknowledged->task_id, acknowledged->uuid);
  }
}

// --- machines -------------------------------------------------------------------------------------------------------

void AgentChecker::executor_started(const Machine& machine, std::int64_t pid, const Resources& resources) {
  processes_[pid] = {.machine = &machine, .resources = resources.allocated_to("")};
}

void AgentChecker::executor_hears(const Machine& machine, std::int64_t pid, const ExecutorEvent& event) {
  Executor& process = processes_[pid];
  process.machine = &machine;
  if (std::holds_alternative<executor_events::Shutdown>(event)) process.told_to_end = true;
  if (const auto* launch = std::get_if<executor_events::Launch>(&event)) take_task(machine, pid, launch->task);
  if (const auto* group = std::get_if<executor_events::LaunchGroup>(&event)) {
    for (const TaskInfo& task : group->tasks) take_task(machine, pid, task);
  }
}

void AgentChecker::take_task(const Machine& machine, std::int64_t pid, const TaskInfo& task) {
  for (const auto& [other_pid, other] : processes_) {
    if (other.tasks.contains(task.id)) world_.fail("launched twice: " + task.id.value);
  }
  processes_[pid].tasks[task.id] = {.info = task};
  check_ports();
  check_resources(machine);
}

void AgentChecker::executor_says(std::int64_t pid, const executor_calls::Body& call) {
  const auto* update = std::get_if<executor_calls::Update>(&call);
  if (update == nullptr || !is_terminal(update->status.state)) return;
  const TaskId& task = update->status.task_id;
  processes_[pid].tasks[task].reported_end = true;
  const auto code = exit_codes_.find(task);
  const bool has_failed = code != exit_codes_.end() && code->second != 0;
  if (has_failed && update->status.state == TaskState::finished) {
    world_.fail(task.value + " is told to have finished, with code " + std::to_string(code->second));
  }
}

void AgentChecker::check_ports() const {
  std::set<std::pair<const Machine*, std::uint16_t>> ports;
  for (const auto& [pid, process] : processes_) {
    for (const auto& [id, task] : process.tasks) {
      if (task.reported_end) continue;
      for (const auto port : task.info.resources.ports()) {
        if (ports.insert({process.machine, port}).second) continue;
        world_.fail("host port " + std::to_string(port) + " is given twice");
      }
    }
  }
}

Resources AgentChecker::used_of(const Machine& machine) const {
  Resources used;
  for (const auto& [pid, process] : processes_) {
    if (process.machine != &machine) continue;
    bool has_task = false;
    for (const auto& [id, task] : process.tasks) {
      if (task.reported_end) continue;
      has_task = true;
      used += task.info.resources.allocated_to("");
    }
    if (has_task) used += process.resources;
  }
  return used;
}

void AgentChecker::check_resources(const Machine& machine) const {
  const Resources& total = machine.info.resources;
  const Resources used = used_of(machine);
  if (!total.contains(used)) {
    world_.fail("more resources are given than there are: " + used.to_string() + " of " + total.to_string());
  }
  Resources all = used;
  for (const auto& [id, offer] : offers_) {
    if (offer.hostname == machine.info.hostname) all += offer.resources.allocated_to("");
  }
  if (!total.contains(all)) {
    world_.fail("more resources are offered than are free: " + all.to_string() + " of " + total.to_string());
  }
}

void AgentChecker::container_started(const Machine& machine, const Container& container) const {
  if (container.task.empty()) return;
  for (const auto& [id, other] : machine.docker.containers()) {
    if (id != container.id && other.state == ContainerState::running && other.task == container.task) {
      world_.fail("two live containers for " + container.task.value);
    }
  }
}

bool AgentChecker::lives(const TaskId& task) const {
  return std::ranges::any_of(cluster_.machines, [&](const auto& machine) { return machine->runs(task); });
}

std::set<TaskId> AgentChecker::living() const {
  std::set<TaskId> tasks;
  for (const auto& machine : cluster_.machines) {
    for (const auto& [id, container] : machine->docker.containers()) {
      const bool lives = container.state == ContainerState::running && machine->executors.contains(container.owner);
      if (lives) tasks.insert(container.task);
    }
    for (const auto& [pid, process] : machine->processes.running()) tasks.insert(process.task);
  }
  return tasks;
}

const TaskInfo* AgentChecker::task_at_executor(const TaskId& task) const {
  for (const auto& [pid, process] : processes_) {
    const auto found = process.tasks.find(task);
    if (found != process.tasks.end() && !found->second.reported_end) return &found->second.info;
  }
  return nullptr;
}

}  // namespace windlass::sim
