#include "base/check.hpp"
#include "scheduler/state.hpp"

namespace windlass::scheduler {
namespace {

void check_index(const State& state, const AppId& id, const AppIndex& index) {
  const auto app = state.apps.find(id);
  const std::size_t wanted = app == state.apps.end() ? 0 : static_cast<std::size_t>(app->second.instances);
  CHECK(index.active.size() <= wanted);
  CHECK(app != state.apps.end() || !index.empty());
  const std::size_t missing = wanted > index.occupied() ? wanted - index.occupied() : 0;
  CHECK(index.missing == missing);
  const bool waits = state.ready.contains(id) || index.delayed_until.has_value();
  CHECK(waits == (missing > 0));
  CHECK(!index.delayed_until || state.delayed.contains({*index.delayed_until, id}));
  for (const InstanceId& each : index.active) CHECK(state.instances.at(each).goal == Goal::running);
  for (const InstanceId& each : index.ending) CHECK(state.instances.at(each).goal != Goal::running);
}

void check_instance(const State& state, const InstanceId& id, const Instance& instance) {
  CHECK(instance.id == id);
  CHECK(!instance.task_id.empty());
  CHECK(state.instance_of_task.at(instance.task_id) == id);
  const AppIndex& index = state.index.at(instance.app_id);
  const int places = static_cast<int>(index.active.contains(id)) + static_cast<int>(index.ending.contains(id)) +
                     static_cast<int>(index.away.contains(id));
  CHECK(places == 1);
}

}  // namespace

void check_invariants(const State& state) {
  std::size_t indexed = 0;
  for (const auto& [id, index] : state.index) {
    check_index(state, id, index);
    indexed += index.active.size() + index.ending.size() + index.away.size();
  }
  CHECK(indexed == state.instances.size());
  CHECK(state.instance_of_task.size() == state.instances.size());
  for (const auto& [id, instance] : state.instances) check_instance(state, id, instance);
  std::map<std::uint16_t, std::size_t> ports;
  for (const auto& [id, app] : state.apps) {
    CHECK(app.id == id);
    CHECK(state.index.contains(id));
    for (const PortDefinition& port : app.ports) ++ports[port.port];
  }
  CHECK(ports == state.service_ports);
  CHECK(!ports.contains(0));
  for (const AppId& id : state.ready) CHECK(state.index.at(id).missing > 0);
  for (const auto& [time, task] : state.timers) CHECK(state.watches.at(task).armed == time);
  for (const auto& [task, watch] : state.watches) CHECK(state.instance_of_task.contains(task));
}

}  // namespace windlass::scheduler
