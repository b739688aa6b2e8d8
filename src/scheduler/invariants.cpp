#include "base/check.hpp"
#include "scheduler/state.hpp"

namespace windlass::scheduler {
namespace {

// An app that misses instances is either delayed or in a demand: in neither, it would wait for ever; in both, it would
// be launched in spite of its delay.
void check_waiting(const State& state, const AppId& id, const AppIndex& index) {
  CHECK(index.waiting.has_value() == (index.missing > 0));
  CHECK(state.waiting.contains(id) == index.waiting.has_value());
  if (!index.waiting) return;
  const Waiting& waiting = *index.waiting;
  CHECK(state.waiting.at(id) == waiting.since);
  CHECK(waiting.delayed_until.has_value() == (waiting.demand == 0));
  CHECK(!waiting.delayed_until || state.delayed.contains({*waiting.delayed_until, id}));
  if (waiting.demand == 0) return;
  const Demand& demand = state.demands.at(waiting.demand);
  CHECK(demand.ready.contains(id));
  CHECK(demand.requirement == requirement_of(*state.apps.at(id)));
}

void check_index(const State& state, const AppId& id, const AppIndex& index) {
  const App* app = find_app(state, id);
  const std::size_t wanted = app == nullptr ? 0 : static_cast<std::size_t>(app->instances);
  // The promise to users: never more than they asked for.
  CHECK(index.active() <= wanted);
  CHECK(app != nullptr || !index.instances.empty());
  const std::size_t missing = wanted > index.occupied() ? wanted - index.occupied() : 0;
  CHECK(index.missing == missing);
  check_waiting(state, id, index);
  CHECK(state.apps_of_path.at(safe_path(id)).contains(id));
  std::size_t ending = 0;
  std::size_t away = 0;
  for (const auto& [key, instance] : index.instances) {
    CHECK(key == key_of(instance->id));
    CHECK(instance->app_id == id);
    // A task that is not found by its id would be taken for a stranger's and killed.
    CHECK(find_instance(state, instance->task_id) == instance);
    const bool is_away = is_unreachable(*instance);
    const bool is_ending = !is_away && instance->goal != Goal::running;
    CHECK(index.away.contains(key) == is_away);
    CHECK(index.ending.contains(key) == is_ending);
    ending += is_ending ? 1 : 0;
    away += is_away ? 1 : 0;
  }
  CHECK(index.ending.size() == ending && index.away.size() == away);
}

void check_view(const State& state, const AppId& id, const AppView& view) {
  const AppIndex& index = state.index.at(id);
  CHECK(view.app == state.apps.at(id));
  // The same tree, not an equal one: a copy would cost memory and time for each instance.
  CHECK(view.instances.is_same(index.instances));
  CHECK(view.missing == index.missing);
  CHECK(view.waiting == index.waiting);
}

void check_demands(const State& state) {
  std::size_t ready = 0;
  for (const auto& [id, demand] : state.demands) {
    CHECK(state.demand_of.at(demand.requirement) == id);
    // One without apps would be matched against every offer, for nobody.
    CHECK(!demand.ready.empty());
    CHECK(state.funnels.at(id) == demand.funnel);
    for (const AppId& app : demand.ready) CHECK(state.index.at(app).waiting->demand == id);
    ready += demand.ready.size();
  }
  CHECK(ready + state.delayed.size() == state.waiting.size());
}

}  // namespace

void check_invariants(const State& state) {
  for (const auto& [id, index] : state.index) check_index(state, id, index);
  ServicePorts ports;
  for (const auto& [id, app] : state.apps) {
    CHECK(app->id == id);
    CHECK(state.index.contains(id));
    for (const PortDefinition& port : app->ports) ports.add(port.port, id);
  }
  CHECK(ports == state.service_ports);
  // 0 only asks for a port. Stored, it would be one that load balancers cannot listen on.
  CHECK(ports.apps_of(0).empty());
  CHECK(state.views.size() == state.apps.size());
  for (const auto& [id, view] : state.views) check_view(state, id, *view);
  check_demands(state);
  state.watches.check();
  for (const auto& [key, instance] : state.watches.all()) {
    const InstancePtr row = current_row(state, *instance);
    CHECK(row != nullptr && key_of(row->id) == key);
  }
}

}  // namespace windlass::scheduler
