#include "engine/picture.hpp"

#include <variant>

namespace windlass::engine {
namespace {

template <class Map, class Known, class Key>
void copy_record(Map& map, const Known& known, const Key& key) {
  const auto found = known.find(key);
  // Changes name records that are gone, too.
  if (found == known.end()) {
    map.erase(key);
  } else {
    map.set(key, found->second);
  }
}

struct CopyRecord {
  Picture& picture;
  const State& state;
  void operator()(const ContainerId& id) const { copy_record(picture.executors, state.executors, id); }
  void operator()(const FrameworkId& id) const { copy_record(picture.frameworks, state.frameworks, id); }
  void operator()(const TaskKey& key) const { copy_record(picture.tasks, state.tasks, key); }
};

template <class Map>
auto persistent(const Map& map) {
  using Copy = core::PersistentMap<typename Map::key_type, typename Map::mapped_type>;
  return Copy::from_sorted(map.begin(), map.end());
}

// All that is small, or shared by itself.
void copy_rest(Picture& picture, const State& state) {
  picture.settings = state.settings;
  picture.record = state.record;
  picture.offers = state.offers;
  picture.ended = state.ended;
  // Persistent maps: a copy is a pointer, and shares all its nodes.
  picture.completed_tasks = state.completed_tasks;
}

}  // namespace

std::shared_ptr<const Picture> make_picture(const State& state) {
  auto picture = std::make_shared<Picture>();
  copy_rest(*picture, state);
  picture->frameworks = persistent(state.frameworks);
  picture->executors = persistent(state.executors);
  picture->tasks = persistent(state.tasks);
  return picture;
}

std::shared_ptr<const Picture> update_picture(const Picture& old, const State& state,
                                              const std::vector<RecordKey>& changes) {
  // A copy is cheap, since the maps share their nodes; each change then costs a path in one of them. Readers of `old`
  // go on undisturbed.
  auto picture = std::make_shared<Picture>(old);
  copy_rest(*picture, state);
  const std::set<RecordKey> keys{changes.begin(), changes.end()};  // many a record changes in each step of a batch
  for (const RecordKey& key : keys) std::visit(CopyRecord{*picture, state}, key);
  return picture;
}

}  // namespace windlass::engine
