#include "executor/step.hpp"

#include "executor/ports.hpp"
#include "executor/turn.hpp"

#include <algorithm>

namespace windlass::executor {

namespace {

constexpr const char* launch_failed = "Failed to launch container";

// Until an agent that never answered is given up; Mesos' own registration timeout.
constexpr std::chrono::seconds first_subscription_wait{60};
// A subscribed executor without a task waits so long for one. The launch follows the subscription at once, unless it
// was lost with an earlier connection.
constexpr std::chrono::seconds idle_limit{60};
// Docker is asked again after so long when it is away, and when it does not yet see what it has started.
constexpr std::chrono::seconds docker_retry{1};
constexpr std::chrono::milliseconds inspect_retry{500};

bool is_gone(const Error& error) { return error.code == Errc::not_found; }
// Docker may have done what was asked, or may not.
bool is_unclear(const Error& error) {
  return error.code == Errc::timeout || error.code == Errc::closed || error.code == Errc::unavailable;
}

// --- the agent -------------------------------------------------------------------------------------------------------

void lose_agent(Turn& turn, const std::string& why) {
  turn.log("the agent is lost: " + why);
  turn.state.link = Lost{};
  end_task(turn, Ending{.cause = Cause::agent_lost, .grace = shutdown_grace(turn.state.settings)});
}

struct OnAgentEvent {
  Turn& turn;

  void operator()(const executor_events::Subscribed& event) const {
    State& state = turn.state;
    state.link = Subscribed{};
    state.container_id = event.container_id;
    state.reports_killing = event.framework.can(Capability::task_killing_state);
    if (auto* idle = std::get_if<Idle>(&state.life)) idle->leave_at = turn.in.now + idle_limit;
    for (Outbox::Update& update : state.outbox.updates) {
      if (!std::exchange(update.sent, true)) turn.call(SendToAgent{executor_calls::Update{update.status}});
    }
  }
  void operator()(const executor_events::Launch& event) const { launch(turn, event.task); }
  void operator()(const executor_events::LaunchGroup& event) const {
    for (const TaskInfo& task : event.tasks) refuse(turn, task, "Task groups are not supported by this executor");
    if (!std::holds_alternative<Idle>(turn.state.life)) return;
    turn.state.life = Reported{.exit_code = 1, .leave_at = turn.in.now + first_subscription_wait};
  }
  void operator()(const executor_events::Kill& event) const {
    const Job* job = find_job(turn.state.life);
    if (job == nullptr || job->task.id != event.task_id) return;
    end_task(turn, Ending{.cause = Cause::kill, .grace = kill_grace(turn.state, event.kill_policy)});
  }
  void operator()(const executor_events::Acknowledged& event) const { acknowledge(turn, event); }
  void operator()(const executor_events::Message&) const {}
  void operator()(const executor_events::Shutdown&) const {
    end_task(turn, Ending{.cause = Cause::shutdown, .grace = shutdown_grace(turn.state.settings)});
  }
  void operator()(const executor_events::Error& event) const { lose_agent(turn, event.message); }
  void operator()(const executor_events::Heartbeat&) const {}
};

void on(Turn& turn, const AgentEvent& event) { std::visit(OnAgentEvent{turn}, event.event); }

void on(Turn& turn, const AgentDisconnected&) {
  State& state = turn.state;
  for (Outbox::Update& update : state.outbox.updates) update.sent = false;
  if (std::holds_alternative<Subscribed>(state.link)) {
    if (!state.settings.checkpoint) return lose_agent(turn, "disconnected, and the framework does not checkpoint");
    const auto wait = std::chrono::duration_cast<TimePoint::duration>(state.settings.recovery_timeout);
    state.link = Unsubscribed{turn.in.now + wait};
  } else if (auto* waiting = std::get_if<Unsubscribed>(&state.link)) {
    if (!waiting->give_up_at) waiting->give_up_at = turn.in.now + first_subscription_wait;
  }
}

void on(Turn& turn, const AgentRefused& event) {
  if (!std::holds_alternative<Lost>(turn.state.link)) lose_agent(turn, event.text);
}

// --- from plan to running
// ----------------------------------------------------------------------------------------------

void fail_launch(Turn& turn, const Error& error, std::string leftover = {}) {
  finish(turn, launch_failure(launch_failed, error), std::move(leftover));
}

void pull(Turn& turn, Job job, ContainerPlan plan) {
  const std::string image = plan.spec.image;
  turn.state.life = Pulling{.job = std::move(job), .plan = std::move(plan), .latest = "waiting for the registry"};
  turn.log("pulling " + image);
  turn.call(PullImage{image});
  report_pull(turn, std::get<Pulling>(turn.state.life));
}

void inspect_image(Turn& turn, Job job, ContainerPlan plan, bool pulled) {
  const std::string image = plan.spec.image;
  turn.state.life = Inspecting{.job = std::move(job), .plan = std::move(plan), .pulled = pulled};
  turn.call(InspectImage{image});
}

void on(Turn& turn, const ContainerPlanned& event) {
  auto* planning = std::get_if<Planning>(&turn.state.life);
  if (planning == nullptr) return;
  if (!event.plan) return fail_launch(turn, event.plan.error());
  for (const std::string& warning : event.plan->warnings) turn.log("warning: " + warning);
  Job job = std::move(planning->job);
  job.memory_bytes = event.plan->spec.memory_bytes;
  if (event.plan->force_pull) return pull(turn, std::move(job), *event.plan);
  inspect_image(turn, std::move(job), *event.plan, false);
}

void on(Turn& turn, const ImageInspected& event) {
  auto* inspecting = std::get_if<Inspecting>(&turn.state.life);
  if (inspecting == nullptr) return;
  if (!event.image) return fail_launch(turn, event.image.error());
  Job job = std::move(inspecting->job);
  ContainerPlan plan = std::move(inspecting->plan);
  const bool pulled = inspecting->pulled;
  if (!*event.image && !pulled) return pull(turn, std::move(job), std::move(plan));
  const std::string name = plan.spec.name;
  turn.state.life = Creating{.job = std::move(job), .name = name};
  if (!*event.image) {
    return fail_launch(turn, Error{Errc::not_found, "image '" + plan.spec.image + "' is not there after its pull", {}});
  }
  for (std::string& warning : pair_ports(plan, **event.image)) turn.log(std::move(warning));
  turn.call(CreateContainer{std::move(plan.spec)});
}

void on(Turn& turn, const PullProgress& event) {
  auto* pulling = std::get_if<Pulling>(&turn.state.life);
  if (pulling == nullptr) return;
  pulling->latest = event.text;
  report_pull(turn, *pulling);
}

void on(Turn& turn, const PullEnded& event) {
  auto* pulling = std::get_if<Pulling>(&turn.state.life);
  if (pulling == nullptr) return;
  if (event.error) {
    const std::string what = "Failed to pull image '" + pulling->plan.spec.image + "': " + to_string(*event.error);
    return fail_launch(turn, Error{event.error->code, what, {}});
  }
  inspect_image(turn, std::move(pulling->job), std::move(pulling->plan), true);
}

void on(Turn& turn, const ContainerCreated& event) {
  auto* creating = std::get_if<Creating>(&turn.state.life);
  if (creating == nullptr) return;
  std::string leftover;
  if (event.id) {
    leftover = *event.id;
  } else if (is_unclear(event.id.error())) {
    leftover = creating->name;
  }
  if (creating->ending) {
    const Ending ending = *creating->ending;
    return finish(turn, killed_before_start(ending), std::move(leftover));
  }
  if (!event.id) return fail_launch(turn, event.id.error(), std::move(leftover));
  Job job = std::move(creating->job);
  turn.state.life = Attaching{.job = std::move(job), .id = leftover};
  turn.call(AttachContainer{leftover});
}

void look_later(Turn& turn, std::optional<TimePoint>& look_at, std::chrono::milliseconds by) {
  if (!look_at) look_at = turn.in.now + by;
}

// The state of the container that runs or stops, or nulls.
struct Watched {
  const Container* container = nullptr;
  std::optional<TimePoint>* look_at = nullptr;
  const Job* job = nullptr;
  std::optional<Ending> ending = {};
};

Watched watched(State& state) {
  if (auto* running = std::get_if<Running>(&state.life)) {
    return {std::get_if<Container>(&running->runner), &running->look_at, &running->job, {}};
  }
  if (auto* stopping = std::get_if<Stopping>(&state.life)) {
    return {std::get_if<Container>(&stopping->runner), &stopping->look_at, &stopping->job, stopping->ending};
  }
  return {};
}

void on(Turn& turn, const ContainerAttached& event) {
  if (auto* attaching = std::get_if<Attaching>(&turn.state.life)) {
    const std::string id = attaching->id;
    if (event.error) return fail_launch(turn, *event.error, id);
    Job job = std::move(attaching->job);
    turn.state.life = Starting{.job = std::move(job), .id = id};
    turn.call(StartContainer{id});
    return;
  }
  const Watched now = watched(turn.state);
  if (now.container != nullptr && event.error) look_later(turn, *now.look_at, docker_retry);
}

void on(Turn& turn, const OutputLost&) {
  const Watched now = watched(turn.state);
  if (now.container != nullptr) look_later(turn, *now.look_at, docker_retry);
}

void on(Turn& turn, const ContainerStarted& event) {
  auto* starting = std::get_if<Starting>(&turn.state.life);
  if (starting == nullptr) return;
  const std::string id = starting->id;
  if (!event.error) {
    turn.call(InspectContainer{id});
    return;
  }
  if (starting->ending) {
    const Ending ending = *starting->ending;
    return finish(turn, killed_before_start(ending), id);
  }
  fail_launch(turn, *event.error, id);
}

// As Mesos' Docker executor reports them: IPv4 without a protocol, IPv6 with it; nothing when Docker knows none (host
// network: the agent then puts in its own).
std::optional<ContainerStatus> container_status(const ContainerView& view, const TaskInfo& task) {
  if (view.addresses.empty()) return std::nullopt;
  const ContainerAddress& first = view.addresses.front();
  NetworkInfo network;
  if (task.container && !task.container->network_names.empty()) network.name = task.container->network_names.front();
  if (!first.ipv4.empty()) network.addresses.push_back({.address = first.ipv4});
  if (!first.ipv6.empty()) network.addresses.push_back({.address = first.ipv6, .protocol = 2});
  return ContainerStatus{.networks = {std::move(network)}};
}

Outcome gone_outcome(const Watched& now, const Error& error) {
  return Outcome{.state = now.ending ? TaskState::killed : TaskState::failed,
                 .message = "Container is gone: " + to_string(error),
                 .exit_code = 1};
}

void begin_running(Turn& turn, Starting& starting, const ContainerView& view) {
  Job job = std::move(starting.job);
  const auto ending = starting.ending;
  Container container{.id = starting.id, .stop_signal = view.stop_signal};
  job.addresses = container_status(view, job.task);
  turn.call(WatchContainer{container.id});
  if (ending) return stop_running(turn, std::move(job), std::move(container), *ending);
  report(turn, job, TaskState::running, {}, "[" + view.document + "]");
  turn.state.life = Running{.job = std::move(job), .runner = std::move(container)};
}

void on_starting(Turn& turn, Starting& starting, const ContainerInspected& event) {
  if (!event.view) {
    if (!is_gone(event.view.error())) return look_later(turn, starting.look_at, docker_retry);
    return fail_launch(turn, event.view.error());
  }
  if (!event.view->started) return look_later(turn, starting.look_at, inspect_retry);
  begin_running(turn, starting, *event.view);
}

void on(Turn& turn, const ContainerInspected& event) {
  if (auto* starting = std::get_if<Starting>(&turn.state.life)) return on_starting(turn, *starting, event);
  const Watched now = watched(turn.state);
  if (now.container == nullptr) return;
  if (event.view) {
    // Docker is back. Running or not: the rest of the output comes first, then the end.
    turn.call(AttachContainer{now.container->id});
    turn.call(WatchContainer{now.container->id});
    return;
  }
  if (!is_gone(event.view.error())) return look_later(turn, *now.look_at, docker_retry);
  finish(turn, gone_outcome(now, event.view.error()), {});
}

// --- the end
// -----------------------------------------------------------------------------------------------------------

void on(Turn& turn, const ContainerExited& event) {
  const Watched now = watched(turn.state);
  if (now.container == nullptr) return;
  const std::string id = now.container->id;
  finish(turn, container_outcome(*now.job, event.end, now.ending), id);
}

void on(Turn& turn, const WatchFailed& event) {
  const Watched now = watched(turn.state);
  if (now.container == nullptr) return;
  if (is_gone(event.error)) return finish(turn, gone_outcome(now, event.error), {});
  turn.log("Docker does not answer; the container is left alone: " + to_string(event.error));
  look_later(turn, *now.look_at, docker_retry);
}

void on(Turn& turn, const SignalFailed& event) {
  auto* stopping = std::get_if<Stopping>(&turn.state.life);
  if (stopping == nullptr) return;
  // Not running, or not there: the watch tells.
  if (event.error.code == Errc::conflict || is_gone(event.error)) return;
  turn.log("could not signal the container: " + to_string(event.error));
  retry_signal(turn, *stopping);
}

void on(Turn& turn, const ContainerRemoved& event) {
  const auto* removing = std::get_if<Removing>(&turn.state.life);
  if (removing == nullptr) return;
  const int exit_code = removing->exit_code;
  if (event.error) turn.log("could not remove the container: " + to_string(*event.error));
  turn.state.life = Gone{};
  turn.call(Exit{exit_code});
}

void on(Turn& turn, const ProcessStarted& event) {
  auto* spawning = std::get_if<Spawning>(&turn.state.life);
  if (spawning == nullptr) return;
  if (!event.pid) return finish(turn, launch_failure("Failed to launch command", event.pid.error()), {});
  Job job = std::move(spawning->job);
  const auto ending = spawning->ending;
  if (ending) return stop_running(turn, std::move(job), Process{*event.pid}, *ending);
  report(turn, job, TaskState::running, {});
  turn.state.life = Running{.job = std::move(job), .runner = Process{*event.pid}};
}

void on(Turn& turn, const ProcessExited& event) {
  if (const auto* running = std::get_if<Running>(&turn.state.life)) {
    finish(turn, process_outcome(running->job, event.exit_code, event.signal, {}), {});
  } else if (const auto* stopping = std::get_if<Stopping>(&turn.state.life)) {
    finish(turn, process_outcome(stopping->job, event.exit_code, event.signal, stopping->ending), {});
  }
}

void on(Turn& turn, const SignalReceived& event) {
  const Duration grace = shutdown_grace(turn.state.settings);
  end_task(turn, Ending{.cause = Cause::signal, .grace = grace, .signal = event.number});
}

// --- time
// ----------------------------------------------------------------------------------------------------------------

bool is_due(const std::optional<TimePoint>& at, TimePoint now) { return at && *at <= now; }

void look_if_due(Turn& turn, std::optional<TimePoint>& look_at, const std::string& id) {
  if (!is_due(look_at, turn.in.now)) return;
  look_at.reset();
  turn.call(InspectContainer{id});
}

struct OnTime {
  Turn& turn;

  void operator()(const Idle& idle) const {
    if (!is_due(idle.leave_at, turn.in.now)) return;
    turn.log("there is no task for this executor");
    turn.state.life = Gone{};
    turn.call(Exit{0});
  }
  void operator()(Pulling& pulling) const { report_pull(turn, pulling); }
  void operator()(Starting& starting) const { look_if_due(turn, starting.look_at, starting.id); }
  void operator()(Running& running) const {
    if (const auto* container = std::get_if<Container>(&running.runner)) {
      look_if_due(turn, running.look_at, container->id);
    }
  }
  void operator()(Stopping& stopping) const {
    continue_stopping(turn, stopping);
    if (const auto* container = std::get_if<Container>(&stopping.runner)) {
      look_if_due(turn, stopping.look_at, container->id);
    }
  }
  void operator()(const Reported& reported) const {
    if (reported.leave_at <= turn.in.now) leave(turn);
  }
  void operator()(const Removing& removing) const {
    if (removing.leave_at > turn.in.now) return;
    const int exit_code = removing.exit_code;
    turn.state.life = Gone{};
    turn.call(Exit{exit_code});
  }
  template <class Other>
  void operator()(const Other&) const {}
};

void on(Turn& turn, const TimePassed&) {
  const auto* waiting = std::get_if<Unsubscribed>(&turn.state.link);
  if (waiting != nullptr && is_due(waiting->give_up_at, turn.in.now)) {
    lose_agent(turn, "it did not come back within the recovery timeout");
  }
  Job* job = find_job(turn.state.life);
  if (job != nullptr && is_due(job->complete_by, turn.in.now)) {
    job->complete_by.reset();
    end_task(turn, Ending{.cause = Cause::completion_time});
  }
  std::visit(OnTime{turn}, turn.state.life);
}

struct NextTime {
  std::optional<TimePoint> at = {};

  void include(const std::optional<TimePoint>& time) {
    if (time && (!at || *time < *at)) at = time;
  }
  void operator()(const Idle& idle) { include(idle.leave_at); }
  void operator()(const Pulling& pulling) {
    if (pulling.latest != pulling.reported) include(pulling.report_at);
  }
  void operator()(const Starting& starting) { include(starting.look_at); }
  void operator()(const Running& running) { include(running.look_at); }
  void operator()(const Stopping& stopping) {
    include(stopping.force_at);
    include(stopping.retry_at);
    include(stopping.look_at);
  }
  void operator()(const Reported& reported) { include(reported.leave_at); }
  void operator()(const Removing& removing) { include(removing.leave_at); }
  template <class Other>
  void operator()(const Other&) {}
};

std::optional<TimePoint> next_time(const State& state) {
  NextTime next;
  std::visit([&](const auto& life) { next(life); }, state.life);
  if (const auto* waiting = std::get_if<Unsubscribed>(&state.link)) next.include(waiting->give_up_at);
  if (const Job* job = find_job(state.life)) next.include(job->complete_by);
  return next.at;
}

}  // namespace

Job* find_job(Life& life) {
  return std::visit(
      [](auto& each) -> Job* {
        if constexpr (requires { each.job; }) return &each.job;
        return nullptr;
      },
      life);
}

const Job* find_job(const Life& life) {
  return std::visit(
      [](const auto& each) -> const Job* {
        if constexpr (requires { each.job; }) return &each.job;
        return nullptr;
      },
      life);
}

Effects step(State& state, const Event& event, const Inputs& in) {
  Effects effects;
  if (!std::holds_alternative<Gone>(state.life)) {
    Turn turn{state, in, effects};
    std::visit([&](const auto& each) { on(turn, each); }, event);
  }
  if (!std::holds_alternative<Gone>(state.life)) effects.wake_at = next_time(state);
  return effects;
}

executor_calls::Subscribe take_subscription(State& state) {
  executor_calls::Subscribe subscribe{.unacknowledged_tasks = state.outbox.tasks};
  for (Outbox::Update& update : state.outbox.updates) {
    update.sent = true;
    subscribe.unacknowledged_updates.push_back(update.status);
  }
  return subscribe;
}

}  // namespace windlass::executor
