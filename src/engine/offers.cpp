#include "engine/offers.hpp"

#include "engine/accounts.hpp"

#include <algorithm>
#include <chrono>

namespace windlass::engine {
namespace {

constexpr double default_refuse_seconds = 5.0;
constexpr double refuse_seconds_max = 365.0 * 24 * 3600;

// The roles that are meant, none when one of them is not the framework's.
std::vector<std::string> meant_roles(const Framework& framework, const std::vector<std::string>& named) {
  const auto subscribed = framework.record.info.all_roles();
  if (named.empty()) return subscribed;
  const bool all_known = std::all_of(named.begin(), named.end(), [&](const std::string& role) {
    return std::find(subscribed.begin(), subscribed.end(), role) != subscribed.end();
  });
  return all_known ? named : std::vector<std::string>{};
}

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
  Offer offer = *found;
  release(turn.state.accounts, use_of(offer));
  turn.state.offers.erase(id);
  return offer;
}

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
  if (!(seconds >= 0)) seconds = default_refuse_seconds;
  if (seconds == 0 || resources.empty()) return;
  const std::chrono::duration<double> wanted{std::min(seconds, refuse_seconds_max)};
  const Duration lasting =
      std::max(std::chrono::duration_cast<Duration>(wanted), turn.state.settings.allocation_interval);
  const TimePoint until = after(turn.in.now, lasting);
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
    if (offer) refuse(turn, framework, offer->role, offer->resources, call.refuse_seconds);
  }
}

void revive(Turn& turn, Framework& framework, const calls::Revive& call) {
  for (const std::string& role : meant_roles(framework, call.roles)) {
    framework.suppressed.erase(role);
    std::erase_if(framework.refused, [&](const RefusedResources& refused) { return refused.role == role; });
    turn.offers_wanted = true;
  }
}

void suppress(Turn&, Framework& framework, const calls::Suppress& call) {
  for (const std::string& role : meant_roles(framework, call.roles)) framework.suppressed.insert(role);
}

}  // namespace windlass::engine
