#pragma once
// Whom free resources are offered to: dominant resource fairness as in Mesos' allocator (mesos.md 6.1).

#include "engine/turn.hpp"

namespace windlass::engine {

// Offers all that is free: to each role in the order of shares, in it to each framework in the order of shares, all of
// what is left. Arms the next batch for when a refusal ends.
void make_offers(Turn& turn);

}  // namespace windlass::engine
