#include "engine/step.hpp"

#include "engine/allocation.hpp"
#include "engine/calls.hpp"
#include "engine/executors.hpp"
#include "engine/frameworks.hpp"
#include "engine/invariants.hpp"
#include "engine/recovery.hpp"
#include "engine/tasks.hpp"
#include "engine/turn.hpp"

#include <utility>

namespace windlass::engine {
namespace {

void time_passed(Turn& turn) {
  expire_executors(turn);
  expire_frameworks(turn);
  repeat_updates(turn);
  if (turn.state.next_allocation && *turn.state.next_allocation <= turn.in.now) turn.offers_wanted = true;
}

struct Handler {
  Turn& turn;
  void operator()(const FrameworkSubscribe& event) const { subscribe(turn, event); }
  void operator()(const FrameworkCall& event) const { framework_call(turn, event); }
  void operator()(const FrameworkStreamClosed& event) const { stream_closed(turn, event); }
  void operator()(const ExecutorSubscribe& event) const { subscribe_executor(turn, event); }
  void operator()(const ExecutorCallReceived& event) const { executor_call(turn, event); }
  void operator()(const ExecutorStreamClosed& event) const { executor_stream_closed(turn, event); }
  void operator()(const ExecutorStarted& event) const { executor_started(turn, event); }
  void operator()(const ExecutorLaunchFailed& event) const { executor_launch_failed(turn, event); }
  void operator()(const ExecutorExited& event) const { executor_exited(turn, event); }
  void operator()(const Started&) const { recover(turn); }
  void operator()(const TimePassed&) const { time_passed(turn); }
};

// The rest of the step, in the order in which a framework hears of it.
void finish(Turn& turn) {
  if (turn.offers_wanted) make_offers(turn);
  if (!turn.resumed) return;
  if (const Framework* framework = find_framework(turn.state, *turn.resumed)) resume_updates(turn, *framework);
}

template <class Map, class Key>
auto record_of(const Map& map, const Key& key) {
  const auto found = map.find(key);
  return found == map.end() ? std::nullopt : std::optional{found->second.record};
}

void collect_writes(Turn& turn) {
  const State& state = turn.state;
  auto& writes = turn.fx.writes;
  if (turn.engine_changed) writes.emplace_back(PutEngine{state.record});
  for (const FrameworkId& id : turn.frameworks_changed) {
    writes.emplace_back(PutFramework{id, record_of(state.frameworks, id)});
  }
  for (const ContainerId& id : turn.executors_changed) {
    writes.emplace_back(PutExecutor{id, record_of(state.executors, id)});
  }
  for (const TaskKey& key : turn.tasks_changed) {
    writes.emplace_back(PutTask{key.first, key.second, record_of(state.tasks, key)});
  }
}

void earlier(std::optional<TimePoint>& soonest, const std::optional<TimePoint>& time) {
  if (time && (!soonest || *time < *soonest)) soonest = time;
}

}  // namespace

std::optional<TimePoint> next_wake(const State& state) {
  std::optional<TimePoint> soonest = state.next_allocation;
  for (const auto& [id, framework] : state.frameworks) {
    earlier(soonest, framework.next_heartbeat);
    earlier(soonest, failover_deadline(framework));
  }
  for (const auto& [id, executor] : state.executors) {
    earlier(soonest, executor.registration_deadline);
    earlier(soonest, executor.destroy_at);
    earlier(soonest, executor.next_heartbeat);
  }
  for (const auto& [key, task] : state.tasks) earlier(soonest, task.retry_at);
  return soonest;
}

Effects step(State& state, const Event& event, const Inputs& in) {
  Effects fx;
  Turn turn{{state, in, fx}};
  std::visit(Handler{turn}, event);
  finish(turn);
  collect_writes(turn);
  fx.wake_at = next_wake(state);
  check_invariants(state);
  return fx;
}

}  // namespace windlass::engine
