#pragma once
// The calls of a framework: who may make them, and what each does (mesos.md 1.3).

#include "engine/turn.hpp"

namespace windlass::engine {

// Gives exactly one Answer.
void framework_call(Turn& turn, const FrameworkCall& event);

}  // namespace windlass::engine
