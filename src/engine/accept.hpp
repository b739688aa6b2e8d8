#pragma once
// ACCEPT: offers become tasks (mesos.md 2.5, 2.6, 2.7).

#include "engine/turn.hpp"

namespace windlass::engine {

// The offers named are spent whatever comes of it. What the operations leave is declined.
void accept(Turn& turn, Framework& framework, const calls::Accept& call);

}  // namespace windlass::engine
