#include "model/status.hpp"

#include <array>

namespace windlass {

bool is_terminal(TaskState state) {
  switch (state) {
    case TaskState::finished:
    case TaskState::failed:
    case TaskState::killed:
    case TaskState::error:
    case TaskState::lost:
    case TaskState::dropped:
    case TaskState::gone:
    case TaskState::gone_by_operator: return true;
    default: return false;
  }
}

// In the order of the numbers on the wire (mesos.md 2.11), as are the reasons below.
const char* to_string(TaskState state) {
  static constexpr std::array<const char*, 14> names{
      "TASK_STARTING",         "TASK_RUNNING", "TASK_FINISHED", "TASK_FAILED",  "TASK_KILLED",      "TASK_LOST",
      "TASK_STAGING",          "TASK_ERROR",   "TASK_KILLING",  "TASK_DROPPED", "TASK_UNREACHABLE", "TASK_GONE",
      "TASK_GONE_BY_OPERATOR", "TASK_UNKNOWN"};
  return names.at(static_cast<std::size_t>(state));
}

const char* to_string(Reason reason) {
  static constexpr std::array<const char*, 35> names{"REASON_COMMAND_EXECUTOR_FAILED",
                                                     "REASON_EXECUTOR_TERMINATED",
                                                     "REASON_EXECUTOR_UNREGISTERED",
                                                     "REASON_FRAMEWORK_REMOVED",
                                                     "REASON_GC_ERROR",
                                                     "REASON_INVALID_FRAMEWORKID",
                                                     "REASON_INVALID_OFFERS",
                                                     "REASON_MASTER_DISCONNECTED",
                                                     "REASON_CONTAINER_LIMITATION_MEMORY",
                                                     "REASON_RECONCILIATION",
                                                     "REASON_AGENT_DISCONNECTED",
                                                     "REASON_AGENT_REMOVED",
                                                     "REASON_AGENT_RESTARTED",
                                                     "REASON_AGENT_UNKNOWN",
                                                     "REASON_TASK_INVALID",
                                                     "REASON_TASK_UNAUTHORIZED",
                                                     "REASON_TASK_UNKNOWN",
                                                     "REASON_CONTAINER_PREEMPTED",
                                                     "REASON_RESOURCES_UNKNOWN",
                                                     "REASON_CONTAINER_LIMITATION",
                                                     "REASON_CONTAINER_LIMITATION_DISK",
                                                     "REASON_CONTAINER_LAUNCH_FAILED",
                                                     "REASON_CONTAINER_UPDATE_FAILED",
                                                     "REASON_EXECUTOR_REGISTRATION_TIMEOUT",
                                                     "REASON_EXECUTOR_REREGISTRATION_TIMEOUT",
                                                     "REASON_TASK_GROUP_INVALID",
                                                     "REASON_TASK_GROUP_UNAUTHORIZED",
                                                     "REASON_IO_SWITCHBOARD_EXITED",
                                                     "REASON_TASK_CHECK_STATUS_UPDATED",
                                                     "REASON_TASK_HEALTH_CHECK_STATUS_UPDATED",
                                                     "REASON_TASK_KILLED_DURING_LAUNCH",
                                                     "REASON_AGENT_REMOVED_BY_OPERATOR",
                                                     "REASON_AGENT_REREGISTERED",
                                                     "REASON_MAX_COMPLETION_TIME_REACHED",
                                                     "REASON_AGENT_DRAINING"};
  return names.at(static_cast<std::size_t>(reason));
}

}  // namespace windlass
