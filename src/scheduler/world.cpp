#include "scheduler/world.hpp"

namespace windlass::scheduler {

// Each of these maps is one link to the root of a tree: nothing below is copied.
std::shared_ptr<const World> make_world(const State& state) {
  return std::make_shared<const World>(World{.apps = state.views,
                                             .funnels = state.funnels,
                                             .waiting = state.waiting,
                                             .framework_id = state.framework_id,
                                             .connected = state.connected,
                                             .counters = state.counters});
}

std::optional<WaitReport> wait_report(const World& world, const AppId& id) {
  const auto* view = world.apps.get(id);
  if (view == nullptr || !(*view)->waiting) return std::nullopt;
  const Waiting& waiting = *(*view)->waiting;
  WaitReport report{.since = waiting.since,
                    .missing = (*view)->missing,
                    .delayed_until = waiting.delayed_until,
                    .funnel = waiting.offset};
  // The offset alone while it is delayed: it holds what the app was refused in the demands that it has left.
  if (waiting.demand != 0) report.funnel += world.funnels.at(waiting.demand);
  return report;
}

}  // namespace windlass::scheduler
