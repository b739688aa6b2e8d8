#include "scheduler/offers.hpp"

#include "scheduler/constraints.hpp"
#include "scheduler/offer_pool.hpp"
#include "scheduler/task_builder.hpp"

#include <chrono>
#include <compare>
#include <optional>
#include <set>
#include <utility>
#include <variant>
#include <vector>

namespace windlass::scheduler {
namespace {

// An app that waits, for all offers of a batch: where its instances are is counted once, and what is the same in all of
// its tasks is made once.
struct Candidate {
  AppPtr app;
  ConstraintTally tally;
  std::optional<TaskTemplate> tasks = {};  // made with the first task
};
using Candidates = std::map<AppId, Candidate>;

Candidate& candidate_of(Candidates& candidates, const State& state, const AppId& id) {
  auto found = candidates.lower_bound(id);
  if (found != candidates.end() && found->first == id) return found->second;
  const AppPtr& app = state.apps.at(id);
  return candidates.emplace_hint(found, id, Candidate{app, ConstraintTally{state, *app}})->second;
}

Instance make_instance(Turn& turn, const App& app, const Offer& offer, const Share& share) {
  Instance instance;
  instance.id = instance_id_of(app.id, Uuid::ascending(turn.in.now, turn.in.prng));
  instance.app_id = app.id;
  instance.app_version = app.version;
  instance.condition = Condition::provisioned;
  instance.since = turn.in.now;
  instance.task_id = task_id_of(instance.id, instance.incarnation);
  instance.agent_id = offer.agent_id;
  instance.host = offer.hostname;
  instance.ports = share.ports;
  instance.attributes = constraint_values(app, offer);
  instance.staged_at = turn.in.now;
  return instance;
}

// Adds the task of one more instance of the app in what is left of the offer, or says why it does not fit there.
std::optional<Refusal> place(Turn& turn, Candidate& candidate, const Offer& offer, OfferPool& pool,
                             std::vector<TaskInfo>& tasks) {
  const App& app = *candidate.app;
  // The order of the funnel, so that the reason named is the one that Marathon would name (marathon.md 2.8).
  if (!candidate.tally.allows(offer)) return Refusal::unfulfilled_constraint;
  auto taken = pool.take(app, turn.in.prng);
  if (const auto* refusal = std::get_if<Refusal>(&taken)) return *refusal;
  auto& share = std::get<Share>(taken);
  const InstancePtr instance = put_instance(turn, make_instance(turn, app, offer, share), Question::later);
  if (!candidate.tasks) candidate.tasks.emplace(turn.state.settings, app);
  tasks.push_back(candidate.tasks->make(*instance, std::move(share.resources)));
  // A launch counts as progress (marathon.md 4.5).
  refresh_delay(turn, app);
  candidate.tally.add(offer);
  // Now, not at the end of the step: the app may need no more, and the rest of the offer is for others.
  review_demand(turn, app.id);
  return std::nullopt;
}

// Whose turn it is: round by round each app that may launch, in the order of ids, until its demand is refused. One app
// that wants a thousand instances does not keep the others waiting.
class Rounds {
 public:
  explicit Rounds(const State& state) : state_{state} {
    for (const auto& [id, demand] : state.demands) rest_.push_back(id);
  }

  struct Next {
    AppId app;
    DemandId demand;
    auto operator<=>(const Next&) const = default;
  };
  std::optional<Next> next() {
    if (round_.empty()) begin_round();
    if (round_.empty()) return std::nullopt;
    current_ = *round_.begin();
    round_.erase(round_.begin());
    return current_;
  }
  // Of next(): it got one, and comes again in the next round if it may. Otherwise neither it nor any other app with its
  // demand comes again.
  void placed() {
    const auto demand = state_.demands.find(current_.demand);
    if (demand == state_.demands.end()) return;
    const auto later = demand->second.ready.upper_bound(current_.app);
    if (later == demand->second.ready.end()) {
      rest_.push_back(current_.demand);
    } else {
      round_.insert({*later, current_.demand});
    }
  }

 private:
  void begin_round() {
    for (const DemandId id : std::exchange(rest_, {})) {
      const auto demand = state_.demands.find(id);
      if (demand != state_.demands.end()) round_.insert({*demand->second.ready.begin(), id});
    }
  }

  const State& state_;
  Next current_;
  std::set<Next> round_;        // of each demand in this round, the app whose turn comes first
  std::vector<DemandId> rest_;  // demands whose apps have all had their turn
};

// One instance of each waiting app in turn, until the offer is used up.
std::vector<TaskInfo> fill(Turn& turn, const Offer& offer, Candidates& candidates) {
  State& state = turn.state;
  const auto most = static_cast<std::size_t>(state.settings.max_instances_per_offer);
  OfferPool pool{offer, state.settings.mesos_role};
  std::vector<TaskInfo> tasks;
  std::set<DemandId> served;
  // Before matching: a demand that this offer satisfies is gone afterwards.
  for (auto& [id, demand] : state.demands) ++demand.funnel.offers;
  Rounds rounds{state};
  while (tasks.size() < most) {
    const auto next = rounds.next();
    if (!next) break;
    const auto refusal = place(turn, candidate_of(candidates, state, next->app), offer, pool, tasks);
    if (!refusal) {
      served.insert(next->demand);
      rounds.placed();
      // An offer that served a demand and then ran out has not refused it.
    } else if (!served.contains(next->demand)) {
      state.demands.at(next->demand).funnel.count(*refusal);
    }
  }
  return tasks;
}

// With a filter of 0 s, as Marathon does (marathon.md 4.6): what is left of the agent comes back in the next batch.
calls::Accept accept(const Offer& offer, std::vector<TaskInfo> tasks) {
  calls::Operation launch;
  launch.type = calls::operation_launch;
  launch.tasks = std::move(tasks);
  return {.offer_ids = {offer.id}, .operations = {std::move(launch)}, .refuse_seconds = 0};
}

}  // namespace

void take_offers(Turn& turn, const std::vector<Offer>& offers) {
  // The ACCEPT would be dropped, and its rows would be of tasks that never existed.
  if (!turn.state.connected) return;
  turn.state.counters.offers += offers.size();
  calls::Decline decline;
  // For long: what does not fit now would come back every few seconds. New demand sends a REVIVE, which ends it.
  decline.refuse_seconds = std::chrono::duration<double>(turn.state.settings.decline_offer_duration).count();
  Candidates candidates;
  for (const Offer& offer : offers) {
    std::vector<TaskInfo> tasks = fill(turn, offer, candidates);
    turn.state.counters.launches += tasks.size();
    if (tasks.empty()) {
      decline.offer_ids.push_back(offer.id);
    } else {
      call(turn, accept(offer, std::move(tasks)));
    }
  }
  for (const auto& [id, demand] : turn.state.demands) turn.state.funnels.set(id, demand.funnel);
  turn.state.counters.offers_declined += decline.offer_ids.size();
  if (decline.offer_ids.empty()) return;
  // Offers although we want none: a SUPPRESS was lost.
  if (turn.state.demands.empty() && turn.state.suppressed) turn.state.suppressed = false;
  call(turn, std::move(decline));
}

}  // namespace windlass::scheduler
