#pragma once
// Whether a task may be launched (mesos.md 2.6), with Mesos' texts in Mesos' order.

#include "engine/state.hpp"
#include "model/task.hpp"

#include <optional>
#include <string>

namespace windlass::engine {

// Resources that have no allocation get this role; with it Mesos completes what old frameworks send.
Resources with_allocation(const Resources& resources, const std::string& role);

// The task as the master sees it: allocation roles and its executor's framework id filled in.
TaskInfo completed_task(TaskInfo task, const FrameworkId& framework, const std::string& role);

// What a launch takes: its resources, and its executor's if that is not there yet.
Resources needed_resources(const State& state, const FrameworkId& framework, const TaskInfo& task);

// Why the task by itself cannot be launched on that agent; none: it can. `is_known`: the framework has one of its id.
std::optional<std::string> own_error(const TaskInfo& task, bool is_known, const AgentId& agent);

// Why it does not fit; none: it does. `needed` is of the task and its executor.
std::optional<std::string> room_error(const Resources& needed, const Resources& available);

// Why it cannot be launched from what is left of the offers; none: it can. REQUIRES: a completed_task.
std::optional<std::string> task_error(const State& state, const FrameworkId& framework, const TaskInfo& task,
                                      const Resources& available);

}  // namespace windlass::engine
