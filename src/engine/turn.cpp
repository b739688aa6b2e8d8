#include "engine/turn.hpp"

#include <algorithm>
#include <utility>

namespace windlass::engine {
namespace {

// An interval of 0 would be divided by (batch_not_before).
constexpr TimePoint::duration interval_min = std::chrono::milliseconds{1};

}  // namespace

void Turn::send(const Framework& framework, SchedulerEvent event) {
  if (framework.stream) call(SendToFramework{*framework.stream, std::move(event)});
}

void Turn::send(const Executor& executor, ExecutorEvent event) {
  if (executor.connection) call(SendToExecutor{*executor.connection, std::move(event)});
}

void Turn::answer(RequestId request, int status, std::string text) {
  fx.notices.push_back({.request = request, .status = status, .text = std::move(text)});
}

// Not at once, as in Mesos (mesos.md 6.1): what many small releases free is offered in one piece, one batch later at
// most.
void Turn::offer_later() {
  const TimePoint batch = batch_after(state, in.now);
  state.next_allocation = state.next_allocation ? std::min(*state.next_allocation, batch) : batch;
}

// Removed ones stay in the map, so that their ids stay burnt (mesos.md 1.10) and readers see them as completed.
Framework* find_framework(State& state, const FrameworkId& id) {
  const auto found = state.frameworks.find(id);
  return found == state.frameworks.end() || found->second.completed() ? nullptr : &found->second;
}

Framework* find_framework(State& state, const Uuid& stream) {
  // A walk is cheap enough: a stream is closed rarely, and frameworks are few.
  for (auto& [id, framework] : state.frameworks) {
    if (framework.stream == stream) return &framework;
  }
  return nullptr;
}

Executor* find_executor(State& state, const FrameworkId& framework, const ExecutorId& id) {
  const auto found = state.executor_ids.find({framework, id});
  return found == state.executor_ids.end() ? nullptr : find_executor(state, found->second);
}

Executor* find_executor(State& state, const ContainerId& id) {
  const auto found = state.executors.find(id);
  return found == state.executors.end() ? nullptr : &found->second;
}

Task* find_task(State& state, const FrameworkId& framework, const TaskId& id) {
  const auto found = state.tasks.find({framework, id});
  return found == state.tasks.end() ? nullptr : &found->second;
}

// By the executor's own list: to look at all tasks would make the end of one executor as slow as there are tasks.
std::vector<Task*> tasks_of(State& state, const Executor& executor) {
  std::vector<Task*> tasks;
  for (const TaskId& id : executor.tasks) tasks.push_back(&state.tasks.at({executor.record.framework_id, id}));
  return tasks;
}

std::vector<Task*> tasks_of(State& state, const Framework& framework) {
  std::vector<Task*> tasks;
  const FrameworkId& id = framework.record.info.id;
  for (auto at = state.tasks.lower_bound({id, {}}); at != state.tasks.end() && at->first.first == id; ++at) {
    tasks.push_back(&at->second);
  }
  return tasks;
}

bool has_live_tasks(State& state, const Executor& executor) {
  const auto tasks = tasks_of(state, executor);
  return std::any_of(tasks.begin(), tasks.end(), [](const Task* task) { return !is_terminal(task->record.state); });
}

TaskState known_state(const FrameworkInfo& framework, TaskState state) {
  if (framework.can(Capability::partition_aware)) return state;
  switch (state) {
    case TaskState::dropped:
    case TaskState::unreachable:
    case TaskState::gone:
    case TaskState::gone_by_operator:
    case TaskState::unknown: return TaskState::lost;
    default: return state;
  }
}

// Never the batch of this very moment, which may have been made already.
TimePoint batch_after(const State& state, TimePoint now) {
  return batch_not_before(state, now + TimePoint::duration{1});
}

TimePoint batch_not_before(const State& state, TimePoint time) {
  const auto wanted = std::chrono::duration_cast<TimePoint::duration>(state.settings.allocation_interval);
  const auto interval = std::max(wanted, interval_min);
  // A clock that was set back gives times before the phase.
  const auto since = std::max(TimePoint::duration{0}, time - state.allocation_phase);
  const auto whole = (since + interval - TimePoint::duration{1}) / interval;
  return state.allocation_phase + whole * interval;
}

}  // namespace windlass::engine
