#include "wire/mesos/codec.hpp"
#include "wire/mesos/convert.hpp"
#include "wire/mesos/message.hpp"

#include "scheduler.pb.h"

#include <utility>

namespace windlass {
namespace {

using Call = mesos::v1::scheduler::Call;
using Event = mesos::v1::scheduler::Event;
using convert::from;
using convert::to;
namespace pb = mesos::v1;

Error refused(const std::string& why) { return {Errc::invalid, "Failed to validate scheduler::Call: " + why}; }

template <class Repeated>
std::vector<std::string> strings_from(const Repeated& list) {
  return {list.begin(), list.end()};
}

template <class Repeated>
std::vector<OfferId> offer_ids_from(const Repeated& list) {
  std::vector<OfferId> ids;
  for (const auto& id : list) ids.push_back({id.value()});
  return ids;
}

// ---- calls from bytes ----

// Of operations that are neither LAUNCH nor LAUNCH_GROUP the type is enough: they are not served, and refused by it. A
// launch with an id is refused as well (mesos.md 2.5).
calls::Operation operation_from(const pb::Offer::Operation& in) {
  calls::Operation out{.type = in.type(), .has_id = in.has_id()};
  for (const auto& task : in.launch().task_infos()) out.tasks.push_back(from(task));
  if (in.has_launch_group()) {
    out.executor = from(in.launch_group().executor());
    for (const auto& task : in.launch_group().task_group().tasks()) out.tasks.push_back(from(task));
  }
  return out;
}

// refuse_seconds has its default, 5, from the .proto file, also when there are no filters.
calls::Accept accept_from(const Call::Accept& in) {
  calls::Accept out{.offer_ids = offer_ids_from(in.offer_ids()), .refuse_seconds = in.filters().refuse_seconds()};
  for (const auto& operation : in.operations()) out.operations.push_back(operation_from(operation));
  return out;
}

// No agent is not the same as an empty one: Mesos ignores a KILL whose agent is not the task's (mesos.md 2.10).
calls::Kill kill_from(const Call::Kill& in) {
  calls::Kill out{.task_id = {in.task_id().value()}};
  if (in.has_agent_id()) out.agent_id = AgentId{in.agent_id().value()};
  if (in.has_kill_policy()) out.kill_policy = from(in.kill_policy());
  return out;
}

// The agent decides what is said of an unknown task (mesos.md 2.13), so it is kept apart from none given.
calls::Reconcile reconcile_from(const Call::Reconcile& in) {
  calls::Reconcile out;
  for (const auto& task : in.tasks()) {
    calls::ReconcileTask each{.task_id = {task.task_id().value()}};
    if (task.has_agent_id()) each.agent_id = AgentId{task.agent_id().value()};
    out.tasks.push_back(std::move(each));
  }
  return out;
}

Result<calls::Body> subscribe_from(const Call& in) {
  if (!in.has_subscribe()) return refused("Expecting 'subscribe' to be present");
  const auto& info = in.subscribe().framework_info();
  // A framework without an id yet sends neither; one that comes back sends both, and the same (mesos.md 1.10).
  if (in.framework_id().value() != info.id().value() && (in.has_framework_id() || info.has_id())) {
    if (info.has_id()) return refused("'framework_id' differs from 'subscribe.framework_info.id'");
  }
  return calls::Body{calls::Subscribe{from(info), strings_from(in.subscribe().suppressed_roles())}};
}

Result<calls::Body> acknowledge_from(const Call& in) {
  if (!in.has_acknowledge()) return refused("Expecting 'acknowledge' to be present");
  calls::Acknowledge out{{in.acknowledge().agent_id().value()}, {in.acknowledge().task_id().value()}, {}};
  // 16 bytes with a version of 1 to 5; the text form is refused too (mesos.md 1.4).
  if (!Uuid::from_bytes(in.acknowledge().uuid(), out.uuid)) return refused("Not a valid UUID");
  return calls::Body{std::move(out)};
}

// Calls whose sub-message must be there and needs no further look.
Result<calls::Body> plain_from(const Call& in) {
  switch (in.type()) {
    case Call::ACCEPT:
      if (!in.has_accept()) return refused("Expecting 'accept' to be present");
      return calls::Body{accept_from(in.accept())};
    case Call::DECLINE:
      if (!in.has_decline()) return refused("Expecting 'decline' to be present");
      return calls::Body{
          calls::Decline{offer_ids_from(in.decline().offer_ids()), in.decline().filters().refuse_seconds()}};
    case Call::KILL:
      if (!in.has_kill()) return refused("Expecting 'kill' to be present");
      return calls::Body{kill_from(in.kill())};
    case Call::SHUTDOWN:
      if (!in.has_shutdown()) return refused("Expecting 'shutdown' to be present");
      return calls::Body{calls::Shutdown{{in.shutdown().executor_id().value()}, {in.shutdown().agent_id().value()}}};
    case Call::RECONCILE:
      if (!in.has_reconcile()) return refused("Expecting 'reconcile' to be present");
      return calls::Body{reconcile_from(in.reconcile())};
    case Call::MESSAGE:
      if (!in.has_message()) return refused("Expecting 'message' to be present");
      return calls::Body{
          calls::Message{{in.message().agent_id().value()}, {in.message().executor_id().value()}, in.message().data()}};
    case Call::REQUEST:
      if (!in.has_request()) return refused("Expecting 'request' to be present");
      return calls::Body{calls::Request{}};
    case Call::UPDATE_FRAMEWORK:
      if (!in.has_update_framework()) return refused("Expecting 'update_framework' to be present");
      return calls::Body{calls::UpdateFramework{from(in.update_framework().framework_info()),
                                                strings_from(in.update_framework().suppressed_roles())}};
    // Calls that pass validation, but that the engine does not serve.
    default: return calls::Body{calls::Unsupported{Call::Type_Name(in.type())}};
  }
}

Result<calls::Body> body_from(const Call& in) {
  if (!in.has_type()) return refused("Expecting 'type' to be present");
  // The only call that may come without a framework's id.
  if (in.type() == Call::SUBSCRIBE) return subscribe_from(in);
  if (in.type() == Call::UNKNOWN) return calls::Body{calls::Unsupported{"UNKNOWN"}};
  if (!in.has_framework_id()) return refused("Expecting 'framework_id' to be present");
  switch (in.type()) {
    // These three need no sub-message; REVIVE and SUPPRESS without one are for all roles (mesos.md 1.4).
    case Call::TEARDOWN: return calls::Body{calls::Teardown{}};
    case Call::REVIVE: return calls::Body{calls::Revive{strings_from(in.revive().roles())}};
    case Call::SUPPRESS: return calls::Body{calls::Suppress{strings_from(in.suppress().roles())}};
    case Call::ACKNOWLEDGE: return acknowledge_from(in);
    default: return plain_from(in);
  }
}

// ---- calls to bytes ----

template <class Message>
void offer_ids_to(const std::vector<OfferId>& ids, Message& out) {
  for (const OfferId& id : ids) out.add_offer_ids()->set_value(id.value);
}

struct CallWriter {
  Call& out;

  void operator()(const calls::Subscribe& in) const {
    out.set_type(Call::SUBSCRIBE);
    to(in.info, *out.mutable_subscribe()->mutable_framework_info());
    for (const std::string& role : in.suppressed_roles) out.mutable_subscribe()->add_suppressed_roles(role);
  }
  void operator()(const calls::Teardown&) const { out.set_type(Call::TEARDOWN); }
  void operator()(const calls::Accept& in) const {
    out.set_type(Call::ACCEPT);
    auto& accept = *out.mutable_accept();
    offer_ids_to(in.offer_ids, accept);
    for (const calls::Operation& each : in.operations) {
      auto& operation = *accept.add_operations();
      operation.set_type(static_cast<pb::Offer::Operation::Type>(each.type));
      for (const TaskInfo& task : each.tasks) to(task, *operation.mutable_launch()->add_task_infos());
    }
    // Always said: without filters Mesos keeps the rest of the offer back for 5 s (mesos.md 2.1).
    accept.mutable_filters()->set_refuse_seconds(in.refuse_seconds);
  }
  void operator()(const calls::Decline& in) const {
    out.set_type(Call::DECLINE);
    offer_ids_to(in.offer_ids, *out.mutable_decline());
    out.mutable_decline()->mutable_filters()->set_refuse_seconds(in.refuse_seconds);
  }
  void operator()(const calls::Revive& in) const {
    out.set_type(Call::REVIVE);
    for (const std::string& role : in.roles) out.mutable_revive()->add_roles(role);
  }
  void operator()(const calls::Suppress& in) const {
    out.set_type(Call::SUPPRESS);
    for (const std::string& role : in.roles) out.mutable_suppress()->add_roles(role);
  }
  void operator()(const calls::Kill& in) const {
    out.set_type(Call::KILL);
    out.mutable_kill()->mutable_task_id()->set_value(in.task_id.value);
    if (in.agent_id) out.mutable_kill()->mutable_agent_id()->set_value(in.agent_id->value);
    if (in.kill_policy) to(*in.kill_policy, *out.mutable_kill()->mutable_kill_policy());
  }
  void operator()(const calls::Shutdown& in) const {
    out.set_type(Call::SHUTDOWN);
    out.mutable_shutdown()->mutable_executor_id()->set_value(in.executor_id.value);
    out.mutable_shutdown()->mutable_agent_id()->set_value(in.agent_id.value);
  }
  void operator()(const calls::Acknowledge& in) const {
    out.set_type(Call::ACKNOWLEDGE);
    out.mutable_acknowledge()->mutable_agent_id()->set_value(in.agent_id.value);
    out.mutable_acknowledge()->mutable_task_id()->set_value(in.task_id.value);
    out.mutable_acknowledge()->set_uuid(in.uuid.to_bytes());
  }
  void operator()(const calls::Reconcile& in) const {
    out.set_type(Call::RECONCILE);
    // Without tasks it is there too: that asks for all of them (mesos.md 2.13).
    out.mutable_reconcile();
    for (const calls::ReconcileTask& each : in.tasks) {
      auto& task = *out.mutable_reconcile()->add_tasks();
      task.mutable_task_id()->set_value(each.task_id.value);
      if (each.agent_id) task.mutable_agent_id()->set_value(each.agent_id->value);
    }
  }
  void operator()(const calls::Message& in) const {
    out.set_type(Call::MESSAGE);
    out.mutable_message()->mutable_agent_id()->set_value(in.agent_id.value);
    out.mutable_message()->mutable_executor_id()->set_value(in.executor_id.value);
    out.mutable_message()->set_data(in.data);
  }
  void operator()(const calls::Request&) const {
    out.set_type(Call::REQUEST);
    out.mutable_request();
  }
  void operator()(const calls::UpdateFramework& in) const {
    out.set_type(Call::UPDATE_FRAMEWORK);
    to(in.info, *out.mutable_update_framework()->mutable_framework_info());
    for (const std::string& role : in.suppressed_roles) out.mutable_update_framework()->add_suppressed_roles(role);
  }
  void operator()(const calls::Unsupported&) const { out.set_type(Call::UNKNOWN); }
};

// ---- events ----

struct EventWriter {
  Event& out;

  void operator()(const events::Subscribed& in) const {
    out.set_type(Event::SUBSCRIBED);
    out.mutable_subscribed()->mutable_framework_id()->set_value(in.framework_id.value);
    out.mutable_subscribed()->set_heartbeat_interval_seconds(in.heartbeat_interval_seconds);
    to(in.master, *out.mutable_subscribed()->mutable_master_info());
  }
  void operator()(const events::Heartbeat&) const { out.set_type(Event::HEARTBEAT); }
  void operator()(const events::Offers& in) const {
    out.set_type(Event::OFFERS);
    // Each framework gets offers in the form that its capabilities ask for (mesos.md 2.2).
    const convert::ResourceStyle style{.allocation = !in.old_style, .refined = !in.unrefined};
    for (const Offer& offer : in.offers) to(offer, *out.mutable_offers()->add_offers(), style);
  }
  void operator()(const events::Rescind& in) const {
    out.set_type(Event::RESCIND);
    out.mutable_rescind()->mutable_offer_id()->set_value(in.offer_id.value);
  }
  void operator()(const events::Update& in) const {
    out.set_type(Event::UPDATE);
    to(in.status, *out.mutable_update()->mutable_status());
  }
  void operator()(const events::Message& in) const {
    out.set_type(Event::MESSAGE);
    out.mutable_message()->mutable_agent_id()->set_value(in.agent_id.value);
    out.mutable_message()->mutable_executor_id()->set_value(in.executor_id.value);
    out.mutable_message()->set_data(in.data);
  }
  // With an executor it is the executor that has ended, without one the agent that has gone (mesos.md 2.2).
  void operator()(const events::Failure& in) const {
    out.set_type(Event::FAILURE);
    out.mutable_failure()->mutable_agent_id()->set_value(in.agent_id.value);
    if (in.executor_id) out.mutable_failure()->mutable_executor_id()->set_value(in.executor_id->value);
    if (in.status) out.mutable_failure()->set_status(*in.status);
  }
  void operator()(const events::Error& in) const {
    out.set_type(Event::ERROR);
    out.mutable_error()->set_message(in.message);
  }
  void operator()(const events::Other&) const { out.set_type(Event::UNKNOWN); }
};

SchedulerEvent event_from(const Event& in) {
  switch (in.type()) {
    case Event::SUBSCRIBED:
      return events::Subscribed{{in.subscribed().framework_id().value()},
                                in.subscribed().heartbeat_interval_seconds(),
                                from(in.subscribed().master_info())};
    case Event::HEARTBEAT: return events::Heartbeat{};
    case Event::OFFERS: {
      events::Offers offers;
      for (const auto& offer : in.offers().offers()) offers.offers.push_back(from(offer));
      return offers;
    }
    case Event::RESCIND: return events::Rescind{{in.rescind().offer_id().value()}};
    case Event::UPDATE: return events::Update{from(in.update().status())};
    case Event::MESSAGE:
      return events::Message{
          {in.message().agent_id().value()}, {in.message().executor_id().value()}, in.message().data()};
    case Event::FAILURE: {
      events::Failure failure{.agent_id = {in.failure().agent_id().value()}};
      if (in.failure().has_executor_id()) failure.executor_id = ExecutorId{in.failure().executor_id().value()};
      if (in.failure().has_status()) failure.status = in.failure().status();
      return failure;
    }
    case Event::ERROR: return events::Error{in.error().message()};
    // Inverse offers and operations' states are not asked for; newer events are not known. Neither is an error.
    default: return events::Other{Event::Type_Name(in.type())};
  }
}

}  // namespace

std::string encode(const SchedulerCall& call, Encoding encoding) {
  convert::MessageSpace space;
  auto& out = space.make<Call>();
  // The first SUBSCRIBE of a framework has none; the master gives it one (mesos.md 1.10).
  if (!call.framework_id.empty()) out.mutable_framework_id()->set_value(call.framework_id.value);
  std::visit(CallWriter{out}, call.body);
  return convert::write_message(out, encoding);
}

Result<SchedulerCall> decode_scheduler_call(std::string_view bytes, Encoding encoding) {
  convert::MessageSpace space;
  auto& in = space.make<Call>();
  auto parsed = convert::read_message(bytes, encoding, "Call", in);
  if (!parsed) return parsed.error();
  auto body = body_from(in);
  if (!body) return body.error();
  return SchedulerCall{{in.framework_id().value()}, std::move(*body)};
}

std::string encode(const SchedulerEvent& event, Encoding encoding) {
  convert::MessageSpace space;
  auto& out = space.make<Event>();
  std::visit(EventWriter{out}, event);
  return convert::write_message(out, encoding);
}

Result<SchedulerEvent> decode_scheduler_event(std::string_view bytes, Encoding encoding) {
  convert::MessageSpace space;
  auto& in = space.make<Event>();
  auto parsed = convert::read_message(bytes, encoding, "Event", in);
  if (!parsed) return parsed.error();
  return event_from(in);
}

}  // namespace windlass
