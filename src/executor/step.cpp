#include "executor/step.hpp"

#include "executor/ports.hpp"
#include "executor/signals.hpp"
#include "executor/turn.hpp"

#include <algorithm>

namespace windlass::executor {

namespace {

// Until an agent that never answered is given up; Mesos' own registration timeout.
constexpr std::chrono::seconds first_subscription_wait{60};
// A subscribed executor without a task waits so long for one. The launch follows the subscription at once, unless it
// was lost with an earlier connection.
constexpr std::chrono::seconds idle_limit{60};
// Docker is asked again after so long when it is away, and when it does not yet see what it has started.
constexpr std::chrono::seconds docker_retry{1};
constexpr std::chrono::milliseconds inspect_retry{500};

bool is_gone(const Error& error) { return error.code == Errc::not_found; }

// --- the agent -------------------------------------------------------------------------------------------------------

void lose_agent(Turn& turn, const std::string& why) {
  turn.log("the agent is lost: " + why);
  turn.state.link = Lost{};
  end_all(turn, Ending{.cause = Cause::agent_lost, .grace = shutdown_grace(turn.state.settings)});
}

struct OnAgentEvent {
  Turn& turn;

  void operator()(const executor_events::Subscribed& event) const {
    State& state = turn.state;
    state.link = Subscribed{};
    state.container_id = event.container_id;
    state.reports_killing = event.framework.can(Capability::task_killing_state);
    if (state.launched == 0) state.leave_at = turn.in.now + idle_limit;
    for (Outbox::Update& update : state.outbox.updates) {
      if (!std::exchange(update.sent, true)) turn.call(SendToAgent{executor_calls::Update{update.status}});
    }
  }
  void operator()(const executor_events::Launch& event) const { launch(turn, event.task); }
  void operator()(const executor_events::LaunchGroup& event) const { launch_group(turn, event.tasks); }
  void operator()(const executor_events::Kill& event) const {
    const auto found = turn.state.tasks.find(event.task_id);
    if (found == turn.state.tasks.end()) return remember_kill(turn, event.task_id);
    const Duration grace = kill_grace(turn.state.settings, find_job(found->second), event.kill_policy);
    TaskTurn task{turn, found->first, found->second};
    const bool is_told = event.kill_policy && event.kill_policy->grace_period;
    end_task(task, Ending{.cause = Cause::kill, .grace = grace, .may_extend = is_told});
  }
  void operator()(const executor_events::Acknowledged& event) const { acknowledge(turn, event); }
  void operator()(const executor_events::Message&) const {}
  void operator()(const executor_events::Shutdown&) const {
    end_all(turn, Ending{.cause = Cause::shutdown, .grace = shutdown_grace(turn.state.settings)});
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

// --- from plan to running -------------------------------------------------------------------------------------------

void inspect_image(TaskTurn& turn, Job job, ContainerPlan plan, bool pulled) {
  const std::string image = plan.spec.image;
  turn.life = Inspecting{.job = std::move(job), .plan = std::move(plan), .pulled = pulled};
  turn.call(InspectImage{image});
}

void on(TaskTurn& turn, const ContainerPlanned& event) {
  auto* planning = std::get_if<Planning>(&turn.life);
  if (planning == nullptr) return;
  if (!event.plan) return fail_launch(turn, event.plan.error());
  for (const std::string& warning : event.plan->warnings) turn.log("warning: " + warning);
  Job job = std::move(planning->job);
  job.memory_bytes = event.plan->spec.memory_bytes;
  job.stop_timeout = stop_grace(event.plan->spec);
  if (event.plan->force_pull) return pull(turn, std::move(job), *event.plan);
  inspect_image(turn, std::move(job), *event.plan, false);
}

void on(TaskTurn& turn, const ImageInspected& event) {
  auto* inspecting = std::get_if<Inspecting>(&turn.life);
  if (inspecting == nullptr) return;
  if (!event.image) return fail_launch(turn, event.image.error());
  Job job = std::move(inspecting->job);
  ContainerPlan plan = std::move(inspecting->plan);
  const bool pulled = inspecting->pulled;
  if (!*event.image && plan.never_pull) {
    turn.life = Planning{std::move(job)};
    return fail_launch(
        turn,
        Error{Errc::not_found, "image '" + plan.spec.image + "' is not on this machine, and --pull is never", {}});
  }
  if (!*event.image && !pulled) return pull(turn, std::move(job), std::move(plan));
  if (!*event.image) {
    turn.life = Planning{std::move(job)};
    return fail_launch(turn, Error{Errc::not_found, "image '" + plan.spec.image + "' is not there after its pull", {}});
  }
  for (std::string& warning : pair_ports(plan, **event.image)) turn.log(std::move(warning));
  const std::string& program = (*event.image)->program;
  if (plan.keeps_program && !program.empty()) plan.spec.command.insert(plan.spec.command.begin(), program);
  if (!job.group) return create(turn, std::move(job), std::move(plan.spec));
  turn.life = Ready{std::move(job), std::move(plan.spec)};
  member_ready(turn);
}

void on(TaskTurn& turn, const PullProgress& event) {
  auto* pulling = std::get_if<Pulling>(&turn.life);
  if (pulling == nullptr) return;
  advance_pull(turn, *pulling, event);
}

void on(TaskTurn& turn, const PullEnded& event) {
  auto* pulling = std::get_if<Pulling>(&turn.life);
  if (pulling == nullptr) return;
  if (pulling->retry_at) return;
  if (event.error) return on_pull_failed(turn, *pulling, *event.error);
  inspect_image(turn, std::move(pulling->job), std::move(pulling->plan), true);
}

void on(TaskTurn& turn, const ContainerCreated& event) {
  auto* creating = std::get_if<Creating>(&turn.life);
  if (creating == nullptr) return;
  std::string leftover;
  if (event.id) {
    leftover = *event.id;
  } else if (is_unclear(event.id.error())) {
    leftover = creating->name;
  }
  if (creating->ending) {
    const Ending ending = *creating->ending;
    return finish(turn, killed_before_start(ending, "while Docker was creating it"), std::move(leftover));
  }
  if (!event.id) return fail_launch(turn, event.id.error(), std::move(leftover));
  Job job = std::move(creating->job);
  turn.life = Attaching{.job = std::move(job), .id = leftover};
  turn.call(AttachContainer{leftover});
}

void look_later(TaskTurn& turn, std::optional<TimePoint>& look_at, std::chrono::milliseconds by) {
  if (!look_at) look_at = turn.in.now + by;
}

// The state of the container that runs or stops, or nulls.
struct Watched {
  const Container* container = nullptr;
  std::optional<TimePoint>* look_at = nullptr;
  const Job* job = nullptr;
  std::optional<Ending> ending = {};
};

Watched watched(Life& life) {
  if (auto* running = std::get_if<Running>(&life)) {
    return {std::get_if<Container>(&running->runner), &running->look_at, &running->job, {}};
  }
  if (auto* stopping = std::get_if<Stopping>(&life)) {
    return {std::get_if<Container>(&stopping->runner), &stopping->look_at, &stopping->job, stopping->ending};
  }
  return {};
}

void on(TaskTurn& turn, const ContainerAttached& event) {
  if (auto* attaching = std::get_if<Attaching>(&turn.life)) {
    const std::string id = attaching->id;
    if (event.error) return fail_launch(turn, *event.error, id);
    Job job = std::move(attaching->job);
    if (!job.group) return start(turn, std::move(job), id);
    turn.life = Attached{std::move(job), id};
    return member_attached(turn);
  }
  const Watched now = watched(turn.life);
  if (now.container != nullptr && event.error) look_later(turn, *now.look_at, docker_retry);
}

void on(TaskTurn& turn, const OutputLost&) {
  const Watched now = watched(turn.life);
  if (now.container != nullptr) look_later(turn, *now.look_at, docker_retry);
}

void on(TaskTurn& turn, const ContainerStarted& event) {
  auto* starting = std::get_if<Starting>(&turn.life);
  if (starting == nullptr) return;
  const std::string id = starting->id;
  if (!event.error) {
    turn.call(InspectContainer{id});
    return;
  }
  if (starting->ending) {
    const Ending ending = *starting->ending;
    return finish(turn, killed_before_start(ending, "while Docker was starting it"), id);
  }
  fail_launch(turn, *event.error, id);
}

// As Mesos' Docker executor reports them: IPv4 without a protocol, IPv6 with it, the network's name when the task has
// named it or when there are several; nothing when Docker knows none (host network: the agent then puts in its own).
std::optional<ContainerStatus> container_status(const State& state, const std::vector<ContainerAddress>& known,
                                                const TaskInfo& task) {
  if (known.empty()) return std::nullopt;
  ContainerStatus status{.container_id = state.container_id};
  for (const ContainerAddress& each : known) {
    NetworkInfo network;
    if (!status.networks.empty()) network.name = each.network;
    if (!each.ipv4.empty()) network.addresses.push_back({.address = each.ipv4});
    if (!each.ipv6.empty()) network.addresses.push_back({.address = each.ipv6, .protocol = 2});
    status.networks.push_back(std::move(network));
  }
  if (task.container && !task.container->network_names.empty()) {
    status.networks.front().name = task.container->network_names.front();
  }
  return status;
}

Outcome lost_outcome(const Watched& now, std::string message) {
  return Outcome{
      .state = now.ending ? TaskState::killed : TaskState::failed, .message = std::move(message), .exit_code = 1};
}

Outcome gone_outcome(const Watched& now, const Error& error) {
  return lost_outcome(now, "Container is gone: " + to_string(error));
}

void begin_checks(TaskTurn& turn, Running running) {
  turn.life = std::move(running);
  Job& job = std::get<Running>(turn.life).job;
  const CheckOptions options{.report_docker_health = turn.state.settings.report_docker_health};
  follow_checks(turn, start_checks(job.checks, job.task, options, turn.in.now));
}

void begin_running(TaskTurn& turn, Starting& starting, const ContainerView& view) {
  Job job = std::move(starting.job);
  const auto ending = starting.ending;
  Container container{.id = starting.id, .stop_signal = view.stop_signal, .started_at = view.started_at};
  const bool has_holder = job.group && !turn.state.groups.at(*job.group).addresses.empty();
  job.addresses =
      container_status(turn.state, has_holder ? turn.state.groups.at(*job.group).addresses : view.addresses, job.task);
  turn.call(WatchContainer{container.id});
  if (ending) return stop_running(turn, std::move(job), std::move(container), *ending);
  report(turn, job, TaskState::running, {}, "[" + view.document + "]");
  begin_checks(turn, Running{.job = std::move(job), .runner = std::move(container)});
}

void on_starting(TaskTurn& turn, Starting& starting, const ContainerInspected& event) {
  if (!event.view) {
    if (!is_gone(event.view.error())) return look_later(turn, starting.look_at, docker_retry);
    return fail_launch(turn, event.view.error());
  }
  if (!event.view->started) return look_later(turn, starting.look_at, inspect_retry);
  begin_running(turn, starting, *event.view);
}

void on(TaskTurn& turn, const ContainerInspected& event) {
  if (auto* starting = std::get_if<Starting>(&turn.life)) return on_starting(turn, *starting, event);
  const Watched now = watched(turn.life);
  if (now.container == nullptr) return;
  if (event.view && event.view->started_at != now.container->started_at) {
    // A task is one start of its container. How that one ended nobody can tell any more.
    const std::string id = now.container->id;
    return finish(turn, lost_outcome(now, "Container was restarted by somebody else"), id);
  }
  if (event.view) {
    // Docker is back. Running or not: the rest of the output comes first, then the end.
    turn.call(AttachContainer{now.container->id});
    turn.call(WatchContainer{now.container->id});
    return;
  }
  if (!is_gone(event.view.error())) return look_later(turn, *now.look_at, docker_retry);
  finish(turn, gone_outcome(now, event.view.error()), {});
}

// --- the end --------------------------------------------------------------------------------------------------------

void on(TaskTurn& turn, const ContainerExited& event) {
  const Watched now = watched(turn.life);
  if (now.container == nullptr) return;
  const std::string id = now.container->id;
  finish(turn, container_outcome(*now.job, event.end, now.ending), id);
}

void on(TaskTurn& turn, const WatchFailed& event) {
  const Watched now = watched(turn.life);
  if (now.container == nullptr) return;
  if (is_gone(event.error)) return finish(turn, gone_outcome(now, event.error), {});
  turn.log("Docker does not answer; the container is left alone: " + to_string(event.error));
  look_later(turn, *now.look_at, docker_retry);
}

void on(TaskTurn& turn, const SignalFailed& event) {
  auto* stopping = std::get_if<Stopping>(&turn.life);
  if (stopping == nullptr) return;
  // Not running, or not there: the watch tells.
  if (event.error.code == Errc::conflict || is_gone(event.error)) return;
  turn.log("could not signal the container: " + to_string(event.error));
  retry_signal(turn, *stopping);
}

void on(TaskTurn& turn, const ContainerProcessKilled&) {
  const auto* stopping = std::get_if<Stopping>(&turn.life);
  const auto* container = stopping == nullptr ? nullptr : std::get_if<Container>(&stopping->runner);
  if (container == nullptr) return;
  const std::string id = container->id;
  Outcome outcome = container_outcome(stopping->job, ContainerEnd{.exit_code = 128 + sigkill}, stopping->ending);
  outcome.message += "; Docker did not answer, its process was killed directly";
  finish(turn, outcome, id);
}

void on(TaskTurn& turn, const ContainerRemoved& event) {
  if (event.error) turn.log("could not remove the container: " + to_string(*event.error));
  if (auto* clearing = std::get_if<Clearing>(&turn.life)) {
    clearing->removed = true;  // and if not: it is as far as we get, and the reaper tries again when we are gone
  } else if (auto* reported = std::get_if<Reported>(&turn.life)) {
    reported->leftover.clear();
  } else if (const auto* removing = std::get_if<Removing>(&turn.life)) {
    const int exit_code = removing->exit_code;
    turn.life = Gone{exit_code};
  }
}

void on(TaskTurn& turn, const ProcessStarted& event) {
  auto* spawning = std::get_if<Spawning>(&turn.life);
  if (spawning == nullptr) return;
  if (!event.pid) return finish(turn, launch_failure("Failed to launch command", event.pid.error()), {});
  Job job = std::move(spawning->job);
  const auto ending = spawning->ending;
  if (ending) return stop_running(turn, std::move(job), Process{*event.pid}, *ending);
  report(turn, job, TaskState::running, {});
  begin_checks(turn, Running{.job = std::move(job), .runner = Process{*event.pid}});
}

void on(TaskTurn& turn, const ProcessExited& event) {
  if (const auto* running = std::get_if<Running>(&turn.life)) {
    finish(turn, process_outcome(running->job, event.exit_code, event.signal, {}), {});
  } else if (const auto* stopping = std::get_if<Stopping>(&turn.life)) {
    finish(turn, process_outcome(stopping->job, event.exit_code, event.signal, stopping->ending), {});
  }
}

void on(TaskTurn& turn, const ProbeEnded& event) {
  auto* running = std::get_if<Running>(&turn.life);
  if (running == nullptr) return;
  Job& job = running->job;
  follow_checks(turn, take_probe_result(job.checks, job.task, event.number, event.result, turn.in.now));
}

void on(TaskTurn& turn, const StatisticsTaken& event) {
  if (!std::holds_alternative<Subscribed>(turn.state.link)) return;
  static_cast<Turn&>(turn).call(SendToAgent{executor_calls::Message{event.message}});
}

void on(Turn& turn, const TaskEvent& event) {
  const auto found = turn.state.tasks.find(event.task);
  if (found == turn.state.tasks.end()) return;
  TaskTurn task{turn, found->first, found->second};
  std::visit([&](const auto& each) { on(task, each); }, event.body);
}

void on(Turn& turn, const HolderMade& event) { on_holder_made(turn, event); }
void on(Turn& turn, const HolderRemoved& event) { on_holder_removed(turn, event); }

void on(Turn& turn, const SignalReceived& event) {
  const Duration grace = shutdown_grace(turn.state.settings);
  end_all(turn, Ending{.cause = Cause::signal, .grace = grace, .signal = event.number});
}

// --- time -----------------------------------------------------------------------------------------------------------

bool is_due(const std::optional<TimePoint>& at, TimePoint now) { return at && *at <= now; }

void look_if_due(TaskTurn& turn, std::optional<TimePoint>& look_at, const std::string& id) {
  if (!is_due(look_at, turn.in.now)) return;
  look_at.reset();
  turn.call(InspectContainer{id});
}

struct OnTime {
  TaskTurn& turn;

  void operator()(Pulling& pulling) const { continue_pull(turn, pulling); }
  void operator()(Starting& starting) const { look_if_due(turn, starting.look_at, starting.id); }
  void operator()(Running& running) const {
    if (const auto* container = std::get_if<Container>(&running.runner)) {
      look_if_due(turn, running.look_at, container->id);
    }
    follow_checks(turn, continue_checks(running.job.checks, running.job.task, turn.in.now));
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
    turn.life = Gone{exit_code};
  }
  template <class Other>
  void operator()(const Other&) const {}
};

void on(Turn& turn, const TimePassed&) {
  const auto* waiting = std::get_if<Unsubscribed>(&turn.state.link);
  if (waiting != nullptr && is_due(waiting->give_up_at, turn.in.now)) {
    lose_agent(turn, "it did not come back within the recovery timeout");
  }
  for (auto& [id, life] : turn.state.tasks) {
    TaskTurn task{turn, id, life};
    Job* job = find_job(life);
    if (job != nullptr && is_due(job->complete_by, turn.in.now)) {
      job->complete_by.reset();
      end_task(task, Ending{.cause = Cause::completion_time});
    }
    std::visit(OnTime{task}, life);
  }
  if (!is_due(turn.state.leave_at, turn.in.now)) return;
  if (turn.state.launched == 0) turn.log("there is no task for this executor");
  turn.state.left = true;
  turn.call(Exit{turn.state.exit_code.value_or(0)});
}

struct NextTime {
  std::optional<TimePoint> at = {};

  void include(const std::optional<TimePoint>& time) {
    if (time && (!at || *time < *at)) at = time;
  }
  void operator()(const Pulling& pulling) {
    if (pulling.has_news) include(pulling.report_at);
    include(pull_time(pulling));
  }
  void operator()(const Starting& starting) { include(starting.look_at); }
  void operator()(const Running& running) {
    include(running.look_at);
    include(next_check(running.job.checks));
  }
  void operator()(const Stopping& stopping) {
    include(stopping.force_at);
    include(stopping.retry_at);
    include(stopping.look_at);
  }
  void operator()(const Clearing& clearing) { include(clearing.report_at); }
  void operator()(const Reported& reported) { include(reported.leave_at); }
  void operator()(const Removing& removing) { include(removing.leave_at); }
  template <class Other>
  void operator()(const Other&) {}
};

std::optional<TimePoint> next_time(const State& state) {
  NextTime next;
  next.include(state.leave_at);
  if (const auto* waiting = std::get_if<Unsubscribed>(&state.link)) next.include(waiting->give_up_at);
  for (const auto& [id, life] : state.tasks) {
    std::visit([&](const auto& each) { next(each); }, life);
    if (const Job* job = find_job(life)) next.include(job->complete_by);
  }
  for (const auto& [number, group] : state.groups) next.include(group.give_up_at);
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
  Effects fx;
  if (state.left) return fx;
  Turn turn{{state, in, fx}};
  std::visit([&](const auto& each) { on(turn, each); }, event);
  settle(turn);
  if (!state.left) fx.wake_at = next_time(state);
  return fx;
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
