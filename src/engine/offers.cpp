#include "engine/offers.hpp"

#include "engine/accounts.hpp"
#include "engine/offer_rules.hpp"

namespace windlass::engine {
namespace {

// A walk over all offers is short: each takes all that is free for its role, so there are never many.
std::vector<OfferId> offers_of(const State& state, const Framework& framework) {
  std::vector<OfferId> ids;
  for (const auto& [id, offer] : state.offers) {
    if (offer.framework_id == framework.record.info.id) ids.push_back(id);
  }
  return ids;
}

}  // namespace

std::optional<Offer> take_offer(Turn& turn, const Framework& framework, const OfferId& id) {
  const Offer* found = turn.state.offers.get(id);
  if (found == nullptr || found->framework_id != framework.record.info.id) return std::nullopt;
  // A copy: the record goes, and callers need to know what was offered.
  Offer offer = *found;
  release(turn.state.accounts, use_of(offer));
  turn.state.offers.erase(id);
  return offer;
}

// No RESCIND: a failed-over framework forgets its offers by itself (mesos.md 1.10).
void withdraw_offers(Turn& turn, const Framework& framework) {
  for (const OfferId& id : offers_of(turn.state, framework)) {
    if (take_offer(turn, framework, id)) turn.offer_later();
  }
}

void rescind_offers(Turn& turn, const Framework& framework, const std::string& role) {
  for (const OfferId& id : offers_of(turn.state, framework)) {
    if (turn.state.offers.at(id).role != role) continue;
    turn.send(framework, events::Rescind{id});
    take_offer(turn, framework, id);
    turn.offer_later();
  }
}

void refuse(Turn& turn, Framework& framework, const std::string& role, const Resources& resources, double seconds) {
  turn.offer_later();
  // What was refused is free for others in any case.
  const auto lasting = refusal_time(seconds, turn.state.settings.allocation_interval);
  if (!lasting || resources.empty()) return;
  const TimePoint until = after(turn.in.now, *lasting);
  // It will be compared with what is free, and that has no allocation.
  const Resources refused = resources.allocated_to("");
  // One that refuses more for longer makes an older one pointless.
  std::erase_if(framework.refused, [&](const RefusedResources& old) {
    return old.role == role && old.until <= until && refused.contains(old.resources);
  });
  framework.refused.push_back({role, refused, until});
}

void decline(Turn& turn, Framework& framework, const calls::Decline& call) {
  for (const OfferId& id : call.offer_ids) {
    const std::optional<Offer> offer = take_offer(turn, framework, id);
    // Ids that are unknown by now are ignored (mesos.md 2.9): a RESCIND and a DECLINE may cross.
    if (offer) refuse(turn, framework, offer->role, offer->resources, call.refuse_seconds);
  }
}

void revive(Turn& turn, Framework& framework, const calls::Revive& call) {
  for (const std::string& role : meant_roles(framework.record.info, call.roles)) {
    framework.suppressed.erase(role);
    std::erase_if(framework.refused, [&](const RefusedResources& refused) { return refused.role == role; });
    // At once, unlike freed resources (mesos.md 2.9): somebody has work that waits.
    turn.offers_wanted = true;
  }
}

// Offers that are outstanding stay (mesos.md 2.9). Nothing is written: each SUBSCRIBE says anew which roles are
// suppressed (mesos.md 1.10).
void suppress(Turn&, Framework& framework, const calls::Suppress& call) {
  for (const std::string& role : meant_roles(framework.record.info, call.roles)) framework.suppressed.insert(role);
}

}  // namespace windlass::engine
