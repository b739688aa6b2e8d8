#pragma once
// Everything that the scheduler decides, and nothing that it does.
//
//   API commands ─┐                         ┌─> journal rows   (first)
//   Mesos events ─┼─> step(state, event) ───┼─> Mesos calls    (second)
//   time ─────────┘                         └─> answers        (third)

#include "base/error.hpp"
#include "base/time.hpp"
#include "core/turn.hpp"
#include "model/app.hpp"
#include "model/scheduler_api.hpp"
#include "scheduler/state.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace windlass::scheduler {

// An HTTP request that waits for its Answer.
using RequestId = std::uint64_t;

// --- what happens -------------------------------------------------------------------------------------------------

// Create an app. Ports of 0 (and, for v1, an empty list) get a free service port. Fails: conflict when it exists.
struct StartApp {
  RequestId request = 0;
  App app;
};
// Remove it and end its instances. Fails: not_found.
struct StopApp {
  RequestId request = 0;
  AppId id;
};
// Fails: not_found, invalid.
struct ScaleApp {
  RequestId request = 0;
  AppId id;
  std::int64_t instances = 0;
};
// Kill instances of one app whose host or task id matches ("*" as host: all). With `scale` the app's count goes down by
// as many, else they are replaced. Answer.killed lists them. Fails: not_found.
struct KillTasks {
  RequestId request = 0;
  AppId app;
  std::optional<std::string> host = {};
  std::optional<std::string> task_id = {};
  bool scale = false;
};
// From the master, through the shell's subscription. events::Subscribed begins a connection.
struct MesosEvent {
  SchedulerEvent event;
};
// The subscription is lost; the shell subscribes again by itself.
struct MesosDisconnected {};
// The first event of a process, after the state was loaded.
struct Started {};
// wake_at has come.
struct TimePassed {};

using Event = std::variant<StartApp, StopApp, ScaleApp, KillTasks, MesosEvent, MesosDisconnected, Started, TimePassed>;

// --- what follows -------------------------------------------------------------------------------------------------

// Rows are shared with the state and with pictures, and never change. What counts is what they say.
template <class Record>
bool equal_rows(const std::shared_ptr<const Record>& left, const std::shared_ptr<const Record>& right) {
  return left == right || (left != nullptr && right != nullptr && *left == *right);
}

struct PutFrameworkId {
  FrameworkId id;  // empty: forget it (the master has removed the framework)
  friend bool operator==(const PutFrameworkId&, const PutFrameworkId&) = default;
};
struct PutApp {
  AppId id;
  AppPtr app = {};  // null: removed
  friend bool operator==(const PutApp& left, const PutApp& right) {
    return left.id == right.id && equal_rows(left.app, right.app);
  }
};
struct PutInstance {
  InstanceId id;
  InstancePtr instance = {};
  friend bool operator==(const PutInstance& left, const PutInstance& right) {
    return left.id == right.id && equal_rows(left.instance, right.instance);
  }
};
using Write = std::variant<PutFrameworkId, PutApp, PutInstance>;

// A call for the master. The shell adds framework id and stream id; calls made while not subscribed are dropped by it
// (the core makes them again from its state after the next Subscribed).
struct MesosCall {
  calls::Body body;
  friend bool operator==(const MesosCall&, const MesosCall&) = default;
};
// End this subscription and make a new one (the framework was removed, or the master is silent).
struct Resubscribe {
  friend bool operator==(const Resubscribe&, const Resubscribe&) = default;
};
// A line for our log, for the operator.
struct LogWarning {
  std::string text;
  friend bool operator==(const LogWarning&, const LogWarning&) = default;
};
using Call = std::variant<MesosCall, Resubscribe, LogWarning>;

struct Answer {
  RequestId request = 0;
  std::optional<Error> error = {};         // none: done
  std::vector<Instance> killed = {};       // KillTasks
  std::vector<std::string> warnings = {};  // done, but perhaps not as it was meant
  friend bool operator==(const Answer&, const Answer&) = default;
};

struct Effects {
  std::vector<Write> writes;  // durable before anything below happens
  std::vector<Call> calls;
  std::vector<Answer> notices;
  std::optional<TimePoint> wake_at;  // when to send TimePassed; the last step's value counts
  friend bool operator==(const Effects&, const Effects&) = default;
};

using core::Inputs;

// REQUIRES: `Started` is the first event after the state was made or loaded.
Effects step(State& state, const Event& event, const Inputs& in);

}  // namespace windlass::scheduler
