#include "sim/executor_node.hpp"

#include "base/text.hpp"
#include "container/plan.hpp"
#include "sim/cluster.hpp"
#include "sim/describe.hpp"

#include <algorithm>
#include <iterator>
#include <string_view>
#include <utility>

namespace windlass::sim {

using namespace std::chrono_literals;

namespace {

constexpr Duration startup_max = 20ms;
constexpr Duration subscribe_wait_max = 2s;  // MESOS_SUBSCRIPTION_BACKOFF_MAX

// The executor's arguments, as the shell gives them to it: the words after "exec '<path>' ".
std::vector<std::string> argv_of(const ExecutorInfo& executor) {
  const std::string command = executor.command && executor.command->value ? *executor.command->value : "";
  const auto exec = command.find("exec '");
  const auto quote = exec == std::string::npos ? exec : command.find('\'', exec + 6);
  if (quote == std::string::npos) return {};
  std::vector<std::string> argv;
  for (const std::string_view word : split_words(std::string_view{command}.substr(quote + 1))) argv.emplace_back(word);
  return argv;
}

ContainerView view_of(const Container& container) {
  ContainerView view;
  view.id = container.id;
  view.running = container.state == ContainerState::running;
  view.started = container.state != ContainerState::created;
  view.stop_signal = "SIGTERM";
  if (view.started) view.started_at = std::to_string(container.started.time_since_epoch().count());
  view.exit_code = container.exit_code;
  view.addresses.push_back({"bridge", "172.17.0.2", {}});
  return view;
}

}  // namespace

struct ExecutorActs {
  ExecutorNode& node;
  Docker& docker;

  // Error or not, as the event that says so.
  template <class Event>
  Docker::Done done() {
    return node.answer<std::optional<Error>>(
        [](ExecutorNode& self, std::optional<Error> error) { self.tell(Event{std::move(error)}); });
  }

  void operator()(const executor::SendToAgent& call) { node.send(call.body); }
  void operator()(const executor::PlanContainer& call) { node.plan(call.task); }
  void operator()(const executor::InspectImage& call) {
    docker.inspect_image(call.image,
                         node.answer<Result<bool>>([image = call.image](ExecutorNode& self, Result<bool> found) {
                           if (!found) return self.tell(executor::ImageInspected{found.error()});
                           std::optional<DockerImage> known;
                           if (*found) known = DockerImage{"sha256:" + image, {6379, 6380}};
                           self.tell(executor::ImageInspected{known});
                         }));
  }
  void operator()(const executor::PullImage& call) {
    const auto pulled = node.answer<int>([](ExecutorNode& self, int part) {
      self.tell(executor::PullProgress{"1 of 3 layers", {}, static_cast<std::uint64_t>(part)});
    });
    node.pull_ = docker.pull(call.image, pulled, done<executor::PullEnded>());
    node.post_later(10ms, executor::PullProgress{"1 of 3 layers"});
  }
  void operator()(const executor::CancelPull&) {
    if (node.pull_) docker.cancel_pull(*node.pull_);
    node.pull_.reset();
  }
  void operator()(const executor::CreateContainer& call) { node.create(call.spec); }
  void operator()(const executor::AttachContainer& call) {
    node.attached_ = true;
    docker.attach(call.id, done<executor::ContainerAttached>());
  }
  void operator()(const executor::StartContainer& call) { docker.start(call.id, done<executor::ContainerStarted>()); }
  void operator()(const executor::InspectContainer& call) {
    docker.inspect(call.id, node.answer<Result<Container>>([](ExecutorNode& self, Result<Container> seen) {
      if (!seen) return self.tell(executor::ContainerInspected{seen.error()});
      self.tell(executor::ContainerInspected{view_of(*seen)});
    }));
  }
  void operator()(const executor::WatchContainer& call) { node.watch(call.id); }
  void operator()(const executor::SignalContainer& call) {
    docker.signal(call.id, call.signal,
                  node.answer<std::optional<Error>>([](ExecutorNode& self, std::optional<Error> error) {
                    if (error) self.tell(executor::SignalFailed{*error});
                  }));
  }
  void operator()(const executor::RemoveContainer& call) { docker.remove(call.id, done<executor::ContainerRemoved>()); }
  void operator()(const executor::TaskCall& call) { std::visit(*this, call.body); }
  void operator()(const executor::ForgetTask&) {}
  void operator()(const executor::MakeHolder&) { node.cluster_.world.fail("an executor of one task makes a holder"); }
  void operator()(const executor::RemoveHolder&) { node.cluster_.world.fail("an executor removes a holder"); }
  void operator()(const executor::RunProbe&) { node.cluster_.world.fail("a task without checks is probed"); }
  void operator()(const executor::CancelProbe&) { node.cluster_.world.fail("a probe that is none is cancelled"); }
  void operator()(const executor::KillContainerProcess&) {}
  void operator()(const executor::StartProcess&) {
    node.cluster_.world.fail("an executor of a Docker task runs a process");
  }
  void operator()(const executor::SignalProcess&) { node.cluster_.world.fail("an executor signals a process"); }
  void operator()(const executor::LogToSandbox&) {}
  void operator()(const executor::Exit& call) {
    node.exiting_ = true;
    node.cluster_.world.after(0ms, [&cluster = node.cluster_, pid = node.pid_, code = call.code] {
      cluster.end_executor(pid, code << 8, "exit code " + std::to_string(code));
    });
  }
};

ExecutorNode::ExecutorNode(Cluster& cluster, std::int64_t pid, engine::LaunchExecutor launch)
    : cluster_(cluster), pid_(pid), launch_(std::move(launch)), prng_(cluster.world.prng().next()) {
  state_.settings.checkpoint = launch_.framework.checkpoint;
}

template <class Value>
std::function<void(Value)> ExecutorNode::answer(std::function<void(ExecutorNode&, Value)> take) {
  return [&cluster = cluster_, pid = pid_, take = std::move(take)](Value value) {
    if (ExecutorNode* self = cluster.find_executor(pid)) take(*self, std::move(value));
  };
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
    if (!exiting_) std::visit(ExecutorActs{*this, cluster_.docker}, call);
  }
}

void ExecutorNode::tell(executor::TaskEventBody body) { loop_->post(executor::TaskEvent{task_, std::move(body)}); }

void ExecutorNode::post_later(Duration delay, executor::TaskEventBody body) {
  cluster_.world.after(delay, [&cluster = cluster_, pid = pid_, body = std::move(body)] {
    if (ExecutorNode* self = cluster.find_executor(pid)) self->tell(body);
  });
}

// --- the agent ------------------------------------------------------------------------------------------------------

void ExecutorNode::subscribe_after(Duration delay) {
  cluster_.world.after(delay, [&cluster = cluster_, pid = pid_] {
    ExecutorNode* self = cluster.find_executor(pid);
    if (self != nullptr && self->connection_ == 0 && !self->exiting_) self->subscribe();
  });
}

void ExecutorNode::subscribe() {
  Link& link = cluster_.executor_link;
  connection_ = link.connect([&cluster = cluster_, pid = pid_](Link::Id id) {
    if (ExecutorNode* self = cluster.find_executor(pid)) self->lost(id);
  });
  const auto body = executor::take_subscription(state_);
  cluster_.world.note(name(), describe(executor_calls::Body{body}));
  for (const auto& status : body.unacknowledged_updates) {
    cluster_.checker.executor_says(pid_, executor_calls::Update{status});
  }
  link.send_up(connection_,
               [&cluster = cluster_, id = connection_, framework = launch_.framework.id, executor = launch_.executor.id,
                body] { cluster.engine.executor_subscribes(id, framework, executor, body); });
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
  cluster_.executor_link.close_client(id);
  lost(id);
}

void ExecutorNode::event_in(Link::Id id, const ExecutorEvent& event) {
  if (id != connection_ || exiting_) return;
  if (!std::holds_alternative<executor_events::Heartbeat>(event)) {
    cluster_.world.note(name(), "hears " + describe(event));
  }
  cluster_.checker.executor_hears(pid_, event);
  if (const auto* launch = std::get_if<executor_events::Launch>(&event)) task_ = launch->task.id;
  loop_->post(executor::AgentEvent{event});
}

void ExecutorNode::send(const executor_calls::Body& body) {
  if (!subscribed_) return;
  cluster_.world.note(name(), describe(body));
  cluster_.checker.executor_says(pid_, body);
  const ExecutorCall call{launch_.framework.id, launch_.executor.id, body};
  cluster_.executor_link.send_up(
      connection_, [&cluster = cluster_, id = connection_, call] { cluster.engine.executor_calls_in(id, call); });
}

// --- Docker ---------------------------------------------------------------------------------------------------------

void ExecutorNode::plan(const TaskInfo& task) {
  const ContainerContext context{.argv = argv_of(launch_.executor),
                                 .framework_id = launch_.framework.id,
                                 .executor_id = launch_.executor.id,
                                 .container_id = launch_.container_id,
                                 .sandbox = "/sandboxes/" + launch_.container_id.value};
  post_later(1ms, executor::ContainerPlanned{plan_container(task, context)});
}

void ExecutorNode::create(const ContainerSpec& spec) {
  Container container;
  container.owner = pid_;
  container.task = task_;
  container.name = spec.name;
  container.image = spec.image;
  for (const auto& binding : spec.ports) {
    container.host_ports.push_back(static_cast<std::uint16_t>(std::stoi(binding.host_port)));
  }
  cluster_.docker.create(container, answer<Result<std::string>>([](ExecutorNode& self, Result<std::string> id) {
                           self.tell(executor::ContainerCreated{std::move(id)});
                         }));
}

// Docker's wait: it answers when the container has ended, also if that was before.
void ExecutorNode::watch(const std::string& id) {
  cluster_.docker.inspect(id, answer<Result<Container>>([id](ExecutorNode& self, Result<Container> seen) {
                            if (!seen) return self.tell(executor::WatchFailed{seen.error()});
                            const Container* now = self.cluster_.docker.find(id);
                            if (now == nullptr)
                              return self.tell(executor::WatchFailed{{Errc::not_found, "No such container: " + id}});
                            if (now->state == ContainerState::exited) return self.report_exit(*now);
                            self.watched_ = now->id;
                          }));
}

void ExecutorNode::container_exited(const std::string& id) {
  if (watched_ != id) return;
  watched_.reset();
  if (const Container* container = cluster_.docker.find(id)) report_exit(*container);
}

// Sometimes the wait says no more than Podman's does when somebody else removes the container: a guess, which the
// inspect that follows sets right, unless Docker is away by then.
void ExecutorNode::report_exit(const Container& container) {
  attached_ = false;
  executor::ContainerExited event{{.exit_code = container.exit_code}, view_of(container)};
  World& world = cluster_.world;
  if (cluster_.faults.guessed_end != 0 && world.chance(cluster_.faults.guessed_end, 1000)) {
    event.end = {.error = "the container was removed"};
    if (world.chance(1, 2)) event.view = Error{Errc::unavailable, "no answer from Docker"};
  }
  post_later(world.between(1ms, 20ms), std::move(event));
}

void ExecutorNode::daemon_changed(bool up) {
  if (up) return;
  const Error error{Errc::closed, "the connection to the Docker daemon is lost"};
  if (std::exchange(watched_, {})) post_later(cluster_.world.between(0ms, 20ms), executor::WatchFailed{error});
  if (std::exchange(attached_, false)) post_later(cluster_.world.between(0ms, 20ms), executor::OutputLost{});
}

}  // namespace windlass::sim
