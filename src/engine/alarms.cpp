#include "engine/alarms.hpp"

#include "engine/framework_rules.hpp"

#include <initializer_list>
#include <variant>

namespace windlass::engine {
namespace {

std::optional<TimePoint> soonest(std::initializer_list<std::optional<TimePoint>> times) {
  std::optional<TimePoint> first;
  for (const auto& time : times) {
    if (time && (!first || *time < *first)) first = time;
  }
  return first;
}

// Whoever gives a record another time adds it here; the soonest is enough, because a record that was looked at gets its
// next alarm at the end of the step.
std::optional<TimePoint> time_of(const Executor& executor) {
  return soonest({executor.registration_deadline, executor.destroy_at, executor.next_heartbeat});
}
std::optional<TimePoint> time_of(const Framework& framework) {
  return soonest({framework.next_heartbeat, failover_deadline(framework.record)});
}
std::optional<TimePoint> time_of(const Task& task) { return task.retry_at; }

template <class Map, class Key>
std::optional<TimePoint> time_in(const Map& map, const Key& key) {
  const auto found = map.find(key);
  return found == map.end() ? std::nullopt : time_of(found->second);
}

struct TimeOf {
  const State& state;
  std::optional<TimePoint> operator()(const ContainerId& id) const { return time_in(state.executors, id); }
  std::optional<TimePoint> operator()(const FrameworkId& id) const { return time_in(state.frameworks, id); }
  std::optional<TimePoint> operator()(const TaskKey& key) const { return time_in(state.tasks, key); }
};

}  // namespace

// One record at a time, so that a step costs what it touches; all_alarms() says the same of the whole state.
std::optional<TimePoint> next_time(const State& state, const RecordKey& key) { return std::visit(TimeOf{state}, key); }

core::Alarms<RecordKey> all_alarms(const State& state) {
  core::Alarms<RecordKey> alarms;
  for (const auto& [id, executor] : state.executors) alarms.set(id, time_of(executor));
  for (const auto& [id, framework] : state.frameworks) alarms.set(id, time_of(framework));
  for (const auto& [key, task] : state.tasks) alarms.set(key, time_of(task));
  return alarms;
}

}  // namespace windlass::engine
