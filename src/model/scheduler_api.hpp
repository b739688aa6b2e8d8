#pragma once
// The Mesos v1 scheduler API as values (mesos.md 2.1, 2.2): what a framework says to the master, and what it hears.
// The scheduler makes calls and takes events, the engine takes calls and makes events; wire/ turns both into bytes.

#include "model/framework.hpp"
#include "model/status.hpp"
#include "model/task.hpp"

#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace windlass::calls {

struct Subscribe {
  FrameworkInfo info;
  std::vector<std::string> suppressed_roles = {};
  friend bool operator==(const Subscribe&, const Subscribe&) = default;
};
struct Teardown {
  friend bool operator==(const Teardown&, const Teardown&) = default;
};

// One Offer.Operation. Of the operations only LAUNCH and LAUNCH_GROUP carry tasks; the others are named by `type`.
struct Operation {
  int type = 0;  // Offer.Operation.Type: UNKNOWN 0, LAUNCH 1, RESERVE 2, ..., LAUNCH_GROUP 6
  bool has_id = false;
  std::vector<TaskInfo> tasks = {};           // LAUNCH and LAUNCH_GROUP
  std::optional<ExecutorInfo> executor = {};  // LAUNCH_GROUP
  friend bool operator==(const Operation&, const Operation&) = default;
};
constexpr int operation_launch = 1;
constexpr int operation_launch_group = 6;

struct Accept {
  std::vector<OfferId> offer_ids;
  std::vector<Operation> operations = {};
  double refuse_seconds = 5.0;
  friend bool operator==(const Accept&, const Accept&) = default;
};
struct Decline {
  std::vector<OfferId> offer_ids;
  double refuse_seconds = 5.0;
  friend bool operator==(const Decline&, const Decline&) = default;
};
struct Revive {
  std::vector<std::string> roles = {};  // empty: all
  friend bool operator==(const Revive&, const Revive&) = default;
};
struct Suppress {
  std::vector<std::string> roles = {};  // empty: all
  friend bool operator==(const Suppress&, const Suppress&) = default;
};
struct Kill {
  TaskId task_id;
  std::optional<AgentId> agent_id = {};
  std::optional<KillPolicy> kill_policy = {};
  friend bool operator==(const Kill&, const Kill&) = default;
};
struct Shutdown {
  ExecutorId executor_id;
  AgentId agent_id;
  friend bool operator==(const Shutdown&, const Shutdown&) = default;
};
struct Acknowledge {
  AgentId agent_id;
  TaskId task_id;
  Uuid uuid;
  friend bool operator==(const Acknowledge&, const Acknowledge&) = default;
};
struct ReconcileTask {
  TaskId task_id;
  std::optional<AgentId> agent_id = {};
  friend bool operator==(const ReconcileTask&, const ReconcileTask&) = default;
};
struct Reconcile {
  std::vector<ReconcileTask> tasks = {};  // empty: implicit, all tasks
  friend bool operator==(const Reconcile&, const Reconcile&) = default;
};
struct Message {
  AgentId agent_id;
  ExecutorId executor_id;
  std::string data;
  friend bool operator==(const Message&, const Message&) = default;
};
// REQUEST: the allocator takes no notice of it; 202.
struct Request {
  friend bool operator==(const Request&, const Request&) = default;
};
struct UpdateFramework {
  FrameworkInfo info;
  std::vector<std::string> suppressed_roles = {};
  friend bool operator==(const UpdateFramework&, const UpdateFramework&) = default;
};
// A call of the protocol that the engine does not serve: 501.
struct Unsupported {
  std::string type;
  friend bool operator==(const Unsupported&, const Unsupported&) = default;
};

using Body = std::variant<Subscribe, Teardown, Accept, Decline, Revive, Suppress, Kill, Shutdown, Acknowledge,
                          Reconcile, Message, Request, UpdateFramework, Unsupported>;

}  // namespace windlass::calls

namespace windlass {

struct SchedulerCall {
  FrameworkId framework_id = {};  // empty only in a first SUBSCRIBE
  calls::Body body;
  friend bool operator==(const SchedulerCall&, const SchedulerCall&) = default;
};

}  // namespace windlass

namespace windlass::events {

struct Subscribed {
  FrameworkId framework_id;
  double heartbeat_interval_seconds = 15.0;
  MasterInfo master = {};
  friend bool operator==(const Subscribed&, const Subscribed&) = default;
};
struct Heartbeat {
  friend bool operator==(const Heartbeat&, const Heartbeat&) = default;
};
struct Offers {
  std::vector<Offer> offers;
  bool old_style = false;  // the framework has no MULTI_ROLE: no allocation_info, each resource has a role
  bool unrefined = false;  // it has no RESERVATION_REFINEMENT: reservations are written as a role
  friend bool operator==(const Offers&, const Offers&) = default;
};
struct Rescind {
  OfferId offer_id;
  friend bool operator==(const Rescind&, const Rescind&) = default;
};
struct Update {
  TaskStatus status;
  friend bool operator==(const Update&, const Update&) = default;
};
struct Message {
  AgentId agent_id;
  ExecutorId executor_id;
  std::string data;
  friend bool operator==(const Message&, const Message&) = default;
};
// Without executor_id: the agent is gone. With it: that executor ended; status is the raw wait(2) status.
struct Failure {
  AgentId agent_id;
  std::optional<ExecutorId> executor_id = {};
  std::optional<int> status = {};
  friend bool operator==(const Failure&, const Failure&) = default;
};
// The master closes the stream after it.
struct Error {
  std::string message;
  friend bool operator==(const Error&, const Error&) = default;
};
// An event that this scheduler has no use for (inverse offers, operation updates).
struct Other {
  std::string type;
  friend bool operator==(const Other&, const Other&) = default;
};

using Body = std::variant<Subscribed, Heartbeat, Offers, Rescind, Update, Message, Failure, Error, Other>;

}  // namespace windlass::events

namespace windlass {
using SchedulerEvent = events::Body;
}  // namespace windlass
