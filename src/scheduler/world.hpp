#pragma once
// What readers see: an immutable picture of the apps and their instances. It shares what has not changed with the
// picture before it.

#include "scheduler/state.hpp"
#include "scheduler/step.hpp"

#include <cstddef>
#include <map>
#include <memory>
#include <vector>

namespace windlass::scheduler {

using InstancePtr = std::shared_ptr<const Instance>;

struct AppView {
  std::shared_ptr<const App> app;
  std::vector<InstancePtr> instances = {};  // by id; also those that are ending
  std::size_t missing = 0;                  // wanted, and not launched yet
};

struct World {
  std::map<AppId, std::shared_ptr<const AppView>> apps = {};
  FrameworkId framework_id = {};
  bool connected = false;
  Counters counters = {};
};

// The whole picture; takes time in proportion to all instances. REQUIRES: Started has been stepped.
std::shared_ptr<const World> make_world(const State& state);
// The picture after a step (or several, with their effects' writes in order): only apps that the writes name are made
// anew.
std::shared_ptr<const World> update_world(const World& old, const State& state, const Effects& effects);

}  // namespace windlass::scheduler
