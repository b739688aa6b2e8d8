#pragma once
// What all cores share: `Effects step(State&, const Event&, const Inputs&)` makes a Turn, hands it to the event's
// handler, and returns the effects that it has gathered.

#include "base/prng.hpp"
#include "base/time.hpp"

namespace windlass::core {

// All that a step knows of the world besides its event: a core asks no clock and throws no dice of its own.
struct Inputs {
  TimePoint now;
  Prng& prng;
};

// One step in the making. A core derives its own Turn from this, with what it notes for the end of the step: which rows
// have changed, which apps to look at again. REQUIRES: it does not outlive the step.
template <class State, class Effects>
struct Turn {
  State& state;
  const Inputs& in;
  Effects& fx;  // so far
};

}  // namespace windlass::core
