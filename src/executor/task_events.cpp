// What Docker and the system answer for one task, and what follows for its life.

#include "executor/container_end.hpp"
#include "executor/ports.hpp"
#include "executor/signals.hpp"
#include "executor/turn.hpp"

#include <utility>

namespace windlass::executor {

namespace {

// How soon Docker is asked again: when it is away, and when it does not yet see what it has started.
constexpr std::chrono::seconds docker_retry{1};
constexpr std::chrono::milliseconds inspect_retry{500};

bool is_gone(const Error& error) { return error.code == Errc::not_found; }

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
  // Without a look before: an image of that name that is here is just what the framework does not want.
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
    // fail_launch() wants a life that has a job, and this one's has been moved out of it.
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
  // Only now: which ports the image EXPOSEs is known when it is here.
  for (std::string& warning : pair_ports(plan, **event.image)) turn.log(std::move(warning));
  const std::string& program = (*event.image)->program;
  // Mesos runs the image's own program with the task's arguments; Docker would take the first of these for the program.
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
  // It has been counted as failed; only the next attempt's end counts.
  if (pulling->retry_at) return;
  if (event.error) return on_pull_failed(turn, *pulling, *event.error);
  // Asked once more although the pull went well: the answer has the EXPOSEd ports and the program.
  inspect_image(turn, std::move(pulling->job), std::move(pulling->plan), true);
}

void on(TaskTurn& turn, const ContainerCreated& event) {
  auto* creating = std::get_if<Creating>(&turn.life);
  if (creating == nullptr) return;
  std::string leftover;
  if (event.id) {
    leftover = *event.id;
  } else if (is_unclear(event.id.error())) {
    // The answer was lost, and perhaps not the container. The name is known, as it was our choice.
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
  // An earlier time stays: several things at once (output lost, watch failed) tell of the same absence.
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
  // A container that runs is attached again after a loss. Its life does not depend on whether that succeeds.
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
    // A start without an error is not enough for TASK_RUNNING: that follows from the StartedAt of an inspect
    // (mesos.md 4.7).
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

// How it ended nobody knows, and so not well: 0 would make a task that was lost a success.
Outcome lost_outcome(const Watched& now, std::string message) {
  return Outcome{
      .state = now.ending ? TaskState::killed : TaskState::failed, .message = std::move(message), .exit_code = 1};
}

Outcome gone_outcome(const Watched& now, const Error& error) {
  return lost_outcome(now, "Container is gone: " + to_string(error));
}

void begin_checks(TaskTurn& turn, Running running) {
  // The state first: follow_checks() works on a task that runs.
  turn.life = std::move(running);
  Job& job = std::get<Running>(turn.life).job;
  const CheckOptions options{.report_docker_health = turn.state.settings.report_docker_health};
  follow_checks(turn, start_checks(job.checks, job.task, options, turn.in.now));
}

void begin_running(TaskTurn& turn, Starting& starting, const ContainerView& view) {
  Job job = std::move(starting.job);
  const auto ending = starting.ending;
  Container container{.id = starting.id, .stop_signal = view.stop_signal, .started_at = view.started_at};
  // A container that shares another's network has no address of its own in its inspect.
  const bool has_holder = job.group && !turn.state.groups.at(*job.group).addresses.empty();
  job.addresses =
      container_status(turn.state, has_holder ? turn.state.groups.at(*job.group).addresses : view.addresses, job.task);
  // It may have ended by now. That this inspect has seen it is handed on, since Docker's wait may hang then.
  turn.call(WatchContainer{container.id, seen_end(view)});
  // A KILL came while Docker was starting it, and TASK_KILLING may be told: TASK_RUNNING must not follow it.
  if (ending) return stop_running(turn, std::move(job), std::move(container), *ending);
  // `docker inspect` prints a list, and Mesos' executor hands on what it prints: readers of `data` expect one
  // (mesos.md 4.1).
  report(turn, job, TaskState::running, {}, "[" + view.document + "]");
  begin_checks(turn, Running{.job = std::move(job), .runner = std::move(container)});
}

void on_starting(TaskTurn& turn, Starting& starting, const ContainerInspected& event) {
  if (!event.view) {
    if (!is_gone(event.view.error())) return look_later(turn, starting.look_at, docker_retry);
    return fail_launch(turn, event.view.error());
  }
  // Docker may answer the start before its inspect shows it; Mesos polls at the same pace (mesos.md 4.1).
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
    turn.call(WatchContainer{now.container->id, seen_end(*event.view)});
    return;
  }
  if (!is_gone(event.view.error())) return look_later(turn, *now.look_at, docker_retry);
  finish(turn, gone_outcome(now, event.view.error()), {});
}

// --- the end --------------------------------------------------------------------------------------------------------

void watch_failed(TaskTurn& turn, const Error& error) {
  const Watched now = watched(turn.life);
  if (now.container == nullptr) return;
  if (is_gone(error)) return finish(turn, gone_outcome(now, error), {});
  turn.log("Docker does not answer; the container is left alone: " + to_string(error));
  look_later(turn, *now.look_at, docker_retry);
}

void on(TaskTurn& turn, const ContainerExited& event) {
  const Watched now = watched(turn.life);
  if (now.container == nullptr) return;
  const std::string id = now.container->id;
  const auto end = read_end(event.end, event.view, now.container->started_at);
  if (!end) return watch_failed(turn, end.error());
  finish(turn, container_outcome(*now.job, *end, now.ending), id);
}

void on(TaskTurn& turn, const WatchFailed& event) { watch_failed(turn, event.error); }

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
    // Docker was slower than clear_wait: the end is told, and nothing of the task is left now.
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
  // Statistics are dropped rather than kept: by the time the agent is back they are of no use to anybody.
  if (!std::holds_alternative<Subscribed>(turn.state.link)) return;
  static_cast<Turn&>(turn).call(SendToAgent{executor_calls::Message{event.message}});
}

}  // namespace

void take_task_event(TaskTurn& turn, const TaskEventBody& body) {
  std::visit([&](const auto& each) { on(turn, each); }, body);
}

}  // namespace windlass::executor
