#include "engine/tasks.hpp"

#include "base/check.hpp"
#include "engine/accounts.hpp"
#include "engine/executors.hpp"

#include <algorithm>
#include <utility>

namespace windlass::engine {
namespace {

constexpr Duration retry_first = std::chrono::seconds{10};
constexpr Duration retry_max = std::chrono::minutes{10};
constexpr std::size_t updates_max = 100;   // beyond, the oldest that is neither in flight nor the newest is dropped
constexpr std::size_t statuses_max = 100;  // beyond, the oldest is forgotten
constexpr std::size_t received_max = 32;
constexpr std::size_t completed_tasks_max = 1000;  // of each framework

// What of an update is kept: the state that the framework was told, without data.
void keep_status(TaskRecord& record, TaskStatus status) {
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
  if (!is_terminal(record.state)) {
    if (is_terminal(status.state)) release(turn.state.accounts, use_of(task));
    record.state = status.state;
    if (is_terminal(record.state)) {
      turn.offer_later();
      ++turn.state.ended[record.state];
    }
  }
  record.updates.push_back(std::move(status));
  if (record.updates.size() > updates_max) record.updates.erase(record.updates.begin() + 1);
  turn.save(task);
  if (record.updates.size() == 1) put_in_flight(turn, task);
}

// What the agent knows of the container overwrites what the executor says of it, except its networks.
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
  status.executor_id = record.info.executor ? record.executor_id : ExecutorId{};
  status.message = "Reconciliation: Latest task state";
  status.uuid.reset();
  status.labels.clear();
  answer_reconciliation(turn, framework, std::move(status));
}

void reconcile_one(Turn& turn, const Framework& framework, const calls::ReconcileTask& asked) {
  if (const Task* task = find_task(turn.state, framework.record.info.id, asked.task_id)) {
    reconcile_known(turn, framework, task->record);
    return;
  }
  const bool ours = asked.agent_id == turn.state.record.agent_id;
  TaskStatus status{.task_id = asked.task_id};
  status.state = known_state(framework.record.info, ours ? TaskState::gone : TaskState::unknown);
  status.message = ours ? "Reconciliation: Task is unknown to the agent" : "Reconciliation: Task is unknown";
  if (asked.agent_id) status.agent_id = *asked.agent_id;
  answer_reconciliation(turn, framework, std::move(status));
}

// Its last task was killed while it was still on its way: fetching, starting. Nobody needs it any more.
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
  if (record.updates.empty() || record.updates.front().uuid != call.uuid) return;
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
    turn.send(*executor, executor_events::Kill{call.task_id, call.kill_policy});
  } else {
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
    if (!task->record.updates.empty()) send_update(turn, framework, *task, retry_first);
  }
}

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
  turn.save(found->second);
  Executor* executor = find_executor(turn.state, key.first, found->second.record.executor_id);
  if (executor != nullptr) executor->tasks.erase(key.second);
  const std::uint64_t number = turn.state.next_completed++;
  turn.state.completed_tasks.set(number, std::move(found->second.record));
  turn.state.tasks.erase(found);
  std::deque<std::uint64_t>& of_framework = turn.state.completed_of[key.first];
  of_framework.push_back(number);
  if (of_framework.size() <= completed_tasks_max) return;
  turn.state.completed_tasks.erase(of_framework.front());
  of_framework.pop_front();
}

}  // namespace windlass::engine
