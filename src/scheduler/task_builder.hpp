#pragma once
// The TaskInfo of an instance (marathon.md 1.6, 4.8).
//
//   app.executor, else --executor     what Mesos gets
//   "//cmd", no container             TaskInfo.command
//   "//cmd", container                with Settings::docker_executor TaskInfo.executor: `exec '<it>' <cmd>`, and
//                                     TaskInfo.data. Else TaskInfo.command and .container, for the agent's own Docker
//                                     support, and TaskInfo.data: an executor of ours makes the same container of it
//   a path                            TaskInfo.executor: `chmod ug+rx '<path>'` if needed, `exec '<path>' <cmd>`, and
//                                     TaskInfo.data

#include "model/app.hpp"
#include "model/framework.hpp"
#include "scheduler/state.hpp"

namespace windlass::scheduler {

// REQUIRES: instance has its task id, agent, host and ports.
TaskInfo build_task(const Settings& settings, const App& app, const Instance& instance, const Resources& resources);

// "<instance>._app.<incarnation>".
TaskId task_id_of(const InstanceId& instance, std::uint32_t incarnation);

}  // namespace windlass::scheduler
