#include "scheduler/status.hpp"

#include <string>
#include <string_view>

namespace windlass::scheduler {
namespace {

// As Marathon cuts them (marathon.md 4.7): executors may send any length, and each instance keeps its newest.
constexpr std::size_t message_bytes_max = 10'000;

// As Marathon reads it (marathon.md 4.7). Masters tell us finer states, since we are PARTITION_AWARE (mesos.md 2.12),
// but executors may still report TASK_LOST.
Condition condition_of_lost(const TaskStatus& status) {
  const std::string_view message = status.message;
  if (message.starts_with("Reconciliation: Task is unknown")) return Condition::unknown;
  if (message.starts_with("Reconciliation: Task is gone")) return Condition::gone;
  if (!status.reason) return Condition::gone;
  switch (*status.reason) {
    case Reason::task_unknown: return Condition::unknown;
    case Reason::reconciliation:
    case Reason::agent_disconnected:
    case Reason::agent_removed: return Condition::unreachable_inactive;
    default: return Condition::gone;
  }
}

// These count as failures of the app, a clean exit too, since apps are meant to run on (marathon.md 4.5). That it was
// killed or lost sight of does not.
bool is_failure(Condition condition) {
  switch (condition) {
    case Condition::failed:
    case Condition::finished:
    case Condition::error:
    case Condition::dropped:
    case Condition::gone: return true;
    default: return false;
  }
}

// A repeated or reconciled status may be older than what is known already.
bool goes_back(Condition from, Condition to) {
  const auto rank = [](Condition condition) {
    switch (condition) {
      case Condition::provisioned: return 1;
      case Condition::staging: return 2;
      case Condition::starting: return 3;
      case Condition::running: return 4;
      case Condition::killing: return 5;
      default: return 0;  // unreachable: whatever is heard is newer
    }
  };
  return rank(from) > 0 && rank(to) > 0 && rank(to) < rank(from);
}

// What the master has made bears no uuid and wants no answer. For the rest the agent repeats itself, and holds back
// what is newer of that task, until we acknowledge: also of tasks that we do not know (mesos.md 2.11).
void acknowledge(Turn& turn, const TaskStatus& status) {
  if (!status.uuid || status.agent_id.empty()) return;
  call(turn, calls::Acknowledge{status.agent_id, status.task_id, *status.uuid});
}

// A task that runs though its row is gone: perhaps Mesos had called it gone or unknown, and it has been replaced. Who
// is not known is killed (marathon.md 4.7).
void take_unknown(Turn& turn, const TaskStatus& status) {
  switch (status.state) {
    case TaskState::staging:
    case TaskState::starting:
    case TaskState::running: {
      std::optional<AgentId> agent;
      if (!status.agent_id.empty()) agent = status.agent_id;
      ++turn.state.counters.kills;
      call(turn, calls::Kill{status.task_id, agent, {}});
      return;
    }
    default: return;  // it is over, ends already, or cannot be reached: killed when it returns
  }
}

void take_end(Turn& turn, const InstancePtr& instance, Condition condition) {
  remove_instance(turn, instance);
  // An end that we asked for is no failure, and what an older configuration does says nothing about this one.
  if (instance->goal == Goal::running) ++turn.state.counters.failures;
  const App* app = find_app(turn.state, instance->app_id);
  const bool current = app != nullptr && instance->app_version >= app->last_config_change;
  if (current && instance->goal == Goal::running && is_failure(condition)) add_delay(turn, *app);
}

void take_progress(Turn& turn, const InstancePtr& before, const TaskStatus& status, Condition condition) {
  if (goes_back(before->condition, condition)) return heard_of(turn, before);
  Instance instance = *before;
  const bool returned = instance.condition == Condition::unreachable_inactive && condition != instance.condition;
  if (instance.condition != condition) instance.since = turn.in.now;
  instance.condition = condition;
  if (condition == Condition::running && !instance.started_at) instance.started_at = turn.in.now;
  if (status.healthy) instance.healthy = status.healthy;
  if (status.reason != Reason::reconciliation) instance.message = status.message.substr(0, message_bytes_max);
  const InstancePtr row = put_instance(turn, std::move(instance), Question::answered);
  // What says the same as before is news, too: an executor reports at intervals as long as something moves. What Mesos
  // answers to a question was known before.
  if (row == before && status.reason != Reason::reconciliation) expect_news(turn, row);
  // Earlier KILLs have not reached it. Now they can, without waiting for the next repetition.
  if (returned && row->goal != Goal::running) send_kill(turn, row);
  const App* app = find_app(turn.state, row->app_id);
  if (app != nullptr) refresh_delay(turn, *app);
}

}  // namespace

Condition condition_of(const TaskStatus& status) {
  switch (status.state) {
    case TaskState::staging: return Condition::staging;
    case TaskState::starting: return Condition::starting;
    case TaskState::running: return Condition::running;
    case TaskState::killing: return Condition::killing;
    case TaskState::finished: return Condition::finished;
    case TaskState::failed: return Condition::failed;
    case TaskState::killed: return Condition::killed;
    case TaskState::error: return Condition::error;
    case TaskState::dropped: return Condition::dropped;
    case TaskState::gone:
    case TaskState::gone_by_operator: return Condition::gone;
    case TaskState::unknown: return Condition::unknown;
    // inactiveAfterSeconds and expungeAfterSeconds are both 0 by default: there is no time in between.
    case TaskState::unreachable: return Condition::unreachable_inactive;
    case TaskState::lost: return condition_of_lost(status);
  }
  return Condition::unknown;
}

// TASK_UNKNOWN is not terminal for Mesos (mesos.md 2.11), but nothing more will be heard of the task, and its place
// would never be free.
bool is_over(Condition condition) {
  return is_failure(condition) || condition == Condition::killed || condition == Condition::unknown;
}

void take_status(Turn& turn, const TaskStatus& status) {
  ++turn.state.counters.status_updates;
  acknowledge(turn, status);
  const InstancePtr instance = find_instance(turn.state, status.task_id);
  if (instance == nullptr) return take_unknown(turn, status);
  const Condition condition = condition_of(status);
  if (is_over(condition)) return take_end(turn, instance, condition);
  take_progress(turn, instance, status, condition);
}

}  // namespace windlass::scheduler
