#pragma once
// What happens to offers between being made and being accepted (mesos.md 2.9, 6.1).

#include "engine/turn.hpp"

namespace windlass::engine {

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
