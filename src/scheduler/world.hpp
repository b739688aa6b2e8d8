#pragma once
// What readers see: an immutable picture of the apps and their instances. Each step keeps its parts up to date
// (State::views and its neighbours); a picture shares them, so to make one costs the same however much there is.

#include "scheduler/state.hpp"

#include <cstddef>
#include <memory>
#include <optional>

namespace windlass::scheduler {

struct World {
  core::PersistentMap<AppId, std::shared_ptr<const AppView>> apps = {};
  core::PersistentMap<DemandId, Funnel> funnels = {};
  core::PersistentMap<AppId, TimePoint> waiting = {};  // the apps that miss instances, and since when
  FrameworkId framework_id = {};
  bool connected = false;
  Counters counters = {};
};

// REQUIRES: Started has been stepped.
std::shared_ptr<const World> make_world(const State& state);

// What an app waits for.
struct WaitReport {
  TimePoint since = {};
  std::size_t missing = 0;
  std::optional<TimePoint> delayed_until = {};  // it has failed, and is not to be launched before
  Funnel funnel = {};                           // the offers since then
  friend bool operator==(const WaitReport&, const WaitReport&) = default;
};
// None: there is no such app, or it misses nothing.
std::optional<WaitReport> wait_report(const World& world, const AppId& id);

}  // namespace windlass::scheduler
