#include "scheduler/world.hpp"

#include <algorithm>
#include <utility>

namespace windlass::scheduler {
namespace {

// The last word of the writes on each instance of one app; null: removed.
using Changes = std::map<InstanceId, InstancePtr>;

bool by_id(const InstancePtr& left, const InstancePtr& right) { return left->id < right->id; }

std::shared_ptr<const AppView> view_from_state(const State& state, const App& app) {
  auto view = std::make_shared<AppView>();
  view->app = std::make_shared<const App>(app);
  const auto index = state.index.find(app.id);
  if (index == state.index.end()) return view;
  view->missing = index->second.missing;
  for (const auto* place : {&index->second.active, &index->second.ending, &index->second.away}) {
    for (const InstanceId& id : *place) {
      view->instances.push_back(std::make_shared<const Instance>(state.instances.at(id)));
    }
  }
  std::sort(view->instances.begin(), view->instances.end(), by_id);
  return view;
}

// Both lists are in order of ids: one pass merges them.
std::vector<InstancePtr> merged(const std::vector<InstancePtr>& old, const Changes& changes) {
  std::vector<InstancePtr> result;
  result.reserve(old.size() + changes.size());
  auto change = changes.begin();
  const auto take_change = [&] {
    if (change->second) result.push_back(change->second);
    ++change;
  };
  for (const InstancePtr& each : old) {
    while (change != changes.end() && change->first < each->id) take_change();
    if (change != changes.end() && change->first == each->id) {
      take_change();
    } else {
      result.push_back(each);
    }
  }
  while (change != changes.end()) take_change();
  return result;
}

std::shared_ptr<const AppView> changed_view(const AppView& old, const State& state, const App& app,
                                            const Changes& changes) {
  auto view = std::make_shared<AppView>();
  view->app = *old.app == app ? old.app : std::make_shared<const App>(app);
  view->instances = merged(old.instances, changes);
  const auto index = state.index.find(app.id);
  view->missing = index == state.index.end() ? 0 : index->second.missing;
  return view;
}

bool has_instance(const AppView& view, const InstanceId& id) {
  const auto before = [](const InstancePtr& each, const InstanceId& wanted) { return each->id < wanted; };
  const auto found = std::lower_bound(view.instances.begin(), view.instances.end(), id, before);
  return found != view.instances.end() && (*found)->id == id;
}

// Which app had the instance before it was removed; empty: one that is not shown any more.
AppId app_of_removed(const World& old, const std::map<InstanceId, AppId>& seen, const InstanceId& id) {
  if (const auto known = seen.find(id); known != seen.end()) return known->second;
  // Instance ids begin with the app's safe path, which says little where that has underscores ("/a/b" and "/a_b").
  const AppId likely{"/" + id.value.substr(0, id.value.rfind(".instance-"))};
  const auto direct = old.apps.find(likely);
  if (direct != old.apps.end() && has_instance(*direct->second, id)) return likely;
  for (const auto& [app, view] : old.apps) {
    if (has_instance(*view, id)) return app;
  }
  return {};
}

}  // namespace

std::shared_ptr<const World> make_world(const State& state) {
  auto world = std::make_shared<World>();
  for (const auto& [id, app] : state.apps) world->apps.emplace(id, view_from_state(state, app));
  world->framework_id = state.framework_id;
  world->connected = state.connected;
  world->counters = state.counters;
  return world;
}

std::shared_ptr<const World> update_world(const World& old, const State& state, const Effects& effects) {
  std::map<AppId, Changes> changes;
  std::map<InstanceId, AppId> seen;
  for (const Write& write : effects.writes) {
    if (const auto* app = std::get_if<PutApp>(&write)) changes[app->id];
    const auto* put = std::get_if<PutInstance>(&write);
    if (put == nullptr) continue;
    if (put->instance) {
      seen[put->id] = put->instance->app_id;
      changes[put->instance->app_id][put->id] = std::make_shared<const Instance>(*put->instance);
    } else if (const AppId app = app_of_removed(old, seen, put->id); !app.empty()) {
      changes[app][put->id] = nullptr;
    }
  }
  // An old picture that lacks apps, such as an empty one before the state was loaded, cannot be brought up to date.
  const bool first = old.apps.empty() && !state.apps.empty();
  if (first) return make_world(state);
  auto world = std::make_shared<World>();
  world->apps = old.apps;
  world->framework_id = state.framework_id;
  world->connected = state.connected;
  world->counters = state.counters;
  for (const auto& [id, each] : changes) {
    const App* app = nullptr;
    if (const auto found = state.apps.find(id); found != state.apps.end()) app = &found->second;
    const auto before = old.apps.find(id);
    if (app == nullptr) {
      world->apps.erase(id);
    } else if (before == old.apps.end()) {
      world->apps[id] = view_from_state(state, *app);
    } else {
      world->apps[id] = changed_view(*before->second, state, *app, each);
    }
  }
  return world;
}

}  // namespace windlass::scheduler
