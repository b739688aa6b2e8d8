#pragma once
// What readers see: an immutable picture of the engine. It shares what has not changed with the picture before it, so
// that the next one costs in proportion to what has changed; and it may be read on any thread.

#include "engine/state.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

namespace windlass::engine {

// Named as in State.
struct Picture {
  Settings settings = {};
  EngineRecord record = {};
  core::PersistentMap<FrameworkId, Framework> frameworks = {};
  core::PersistentMap<ContainerId, Executor> executors = {};
  core::PersistentMap<TaskKey, Task> tasks = {};
  core::PersistentMap<OfferId, Offer> offers = {};
  std::map<TaskState, std::uint64_t> ended = {};
  core::PersistentMap<std::uint64_t, TaskRecord> completed_tasks = {};
};

// The whole picture; takes time in proportion to all records.
std::shared_ptr<const Picture> make_picture(const State& state);
// The picture after some steps. REQUIRES: `changes` are those of all steps since `old` was made.
std::shared_ptr<const Picture> update_picture(const Picture& old, const State& state,
                                              const std::vector<RecordKey>& changes);

}  // namespace windlass::engine
