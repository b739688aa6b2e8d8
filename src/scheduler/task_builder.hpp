#pragma once
// The TaskInfo of an instance (marathon.md 1.6, 4.8).
//
//   app.executor, else --executor     what Mesos gets
//   "//cmd", no container             TaskInfo.command
//   "//cmd", container                TaskInfo.command and .container, or with --docker_executor: as for a path
//   a path                            TaskInfo.executor: `chmod ug+rx '<path>'` if needed, `exec '<path>' <cmd>`,
//   TaskInfo.data

#include "model/app.hpp"
#include "model/framework.hpp"
#include "scheduler/state.hpp"

namespace windlass::scheduler {

// REQUIRES: instance has its task id, agent, host and ports.
TaskInfo build_task(const Settings& settings, const App& app, const Instance& instance, const Resources& resources);

// "<instance>._app.<incarnation>".
TaskId task_id_of(const InstanceId& instance, std::uint32_t incarnation);
// One shell word that means exactly this text.
std::string shell_quote(const std::string& text);

}  // namespace windlass::scheduler
