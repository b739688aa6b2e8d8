#pragma once
// When each record must be looked at again.

#include "engine/state.hpp"

#include <optional>

namespace windlass::engine {

// The soonest of a record's times. None: nothing of it waits, or it is gone.
std::optional<TimePoint> next_time(const State& state, const RecordKey& key);

// What the state's alarms must be; takes time in proportion to all records.
core::Alarms<RecordKey> all_alarms(const State& state);

}  // namespace windlass::engine
