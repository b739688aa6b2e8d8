#pragma once
// What happens to offers between being made and being accepted (mesos.md 2.9, 6.1).

#include "engine/turn.hpp"

#include <optional>
#include <string>

namespace windlass::engine {

// The offer is no longer there: it is accepted, declined or withdrawn. None when it is not the framework's: naming a
// stranger's offer takes nothing from the stranger.
std::optional<Offer> take_offer(Turn& turn, const Framework& framework, const OfferId& id);

// Takes back all offers of a framework without a word: it has no stream to hear it on, or a new one.
void withdraw_offers(Turn& turn, const Framework& framework);
// Takes back those of one role and tells it.
void rescind_offers(Turn& turn, const Framework& framework, const std::string& role);

// Do not offer these (or less) to the framework in that role for a while; 0 seconds: only not before the next batch.
void refuse(Turn& turn, Framework& framework, const std::string& role, const Resources& resources, double seconds);

void decline(Turn& turn, Framework& framework, const calls::Decline& call);
// A role that is not the framework's drops the whole call.
void revive(Turn& turn, Framework& framework, const calls::Revive& call);
void suppress(Turn& turn, Framework& framework, const calls::Suppress& call);

}  // namespace windlass::engine
