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

#include <memory>

namespace windlass::scheduler {

// What the tasks of one app have in common, so that each takes only what is its own.
class TaskTemplate {
 public:
  TaskTemplate(const Settings& settings, const App& app);
  ~TaskTemplate();
  TaskTemplate(TaskTemplate&&) noexcept;

  // REQUIRES: instance is of that app, and has its task id, agent, host and a port for each of the app's.
  [[nodiscard]] TaskInfo make(const Instance& instance, Resources resources) const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

// One task. REQUIRES: as TaskTemplate::make.
TaskInfo build_task(const Settings& settings, const App& app, const Instance& instance, const Resources& resources);

// "<instance>._app.<incarnation>".
TaskId task_id_of(const InstanceId& instance, std::uint32_t incarnation);

}  // namespace windlass::scheduler
