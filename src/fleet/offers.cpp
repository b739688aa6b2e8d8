#include "fleet/offers.hpp"

#include "engine/offer_rules.hpp"

#include <algorithm>
#include <utility>

namespace windlass::fleet {
namespace {

// An offer's number is durable before it is used. Reserved in blocks, or each batch of offers would need a commit.
constexpr std::uint64_t offer_block = 100'000;
// Mesos puts a batch into one event (mesos.md 2.2). With thousands of agents that is a record of many megabytes, and
// nobody could begin with the first of it before the last has come.
constexpr std::size_t offers_per_event_max = 500;

struct Candidate {
  Holder holder;
  Framework* framework = nullptr;
  std::uint64_t revival = 0;
  std::vector<Offer> offers = {};  // not sent yet
};

std::vector<Candidate> candidates_of(State& state) {
  std::vector<Candidate> candidates;
  for (auto& [id, framework] : state.frameworks) {
    if (!framework.stream) continue;
    for (const std::string& role : framework.record.info.all_roles()) {
      if (framework.suppressed.contains(role)) continue;
      candidates.push_back({{id, role}, &framework, framework.revivals[role]});
    }
  }
  return candidates;
}

// The larger of its shares of processors and memory, offers included, as in Mesos (mesos.md 6.1), but without weights.
double dominant_share(const State& state, const Holder& holder, const Amounts& total) {
  const auto held = state.held.find(holder);
  if (held == state.held.end()) return 0;
  const auto share = [](std::int64_t part, std::int64_t whole) {
    return whole > 0 ? static_cast<double>(part) / static_cast<double>(whole) : 0;
  };
  return std::max(share(held->second.cpus, total.cpus), share(held->second.mem, total.mem));
}

// What tasks use is allocated to their roles. The agent's total is not, and only like can be taken from like.
Resources free_of(const State& state, const Agent& agent) {
  return state.settings.agent.resources - agent.used.allocated_to("");
}

// Until when it does not want this much of the agent; none: it may have it. More than it has refused is offered again
// (mesos.md 6.1). A REVIVE counts up instead of going through all agents, and so makes older refusals void.
std::optional<TimePoint> refused_until(const Agent& agent, const Candidate& candidate, const Resources& open) {
  for (const RefusedResources& refused : agent.refused) {
    const bool holds = refused.holder == candidate.holder && refused.revival == candidate.revival;
    if (holds && refused.resources.contains(open)) return refused.until;
  }
  return std::nullopt;
}

OfferId next_offer_id(Turn& turn) {
  State& state = turn.state;
  if (state.next_offer >= state.record.next_offer) {
    state.record.next_offer = state.next_offer + offer_block;
    turn.fleet_changed = true;
  }
  return {state.record.master_id + "-O" + std::to_string(state.next_offer++)};
}

void send_offers(Turn& turn, Candidate& candidate) {
  if (candidate.offers.empty()) return;
  const FrameworkInfo& info = candidate.framework->record.info;
  turn.send(*candidate.framework, events::Offers{.offers = std::exchange(candidate.offers, {}),
                                                 .old_style = !info.can(Capability::multi_role),
                                                 .unrefined = !info.can(Capability::reservation_refinement)});
}

void offer(Turn& turn, Candidate& candidate, std::uint32_t number, const Resources& open) {
  State& state = turn.state;
  Agent& agent = state.agents[number];
  const AgentInfo& like = state.settings.agent;
  const auto& [framework, role] = candidate.holder;
  Offer offer{.id = next_offer_id(turn),
              .framework_id = framework,
              .agent_id = agent.id,
              .hostname = agent.hostname,
              .agent_ip = like.ip,
              .agent_port = like.port,
              .role = role,
              .resources = open.allocated_to(role),
              .attributes = like.attributes};
  hold(state, candidate.holder, offer.resources);
  agent.offer = offer.id;
  state.idle.erase(number);
  state.offers.emplace(offer.id, OpenOffer{number, candidate.holder, offer.resources});
  candidate.offers.push_back(std::move(offer));
  if (candidate.offers.size() >= offers_per_event_max) send_offers(turn, candidate);
}

// All that is free goes to one candidate, as in Mesos (mesos.md 6.1): to the one that holds the least of those that
// want it. None does: when the first of them may want it again.
std::optional<TimePoint> offer_agent(Turn& turn, std::vector<Candidate>& candidates, std::uint32_t number,
                                     const Amounts& total) {
  const Agent& agent = turn.state.agents[number];
  const Resources free = free_of(turn.state, agent);
  if (!engine::is_allocatable(free)) return std::nullopt;
  Candidate* best = nullptr;
  Resources best_open;
  double best_share = 0;
  std::optional<TimePoint> again;
  for (Candidate& candidate : candidates) {
    Resources open = engine::open_to(free, candidate.holder.second);
    if (!engine::is_allocatable(open)) continue;
    if (const auto until = refused_until(agent, candidate, open)) {
      again = again ? std::min(*again, *until) : *until;
      continue;
    }
    const double share = candidates.size() == 1 ? 0 : dominant_share(turn.state, candidate.holder, total);
    if (best != nullptr && share >= best_share) continue;
    best = &candidate;
    best_share = share;
    best_open = std::move(open);
  }
  if (best == nullptr) return again;
  offer(turn, *best, number, best_open);
  return std::nullopt;
}

// Goes through all offers: only for when a framework comes, goes or gives up a role.
std::vector<OfferId> offers_of(const State& state, const Framework& framework) {
  std::vector<OfferId> ids;
  for (const auto& [id, offer] : state.offers) {
    if (offer.holder.first == framework.record.info.id) ids.push_back(id);
  }
  return ids;
}

}  // namespace

void make_offers(Turn& turn) {
  State& state = turn.state;
  state.next_allocation.reset();
  std::vector<Candidate> candidates = candidates_of(state);
  if (candidates.empty()) return;
  const Amounts each = amounts_of(state.settings.agent.resources);
  const auto count = static_cast<std::int64_t>(state.agents.size());
  const Amounts total{each.cpus * count, each.mem * count};
  // A copy: each offer takes its agent out of the set.
  const std::vector<std::uint32_t> idle{state.idle.begin(), state.idle.end()};
  for (const std::uint32_t number : idle) {
    std::erase_if(state.agents[number].refused, [&](const auto& refused) { return refused.until <= turn.in.now; });
    const auto again = offer_agent(turn, candidates, number, total);
    // A refusal that ends is followed by a batch. Resources that become free bring one of their own (offer_later).
    if (again && (!state.next_allocation || *again < *state.next_allocation)) state.next_allocation = again;
  }
  for (Candidate& candidate : candidates) send_offers(turn, candidate);
}

// Mesos discards the offer of another framework, too, if it is named (mesos.md 2.5). Here only its own.
std::optional<OpenOffer> take_offer(Turn& turn, const Framework& framework, const OfferId& id) {
  State& state = turn.state;
  const auto found = state.offers.find(id);
  if (found == state.offers.end() || found->second.holder.first != framework.record.info.id) return std::nullopt;
  OpenOffer offer = std::move(found->second);
  state.offers.erase(found);
  release(state, offer.holder, offer.resources);
  state.agents[offer.agent].offer.reset();
  state.idle.insert(offer.agent);
  turn.offer_later();
  return offer;
}

void withdraw_offers(Turn& turn, const Framework& framework) {
  for (const OfferId& id : offers_of(turn.state, framework)) take_offer(turn, framework, id);
}

void rescind_offers(Turn& turn, const Framework& framework, const std::string& role) {
  for (const OfferId& id : offers_of(turn.state, framework)) {
    if (turn.state.offers.at(id).holder.second != role) continue;
    turn.send(framework, events::Rescind{id});
    take_offer(turn, framework, id);
  }
}

void refuse(Turn& turn, std::uint32_t agent, const Holder& holder, const Resources& resources, double seconds) {
  const auto lasting = engine::refusal_time(seconds, turn.state.settings.allocation_interval);
  if (!lasting || resources.empty()) return;
  std::vector<RefusedResources>& all = turn.state.agents[agent].refused;
  // Its newest refusal replaces the older one.
  std::erase_if(all, [&](const RefusedResources& old) { return old.holder == holder; });
  const auto framework = turn.state.frameworks.find(holder.first);
  all.push_back(
      {holder, resources.allocated_to(""), after(turn.in.now, *lasting), framework->second.revivals[holder.second]});
}

void decline(Turn& turn, const Framework& framework, const calls::Decline& call) {
  for (const OfferId& id : call.offer_ids) {
    const auto offer = take_offer(turn, framework, id);
    if (offer) refuse(turn, offer->agent, offer->holder, offer->resources, call.refuse_seconds);
  }
}

void revive(Turn& turn, Framework& framework, const calls::Revive& call) {
  for (const std::string& role : engine::meant_roles(framework.record.info, call.roles)) {
    framework.suppressed.erase(role);
    ++framework.revivals[role];
    turn.offers_wanted = true;
  }
}

void suppress(Framework& framework, const calls::Suppress& call) {
  for (const std::string& role : engine::meant_roles(framework.record.info, call.roles))
    framework.suppressed.insert(role);
}

}  // namespace windlass::fleet
