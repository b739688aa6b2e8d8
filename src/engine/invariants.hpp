#pragma once
// What is true of the state between any two steps.

#include "engine/state.hpp"

#include <set>

namespace windlass::engine {

// A breach is a bug and ends the process:
// - a task that has not ended has an executor and a framework; one that has ended waits for an acknowledgement
// - offers are made to connected frameworks only, in roles that they have
// - nothing is offered that is not there or that another holds; no range (port) has two holders
// - a framework is connected, disconnected, or removed
// - every executor is found by its framework and id, and by its connection; it knows its tasks
// - the sums and the alarms are those of the records
// The whole of it takes time in proportion to all records: for tests and the simulation.
void check_invariants(const State& state);
// After a step, of the records that it has touched.
void check_touched(const State& state, const std::set<RecordKey>& touched);

}  // namespace windlass::engine
