#include "engine/calls.hpp"

#include "engine/accept.hpp"
#include "engine/executors.hpp"
#include "engine/framework_rules.hpp"
#include "engine/frameworks.hpp"
#include "engine/offers.hpp"
#include "engine/tasks.hpp"

namespace windlass::engine {
namespace {

// The framework of a call that is taken; nullptr when the call is refused, and then it is answered.
Framework* admitted(Turn& turn, const FrameworkCall& event) {
  const FrameworkId& id = event.call.framework_id;
  Framework* framework = find_framework(turn.state, id);
  const bool is_known = framework != nullptr;
  const auto refusal = call_refusal(id, is_known, is_known ? framework->stream : std::nullopt, event.stream_header);
  if (refusal) {
    turn.answer(event.request, refusal->status, refusal->text);
    return nullptr;
  }
  return framework;
}

// One function for each call of the API; those that end without an answer of their own are answered 202.
struct Handler {
  Turn& turn;
  Framework& framework;
  RequestId request;

  int operator()(const calls::Subscribe&) const { return 501; }  // comes as FrameworkSubscribe
  int operator()(const calls::Teardown&) const { return remove_framework(turn, framework), 202; }
  int operator()(const calls::Accept& call) const { return accept(turn, framework, call), 202; }
  int operator()(const calls::Decline& call) const { return decline(turn, framework, call), 202; }
  int operator()(const calls::Revive& call) const { return revive(turn, framework, call), 202; }
  int operator()(const calls::Suppress& call) const { return suppress(turn, framework, call), 202; }
  int operator()(const calls::Kill& call) const { return kill(turn, framework, call), 202; }
  int operator()(const calls::Shutdown& call) const { return shutdown_executor(turn, framework, call), 202; }
  int operator()(const calls::Acknowledge& call) const { return acknowledge(turn, framework, call), 202; }
  int operator()(const calls::Reconcile& call) const { return reconcile(turn, framework, call), 202; }
  int operator()(const calls::Message& call) const { return message_executor(turn, framework, call), 202; }
  // Mesos' allocator ignores requests, too (mesos.md 2.1).
  int operator()(const calls::Request&) const { return 202; }
  int operator()(const calls::Unsupported&) const { return 501; }
  int operator()(const calls::UpdateFramework& call) const {
    // The only call with a result of its own (mesos.md 1.3, point 11).
    update_framework(turn, request, framework, call);
    return 0;
  }
};

}  // namespace

void framework_call(Turn& turn, const FrameworkCall& event) {
  Framework* framework = admitted(turn, event);
  if (framework == nullptr) return;
  const int status = std::visit(Handler{turn, *framework, event.request}, event.call.body);
  // 202 says that the call was taken, not that it did anything: what comes of it is told by events (mesos.md 1.3).
  if (status != 0) turn.answer(event.request, status);
}

}  // namespace windlass::engine
