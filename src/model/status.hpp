#pragma once
// What is reported of a task: TaskStatus (mesos.md 2.11). Numbers as on the wire.

#include "base/prng.hpp"
#include "base/time.hpp"
#include "model/ids.hpp"
#include "model/task.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace windlass {

enum class TaskState {
  starting = 0,
  running = 1,
  finished = 2,
  failed = 3,
  killed = 4,
  lost = 5,
  staging = 6,
  error = 7,
  killing = 8,
  dropped = 9,
  unreachable = 10,
  gone = 11,
  gone_by_operator = 12,
  unknown = 13,
};

// FINISHED FAILED KILLED ERROR LOST DROPPED GONE GONE_BY_OPERATOR; UNREACHABLE and UNKNOWN are not terminal.
bool is_terminal(TaskState state);
// "TASK_RUNNING".
const char* to_string(TaskState state);

enum class StatusSource { master = 0, agent = 1, executor = 2 };

enum class Reason {
  command_executor_failed = 0,
  executor_terminated = 1,
  executor_unregistered = 2,
  framework_removed = 3,
  gc_error = 4,
  invalid_frameworkid = 5,
  invalid_offers = 6,
  master_disconnected = 7,
  container_limitation_memory = 8,
  reconciliation = 9,
  agent_disconnected = 10,
  agent_removed = 11,
  agent_restarted = 12,
  agent_unknown = 13,
  task_invalid = 14,
  task_unauthorized = 15,
  task_unknown = 16,
  container_preempted = 17,
  resources_unknown = 18,
  container_limitation = 19,
  container_limitation_disk = 20,
  container_launch_failed = 21,
  container_update_failed = 22,
  executor_registration_timeout = 23,
  executor_reregistration_timeout = 24,
  task_group_invalid = 25,
  task_group_unauthorized = 26,
  io_switchboard_exited = 27,
  task_check_status_updated = 28,
  task_health_check_status_updated = 29,
  task_killed_during_launch = 30,
  agent_removed_by_operator = 31,
  agent_reregistered = 32,
  max_completion_time_reached = 33,
  agent_draining = 34,
};

// "REASON_CONTAINER_LAUNCH_FAILED", as in TaskStatus.Reason.
const char* to_string(Reason reason);

struct IpAddress {
  std::string address;
  std::optional<int> protocol = {};  // 1 IPv4, 2 IPv6
  friend bool operator==(const IpAddress&, const IpAddress&) = default;
};

struct NetworkInfo {
  std::vector<IpAddress> addresses = {};
  std::string name = {};
  std::string raw = {};  // as received; the wire adds what is not modelled here
  friend bool operator==(const NetworkInfo&, const NetworkInfo&) = default;
};

struct ContainerStatus {
  ContainerId container_id = {};
  std::vector<NetworkInfo> networks = {};
  std::optional<std::uint32_t> executor_pid = {};
  friend bool operator==(const ContainerStatus&, const ContainerStatus&) = default;
};

// CheckStatusInfo: what a general check found last. Without a value: not known yet, or the check could not be made.
struct CheckStatus {
  CheckType type = CheckType::unknown;
  std::optional<int> exit_code = {};              // command
  std::optional<std::uint32_t> status_code = {};  // http
  std::optional<bool> succeeded = {};             // tcp
  friend bool operator==(const CheckStatus&, const CheckStatus&) = default;
};

struct TaskStatus {
  TaskId task_id;
  TaskState state = TaskState::staging;
  std::string message = {};
  StatusSource source = StatusSource::master;
  std::optional<Reason> reason = {};
  std::optional<std::string> data = {};
  AgentId agent_id = {};
  ExecutorId executor_id = {};
  std::optional<TimePoint> timestamp = {};
  // Present exactly when the scheduler has to acknowledge it.
  std::optional<Uuid> uuid = {};
  std::optional<bool> healthy = {};
  std::vector<Label> labels = {};
  std::optional<ContainerStatus> container = {};
  std::optional<TimePoint> unreachable_time = {};
  std::optional<CheckStatus> check = {};
  std::string raw = {};  // as received; the wire overlays the fields above and so passes on the rest

  friend bool operator==(const TaskStatus&, const TaskStatus&) = default;
};

}  // namespace windlass
