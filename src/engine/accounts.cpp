#include "engine/accounts.hpp"

#include <algorithm>
#include <cstdint>

namespace windlass::engine {
namespace {

std::string role_of(const Resources& resources) {
  return resources.empty() ? std::string{"*"} : resources.entries().front().allocation;
}

// Takes it from any entry of that name. That is needed only when the agent's flags were changed, so that what tasks of
// before hold is not there any more in that form.
void take_any(Resources& from, Resource used) {
  const std::vector<Resource> entries = from.entries();
  for (const Resource& entry : entries) {
    if (entry.name != used.name || entry.type != used.type) continue;
    used.reservation = entry.reservation;
    used.extra = entry.extra;
    from.subtract(used);
    used.milli = std::max<std::int64_t>(0, used.milli - entry.milli);
  }
}

void take(Resources& from, const Resources& used) {
  for (Resource entry : used.entries()) {
    entry.allocation.clear();
    if (from.contains(Resources{{entry}})) {
      from.subtract(entry);
    } else {
      take_any(from, entry);
    }
  }
}

}  // namespace

std::vector<Use> uses(const State& state) {
  std::vector<Use> all;
  for (const auto& [key, task] : state.tasks) {
    if (is_terminal(task.record.state)) continue;
    all.push_back({key.first, task.record.role, &task.record.info.resources});
  }
  for (const auto& [id, executor] : state.executors) {
    const ExecutorRecord& record = executor.record;
    for (const TaskInfo& task : record.remains) {
      all.push_back({record.framework_id, role_of(task.resources), &task.resources});
    }
    // What the engine adds for a task that has only a command is on top of what was offered (mesos.md 3.3).
    if (record.is_command) continue;
    all.push_back({record.framework_id, role_of(record.info.resources), &record.info.resources});
  }
  for (const auto& [id, offer] : state.offers) all.push_back({offer.framework_id, offer.role, &offer.resources, true});
  return all;
}

Resources free_resources(const State& state) {
  Resources free;
  for (const bool scalars : {false, true}) {
    for (const Resource& entry : state.settings.agent.resources.entries()) {
      if ((entry.type == ResourceType::scalar) == scalars) free.add(entry);
    }
  }
  for (const Use& use : uses(state)) take(free, *use.resources);
  return free;
}

}  // namespace windlass::engine
