#include "sim/executor_node.hpp"

#include "sim/cluster.hpp"
#include "sim/describe.hpp"
#include "sim/executor_acts.hpp"

#include <utility>

namespace windlass::sim {

using namespace std::chrono_literals;

namespace {

constexpr Duration startup_max = 20ms;
constexpr Duration subscribe_wait_max = 2s;  // MESOS_SUBSCRIPTION_BACKOFF_MAX

}  // namespace

ExecutorNode::ExecutorNode(Cluster& cluster, Machine& machine, std::int64_t pid, engine::LaunchExecutor launch)
    : cluster_(cluster), machine_(machine), pid_(pid), launch_(std::move(launch)), prng_(cluster.world.prng().next()) {
  state_.settings.checkpoint = launch_.framework.checkpoint;
}

void ExecutorNode::start() {
  CoreLoop<executor::Event, executor::Effects>::Hooks hooks;
  hooks.step = [this](const executor::Event& event) {
    return executor::step(state_, event, {.now = cluster_.world.now(), .prng = prng_});
  };
  hooks.carry_out = [this](const executor::Effects& fx, const std::function<void()>& done) {
    carry_out(fx);
    if (!exiting_) done();
  };
  hooks.time_passed = executor::TimePassed{};
  loop_ = std::make_unique<CoreLoop<executor::Event, executor::Effects>>(cluster_.world, name(), std::move(hooks));
  subscribe_after(cluster_.world.between(1ms, startup_max));
}

void ExecutorNode::carry_out(const executor::Effects& fx) {
  for (const auto& call : fx.calls) {
    if (!exiting_) std::visit(ExecutorActs{*this}, call);
  }
}

void ExecutorNode::tell(const TaskId& task, executor::TaskEventBody body) {
  loop_->post(executor::TaskEvent{task, std::move(body)});
}

void ExecutorNode::post_later(Duration delay, const TaskId& task, executor::TaskEventBody body) {
  cluster_.world.after(delay, [&machine = machine_, pid = pid_, task, body = std::move(body)] {
    if (ExecutorNode* self = machine.find_executor(pid)) self->tell(task, body);
  });
}

// --- the agent ------------------------------------------------------------------------------------------------------

void ExecutorNode::subscribe_after(Duration delay) {
  cluster_.world.after(delay, [&machine = machine_, pid = pid_] {
    ExecutorNode* self = machine.find_executor(pid);
    if (self != nullptr && self->connection_ == 0 && !self->exiting_) self->subscribe();
  });
}

void ExecutorNode::subscribe() {
  Link& link = machine_.executor_link;
  connection_ = link.connect([&machine = machine_, pid = pid_](Link::Id id) {
    if (ExecutorNode* self = machine.find_executor(pid)) self->lost(id);
  });
  const auto body = executor::take_subscription(state_);
  cluster_.world.note(name(), describe(executor_calls::Body{body}));
  for (const auto& status : body.unacknowledged_updates) {
    cluster_.agent_checker.executor_says(pid_, executor_calls::Update{status});
    cluster_.guest_checker.executor_says(status);
  }
  link.send_up(connection_,
               [&machine = machine_, id = connection_, framework = launch_.framework.id, executor = launch_.executor.id,
                body] { machine.agent->executor_subscribes(id, framework, executor, body); });
}

void ExecutorNode::subscribe_answered(Link::Id id, int status, const std::string& text) {
  if (id != connection_) return;
  if (status == 200) {
    subscribed_ = true;
  } else if (status == 400) {
    cluster_.world.note(name(), "is answered 400 " + text);
    loop_->post(executor::AgentRefused{text});
  }
}

void ExecutorNode::lost(Link::Id id) {
  if (id != connection_ || exiting_) return;
  connection_ = 0;
  subscribed_ = false;
  loop_->post(executor::AgentDisconnected{});
  subscribe_after(cluster_.world.between(0ms, subscribe_wait_max));
}

// A call that is not taken means that the agent and we do not agree on the subscription.
void ExecutorNode::refused(int status, const std::string& text) {
  cluster_.world.note(name(), "is answered " + std::to_string(status) + " " + text);
  const auto id = connection_;
  machine_.executor_link.close_client(id);
  lost(id);
}

void ExecutorNode::event_in(Link::Id id, const ExecutorEvent& event) {
  if (id != connection_ || exiting_) return;
  if (!std::holds_alternative<executor_events::Heartbeat>(event)) {
    cluster_.world.note(name(), "hears " + describe(event));
  }
  cluster_.agent_checker.executor_hears(machine_, pid_, event);
  if (std::holds_alternative<executor_events::Shutdown>(event)) {
    cluster_.guest_checker.executor_told_to_end(launch_.executor.id);
  }
  if (const auto* launch = std::get_if<executor_events::Launch>(&event)) runs_[launch->task.id];
  if (const auto* group = std::get_if<executor_events::LaunchGroup>(&event)) {
    for (const auto& task : group->tasks) runs_[task.id];
  }
  loop_->post(executor::AgentEvent{event});
}

void ExecutorNode::send(const executor_calls::Body& body) {
  if (!subscribed_) return;
  cluster_.world.note(name(), describe(body));
  cluster_.agent_checker.executor_says(pid_, body);
  if (const auto* update = std::get_if<executor_calls::Update>(&body)) {
    cluster_.guest_checker.executor_says(update->status);
  }
  const ExecutorCall call{launch_.framework.id, launch_.executor.id, body};
  machine_.executor_link.send_up(
      connection_, [&machine = machine_, id = connection_, call] { machine.agent->executor_calls_in(id, call); });
}

}  // namespace windlass::sim
