#include "wire/mesos/codec.hpp"
#include "wire/mesos/convert.hpp"
#include "wire/mesos/message.hpp"

#include "executor.pb.h"

#include <utility>

namespace windlass {
namespace {

using Call = mesos::v1::executor::Call;
using Event = mesos::v1::executor::Event;
using convert::from;
using convert::to;
namespace pb = mesos::v1;

// With a capital E, unlike the text for schedulers: Mesos has it so (mesos.md 1.5).
Error refused(const std::string& why) { return {Errc::invalid, "Failed to validate Executor::Call: " + why}; }

// Which rules, in which order, with which texts: mesos.md 1.5.
std::string status_defect(const Call& call, const pb::TaskStatus& status) {
  if (!status.has_uuid()) return "Expecting 'uuid' to be present";
  Uuid uuid;
  if (!Uuid::from_bytes(status.uuid(), uuid)) return "Not a valid UUID";
  if (status.has_executor_id() && status.executor_id().value() != call.executor_id().value()) {
    return "ExecutorID in Call: " + call.executor_id().value() +
           " does not match ExecutorID in TaskStatus: " + status.executor_id().value();
  }
  // An unset source is SOURCE_MASTER, the enum's first value, and refused as well.
  if (status.source() != pb::TaskStatus::SOURCE_EXECUTOR) {
    return "Received Call from executor " + call.executor_id().value() + " of framework " +
           call.framework_id().value() + " with invalid source, expecting 'SOURCE_EXECUTOR'";
  }
  if (status.state() == pb::TASK_STAGING) return "Received TASK_STAGING from executor " + call.executor_id().value();
  return {};
}

// An absent sub-message is told apart from an empty one: "subscribe":{} is needed even when there is nothing to say
// (mesos.md 3.1).
Result<executor_calls::Body> body_from(const Call& in) {
  if (!in.has_type()) return refused("Expecting 'type' to be present");
  switch (in.type()) {
    case Call::SUBSCRIBE: {
      if (!in.has_subscribe()) return refused("Expecting 'subscribe' to be present");
      executor_calls::Subscribe out;
      for (const auto& task : in.subscribe().unacknowledged_tasks()) out.unacknowledged_tasks.push_back(from(task));
      for (const auto& update : in.subscribe().unacknowledged_updates()) {
        out.unacknowledged_updates.push_back(from(update.status()));
      }
      return executor_calls::Body{std::move(out)};
    }
    case Call::UPDATE: {
      if (!in.has_update()) return refused("Expecting 'update' to be present");
      const std::string defect = status_defect(in, in.update().status());
      if (!defect.empty()) return refused(defect);
      return executor_calls::Body{executor_calls::Update{from(in.update().status())}};
    }
    case Call::MESSAGE:
      if (!in.has_message()) return refused("Expecting 'message' to be present");
      return executor_calls::Body{executor_calls::Message{in.message().data()}};
    // Its ids may be dummies (mesos.md 3.1), so they are not looked at.
    case Call::HEARTBEAT: return executor_calls::Body{executor_calls::Heartbeat{}};
    case Call::UNKNOWN: break;
  }
  // An explicit UNKNOWN passes validation, and is then not implemented (mesos.md 1.3).
  return Error{Errc::unsupported, "Received 'UNKNOWN' executor call"};
}

struct CallWriter {
  Call& out;

  void operator()(const executor_calls::Subscribe& in) const {
    out.set_type(Call::SUBSCRIBE);
    // Also without tasks and updates: the agent refuses a SUBSCRIBE that lacks it (mesos.md 3.1).
    out.mutable_subscribe();
    for (const TaskInfo& task : in.unacknowledged_tasks) to(task, *out.mutable_subscribe()->add_unacknowledged_tasks());
    for (const TaskStatus& status : in.unacknowledged_updates) {
      to(status, *out.mutable_subscribe()->add_unacknowledged_updates()->mutable_status());
    }
  }
  void operator()(const executor_calls::Update& in) const {
    out.set_type(Call::UPDATE);
    to(in.status, *out.mutable_update()->mutable_status());
  }
  void operator()(const executor_calls::Message& in) const {
    out.set_type(Call::MESSAGE);
    out.mutable_message()->set_data(in.data);
  }
  void operator()(const executor_calls::Heartbeat&) const { out.set_type(Call::HEARTBEAT); }
};

struct EventWriter {
  Event& out;

  void operator()(const executor_events::Subscribed& in) const {
    out.set_type(Event::SUBSCRIBED);
    auto& subscribed = *out.mutable_subscribed();
    to(in.executor, *subscribed.mutable_executor_info());
    to(in.framework, *subscribed.mutable_framework_info());
    to(in.agent, *subscribed.mutable_agent_info());
    subscribed.mutable_container_id()->set_value(in.container_id.value);
  }
  void operator()(const executor_events::Launch& in) const {
    out.set_type(Event::LAUNCH);
    to(in.task, *out.mutable_launch()->mutable_task());
  }
  // All tasks of a group at once, instead of a LAUNCH for each (mesos.md 2.7).
  void operator()(const executor_events::LaunchGroup& in) const {
    out.set_type(Event::LAUNCH_GROUP);
    out.mutable_launch_group()->mutable_task_group();
    for (const TaskInfo& task : in.tasks) to(task, *out.mutable_launch_group()->mutable_task_group()->add_tasks());
  }
  void operator()(const executor_events::Kill& in) const {
    out.set_type(Event::KILL);
    out.mutable_kill()->mutable_task_id()->set_value(in.task_id.value);
    if (in.kill_policy) to(*in.kill_policy, *out.mutable_kill()->mutable_kill_policy());
  }
  // It says that the agent has the update, not that the framework has seen it (mesos.md 3.3).
  void operator()(const executor_events::Acknowledged& in) const {
    out.set_type(Event::ACKNOWLEDGED);
    out.mutable_acknowledged()->mutable_task_id()->set_value(in.task_id.value);
    out.mutable_acknowledged()->set_uuid(in.uuid.to_bytes());
  }
  void operator()(const executor_events::Message& in) const {
    out.set_type(Event::MESSAGE);
    out.mutable_message()->set_data(in.data);
  }
  void operator()(const executor_events::Shutdown&) const { out.set_type(Event::SHUTDOWN); }
  void operator()(const executor_events::Error& in) const {
    out.set_type(Event::ERROR);
    out.mutable_error()->set_message(in.message);
  }
  void operator()(const executor_events::Heartbeat&) const { out.set_type(Event::HEARTBEAT); }
};

// Lenient, unlike calls: what the agent sends has passed its own checks, and may be newer than we are.
Result<ExecutorEvent> event_from(const Event& in) {
  switch (in.type()) {
    case Event::SUBSCRIBED: {
      const auto& subscribed = in.subscribed();
      return ExecutorEvent{executor_events::Subscribed{from(subscribed.executor_info()),
                                                       from(subscribed.framework_info()),
                                                       from(subscribed.agent_info()),
                                                       {subscribed.container_id().value()}}};
    }
    case Event::LAUNCH: return ExecutorEvent{executor_events::Launch{from(in.launch().task())}};
    case Event::LAUNCH_GROUP: {
      executor_events::LaunchGroup group;
      for (const auto& task : in.launch_group().task_group().tasks()) group.tasks.push_back(from(task));
      return ExecutorEvent{std::move(group)};
    }
    case Event::KILL: {
      executor_events::Kill kill{.task_id = {in.kill().task_id().value()}};
      if (in.kill().has_kill_policy()) kill.kill_policy = from(in.kill().kill_policy());
      return ExecutorEvent{std::move(kill)};
    }
    case Event::ACKNOWLEDGED: {
      executor_events::Acknowledged acknowledged{{in.acknowledged().task_id().value()}, {}};
      // An update is acknowledged by its uuid alone: without one this would silently acknowledge nothing.
      if (!Uuid::from_bytes(in.acknowledged().uuid(), acknowledged.uuid)) {
        return Error{Errc::malformed, "ACKNOWLEDGED with a uuid that is none"};
      }
      return ExecutorEvent{std::move(acknowledged)};
    }
    case Event::MESSAGE: return ExecutorEvent{executor_events::Message{in.message().data()}};
    case Event::SHUTDOWN: return ExecutorEvent{executor_events::Shutdown{}};
    case Event::ERROR: return ExecutorEvent{executor_events::Error{in.error().message()}};
    // An event of a type that is newer than we are reads as UNKNOWN (mesos.md 0.1). It shows that the agent is alive,
    // and is taken for just that.
    case Event::HEARTBEAT:
    case Event::UNKNOWN: break;
  }
  return ExecutorEvent{executor_events::Heartbeat{}};
}

}  // namespace

std::string encode(const ExecutorCall& call, Encoding encoding) {
  Call out;
  out.mutable_framework_id()->set_value(call.framework_id.value);
  out.mutable_executor_id()->set_value(call.executor_id.value);
  std::visit(CallWriter{out}, call.body);
  return convert::write_message(out, encoding);
}

Result<ExecutorCall> decode_executor_call(std::string_view bytes, Encoding encoding) {
  Call in;
  auto parsed = convert::read_message(bytes, encoding, "Call", in);
  if (!parsed) return parsed.error();
  auto body = body_from(in);
  if (!body) return body.error();
  return ExecutorCall{{in.framework_id().value()}, {in.executor_id().value()}, std::move(*body)};
}

std::string encode(const ExecutorEvent& event, Encoding encoding) {
  Event out;
  std::visit(EventWriter{out}, event);
  return convert::write_message(out, encoding);
}

Result<ExecutorEvent> decode_executor_event(std::string_view bytes, Encoding encoding) {
  Event in;
  auto parsed = convert::read_message(bytes, encoding, "Event", in);
  if (!parsed) return parsed.error();
  return event_from(in);
}

}  // namespace windlass
