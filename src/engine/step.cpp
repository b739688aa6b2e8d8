#include "engine/step.hpp"

#include "engine/alarms.hpp"
#include "engine/allocation.hpp"
#include "engine/calls.hpp"
#include "engine/executors.hpp"
#include "engine/frameworks.hpp"
#include "engine/invariants.hpp"
#include "engine/recovery.hpp"
#include "engine/tasks.hpp"
#include "engine/turn.hpp"

#include <algorithm>
#include <utility>
#include <variant>

namespace windlass::engine {
namespace {

// A record may be gone by its turn: an earlier one of the same moment can have removed it.
struct Expire {
  Turn& turn;
  void operator()(const ContainerId& id) const {
    if (Executor* executor = find_executor(turn.state, id)) expire(turn, *executor);
  }
  void operator()(const FrameworkId& id) const {
    if (Framework* framework = find_framework(turn.state, id)) expire(turn, *framework);
  }
  void operator()(const TaskKey& key) const {
    if (Task* task = find_task(turn.state, key.first, key.second)) repeat_update(turn, *task);
  }
};

// In the order of their kinds: a framework that is given up takes its tasks with it, and then nothing of them is
// repeated.
void time_passed(Turn& turn) {
  std::vector<RecordKey> due = turn.state.alarms.take_due(turn.in.now);
  std::sort(due.begin(), due.end());
  turn.touched.insert(due.begin(), due.end());
  for (const RecordKey& key : due) std::visit(Expire{turn}, key);
  if (turn.state.next_allocation && *turn.state.next_allocation <= turn.in.now) turn.offers_wanted = true;
}

struct Handler {
  Turn& turn;
  void operator()(const FrameworkSubscribe& event) const { subscribe(turn, event); }
  void operator()(const FrameworkCall& event) const { framework_call(turn, event); }
  void operator()(const FrameworkTeardown& event) const { tear_down(turn, event); }
  void operator()(const FrameworkStreamClosed& event) const { stream_closed(turn, event); }
  void operator()(const ExecutorSubscribe& event) const { subscribe_executor(turn, event); }
  void operator()(const ExecutorCallReceived& event) const { executor_call(turn, event); }
  void operator()(const ExecutorStreamClosed& event) const { executor_stream_closed(turn, event); }
  void operator()(const ExecutorStarted& event) const { executor_started(turn, event); }
  void operator()(const ExecutorFetching& event) const { executor_fetching(turn, event); }
  void operator()(const ExecutorLaunchFailed& event) const { executor_launch_failed(turn, event); }
  void operator()(const ExecutorExited& event) const { executor_exited(turn, event); }
  void operator()(const Started&) const { recover(turn); }
  void operator()(const TimePassed&) const { time_passed(turn); }
};

// The rest of the step, in the order in which a framework hears of it: offers before repeated updates (mesos.md 2.14).
// Last, so that however many calls free resources, offers are made once.
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

struct ToWrite {
  const State& state;
  Write operator()(const ContainerId& id) const { return PutExecutor{id, record_of(state.executors, id)}; }
  Write operator()(const FrameworkId& id) const { return PutFramework{id, record_of(state.frameworks, id)}; }
  Write operator()(const TaskKey& key) const { return PutTask{key.first, key.second, record_of(state.tasks, key)}; }
};

// At the end: a record that changed five times is written once, and what is written is what check_touched() has seen.
void collect_writes(Turn& turn) {
  const State& state = turn.state;
  auto& writes = turn.fx.writes;
  if (turn.engine_changed) writes.emplace_back(PutEngine{state.record});
  for (const RecordKey& key : turn.changed) writes.push_back(std::visit(ToWrite{state}, key));
}

// Here and nowhere else: a handler that changes a time only has to touch its record.
void set_alarms(Turn& turn) {
  for (const RecordKey& key : turn.touched) turn.state.alarms.set(key, next_time(turn.state, key));
}

}  // namespace

std::optional<TimePoint> next_wake(const State& state) {
  const std::optional<TimePoint> alarm = state.alarms.next();
  // Batches are of no record, and so have no alarm in the queue.
  if (!alarm || !state.next_allocation) return alarm ? alarm : state.next_allocation;
  return std::min(*alarm, *state.next_allocation);
}

Effects step(State& state, const Event& event, const Inputs& in) {
  Effects fx;
  Turn turn{{state, in, fx}};
  std::visit(Handler{turn}, event);
  finish(turn);
  collect_writes(turn);
  set_alarms(turn);
  fx.changes.assign(turn.touched.begin(), turn.touched.end());
  fx.wake_at = next_wake(state);
  // Before the caller writes or sends anything: a state that is wrong must not reach the journal.
  check_touched(state, turn.touched);
  return fx;
}

}  // namespace windlass::engine
