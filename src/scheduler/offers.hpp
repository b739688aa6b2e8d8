#pragma once
// Which instances start where (marathon.md 4.6).

#include "scheduler/turn.hpp"

#include <vector>

namespace windlass::scheduler {

// Spends every offer in this step: what fits is launched, one ACCEPT for all tasks of an offer, the rest is declined.
// The rows of what is launched are among the writes, so that no task is started that would be forgotten by a crash.
void take_offers(Turn& turn, const std::vector<Offer>& offers);

}  // namespace windlass::scheduler
