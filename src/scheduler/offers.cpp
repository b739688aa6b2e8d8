#include "scheduler/offers.hpp"

#include "scheduler/constraints.hpp"
#include "scheduler/offer_pool.hpp"
#include "scheduler/task_builder.hpp"

#include <chrono>
#include <optional>
#include <utility>

namespace windlass::scheduler {
namespace {

// No news of a launched task for so long: ask Mesos whether it knows it.
constexpr Duration launch_confirm_delay = std::chrono::seconds{30};

// The constraints of each app that waits, counted once for all offers of a batch.
using Tallies = std::map<AppId, ConstraintTally>;

ConstraintTally& tally_of(Tallies& tallies, const State& state, const App& app) {
  auto found = tallies.find(app.id);
  if (found == tallies.end()) found = tallies.emplace(app.id, ConstraintTally{state, app}).first;
  return found->second;
}

Instance make_instance(Turn& turn, const App& app, const Offer& offer, const Share& share) {
  Instance instance;
  instance.id = InstanceId{safe_path(app.id) + ".instance-" + Uuid::random(turn.in.prng).to_string()};
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

// The task of one more instance of the app in what is left of the offer, if it fits there.
std::optional<TaskInfo> place(Turn& turn, const App& app, const Offer& offer, OfferPool& pool, Tallies& tallies) {
  ConstraintTally& tally = tally_of(tallies, turn.state, app);
  if (!tally.allows(offer)) return std::nullopt;
  auto share = pool.take(app, turn.in.prng);
  if (!share) return std::nullopt;
  const Instance instance = make_instance(turn, app, offer, *share);
  TaskInfo task = build_task(turn.state.settings, app, instance, share->resources);
  put_instance(turn, instance);
  ask_about_later(turn, instance.task_id, launch_confirm_delay);
  refresh_delay(turn, app);
  tally.add(offer);
  review_demand(turn, app.id);
  return task;
}

// One instance of each waiting app in turn, until the offer is used up.
std::vector<TaskInfo> fill(Turn& turn, const Offer& offer, Tallies& tallies) {
  const auto most = static_cast<std::size_t>(turn.state.settings.max_instances_per_offer);
  OfferPool pool{offer, turn.state.settings.mesos_role};
  std::vector<TaskInfo> tasks;
  std::vector<AppId> candidates{turn.state.ready.begin(), turn.state.ready.end()};
  while (!candidates.empty() && tasks.size() < most) {
    std::vector<AppId> again;
    for (const AppId& id : candidates) {
      if (tasks.size() >= most) break;
      auto task = place(turn, turn.state.apps.at(id), offer, pool, tallies);
      if (!task) continue;
      tasks.push_back(std::move(*task));
      if (turn.state.ready.contains(id)) again.push_back(id);
    }
    candidates = std::move(again);
  }
  return tasks;
}

calls::Accept accept(const Offer& offer, std::vector<TaskInfo> tasks) {
  calls::Operation launch;
  launch.type = calls::operation_launch;
  launch.tasks = std::move(tasks);
  return {.offer_ids = {offer.id}, .operations = {std::move(launch)}, .refuse_seconds = 0};
}

}  // namespace

void take_offers(Turn& turn, const std::vector<Offer>& offers) {
  if (!turn.state.connected) return;
  turn.state.counters.offers += offers.size();
  calls::Decline decline;
  decline.refuse_seconds = std::chrono::duration<double>(turn.state.settings.decline_offer_duration).count();
  Tallies tallies;
  for (const Offer& offer : offers) {
    std::vector<TaskInfo> tasks = fill(turn, offer, tallies);
    turn.state.counters.launches += tasks.size();
    if (tasks.empty()) {
      decline.offer_ids.push_back(offer.id);
    } else {
      call(turn, accept(offer, std::move(tasks)));
    }
  }
  turn.state.counters.offers_declined += decline.offer_ids.size();
  if (decline.offer_ids.empty()) return;
  // Offers although we want none: a SUPPRESS was lost.
  if (turn.state.ready.empty() && turn.state.suppressed) turn.state.suppressed = false;
  call(turn, std::move(decline));
}

}  // namespace windlass::scheduler
