#include "scheduler/step.hpp"

#include "base/check.hpp"
#include "scheduler/commands.hpp"
#include "scheduler/offers.hpp"
#include "scheduler/status.hpp"
#include "scheduler/turn.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

namespace windlass::scheduler {
namespace {

// Mesos sends a heartbeat every 15 s; a client gives up when about five of them are missing (mesos.md 1.8).
constexpr int missed_heartbeats_max = 5;
// There may be a million tasks after a subscription: one RECONCILE for all of them would be one enormous request.
constexpr std::size_t tasks_per_reconcile_max = 10'000;
// A REVIVE may be lost. While something waits it is sent again after this time.
constexpr Duration revive_again_after = std::chrono::seconds{60};
// A REVIVE brings the offers of all agents, also of those that will be declined again: so that a stream of new apps
// does not spend a large cluster's time on that, the next one waits longer the more offers have come since the last.
constexpr Duration revive_pause_per_offer = std::chrono::microseconds{250};
constexpr Duration revive_pause_max = std::chrono::seconds{1};

// --- the subscription ----------------------------------------------------------------------------------------------

// Mesos ended everything that ran under the old framework id.
void forget_instances(Turn& turn) {
  for (const auto& [id, index] : turn.state.index) {
    // Goes through a copy, which costs nothing, because remove_instance() changes the map itself.
    const core::PersistentMap<InstanceKey, InstancePtr> all = index.instances;
    for (const auto& [key, instance] : all) remove_instance(turn, instance);
  }
}

void resubscribe(Turn& turn) {
  // At once, so that the rest of this step makes no call for a subscription that is about to end.
  turn.state.connected = false;
  turn.fx.calls.emplace_back(Resubscribe{});
}

Duration heartbeat_interval(const events::Subscribed& event) {
  const double seconds = event.heartbeat_interval_seconds;
  // A master that names none, or one that makes no sense, is taken to have Mesos' default.
  const bool usable = seconds > 0 && seconds < 86'400;
  return std::chrono::milliseconds{usable ? static_cast<std::int64_t>(seconds * 1000) : 15'000};
}

void take(Turn& turn, const events::Subscribed& event) {
  State& state = turn.state;
  if (!state.framework_id.empty() && state.framework_id != event.framework_id) forget_instances(turn);
  if (state.framework_id != event.framework_id) {
    state.framework_id = event.framework_id;
    turn.fx.writes.emplace_back(PutFrameworkId{event.framework_id});
  }
  // Our SUBSCRIBE names no suppressed roles, and that takes back an earlier SUPPRESS (mesos.md 1.10); what was refused
  // may have been forgotten with an old master. So nothing said on an earlier connection is relied on.
  state.connected = true;
  state.suppressed = false;
  state.last_revive.reset();
  state.revive_wanted = !state.demands.empty();
  state.heartbeat_interval = heartbeat_interval(event);
  state.next_implicit = after(turn.in.now, state.settings.reconciliation_interval);
  ++state.counters.subscriptions;
  // Calls made while there was no connection were dropped, and updates may have been lost: every task is asked about
  // (mesos.md 2.13), every KILL is made again. No news could come meanwhile, so each wait for news starts afresh.
  for (const auto& [id, index] : state.index) {
    for (const auto& [key, instance] : index.instances) {
      heard_of(turn, instance);
      expect_news(turn, instance);
      ask_about(turn, instance);
      if (instance->goal != Goal::running) send_kill(turn, instance);
    }
  }
}

void take(Turn& turn, const events::Error& event) {
  // The id is burnt (mesos.md 1.10): to subscribe with it again would only bring the same error. Whatever the error,
  // the master closes the stream after it (mesos.md 2.2).
  if (event.message == "Framework has been removed") {
    turn.state.framework_id = {};
    turn.fx.writes.emplace_back(PutFrameworkId{});
    forget_instances(turn);
  }
  resubscribe(turn);
}

void take(Turn& turn, const events::Offers& event) { take_offers(turn, event.offers); }
void take(Turn& turn, const events::Update& event) { take_status(turn, event.status); }
// No offer is ever held, so none can be rescinded; what a failure means for tasks comes as updates of their own.
void take(Turn&, const events::Rescind&) {}
void take(Turn&, const events::Failure&) {}
void take(Turn&, const events::Message&) {}
void take(Turn&, const events::Heartbeat&) {}
void take(Turn&, const events::Other&) {}

// --- events --------------------------------------------------------------------------------------------------------

void on(Turn& turn, const StartApp& event) { start_app(turn, event); }
void on(Turn& turn, const StopApp& event) { stop_app(turn, event); }
void on(Turn& turn, const ScaleApp& event) { scale_app(turn, event); }
void on(Turn& turn, const KillTasks& event) { kill_tasks(turn, event); }

void on(Turn& turn, const MesosEvent& event) {
  turn.state.last_heard = turn.in.now;
  std::visit([&](const auto& body) { take(turn, body); }, event.event);
}

void on(Turn& turn, const MesosDisconnected&) { turn.state.connected = false; }

void on(Turn& turn, const Started&) { build_indexes(turn); }

TimePoint silent_from(const State& state) {
  return after(state.last_heard, state.heartbeat_interval * missed_heartbeats_max);
}

void on(Turn& turn, const TimePassed&) {
  State& state = turn.state;
  // A connection may die without either end being told; only the missing heartbeats show it.
  if (state.connected && silent_from(state) <= turn.in.now) resubscribe(turn);
  run_timers(turn);
  if (!state.connected || state.next_implicit > turn.in.now) return;
  state.next_implicit = after(turn.in.now, state.settings.reconciliation_interval);
  // An empty RECONCILE is answered with every task that the master tracks, so strangers among them come to light and
  // are killed. What has become of unreachable ones it says only when they are named (mesos.md 2.13).
  call(turn, calls::Reconcile{});
  for (const auto& [id, index] : state.index) {
    for (const InstanceKey& away : index.away) ask_about(turn, index.instances.at(away));
  }
}

// --- the end of each step ------------------------------------------------------------------------------------------

void send_questions(Turn& turn) {
  for (std::size_t begin = 0; begin < turn.asked.size(); begin += tasks_per_reconcile_max) {
    calls::Reconcile reconcile;
    const std::size_t end = std::min(turn.asked.size(), begin + tasks_per_reconcile_max);
    for (std::size_t i = begin; i < end; ++i) {
      // It may have ended later in the same step.
      const InstancePtr instance = current_row(turn.state, *turn.asked[i]);
      if (instance != nullptr) reconcile.tasks.push_back({instance->task_id, instance->agent_id});
    }
    // An empty list would ask for everything.
    if (!reconcile.tasks.empty()) call(turn, std::move(reconcile));
  }
}

// How long after a REVIVE new demand may ask for the next. A limit of 0 is the operator's wish to have no pause.
Duration revive_pause(const State& state) {
  const Duration least = state.settings.min_revive_offers_interval;
  if (least <= Duration::zero()) return least;
  const auto offers = static_cast<Duration::rep>(std::min<std::uint64_t>(state.counters.offers - state.offers_at_revive,
                                                                         revive_pause_max / revive_pause_per_offer));
  return std::max(least, offers * revive_pause_per_offer);
}

// When the next REVIVE is due; none while nothing waits. It is what brings back the agents that were declined: until
// then their refusals last for --decline_offer_duration (mesos.md 2.9).
std::optional<TimePoint> revive_at(const State& state) {
  if (!state.connected || state.demands.empty()) return std::nullopt;
  if (!state.last_revive) return TimePoint::min();
  const bool now_wanted = state.revive_wanted || state.suppressed;
  return after(*state.last_revive, now_wanted ? revive_pause(state) : revive_again_after);
}

void ask_for_offers(Turn& turn) {
  State& state = turn.state;
  if (!state.connected) return;
  if (state.demands.empty()) {
    state.revive_wanted = false;
    // Offers that nobody here wants would be kept from other frameworks while we decline them (marathon.md 7.3).
    if (!state.suppressed) call(turn, calls::Suppress{});
    state.suppressed = true;
    return;
  }
  if (revive_at(state) > turn.in.now) return;
  call(turn, calls::Revive{});
  state.last_revive = turn.in.now;
  state.offers_at_revive = state.counters.offers;
  state.revive_wanted = false;
  state.suppressed = false;
}

std::optional<TimePoint> next_wake(const State& state) {
  std::optional<TimePoint> next = revive_at(state);
  const auto consider = [&](TimePoint time) { next = next ? std::min(*next, time) : time; };
  if (const auto watched = state.watches.next()) consider(*watched);
  if (!state.delayed.empty()) consider(state.delayed.begin()->first);
  if (state.connected) consider(silent_from(state));
  if (state.connected) consider(state.next_implicit);
  return next;
}

// What can be checked in no time.
void check_sizes(const State& state) {
  CHECK(state.demands.size() == state.demand_of.size() && state.demands.size() == state.funnels.size());
  CHECK(state.demands.size() + state.delayed.size() <= state.apps.size());
  CHECK(state.views.size() == state.apps.size());
}

}  // namespace

Effects step(State& state, const Event& event, const Inputs& in) {
  Effects fx;
  Turn turn{{state, in, fx}};
  std::visit([&](const auto& each) { on(turn, each); }, event);
  // Once for each app, however many of its rows this step has changed. Settling touches the app again, which must not
  // prolong the loop; the REVIVE or SUPPRESS at the end depends on what has been settled.
  const std::set<AppId> touched = std::exchange(turn.touched, {});
  for (const AppId& id : touched) {
    settle_app(turn, id);
    show_app(state, id);
  }
  send_questions(turn);
  ask_for_offers(turn);
  fx.wake_at = next_wake(state);
  check_sizes(state);
  return fx;
}

}  // namespace windlass::scheduler
