#include "engine/task_rules.hpp"

#include "engine/framework_rules.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace windlass::engine {
namespace {

const Executor* executor_of(const State& state, const FrameworkId& framework, const ExecutorId& id) {
  const auto found = state.executor_ids.find({framework, id});
  return found == state.executor_ids.end() ? nullptr : &state.executors.at(found->second);
}

// The received bytes do not count: they differ where the master has filled something in. A framework may send the
// executor with or without its framework id each time.
bool same_executor(ExecutorInfo left, ExecutorInfo right) {
  left.raw.clear();
  right.raw.clear();
  return left == right;
}

std::optional<std::string> executor_error(const State& state, const FrameworkId& framework,
                                          const ExecutorInfo& executor) {
  if (auto error = id_error(executor.id.value)) return error;
  if (executor.type == ExecutorType::default_executor) {
    if (executor.command) return "'ExecutorInfo.command' must not be set for 'DEFAULT' executor";
    return "'ExecutorInfo.type' must be 'CUSTOM'";
  }
  if (executor.type == ExecutorType::custom && !executor.command) {
    return "'ExecutorInfo.command' must be set for 'CUSTOM' executor";
  }
  if (executor.framework_id != framework) {
    return "ExecutorInfo has an invalid FrameworkID (Actual: " + executor.framework_id.value +
           " vs Expected: " + framework.value + ")";
  }
  if (executor.shutdown_grace_period && *executor.shutdown_grace_period < Duration::zero()) {
    return "ExecutorInfo's 'shutdown_grace_period' must be non-negative";
  }
  const Executor* running = executor_of(state, framework, executor.id);
  if (running != nullptr && !same_executor(running->record.info, executor)) {
    return "ExecutorInfo is not compatible with existing ExecutorInfo with same ExecutorID";
  }
  // An executor without a type is a custom one as well (mesos.md 2.6).
  if (!executor.command) return "'ExecutorInfo.command' must be set";
  return std::nullopt;
}

// An executor runs in one role: shares are counted by role, and its resources are of the role of its first task.
std::optional<std::string> role_mix_error(const Resources& resources) {
  std::set<std::string> roles;
  for (const Resource& entry : resources.entries()) roles.insert(entry.allocation);
  if (roles.size() < 2) return std::nullopt;
  return "Task and its executor use invalid resources: The resources have multiple allocation roles ('" +
         *std::next(roles.begin()) + "' and '" + *roles.begin() + "') but only one allocation role is allowed";
}

bool overlap(const Resources& left, const Resources& right) {
  for (const Resource& one : left.entries()) {
    for (const Resource& two : right.entries()) {
      if (one.name != two.name) continue;
      // Ranges overlap when their union has fewer numbers than both have together.
      if (count(unite(one.ranges, two.ranges)) != count(one.ranges) + count(two.ranges)) return true;
      for (const std::string& item : one.items) {
        if (two.items.contains(item)) return true;
      }
    }
  }
  return false;
}

}  // namespace

Resources with_allocation(const Resources& resources, const std::string& role) {
  Resources filled;
  for (Resource entry : resources.entries()) {
    if (entry.allocation.empty()) entry.allocation = role;
    filled.add(entry);
  }
  return filled;
}

// Before any check: a framework that is not MULTI_ROLE leaves the allocations out (mesos.md 2.2), and the rules compare
// resources with those of offers, which have them.
TaskInfo completed_task(TaskInfo task, const FrameworkId& framework, const std::string& role) {
  task.resources = with_allocation(task.resources, role);
  if (task.executor) {
    if (task.executor->framework_id.empty()) task.executor->framework_id = framework;
    task.executor->resources = with_allocation(task.executor->resources, role);
  }
  return task;
}

Resources needed_resources(const State& state, const FrameworkId& framework, const TaskInfo& task) {
  // Only the first task of an executor pays for it (mesos.md 2.6).
  if (!task.executor || executor_of(state, framework, task.executor->id) != nullptr) return task.resources;
  return task.resources + task.executor->resources;
}

// The first rule that fails names the error, so the order is part of the API (mesos.md 2.6).
std::optional<std::string> own_error(const TaskInfo& task, bool is_known, const AgentId& agent) {
  if (auto error = id_error(task.id.value)) return error;
  // Completed tasks are not known any more: their ids may come again (mesos.md 2.4).
  if (is_known) return "Task has duplicate ID: " + task.id.value;
  if (task.agent_id != agent) {
    return "Task uses invalid agent " + task.agent_id.value + " while agent " + agent.value + " is expected";
  }
  if (!task.defect.empty()) return task.defect;
  if (task.resources.empty()) return "Task uses no resources";
  if (task.executor.has_value() == task.command.has_value()) {
    return "Task should have at least one (but not both) of CommandInfo or ExecutorInfo present";
  }
  return std::nullopt;
}

std::optional<std::string> room_error(const Resources& needed, const Resources& available) {
  if (available.contains(needed)) return std::nullopt;
  return "Total resources " + needed.to_string() + " required by task and its executor is more than available " +
         available.to_string();
}

std::optional<std::string> task_error(const State& state, const FrameworkId& framework, const TaskInfo& task,
                                      const Resources& available) {
  const bool is_known = state.tasks.contains({framework, task.id});
  if (auto error = own_error(task, is_known, state.record.agent_id)) return error;
  if (task.executor) {
    if (auto error = executor_error(state, framework, *task.executor)) return error;
    if (auto error = role_mix_error(task.resources + task.executor->resources)) return error;
    if (overlap(task.resources, task.executor->resources)) {
      return "There are overlapping resources in the task resources " + task.resources.to_string() +
             " and executor resources " + task.executor->resources.to_string();
    }
  }
  return room_error(needed_resources(state, framework, task), available);
}

}  // namespace windlass::engine
