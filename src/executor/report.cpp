#include "executor/signals.hpp"
#include "executor/turn.hpp"

#include <algorithm>

namespace windlass::executor {

namespace {

// The terminal update is waited for so long (as Mesos' own executor does), the removal of the container so long.
constexpr Duration acknowledge_wait = std::chrono::seconds{60};
constexpr Duration removal_wait = std::chrono::seconds{30};

TaskStatus make_status(Turn& turn, const TaskId& task_id, TaskState state, std::string message) {
  TaskStatus status{.task_id = task_id, .state = state, .message = std::move(message)};
  status.source = StatusSource::executor;
  status.timestamp = turn.in.now;
  status.uuid = Uuid::random(turn.in.prng);
  return status;
}

void send_update(Turn& turn, TaskStatus status) {
  const bool subscribed = std::holds_alternative<Subscribed>(turn.state.link);
  if (subscribed) turn.call(SendToAgent{executor_calls::Update{status}});
  turn.state.outbox.updates.push_back({std::move(status), subscribed});
}

}  // namespace

void report(Turn& turn, const Job& job, TaskState state, std::string message, std::optional<std::string> data) {
  TaskStatus status = make_status(turn, job.task.id, state, std::move(message));
  status.data = std::move(data);
  status.container = job.addresses;
  send_update(turn, std::move(status));
}

void finish(Turn& turn, const Outcome& outcome, std::string leftover) {
  const Job* job = find_job(turn.state.life);
  CHECK(job != nullptr);
  TaskStatus status = make_status(turn, job->task.id, outcome.state, outcome.message);
  status.reason = outcome.reason;
  turn.log("task " + job->task.id.value + " ends as " + to_string(outcome.state) + ": " + outcome.message);
  turn.state.life = Reported{.leftover = std::move(leftover),
                             .exit_code = outcome.exit_code,
                             .leave_at = after(turn.in.now, acknowledge_wait)};
  send_update(turn, std::move(status));
  if (std::holds_alternative<Lost>(turn.state.link)) leave(turn);
}

void refuse(Turn& turn, const TaskInfo& task, const std::string& message) {
  turn.state.outbox.tasks.push_back(task);
  TaskStatus status = make_status(turn, task.id, TaskState::failed, message);
  send_update(turn, std::move(status));
}

void acknowledge(Turn& turn, const executor_events::Acknowledged& event) {
  Outbox& outbox = turn.state.outbox;
  std::erase_if(outbox.updates, [&](const Outbox::Update& update) { return update.status.uuid == event.uuid; });
  std::erase_if(outbox.tasks, [&](const TaskInfo& task) { return task.id == event.task_id; });
  if (std::holds_alternative<Reported>(turn.state.life) && outbox.updates.empty()) leave(turn);
}

void leave(Turn& turn) {
  const auto reported = std::get<Reported>(turn.state.life);
  if (reported.leftover.empty()) {
    turn.state.life = Gone{};
    turn.call(Exit{reported.exit_code});
    return;
  }
  turn.state.life = Removing{.exit_code = reported.exit_code, .leave_at = after(turn.in.now, removal_wait)};
  turn.call(RemoveContainer{reported.leftover});
}

}  // namespace windlass::executor
