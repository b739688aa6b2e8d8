#pragma once
// One step while it is being made: the state that it changes, and what follows from it.

#include "engine/state.hpp"
#include "engine/step.hpp"

#include <optional>
#include <set>
#include <string>

namespace windlass::engine {

inline RecordKey key_of(const Framework& framework) { return framework.record.info.id; }
inline RecordKey key_of(const Executor& executor) { return executor.record.container_id; }
inline RecordKey key_of(const Task& task) { return TaskKey{task.record.framework_id, task.record.info.id}; }

struct Turn : core::Turn<State, Effects> {
  // Records that this step changed; their rows are written once, as they are at its end.
  bool engine_changed = false;
  std::set<RecordKey> changed = {};
  // Those, and others of which only something changed that is not in their rows: a time, a stream. At the end of the
  // step their alarms are set, their invariants checked, and readers get a new picture of them.
  std::set<RecordKey> touched = {};

  // What is left to do at the end of the step: make offers at once; then send this framework what it has not
  // acknowledged.
  bool offers_wanted = false;
  std::optional<FrameworkId> resumed = {};

  // Its row is written at the end of the step, or removed when the record is gone by then.
  template <class Record>
  void save(const Record& record) {
    changed.insert(key_of(record));
    touch(record);
  }
  // Something of it changes that is not in its row.
  template <class Record>
  void touch(const Record& record) {
    touched.insert(key_of(record));
  }

  // To the stream of a framework or an executor; lost when it has none.
  void send(const Framework& framework, SchedulerEvent event);
  void send(const Executor& executor, ExecutorEvent event);
  void call(Call call) { fx.calls.push_back(std::move(call)); }
  void answer(RequestId request, int status, std::string text = {});

  // Resources became free: they are offered in the next batch.
  void offer_later();
};

// --- looking things up; nullptr when there is none ---

// Frameworks that were removed are not found.
Framework* find_framework(State& state, const FrameworkId& id);
// By the stream that it is connected with.
Framework* find_framework(State& state, const Uuid& stream);
Executor* find_executor(State& state, const FrameworkId& framework, const ExecutorId& id);
Executor* find_executor(State& state, const ContainerId& id);
Task* find_task(State& state, const FrameworkId& framework, const TaskId& id);

// Tasks in the order of their ids, also those that ended and wait for their acknowledgement.
std::vector<Task*> tasks_of(State& state, const Executor& executor);
std::vector<Task*> tasks_of(State& state, const Framework& framework);
bool has_live_tasks(State& state, const Executor& executor);

// What a framework is told when a task is in this state: those without PARTITION_AWARE know only TASK_LOST
// (mesos.md 2.12).
TaskState known_state(const FrameworkInfo& framework, TaskState state);

// The first time after `now` (or not before `time`) at which a batch of offers is made.
TimePoint batch_after(const State& state, TimePoint now);
TimePoint batch_not_before(const State& state, TimePoint time);

}  // namespace windlass::engine
