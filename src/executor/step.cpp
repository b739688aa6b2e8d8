#include "executor/step.hpp"

#include "executor/turn.hpp"

#include <utility>

namespace windlass::executor {

namespace {

// How long an agent that has never answered is waited for: as long as Mesos waits for an executor (mesos.md 3.6).
constexpr std::chrono::seconds first_subscription_wait{60};
// How long a subscribed executor waits for its first task. The launch follows the subscription at once, unless it was
// lost with an earlier connection.
constexpr std::chrono::seconds idle_limit{60};

// --- the agent -------------------------------------------------------------------------------------------------------

struct OnAgentEvent {
  Turn& turn;

  void operator()(const executor_events::Subscribed& event) const {
    State& state = turn.state;
    state.link = Subscribed{};
    state.container_id = event.container_id;
    state.reports_killing = event.framework.can(Capability::task_killing_state);
    if (state.launched == 0) state.leave_at = turn.in.now + idle_limit;
    // What came about between the SUBSCRIBE, which carried the rest, and its answer.
    for (Outbox::Update& update : state.outbox.updates) {
      if (!std::exchange(update.sent, true)) turn.call(SendToAgent{executor_calls::Update{update.status}});
    }
  }
  void operator()(const executor_events::Launch& event) const { launch(turn, event.task); }
  void operator()(const executor_events::LaunchGroup& event) const { launch_group(turn, event.tasks); }
  void operator()(const executor_events::Kill& event) const {
    const auto found = turn.state.tasks.find(event.task_id);
    // Mesos' executor crashes or loses the kill here (MESOS-8297, mesos.md 4.6).
    if (found == turn.state.tasks.end()) return remember_kill(turn, event.task_id);
    const Duration grace = kill_grace(turn.state.settings, find_job(found->second), event.kill_policy);
    TaskTurn task{turn, found->first, found->second};
    // Only a grace that the framework names in this very KILL may put SIGKILL off.
    const bool is_told = event.kill_policy && event.kill_policy->grace_period;
    end_task(task, Ending{.cause = Cause::kill, .grace = grace, .may_extend = is_told});
  }
  void operator()(const executor_events::Acknowledged& event) const { acknowledge(turn, event); }
  void operator()(const executor_events::Message&) const {}
  void operator()(const executor_events::Shutdown&) const {
    end_all(turn, Ending{.cause = Cause::shutdown, .grace = shutdown_grace(turn.state.settings)});
  }
  void operator()(const executor_events::Error& event) const { lose_agent(turn, event.message); }
  void operator()(const executor_events::Heartbeat&) const {}
};

void on(Turn& turn, const AgentEvent& event) { std::visit(OnAgentEvent{turn}, event.event); }

void on(Turn& turn, const AgentDisconnected&) {
  State& state = turn.state;
  // What was on its way may be lost. An update that comes twice does no harm: the agent knows it by its uuid
  // (mesos.md 3.4).
  for (Outbox::Update& update : state.outbox.updates) update.sent = false;
  if (std::holds_alternative<Subscribed>(state.link)) {
    // Nothing of it would survive: an agent that recovers kills the executors of such frameworks (mesos.md 3.5).
    if (!state.settings.checkpoint) return lose_agent(turn, "disconnected, and the framework does not checkpoint");
    const auto wait = std::chrono::duration_cast<TimePoint::duration>(state.settings.recovery_timeout);
    state.link = Unsubscribed{turn.in.now + wait};
  } else if (auto* waiting = std::get_if<Unsubscribed>(&state.link)) {
    // Only once: each attempt that fails comes here, and must not put the end off.
    if (!waiting->give_up_at) waiting->give_up_at = turn.in.now + first_subscription_wait;
  }
}

void on(Turn& turn, const AgentRefused& event) {
  // It may have been lost before, by an ERROR or at the recovery timeout: all tasks are ending then.
  if (!std::holds_alternative<Lost>(turn.state.link)) lose_agent(turn, event.text);
}

void on(Turn& turn, const TaskEvent& event) {
  const auto found = turn.state.tasks.find(event.task);
  // A late answer about a task that is gone, such as Docker's to an inspect.
  if (found == turn.state.tasks.end()) return;
  TaskTurn task{turn, found->first, found->second};
  take_task_event(task, event.body);
}

void on(Turn& turn, const HolderMade& event) { on_holder_made(turn, event); }
void on(Turn& turn, const HolderRemoved& event) { on_holder_removed(turn, event); }

void on(Turn& turn, const SignalReceived& event) {
  const Duration grace = shutdown_grace(turn.state.settings);
  end_all(turn, Ending{.cause = Cause::signal, .grace = grace, .signal = event.number});
}

void on(Turn& turn, const TimePassed&) { run_timers(turn); }

}  // namespace

Job* find_job(Life& life) {
  return std::visit(
      [](auto& each) -> Job* {
        // States without a job are those of a task that has ended.
        if constexpr (requires { each.job; }) return &each.job;
        return nullptr;
      },
      life);
}

const Job* find_job(const Life& life) {
  return std::visit(
      [](const auto& each) -> const Job* {
        if constexpr (requires { each.job; }) return &each.job;
        return nullptr;
      },
      life);
}

Effects step(State& state, const Event& event, const Inputs& in) {
  Effects fx;
  // Exit has been called; what is in the inbox behind it must cause no more calls.
  if (state.left) return fx;
  Turn turn{{state, in, fx}};
  std::visit([&](const auto& each) { on(turn, each); }, event);
  // After every event, whatever it was: each handler may have brought the last task to its end.
  settle(turn);
  if (!state.left) fx.wake_at = next_time(state);
  return fx;
}

executor_calls::Subscribe take_subscription(State& state) {
  executor_calls::Subscribe subscribe{.unacknowledged_tasks = state.outbox.tasks};
  for (Outbox::Update& update : state.outbox.updates) {
    update.sent = true;
    subscribe.unacknowledged_updates.push_back(update.status);
  }
  return subscribe;
}

}  // namespace windlass::executor
