#include "engine/allocation.hpp"

#include "engine/accounts.hpp"
#include "engine/offer_rules.hpp"

#include <algorithm>
#include <map>
#include <tuple>

namespace windlass::engine {
namespace {

// An offer number is durable before it is used, for after a crash the same id must not name another offer: a late
// ACCEPT would take it. Numbers are reserved in blocks, so that few offers cost a write.
constexpr std::uint64_t offer_block = 1000;

// A framework in one of its roles, and how much is held by the role and by the framework in it. Served first is who has
// the smallest share, of equals who had fewer offers, then by name (mesos.md 6.1).
struct Candidate {
  std::string role;
  double role_share = 0;
  std::uint64_t role_offers = 0;
  double share = 0;
  std::uint64_t offers = 0;
  FrameworkId framework;

  [[nodiscard]] auto order() const { return std::tie(role_share, role_offers, role, share, offers, framework); }
};

// Dominant resource fairness: the share of the resource of which most is held. Ranges do not count.
double dominant_share(const Amounts& held, const Resources& total) {
  double share = 0;
  for (const auto& [name, milli] : held) {
    const auto all = total.milli(name);
    // A resource of tasks that the agent does not offer any more, after a change of its flags, has no share.
    if (all > 0) share = std::max(share, static_cast<double>(milli) / static_cast<double>(all));
  }
  return share;
}

// A removed framework has no stream either.
bool wants_offers(const Framework& framework, const std::string& role) {
  return framework.stream && !framework.suppressed.contains(role);
}

std::vector<Candidate> candidates_by_share(const State& state) {
  // Offers count as held (mesos.md 6.1): else who declines nothing and launches nothing would be served for ever.
  std::map<std::string, Amounts> by_role;
  for (const auto& [holder, amounts] : state.accounts.by_role) {
    for (const auto& [name, milli] : amounts) by_role[holder.second][name] += milli;
  }
  std::map<std::string, std::uint64_t> role_offers;
  for (const auto& [id, framework] : state.frameworks) {
    for (const auto& [role, count] : framework.offers_made) role_offers[role] += count;
  }
  const Resources& total = state.settings.agent.resources;
  std::vector<Candidate> candidates;
  for (const auto& [id, framework] : state.frameworks) {
    for (const std::string& role : framework.record.info.all_roles()) {
      if (!wants_offers(framework, role)) continue;
      const auto made = framework.offers_made.find(role);
      const auto held = state.accounts.by_role.find({id, role});
      candidates.push_back({.role = role,
                            .role_share = dominant_share(by_role[role], total),
                            .role_offers = role_offers[role],
                            .share = held == state.accounts.by_role.end() ? 0 : dominant_share(held->second, total),
                            .offers = made == framework.offers_made.end() ? 0 : made->second,
                            .framework = id});
    }
  }
  // Once for the whole batch: the first one takes all that is open to its role, so little is left to share.
  std::sort(candidates.begin(), candidates.end(),
            [](const Candidate& left, const Candidate& right) { return left.order() < right.order(); });
  return candidates;
}

bool may_have(const Framework& framework, const std::string& role, const Resources& open, const Resources& total) {
  if (!is_allocatable(open)) return false;
  // Others would fill a machine with GPUs with tasks that need none (mesos.md 6.1).
  if (total.milli("gpus") > 0 && !framework.record.info.can(Capability::gpu_resources)) return false;
  // A refusal is of these resources or less: with one port more free, it is a new offer (mesos.md 6.1).
  return std::none_of(framework.refused.begin(), framework.refused.end(), [&](const RefusedResources& refused) {
    return refused.role == role && refused.resources.contains(open);
  });
}

OfferId next_offer_id(Turn& turn) {
  State& state = turn.state;
  if (state.next_offer >= state.record.next_offer) {
    state.record.next_offer = state.next_offer + offer_block;
    turn.engine_changed = true;
  }
  return {state.record.master_id + "-O" + std::to_string(state.next_offer++)};
}

// What an offer tells of executors that run: the next task for one of them need not pay for it again.
std::vector<ExecutorId> custom_executors(const State& state, const FrameworkId& framework) {
  std::vector<ExecutorId> ids;
  for (auto at = state.executor_ids.lower_bound({framework, {}}); at != state.executor_ids.end(); ++at) {
    if (at->first.first != framework) break;
    if (!state.executors.at(at->second).record.is_command) ids.push_back(at->first.second);
  }
  return ids;
}

Offer make_offer(Turn& turn, const Candidate& candidate, const Resources& open) {
  const AgentInfo& agent = turn.state.settings.agent;
  return {.id = next_offer_id(turn),
          .framework_id = candidate.framework,
          .agent_id = turn.state.record.agent_id,
          .hostname = agent.hostname,
          .agent_ip = agent.ip,
          .agent_port = agent.port,
          .role = candidate.role,
          .resources = open.allocated_to(candidate.role),
          .attributes = agent.attributes,
          .executor_ids = custom_executors(turn.state, candidate.framework)};
}

void forget_ended_refusals(State& state, TimePoint now) {
  for (auto& [id, framework] : state.frameworks) {
    std::erase_if(framework.refused, [now](const RefusedResources& refused) { return refused.until <= now; });
  }
}

// Resources that become free arm a batch by themselves (Turn::offer_later). What is left are refusals that end: their
// resources are free all the while. With nothing to wait for there is no alarm, and an idle engine sleeps.
void arm_next_batch(State& state, const Resources& free) {
  state.next_allocation.reset();
  if (!is_allocatable(free)) return;
  for (const auto& [id, framework] : state.frameworks) {
    for (const RefusedResources& refused : framework.refused) {
      if (!wants_offers(framework, refused.role)) continue;
      const TimePoint batch = batch_not_before(state, refused.until);
      if (!state.next_allocation || batch < *state.next_allocation) state.next_allocation = batch;
    }
  }
}

}  // namespace

void make_offers(Turn& turn) {
  State& state = turn.state;
  forget_ended_refusals(state, turn.in.now);
  Resources free = free_resources(state);
  std::vector<std::pair<FrameworkId, std::vector<Offer>>> made;
  for (const Candidate& candidate : candidates_by_share(state)) {
    Framework& framework = state.frameworks.at(candidate.framework);
    const Resources open = open_to(free, candidate.role);
    if (!may_have(framework, candidate.role, open, state.settings.agent.resources)) continue;
    const Offer offer = make_offer(turn, candidate, open);
    // All of it to one (mesos.md 6.1): a task needs its resources together, and shares of a machine in small offers fit
    // nobody.
    free -= open;
    ++framework.offers_made[candidate.role];
    turn.touch(framework);
    hold(state.accounts, use_of(offer));
    state.offers.set(offer.id, offer);
    // One OFFERS event for the roles of a framework that follow each other (mesos.md 2.2).
    const bool first = made.empty() || made.back().first != candidate.framework;
    if (first) made.emplace_back(candidate.framework, std::vector<Offer>{});
    made.back().second.push_back(offer);
  }
  for (auto& [id, offers] : made) {
    const Framework& framework = state.frameworks.at(id);
    const FrameworkInfo& info = framework.record.info;
    // Older frameworks get the forms that they know: without allocations, with reservations of one level (mesos.md
    // 2.2).
    turn.send(framework, events::Offers{.offers = std::move(offers),
                                        .old_style = !info.can(Capability::multi_role),
                                        .unrefined = !info.can(Capability::reservation_refinement)});
  }
  arm_next_batch(state, free);
}

}  // namespace windlass::engine
