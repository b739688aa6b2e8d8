#include "engine/executors.hpp"

#include "base/check.hpp"
#include "engine/accounts.hpp"
#include "engine/tasks.hpp"

#include <utility>

namespace windlass::engine {
namespace {

// As Mesos does (mesos.md 1.8): the stream may be silent for days, and a firewall in between forgets silent
// connections.
constexpr Duration heartbeat_interval = std::chrono::minutes{30};

// Mesos' agent knows a framework by its executors only, so this is what its refusals mean by a known framework.
bool has_executors(const State& state, const FrameworkId& framework) {
  const auto first = state.executor_ids.lower_bound({framework, {}});
  return first != state.executor_ids.end() && first->first.first == framework;
}

// The executor that a call names; nullptr when there is none, and then the call is answered. The 400 makes an executor
// that nobody waits for end itself (mesos.md 3.4).
Executor* addressee(Turn& turn, RequestId request, const FrameworkId& framework, const ExecutorId& id) {
  Executor* executor = find_executor(turn.state, framework, id);
  if (executor == nullptr) {
    const bool known = has_executors(turn.state, framework);
    turn.answer(request, 400, known ? "Executor cannot be found" : "Framework cannot be found");
  }
  return executor;
}

void greet(Turn& turn, const Executor& executor, const Framework& framework) {
  AgentInfo agent = turn.state.settings.agent;
  agent.id = turn.state.record.agent_id;
  turn.send(executor, executor_events::Subscribed{.executor = executor.record.info,
                                                  .framework = framework.record.info,
                                                  .agent = std::move(agent),
                                                  .container_id = executor.record.container_id});
}

bool lists(const executor_calls::Subscribe& subscribe, const TaskId& id) {
  for (const TaskInfo& task : subscribe.unacknowledged_tasks) {
    if (task.id == id) return true;
  }
  return false;
}

// Tasks that were sent but never arrived: the engine or the connection ended in between. The executor does not know
// them and would never report them, so they would be STAGING for ever (mesos.md 3.4).
void drop_undelivered(Turn& turn, const Executor& executor, const executor_calls::Subscribe& subscribe) {
  for (Task* task : tasks_of(turn.state, executor)) {
    const bool undelivered = !task->record.queued && task->record.state == TaskState::staging;
    if (!undelivered || lists(subscribe, task->record.info.id)) continue;
    update_by_agent(turn, *task, {TaskState::dropped, Reason::agent_restarted, "Task launched during agent restart"});
  }
}

// That the task is queued no longer is in the journal before LAUNCH leaves. After a crash in between drop_undelivered()
// finds the task; written the other way round, it could be launched twice.
void deliver_queued(Turn& turn, const Executor& executor) {
  for (Task* task : tasks_of(turn.state, executor)) {
    if (!task->record.queued || is_terminal(task->record.state)) continue;
    task->record.queued = false;
    turn.save(*task);
    turn.send(executor, executor_events::Launch{task->record.info});
  }
}

// KILLs that came while the executor was away. Their policy is not in the journal: after a restart of the engine the
// task's own policy holds.
void deliver_kills(Turn& turn, const Executor& executor) {
  for (Task* task : tasks_of(turn.state, executor)) {
    if (!task->record.kill_requested) continue;
    task->record.kill_requested = false;
    turn.save(*task);
    if (is_terminal(task->record.state)) continue;
    turn.send(executor, executor_events::Kill{task->record.info.id, std::exchange(task->kill_policy, std::nullopt)});
  }
}

// The executor gets no deadline, and its framework hears nothing: as long as its process lives it may subscribe again,
// and the end of the process is reported by the shell.
void disconnect(Turn& turn, Executor& executor) {
  if (!executor.connection) return;
  turn.state.connections.erase(*executor.connection);
  executor.connection.reset();
  executor.next_heartbeat.reset();
  turn.touch(executor);
}

// What every end has in common. `why` is what its live tasks are told. Tasks of a removed framework are not among them:
// they were completed when it was removed, and the executor holds their resources as its remains.
void remove_executor(Turn& turn, Executor& executor, std::optional<int> wait_status, const Termination& why) {
  const ExecutorRecord record = executor.record;
  Framework* framework = find_framework(turn.state, record.framework_id);
  // Only for executors that frameworks bring themselves, and before the updates of their tasks (mesos.md 2.2, 3.6).
  if (framework != nullptr && !record.is_command) {
    turn.send(*framework, events::Failure{.agent_id = turn.state.record.agent_id,
                                          .executor_id = record.info.id,
                                          // -1: nobody saw how it ended
                                          .status = wait_status.value_or(-1)});
  }
  for (Task* task : tasks_of(turn.state, executor)) {
    if (!is_terminal(task->record.state)) update_by_agent(turn, *task, why);
  }
  if (executor.connection) turn.call(CloseExecutorStream{*executor.connection});
  disconnect(turn, executor);
  // What it holds is released before its record goes, and the row of a record that is gone by the end of the step is
  // removed.
  for (const Use& use : uses_of(executor)) release(turn.state.accounts, use);
  turn.save(executor);
  turn.offer_later();
  turn.state.executor_ids.erase({record.framework_id, record.info.id});
  turn.state.executors.erase(record.container_id);
}

void receive(Turn& turn, const Executor& executor, const executor_calls::Body& body) {
  if (const auto* update = std::get_if<executor_calls::Update>(&body)) {
    update_by_executor(turn, executor, update->status);
  } else if (const auto* message = std::get_if<executor_calls::Message>(&body)) {
    const Framework* framework = find_framework(turn.state, executor.record.framework_id);
    if (framework == nullptr) return;
    turn.send(*framework, events::Message{.agent_id = turn.state.record.agent_id,
                                          .executor_id = executor.record.info.id,
                                          .data = message->data});
  }
}

// "12.5"
std::string megabytes(std::uint64_t bytes) {
  const std::uint64_t tenths = bytes / 100'000;
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10);
}

// One that ended before it could say anything: what it left on its stderr is all that a user has to go on.
std::string end_of(const Executor& executor, const ExecutorExited& event) {
  if (executor.record.subscribed || event.how.empty()) return "Executor terminated";
  return "Executor " + event.how + " before it registered" + (event.last_words.empty() ? "" : ": " + event.last_words);
}

}  // namespace

void subscribe_executor(Turn& turn, const ExecutorSubscribe& event) {
  Executor* executor = addressee(turn, event.request, event.framework_id, event.executor_id);
  if (executor == nullptr) return;
  turn.answer(event.request, 200);
  // The newest subscription wins, and the old stream ends without an ERROR (mesos.md 3.4).
  if (executor->connection) turn.call(CloseExecutorStream{*executor->connection});
  disconnect(turn, *executor);
  turn.touch(*executor);
  executor->connection = event.connection;
  turn.state.connections[event.connection] = executor->record.container_id;
  executor->next_heartbeat = after(turn.in.now, heartbeat_interval);
  executor->registration_deadline.reset();
  const Framework* framework = find_framework(turn.state, event.framework_id);
  // No SUBSCRIBED comes before this SHUTDOWN (mesos.md 3.4): the SHUTDOWN of before may have been lost with the old
  // stream.
  if (framework == nullptr || executor->record.terminating) {
    turn.send(*executor, executor_events::Shutdown{});
    return;
  }
  const bool first = !std::exchange(executor->record.subscribed, true);
  if (first) turn.save(*executor);
  if (first && !has_live_tasks(turn.state, *executor)) {  // all were killed while it started
    shut_down(turn, *executor);
    return;
  }
  // What the executor reports comes first: it moves tasks out of STAGING, which drop_undelivered() must not see there.
  // The queued ones come after that, because the executor cannot have listed them.
  greet(turn, *executor, *framework);
  for (const TaskStatus& status : event.subscribe.unacknowledged_updates) update_by_executor(turn, *executor, status);
  drop_undelivered(turn, *executor, event.subscribe);
  deliver_queued(turn, *executor);
  deliver_kills(turn, *executor);
}

void executor_call(Turn& turn, const ExecutorCallReceived& event) {
  const Executor* executor = addressee(turn, event.request, event.call.framework_id, event.call.executor_id);
  if (executor == nullptr) return;
  // After a restart of the engine an executor must subscribe first, so that its unacknowledged updates come before new
  // ones. One that only lost its stream may go on: its calls come on other connections.
  const bool registering = !executor->record.subscribed || (executor->recovered && !executor->connection);
  if (registering) {
    turn.answer(event.request, 403, "Executor is not subscribed");
    return;
  }
  receive(turn, *executor, event.call.body);
  turn.answer(event.request, 202);
}

void executor_stream_closed(Turn& turn, const ExecutorStreamClosed& event) {
  const auto found = turn.state.connections.find(event.connection);
  if (found != turn.state.connections.end()) disconnect(turn, turn.state.executors.at(found->second));
}

void executor_started(Turn& turn, const ExecutorStarted& event) {
  Executor* executor = find_executor(turn.state, event.container_id);
  if (executor == nullptr) {  // given up meanwhile
    turn.call(DestroyExecutor{event.container_id});
    return;
  }
  executor->record.pid = event.pid;
  executor->record.start_time = event.start_time;
  executor->record.boot_id = event.boot_id;
  executor->record.directory = event.directory;
  // The process start and the SUBSCRIBE are reported by different paths, and either may come first.
  const bool expected = !executor->connection && !executor->record.subscribed && !executor->record.terminating;
  if (expected) {
    executor->registration_deadline = after(turn.in.now, turn.state.settings.executor_registration_timeout);
  }
  turn.save(*executor);
}

void executor_fetching(Turn& turn, const ExecutorFetching& event) {
  const Executor* executor = find_executor(turn.state, event.container_id);
  if (executor == nullptr || executor->record.terminating) return;
  const std::string message = "Fetching URIs: " + megabytes(event.bytes) + " MB so far";
  for (const Task* task : tasks_of(turn.state, *executor)) tell_progress(turn, *task, message);
}

void executor_launch_failed(Turn& turn, const ExecutorLaunchFailed& event) {
  Executor* executor = find_executor(turn.state, event.container_id);
  if (executor == nullptr) return;
  // A launch that was cancelled is reported as failed, too; then its tasks hear why it was cancelled.
  const Termination failed{TaskState::failed, Reason::container_launch_failed,
                           "Failed to launch container: " + event.message};
  const Termination why = executor->termination.value_or(failed);
  remove_executor(turn, *executor, std::nullopt, why);
}

void executor_exited(Turn& turn, const ExecutorExited& event) {
  Executor* executor = find_executor(turn.state, event.container_id);
  if (executor == nullptr) return;
  // Why the engine ended it says more than how its process ended; that the kernel was faster says more still.
  Termination why = executor->termination.value_or(Termination{.message = end_of(*executor, event)});
  if (event.memory_limitation) {
    why.state = TaskState::failed;
    why.reason = Reason::container_limitation_memory;
    const bool foreseen = executor->termination.has_value();
    why.message = *event.memory_limitation + (foreseen ? "; " + executor->termination->message : "");
  }
  remove_executor(turn, *executor, event.wait_status, why);
}

// Messages are best effort: the framework hears nothing of those that are dropped (mesos.md 2.10).
void message_executor(Turn& turn, const Framework& framework, const calls::Message& call) {
  if (call.agent_id != turn.state.record.agent_id) return;
  const Executor* executor = find_executor(turn.state, framework.record.info.id, call.executor_id);
  if (executor == nullptr || executor->record.terminating) return;
  turn.send(*executor, executor_events::Message{call.data});
}

void shutdown_executor(Turn& turn, const Framework& framework, const calls::Shutdown& call) {
  if (call.agent_id != turn.state.record.agent_id) return;
  Executor* executor = find_executor(turn.state, framework.record.info.id, call.executor_id);
  if (executor != nullptr) shut_down(turn, *executor);
}

void shut_down(Turn& turn, Executor& executor) {
  if (executor.record.terminating) return;
  executor.record.terminating = true;
  executor.registration_deadline.reset();
  // Only SIGKILL can end an executor that ignores SHUTDOWN (mesos.md 3.6).
  const auto& grace = executor.record.info.shutdown_grace_period;
  executor.destroy_at = after(turn.in.now, grace.value_or(turn.state.settings.executor_shutdown_grace_period));
  turn.save(executor);
  turn.send(executor, executor_events::Shutdown{});
}

// `why` is not told yet: tasks end when the process has ended, since until then they use their resources.
void destroy(Turn& turn, Executor& executor, Termination why) {
  executor.record.terminating = true;
  executor.registration_deadline.reset();
  executor.destroy_at.reset();
  executor.termination = std::move(why);
  turn.save(executor);
  turn.call(DestroyExecutor{executor.record.container_id});
}

void expire(Turn& turn, Executor& executor) {
  const TimePoint now = turn.in.now;
  const Settings& settings = turn.state.settings;
  if (executor.registration_deadline && *executor.registration_deadline <= now) {
    const std::string recovered = "Executor did not reregister within " +
                                  to_mesos_duration(settings.executor_reregistration_timeout) +
                                  " (--executor_reregistration_timeout)";
    const std::string launched = "Executor did not register within " +
                                 to_mesos_duration(settings.executor_registration_timeout) +
                                 " after its start (--executor_registration_timeout)";
    // Mesos' reasons (mesos.md 3.5, 3.6). GONE, not FAILED, after a restart: nobody knows how far the tasks got.
    destroy(turn, executor,
            executor.recovered ? Termination{TaskState::gone, Reason::executor_reregistration_timeout, recovered}
                               : Termination{TaskState::failed, Reason::executor_registration_timeout, launched});
  }
  // All alarms that are due count as touched already (step.cpp: time_passed).
  if (executor.destroy_at && *executor.destroy_at <= now) {
    executor.destroy_at.reset();
    turn.call(DestroyExecutor{executor.record.container_id});
  }
  if (executor.next_heartbeat && *executor.next_heartbeat <= now) {
    executor.next_heartbeat = after(now, heartbeat_interval);
    turn.send(executor, executor_events::Heartbeat{});
  }
}

}  // namespace windlass::engine
