#include "executor/signals.hpp"
#include "executor/turn.hpp"

#include <algorithm>

namespace windlass::executor {

namespace {

// How long the acknowledgement of a terminal update is waited for, as in Mesos' own executor (mesos.md 4.1).
constexpr Duration acknowledge_wait = std::chrono::seconds{60};

// How long Docker may take to remove the container of a task that has ended; then its end is told anyway. An unmount
// takes some tens of milliseconds, and a Docker that hangs must not hide an end for long.
constexpr Duration clear_wait = std::chrono::seconds{5};

TaskStatus make_bare_status(Turn& turn, const TaskId& task_id, TaskState state, std::string message) {
  TaskStatus status{.task_id = task_id, .state = state, .message = std::move(message)};
  // An agent refuses an update without source and uuid (mesos.md 3.1).
  status.source = StatusSource::executor;
  status.timestamp = turn.in.now;
  status.uuid = Uuid::random(turn.in.prng);
  return status;
}

TaskStatus make_status(Turn& turn, const Job& job, TaskState state, std::string message) {
  TaskStatus status = make_bare_status(turn, job.task.id, state, std::move(message));
  attach_checks(job.checks, job.task, status);
  return status;
}

void send_update(Turn& turn, TaskStatus status) {
  const bool subscribed = std::holds_alternative<Subscribed>(turn.state.link);
  if (subscribed) turn.call(SendToAgent{executor_calls::Update{status}});
  // Also what is sent: only the acknowledgement says that the agent has it, and a lost connection tells nothing.
  turn.state.outbox.updates.push_back({std::move(status), subscribed});
}

}  // namespace

void report(Turn& turn, const Job& job, TaskState state, std::string message, std::optional<std::string> data) {
  TaskStatus status = make_status(turn, job, state, std::move(message));
  status.data = std::move(data);
  status.container = job.addresses;
  send_update(turn, std::move(status));
}

void finish(TaskTurn& turn, const Outcome& outcome, std::string leftover) {
  Job* job = find_job(turn.life);
  CHECK(job != nullptr);
  // Nobody takes the results of its probes any more: they would only keep Docker and the container busy.
  end_checks(turn, *job);
  const auto group = job->group;
  // Made now, though sent later: its time is that of the end, and not that of the removal.
  TaskStatus status = make_status(turn, *job, outcome.state, outcome.message);
  status.reason = outcome.reason;
  turn.log("task " + turn.task.value + " ends as " + to_string(outcome.state) + ": " + outcome.message);
  const bool nothing_left = leftover.empty();
  if (!nothing_left) turn.call(RemoveContainer{leftover});
  turn.life = Clearing{.status = std::move(status),
                       .container = std::move(leftover),
                       .exit_code = outcome.exit_code,
                       .group = group,
                       .removed = nothing_left,
                       .report_at = after(turn.in.now, clear_wait)};
  if (group && outcome.state != TaskState::finished) end_group(turn, *group, turn.task);
}

void follow_checks(TaskTurn& turn, const CheckActions& actions) {
  const Job& job = std::get<Running>(turn.life).job;
  for (const std::string& line : actions.log) turn.log(line);
  for (const ProbeToRun& each : actions.run) turn.call(RunProbe{each.number, each.probe});
  for (const std::uint64_t number : actions.cancel) turn.call(CancelProbe{number});
  // Before the kill, so that the framework hears why: healthy=false, then TASK_KILLING and TASK_KILLED.
  if (actions.report) {
    TaskStatus status = make_status(turn, job, TaskState::running, actions.report->message);
    status.reason = actions.report->reason;
    status.container = job.addresses;
    send_update(turn, std::move(status));
  }
  if (!actions.kill) return;
  const Duration grace = kill_grace(turn.state.settings, &job, {});
  end_task(turn, Ending{.cause = Cause::health_check, .grace = grace, .why = *actions.kill});
}

void end_checks(TaskTurn& turn, Job& job) {
  for (const std::uint64_t number : pause_checks(job.checks).cancel) turn.call(CancelProbe{number});
}

void refuse(Turn& turn, const TaskInfo& task, const std::string& message) {
  // Kept like a task that runs: the agent has it in staging, and asks for it in a new subscription (mesos.md 3.4).
  turn.state.outbox.tasks.push_back(task);
  TaskStatus status = make_bare_status(turn, task.id, TaskState::failed, message);
  send_update(turn, std::move(status));
}

void acknowledge(Turn& turn, const executor_events::Acknowledged& event) {
  Outbox& outbox = turn.state.outbox;
  const auto& id = event.task_id;
  std::erase_if(outbox.updates, [&](const Outbox::Update& update) { return update.status.uuid == event.uuid; });
  // The first acknowledgement is enough: the agent then knows that the task has come to us.
  std::erase_if(outbox.tasks, [&](const TaskInfo& task) { return task.id == id; });
  const auto found = turn.state.tasks.find(id);
  if (found == turn.state.tasks.end() || !std::holds_alternative<Reported>(found->second)) return;
  const auto is_its = [&](const Outbox::Update& update) { return update.status.task_id == id; };
  // Each update is acknowledged by itself, and it is the last word's acknowledgement that is waited for.
  if (std::ranges::any_of(outbox.updates, is_its)) return;
  TaskTurn task{turn, id, found->second};
  leave(task);
}

void leave(TaskTurn& turn) {
  const auto reported = std::get<Reported>(turn.life);
  if (reported.leftover.empty()) {
    turn.life = Gone{reported.exit_code};
    return;
  }
  turn.life = Removing{.exit_code = reported.exit_code, .leave_at = after(turn.in.now, removal_wait)};
}

namespace {

// Tells the end of a task whose container is gone, or has had its time to go.
void report_end(TaskTurn& turn, const Clearing& clearing) {
  TaskStatus status = clearing.status;
  turn.life = Reported{.leftover = clearing.removed ? std::string{} : clearing.container,
                       .exit_code = clearing.exit_code,
                       .leave_at = after(turn.in.now, acknowledge_wait)};
  send_update(turn, std::move(status));
  // Nobody is left who could acknowledge it.
  if (std::holds_alternative<Lost>(turn.state.link)) leave(turn);
}

void report_ends(Turn& turn) {
  for (auto& [id, life] : turn.state.tasks) {
    const auto* clearing = std::get_if<Clearing>(&life);
    if (clearing == nullptr) continue;
    const bool clear = clearing->removed && !(clearing->group && holder_goes(turn, *clearing->group));
    if (!clear && clearing->report_at > turn.in.now) continue;
    if (!clear) turn.log("Docker has not removed the container of task " + id.value + " yet");
    TaskTurn task{turn, id, life};
    // A copy: report_end() replaces the life that the original is part of.
    report_end(task, Clearing{*clearing});
  }
}

}  // namespace

void settle(Turn& turn) {
  State& state = turn.state;
  // Groups first: that begins the removal of a holder, for which the ends of its tasks wait.
  const bool no_group = settle_groups(turn);
  report_ends(turn);
  std::erase_if(state.tasks, [&](const auto& each) {
    const auto* gone = std::get_if<Gone>(&each.second);
    if (gone == nullptr) return false;
    if (state.exit_code.value_or(0) == 0) state.exit_code = gone->exit_code;
    turn.call(ForgetTask{each.first});
    return true;
  });
  const bool empty = no_group && state.tasks.empty();
  // Without its second part an executor that waits for its first task would leave at once.
  const bool done = empty && (state.ending || state.exit_code || state.launched > 0);
  if (state.left || !done) return;
  // A task that was refused has no life, but its update waits for its acknowledgement too.
  TimePoint last_update{};
  for (const Outbox::Update& update : state.outbox.updates) {
    last_update = std::max(last_update, update.status.timestamp.value_or(turn.in.now));
  }
  const TimePoint patience_end = after(last_update, acknowledge_wait);
  if (patience_end > turn.in.now && !std::holds_alternative<Lost>(state.link)) {
    if (!state.leave_at) state.leave_at = patience_end;
    return;
  }
  state.left = true;
  turn.call(Exit{state.exit_code.value_or(0)});
}

}  // namespace windlass::executor
