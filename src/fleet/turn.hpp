#pragma once
// One step while it is being made: the state that it changes, and what follows from it.

#include "fleet/state.hpp"
#include "fleet/step.hpp"

#include <optional>
#include <set>
#include <string>
#include <utility>

namespace windlass::fleet {

struct Turn : core::Turn<State, Effects> {
  // Rows that are written once, as they are at the step's end.
  bool fleet_changed = false;
  std::set<FrameworkId> changed_frameworks = {};
  std::set<std::pair<FrameworkId, TaskId>> changed_tasks = {};

  // What is left to do at the end of the step: make offers at once; then send this framework what it has not
  // acknowledged.
  bool offers_wanted = false;
  std::optional<FrameworkId> resumed = {};

  void save(const Framework& framework) { changed_frameworks.insert(framework.record.info.id); }
  void save(const Task& task) { changed_tasks.emplace(task.record.framework_id, task.record.id); }
  // To the framework's stream; lost when it has none.
  void send(const Framework& framework, SchedulerEvent event) {
    if (framework.stream) fx.calls.push_back(SendToFramework{*framework.stream, std::move(event)});
  }
  void answer(engine::RequestId request, int status, std::string text = {}) {
    fx.notices.push_back({request, status, std::move(text)});
  }
  // Resources became free: they are offered in the next batch.
  void offer_later() {
    if (!state.next_allocation) state.next_allocation = after(in.now, state.settings.allocation_interval);
  }
};

// Frameworks that were removed are not found; nullptr when there is none.
Framework* find_framework(State& state, const FrameworkId& id);
// None: no such agent.
std::optional<std::uint32_t> agent_number(const State& state, const AgentId& id);
Amounts amounts_of(const Resources& resources);
void hold(State& state, const Holder& holder, const Resources& resources);
void release(State& state, const Holder& holder, const Resources& resources);

}  // namespace windlass::fleet
