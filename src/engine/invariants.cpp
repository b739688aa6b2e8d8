#include "engine/invariants.hpp"

#include "base/check.hpp"
#include "engine/accounts.hpp"
#include "engine/alarms.hpp"

#include <algorithm>
#include <variant>

namespace windlass::engine {
namespace {

void check(const State&, const FrameworkId& id, const Framework& framework) {
  CHECK(framework.record.info.id == id);
  // The rules ask for one of the three, and rely on the other two not being there.
  const int conditions =
      (framework.stream ? 1 : 0) + (framework.record.disconnected ? 1 : 0) + (framework.completed() ? 1 : 0);
  CHECK(conditions == 1);
  CHECK(framework.stream.has_value() == framework.next_heartbeat.has_value());
}

void check(const State& state, const ContainerId& id, const Executor& executor) {
  CHECK(state.executor_ids.at({executor.record.framework_id, executor.record.info.id}) == id);
  CHECK(!executor.connection || state.connections.at(*executor.connection) == id);
}

void check(const State& state, const TaskKey& key, const Task& task) {
  const auto framework = state.frameworks.find(key.first);
  CHECK(framework != state.frameworks.end() && !framework->second.completed());
  // Without an update to acknowledge it would never be completed: it would stay in memory and journal for good.
  if (is_terminal(task.record.state)) {
    CHECK(!task.record.updates.empty());
    return;
  }
  const auto executor = state.executor_ids.find({key.first, task.record.executor_id});
  CHECK(executor != state.executor_ids.end());
  CHECK(state.executors.at(executor->second).tasks.contains(key.second));
}

// A key without a record is right: the step has removed it.
struct CheckRecord {
  const State& state;
  void operator()(const ContainerId& id) const { check_in(state.executors, id); }
  void operator()(const FrameworkId& id) const { check_in(state.frameworks, id); }
  void operator()(const TaskKey& key) const { check_in(state.tasks, key); }

 private:
  template <class Map, class Key>
  void check_in(const Map& map, const Key& key) const {
    const auto found = map.find(key);
    if (found != map.end()) check(state, key, found->second);
  }
};

// Every executor is found, and nothing else is.
void check_indexes(const State& state) {
  CHECK(state.executors.size() == state.executor_ids.size());
  const auto connected = std::count_if(state.executors.begin(), state.executors.end(),
                                       [](const auto& each) { return each.second.connection.has_value(); });
  CHECK(static_cast<std::size_t>(connected) == state.connections.size());
  for (const auto& [id, executor] : state.executors) {
    for (const TaskId& task : executor.tasks) {
      const auto found = state.tasks.find({executor.record.framework_id, task});
      CHECK(found != state.tasks.end() && found->second.record.executor_id == executor.record.info.id);
    }
  }
  std::size_t completed = 0;
  for (const auto& [id, numbers] : state.completed_of) completed += numbers.size();
  CHECK(completed == state.completed_tasks.size());
}

// A framework that is not connected can neither accept nor decline: an offer to it would hold its resources for ever.
void check_offers(const State& state) {
  for (const auto& [id, offer] : state.offers) {
    const Framework& framework = state.frameworks.at(offer.framework_id);
    const auto roles = framework.record.info.all_roles();
    CHECK(framework.stream.has_value());
    CHECK(std::find(roles.begin(), roles.end(), offer.role) != roles.end());
  }
}

// What is held may be more than there is when the agent was given less by its flags; but then none of it is offered.
// That no range has two holders is checked when it is taken (accounts.cpp).
void check_resources(const State& state) {
  const Resources& total = state.settings.agent.resources;
  for (const Resource& entry : state.accounts.offered.entries()) {
    if (entry.type != ResourceType::scalar) continue;
    CHECK(state.accounts.offered.milli(entry.name) + state.accounts.held.milli(entry.name) <= total.milli(entry.name));
  }
}

}  // namespace

// What can be checked at each step in production, in proportion to the step: a breach then ends the process before
// anything wrong is written.
void check_touched(const State& state, const std::set<RecordKey>& touched) {
  for (const RecordKey& key : touched) std::visit(CheckRecord{state}, key);
  CHECK(state.next_offer <= state.record.next_offer);
  check_resources(state);
}

void check_invariants(const State& state) {
  std::set<RecordKey> all;
  for (const auto& [id, executor] : state.executors) all.insert(id);
  for (const auto& [id, framework] : state.frameworks) all.insert(id);
  for (const auto& [key, task] : state.tasks) all.insert(key);
  check_touched(state, all);
  check_indexes(state);
  check_offers(state);
  CHECK(state.accounts == all_accounts(state));
  CHECK(state.alarms == all_alarms(state));
}

}  // namespace windlass::engine
