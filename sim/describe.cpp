#include "sim/describe.hpp"

namespace windlass::sim {

namespace {

std::string join(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) text.append(" ").append(word);
  return text;
}

struct CallText {
  std::string operator()(const calls::Subscribe& call) const { return "SUBSCRIBE " + call.info.id.value; }
  std::string operator()(const calls::Teardown&) const { return "TEARDOWN"; }
  std::string operator()(const calls::Accept& call) const {
    std::string text = "ACCEPT";
    for (const auto& offer : call.offer_ids) text.append(" ").append(offer.value);
    for (const auto& operation : call.operations) {
      for (const auto& task : operation.tasks) text.append(" ").append(task.id.value);
    }
    return text;
  }
  std::string operator()(const calls::Decline& call) const {
    std::string text = "DECLINE";
    for (const auto& offer : call.offer_ids) text.append(" ").append(offer.value);
    return text;
  }
  std::string operator()(const calls::Revive& call) const { return "REVIVE" + join(call.roles); }
  std::string operator()(const calls::Suppress& call) const { return "SUPPRESS" + join(call.roles); }
  std::string operator()(const calls::Kill& call) const { return "KILL " + call.task_id.value; }
  std::string operator()(const calls::Shutdown& call) const { return "SHUTDOWN " + call.executor_id.value; }
  std::string operator()(const calls::Acknowledge& call) const {
    return "ACKNOWLEDGE " + call.task_id.value + " " + call.uuid.to_string();
  }
  std::string operator()(const calls::Reconcile& call) const {
    std::string text = "RECONCILE";
    for (const auto& task : call.tasks) text.append(" ").append(task.task_id.value);
    return text;
  }
  std::string operator()(const calls::Message&) const { return "MESSAGE"; }
  std::string operator()(const calls::Request&) const { return "REQUEST"; }
  std::string operator()(const calls::UpdateFramework&) const { return "UPDATE_FRAMEWORK"; }
  std::string operator()(const calls::Unsupported& call) const { return call.type; }
};

struct EventText {
  std::string operator()(const events::Subscribed& event) const { return "SUBSCRIBED " + event.framework_id.value; }
  std::string operator()(const events::Heartbeat&) const { return "HEARTBEAT"; }
  std::string operator()(const events::Offers& event) const {
    std::string text = "OFFERS";
    for (const auto& offer : event.offers) text.append(" ").append(offer.id.value);
    return text;
  }
  std::string operator()(const events::Rescind& event) const { return "RESCIND " + event.offer_id.value; }
  std::string operator()(const events::Update& event) const { return "UPDATE " + describe(event.status); }
  std::string operator()(const events::Message&) const { return "MESSAGE"; }
  std::string operator()(const events::Failure& event) const {
    return "FAILURE " + (event.executor_id ? event.executor_id->value : event.agent_id.value);
  }
  std::string operator()(const events::Error& event) const { return "ERROR " + event.message; }
  std::string operator()(const events::Other& event) const { return event.type; }
};

struct ExecutorCallText {
  std::string operator()(const executor_calls::Subscribe& call) const {
    std::string text = "SUBSCRIBE tasks:";
    for (const auto& task : call.unacknowledged_tasks) text.append(" ").append(task.id.value);
    text.append(" updates:");
    for (const auto& update : call.unacknowledged_updates) text.append(" ").append(describe(update));
    return text;
  }
  std::string operator()(const executor_calls::Update& call) const { return "UPDATE " + describe(call.status); }
  std::string operator()(const executor_calls::Message&) const { return "MESSAGE"; }
  std::string operator()(const executor_calls::Heartbeat&) const { return "HEARTBEAT"; }
};

struct ExecutorEventText {
  std::string operator()(const executor_events::Subscribed&) const { return "SUBSCRIBED"; }
  std::string operator()(const executor_events::Launch& event) const { return "LAUNCH " + event.task.id.value; }
  std::string operator()(const executor_events::LaunchGroup&) const { return "LAUNCH_GROUP"; }
  std::string operator()(const executor_events::Kill& event) const { return "KILL " + event.task_id.value; }
  std::string operator()(const executor_events::Acknowledged& event) const {
    return "ACKNOWLEDGED " + event.uuid.to_string();
  }
  std::string operator()(const executor_events::Message&) const { return "MESSAGE"; }
  std::string operator()(const executor_events::Shutdown&) const { return "SHUTDOWN"; }
  std::string operator()(const executor_events::Error& event) const { return "ERROR " + event.message; }
  std::string operator()(const executor_events::Heartbeat&) const { return "HEARTBEAT"; }
};

}  // namespace

std::string describe(const TaskStatus& status) {
  std::string text = status.task_id.value + " " + to_string(status.state);
  if (status.reason) text.append(" ").append(to_string(*status.reason));
  if (status.uuid) text.append(" ").append(status.uuid->to_string());
  if (!status.message.empty()) text.append(" \"").append(status.message).append("\"");
  return text;
}

std::string describe(const calls::Body& call) { return std::visit(CallText{}, call); }
std::string describe(const SchedulerEvent& event) { return std::visit(EventText{}, event); }
std::string describe(const executor_calls::Body& call) { return std::visit(ExecutorCallText{}, call); }
std::string describe(const ExecutorEvent& event) { return std::visit(ExecutorEventText{}, event); }

}  // namespace windlass::sim
