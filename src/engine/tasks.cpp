#include "engine/tasks.hpp"

#include "base/check.hpp"
#include "engine/accounts.hpp"
#include "engine/executors.hpp"

#include <algorithm>
#include <utility>

namespace windlass::engine {
namespace {

// As Mesos' agent (mesos.md 2.11).
constexpr Duration retry_first = std::chrono::seconds{10};
constexpr Duration retry_max = std::chrono::minutes{10};
constexpr std::size_t updates_max = 100;   // beyond, the oldest that is neither in flight nor the newest is dropped
constexpr std::size_t statuses_max = 100;  // beyond, the oldest is forgotten
// An executor repeats only what it got no ACKNOWLEDGED for, so the newest few are enough to know a repeat.
constexpr std::size_t received_max = 32;
constexpr std::size_t completed_tasks_max = 1000;  // of each framework

// What of an update is kept: the state that the framework was told, without data (mesos.md 2.11). A health check that
// reports every few seconds stays in one state, and so takes one entry.
void keep_status(TaskRecord& record, TaskStatus status) {
  // The received bytes hold the data, too, which may be large: the whole `docker inspect` (mesos.md 4.1).
  if (status.data) status.raw.clear();
  status.data.reset();
  if (!record.statuses.empty() && record.statuses.back().state == status.state) {
    record.statuses.back() = std::move(status);
    return;
  }
  record.statuses.push_back(std::move(status));
  if (record.statuses.size() > statuses_max) record.statuses.erase(record.statuses.begin());
}

void send_update(Turn& turn, const Framework& framework, Task& task, Duration wait) {
  // resume_updates() sends it when the framework is back.
  if (!framework.stream) return;
  turn.send(framework, events::Update{task.record.updates.front()});
  task.retry_wait = wait;
  turn.touch(task);
  task.retry_at = after(turn.in.now, wait);
}

// The first of the waiting updates goes out.
void put_in_flight(Turn& turn, Task& task) {
  task.retry_at.reset();
  turn.touch(task);
  if (task.record.updates.empty()) return;
  // Only now, as the update is sent: reconciliation answers with the last state that was sent, even when a newer one
  // waits behind it (mesos.md 2.13).
  keep_status(task.record, task.record.updates.front());
  const Framework* framework = find_framework(turn.state, task.record.framework_id);
  CHECK(framework != nullptr);
  send_update(turn, *framework, task, retry_first);
}

void take_update(Turn& turn, Task& task, TaskStatus status) {
  TaskRecord& record = task.record;
  CHECK(status.uuid.has_value());
  record.received.push_back(*status.uuid);
  if (record.received.size() > received_max) record.received.erase(record.received.begin());
  // A terminal state is final: what an executor says afterwards is passed on, but changes nothing (mesos.md 2.11).
  if (!is_terminal(record.state)) {
    // Resources are free from the first terminal update on, acknowledged or not (mesos.md 2.11). Released before the
    // state changes: an ended task has no use to release (accounts.hpp).
    if (is_terminal(status.state)) release(turn.state.accounts, use_of(task));
    record.state = status.state;
    if (is_terminal(record.state)) {
      turn.offer_later();
      ++turn.state.ended[record.state];
    }
  }
  record.updates.push_back(std::move(status));
  // Never the first: it is in flight, and its acknowledgement would find another one in its place.
  if (record.updates.size() > updates_max) record.updates.erase(record.updates.begin() + 1);
  turn.save(task);
  // Else one is in flight, and the next goes only after its acknowledgement: a framework sees the updates of a task in
  // order.
  if (record.updates.size() == 1) put_in_flight(turn, task);
}

// What the agent knows of the container overwrites what the executor says of it, except its networks: where it names
// none, the task is on the agent's own (mesos.md 3.3).
ContainerStatus container_status(const State& state, const Executor& executor, const TaskStatus& status) {
  ContainerStatus merged = status.container.value_or(ContainerStatus{});
  merged.container_id = executor.record.container_id;
  if (executor.record.pid > 0) merged.executor_pid = static_cast<std::uint32_t>(executor.record.pid);
  if (merged.networks.empty()) {
    merged.networks.push_back({.addresses = {{.address = state.settings.agent.ip}}});
  }
  return merged;
}

bool is_known(const TaskRecord& record, const Uuid& uuid) {
  return std::find(record.received.begin(), record.received.end(), uuid) != record.received.end();
}

void answer_reconciliation(Turn& turn, const Framework& framework, TaskStatus status) {
  status.source = StatusSource::master;
  status.reason = Reason::reconciliation;
  status.timestamp = turn.in.now;
  turn.send(framework, events::Update{std::move(status)});
}

void reconcile_known(Turn& turn, const Framework& framework, const TaskRecord& record) {
  TaskStatus status;
  if (!record.statuses.empty()) status = record.statuses.back();
  status.task_id = record.info.id;
  status.agent_id = turn.state.record.agent_id;
  // To the master a command task has no executor (mesos.md 10.2).
  status.executor_id = record.info.executor ? record.executor_id : ExecutorId{};
  status.message = "Reconciliation: Latest task state";
  // Without a uuid there is nothing to acknowledge; health and check results stay, as the newest that is known
  // (mesos.md 2.13).
  status.uuid.reset();
  status.labels.clear();
  answer_reconciliation(turn, framework, std::move(status));
}

void reconcile_one(Turn& turn, const Framework& framework, const calls::ReconcileTask& asked) {
  if (const Task* task = find_task(turn.state, framework.record.info.id, asked.task_id)) {
    reconcile_known(turn, framework, task->record);
    return;
  }
  // GONE is certain: the agent is here and does not have the task. Without an agent, or with another's id (that of an
  // engine before this one), nothing is certain.
  const bool ours = asked.agent_id == turn.state.record.agent_id;
  TaskStatus status{.task_id = asked.task_id};
  status.state = known_state(framework.record.info, ours ? TaskState::gone : TaskState::unknown);
  status.message = ours ? "Reconciliation: Task is unknown to the agent" : "Reconciliation: Task is unknown";
  if (asked.agent_id) status.agent_id = *asked.agent_id;
  answer_reconciliation(turn, framework, std::move(status));
}

// An executor whose last task was killed while it was still fetching or starting: nobody needs it any more. One that
// has subscribed is left alone, since frameworks keep executors for further tasks.
void drop_idle_newcomer(Turn& turn, Executor& executor) {
  if (executor.record.subscribed || has_live_tasks(turn.state, executor)) return;
  destroy(turn, executor, {TaskState::killed, Reason::task_killed_during_launch, "Executor is not needed any more"});
}

}  // namespace

void tell_of_task(Turn& turn, const Framework& framework, const TaskInfo& task, const MasterUpdate& update) {
  TaskStatus status{.task_id = task.id};
  status.state = known_state(framework.record.info, update.state);
  status.message = update.message;
  status.reason = update.reason;
  status.agent_id = task.agent_id;
  status.timestamp = turn.in.now;
  // The task never was in `tasks`, so that nothing else counts its end.
  if (is_terminal(status.state)) ++turn.state.ended[status.state];
  turn.send(framework, events::Update{std::move(status)});
}

void tell_progress(Turn& turn, const Task& task, std::string message) {
  const Framework* framework = find_framework(turn.state, task.record.framework_id);
  if (framework == nullptr || is_terminal(task.record.state)) return;
  TaskStatus status{.task_id = task.record.info.id, .state = task.record.state, .message = std::move(message)};
  status.source = StatusSource::agent;
  status.agent_id = turn.state.record.agent_id;
  status.executor_id = task.record.executor_id;
  status.timestamp = turn.in.now;
  turn.send(*framework, events::Update{std::move(status)});
}

void update_by_agent(Turn& turn, Task& task, const Termination& what) {
  const Framework* framework = find_framework(turn.state, task.record.framework_id);
  CHECK(framework != nullptr);
  TaskStatus status{.task_id = task.record.info.id};
  status.state = known_state(framework->record.info, what.state);
  status.message = what.message;
  status.source = StatusSource::agent;
  status.reason = what.reason;
  status.agent_id = turn.state.record.agent_id;
  status.executor_id = task.record.executor_id;
  status.timestamp = turn.in.now;
  // With a uuid, like an executor's: the end of a task must not be lost on the way (mesos.md 3.6).
  status.uuid = Uuid::random(turn.in.prng);
  take_update(turn, task, std::move(status));
}

void update_by_executor(Turn& turn, const Executor& executor, const TaskStatus& received) {
  if (!received.uuid) return;
  Task* task = find_task(turn.state, executor.record.framework_id, received.task_id);
  const bool its_own = task != nullptr && task->record.executor_id == executor.record.info.id;
  // An update of a task that is completed is of no use to anybody.
  if (its_own && !is_known(task->record, *received.uuid)) {
    TaskStatus status = received;
    status.agent_id = turn.state.record.agent_id;
    // Agents fill it in for command tasks, too; only the master leaves it out (mesos.md 3.1).
    if (executor.record.is_command) status.executor_id = executor.record.info.id;
    if (!status.timestamp) status.timestamp = turn.in.now;
    status.container = container_status(turn.state, executor, received);
    task->record.queued = false;
    take_update(turn, *task, std::move(status));
  }
  turn.send(executor, executor_events::Acknowledged{received.task_id, *received.uuid});
}

void acknowledge(Turn& turn, const Framework& framework, const calls::Acknowledge& call) {
  Task* task = find_task(turn.state, framework.record.info.id, call.task_id);
  if (task == nullptr || call.agent_id != turn.state.record.agent_id) return;
  TaskRecord& record = task->record;
  // Two acknowledgements of one update are normal: it was repeated while the first was on its way (mesos.md 2.11).
  if (record.updates.empty() || record.updates.front().uuid != call.uuid) return;
  // What still waits behind a terminal update goes with the task: nobody asked for more after its end.
  const bool ended = is_terminal(record.updates.front().state);
  record.updates.pop_front();
  turn.save(*task);
  if (ended) {
    complete_task(turn, {record.framework_id, record.info.id});
  } else {
    put_in_flight(turn, *task);
  }
}

void kill(Turn& turn, const Framework& framework, const calls::Kill& call) {
  Task* task = find_task(turn.state, framework.record.info.id, call.task_id);
  if (task == nullptr) {
    // So that a framework which wants to be rid of a task hears that there is none (mesos.md 2.10).
    reconcile_one(turn, framework, {call.task_id, call.agent_id});
    return;
  }
  const bool elsewhere = call.agent_id && *call.agent_id != turn.state.record.agent_id;
  if (elsewhere || is_terminal(task->record.state)) return;
  Executor* executor = find_executor(turn.state, task->record.framework_id, task->record.executor_id);
  CHECK(executor != nullptr);
  if (executor->record.terminating) return;  // how it ends is told when it has ended
  if (task->record.queued) {
    task->record.queued = false;
    update_by_agent(turn, *task,
                    {TaskState::killed, Reason::task_killed_during_launch, "Killed before delivery to the executor"});
    drop_idle_newcomer(turn, *executor);
  } else if (executor->connection) {
    // The task stays as it is until the executor reports: it may need its grace period, or have ended already.
    turn.send(*executor, executor_events::Kill{call.task_id, call.kill_policy});
  } else {
    // In the journal, because it was answered 202: a restart of the engine must not forget it.
    task->record.kill_requested = true;
    task->kill_policy = call.kill_policy;
    turn.save(*task);
  }
}

void reconcile(Turn& turn, const Framework& framework, const calls::Reconcile& call) {
  if (call.tasks.empty()) {
    for (const Task* task : tasks_of(turn.state, framework)) reconcile_known(turn, framework, task->record);
  }
  for (const calls::ReconcileTask& asked : call.tasks) reconcile_one(turn, framework, asked);
}

void resume_updates(Turn& turn, const Framework& framework) {
  for (Task* task : tasks_of(turn.state, framework)) {
    // The waits begin anew, too (mesos.md 2.11): a framework that was away for long must not wait 10 minutes for a
    // repeat.
    if (!task->record.updates.empty()) send_update(turn, framework, *task, retry_first);
  }
}

// Without this, each task of a framework that is away would wake the engine again and again for nothing.
void pause_updates(Turn& turn, const Framework& framework) {
  for (Task* task : tasks_of(turn.state, framework)) {
    task->retry_at.reset();
    turn.touch(*task);
  }
}

void repeat_update(Turn& turn, Task& task) {
  if (!task.retry_at || *task.retry_at > turn.in.now) return;
  task.retry_at.reset();
  const Framework* framework = find_framework(turn.state, task.record.framework_id);
  if (framework != nullptr) send_update(turn, *framework, task, std::min(task.retry_wait * 2, retry_max));
}

void complete_task(Turn& turn, const TaskKey& key) {
  const auto found = turn.state.tasks.find(key);
  CHECK(found != turn.state.tasks.end());
  CHECK(is_terminal(found->second.record.state));
  // First, since it reads the keys from the record that is moved away below.
  turn.save(found->second);
  Executor* executor = find_executor(turn.state, key.first, found->second.record.executor_id);
  if (executor != nullptr) executor->tasks.erase(key.second);
  const std::uint64_t number = turn.state.next_completed++;
  turn.state.completed_tasks.set(number, std::move(found->second.record));
  turn.state.tasks.erase(found);
  std::deque<std::uint64_t>& of_framework = turn.state.completed_of[key.first];
  of_framework.push_back(number);
  if (of_framework.size() <= completed_tasks_max) return;
  // Each framework has a limit of its own, so that a busy one does not push out the history of others (mesos.md 6.2).
  turn.state.completed_tasks.erase(of_framework.front());
  of_framework.pop_front();
}

}  // namespace windlass::engine
