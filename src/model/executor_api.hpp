#pragma once
// The Mesos v1 executor API as values (mesos.md 3.1): what an executor says to its agent, and what it hears.

#include "model/framework.hpp"
#include "model/status.hpp"
#include "model/task.hpp"

#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace windlass::executor_calls {

struct Subscribe {
  std::vector<TaskInfo> unacknowledged_tasks = {};
  std::vector<TaskStatus> unacknowledged_updates = {};
  friend bool operator==(const Subscribe&, const Subscribe&) = default;
};
struct Update {
  TaskStatus status;
  friend bool operator==(const Update&, const Update&) = default;
};
struct Message {
  std::string data;
  friend bool operator==(const Message&, const Message&) = default;
};
struct Heartbeat {
  friend bool operator==(const Heartbeat&, const Heartbeat&) = default;
};

using Body = std::variant<Subscribe, Update, Message, Heartbeat>;

}  // namespace windlass::executor_calls

namespace windlass {

struct ExecutorCall {
  FrameworkId framework_id;
  ExecutorId executor_id;
  executor_calls::Body body;
  friend bool operator==(const ExecutorCall&, const ExecutorCall&) = default;
};

}  // namespace windlass

namespace windlass::executor_events {

struct Subscribed {
  ExecutorInfo executor;
  FrameworkInfo framework;
  AgentInfo agent;
  ContainerId container_id = {};
  friend bool operator==(const Subscribed&, const Subscribed&) = default;
};
struct Launch {
  TaskInfo task;
  friend bool operator==(const Launch&, const Launch&) = default;
};
struct LaunchGroup {
  std::vector<TaskInfo> tasks;
  friend bool operator==(const LaunchGroup&, const LaunchGroup&) = default;
};
struct Kill {
  TaskId task_id;
  std::optional<KillPolicy> kill_policy = {};
  friend bool operator==(const Kill&, const Kill&) = default;
};
// The agent has the update durably. It says nothing about the scheduler.
struct Acknowledged {
  TaskId task_id;
  Uuid uuid;
  friend bool operator==(const Acknowledged&, const Acknowledged&) = default;
};
struct Message {
  std::string data;
  friend bool operator==(const Message&, const Message&) = default;
};
struct Shutdown {
  friend bool operator==(const Shutdown&, const Shutdown&) = default;
};
struct Error {
  std::string message;
  friend bool operator==(const Error&, const Error&) = default;
};
struct Heartbeat {
  friend bool operator==(const Heartbeat&, const Heartbeat&) = default;
};

using Body = std::variant<Subscribed, Launch, LaunchGroup, Kill, Acknowledged, Message, Shutdown, Error, Heartbeat>;

}  // namespace windlass::executor_events

namespace windlass {
using ExecutorEvent = executor_events::Body;
}  // namespace windlass
