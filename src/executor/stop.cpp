#include "executor/signals.hpp"
#include "executor/turn.hpp"

#include <algorithm>

namespace windlass::executor {

namespace {

// How soon a signal is sent again: one that did not get through, and a SIGKILL that did not help.
constexpr std::chrono::seconds signal_retry{1};
constexpr std::chrono::seconds force_retry{5};
// After SHUTDOWN the agent kills us when its grace is over (mesos.md 3.6); we need this much of it for ourselves.
constexpr Duration shutdown_margin = std::chrono::seconds{1};

// The agent sends a LAUNCH within moments after the KILL that has overtaken it. Later it is another task of that name.
constexpr std::chrono::seconds early_kill_counts{60};
constexpr std::size_t early_kills_max = 256;

// A negative --stop-timeout: Docker never sends SIGKILL then.
constexpr Duration for_ever = std::chrono::hours{24 * 365 * 100};

constexpr std::int64_t mebibyte = 1 << 20;

std::string because(const Job& job, const Ending& ending) {
  switch (ending.cause) {
    case Cause::kill: return {};
    case Cause::health_check: return " after " + ending.why;
    case Cause::group: return " after another task of its group had ended";
    case Cause::shutdown: return " after the executor was told to shut down";
    case Cause::signal: return " after the executor received " + signal_name(ending.signal);
    case Cause::agent_lost: return " after the agent was lost";
    case Cause::completion_time: break;
  }
  return " after its max_completion_time of " + to_mesos_duration(job.task.max_completion_time.value_or(Duration{}));
}

void send_signal(TaskTurn& turn, const Runner& runner, bool force) {
  // A container gets the stop signal of its own configuration, as `docker stop` sends it.
  if (const auto* container = std::get_if<Container>(&runner)) {
    turn.call(SignalContainer{container->id, force ? "SIGKILL" : container->stop_signal});
  } else {
    turn.call(SignalProcess{std::get<Process>(runner).pid, force ? sigkill : sigterm});
  }
}

void force(TaskTurn& turn, Stopping& stopping) {
  // An unset force_at is how the other functions know that SIGKILL is out.
  stopping.force_at.reset();
  stopping.retry_at = turn.in.now + force_retry;
  send_signal(turn, stopping.runner, true);
  const auto* container = std::get_if<Container>(&stopping.runner);
  // The first SIGKILL has had its time and changed nothing: Docker may hang (mesos.md 4.6), so its process is killed
  // directly.
  if (container != nullptr && std::exchange(stopping.forced, true)) turn.call(KillContainerProcess{});
  // A container that the signal does not reach may have ended unseen.
  if (container != nullptr && stopping.look_at) stopping.look_at = turn.in.now;
}

void announce(Turn& turn, const Job& job, const Ending& ending) {
  // TASK_KILLING would be an unknown state to a framework without the capability. After max_completion_time the task
  // fails and is not killed, and "killing" would say the opposite of what comes.
  if (ending.cause == Cause::completion_time || !turn.state.reports_killing) return;
  report(turn, job, TaskState::killing, {});
}

// Keeps the ending in states whose outcome decides whether there is something to stop.
void hold(Turn& turn, const Job& job, std::optional<Ending>& held, const Ending& ending) {
  if (!held) announce(turn, job, ending);
  // The first cause stays, since it is why the task ends; a later ending may only change its grace.
  held = held ? Ending{held->cause, ending.grace, held->signal, held->why} : ending;
}

void rearm(TaskTurn& turn, Stopping& stopping, const Ending& ending) {
  if (!stopping.force_at) return;  // SIGKILL is out: there is nothing stronger
  const TimePoint force_at = after(turn.in.now, ending.grace);
  // A KILL that is only repeated must not put SIGKILL off each time.
  if (!ending.may_extend && force_at > *stopping.force_at) return;
  stopping.ending.grace = ending.grace;
  stopping.force_at = force_at;
  if (ending.grace <= Duration::zero()) force(turn, stopping);
}

constexpr const char* waiting_for_group = "while it waited for the others of its group";

// One overload per state, so that none is forgotten.
struct EndTask {
  TaskTurn& turn;
  const Ending& ending;

  void operator()(const Planning&) const { drop("when nothing had been done for it yet", {}); }
  void operator()(const Inspecting& inspecting) const {
    drop("while Docker was asked for " + inspecting.plan.spec.image, {});
  }
  void operator()(const Pulling& pulling) const {
    turn.call(CancelPull{});
    drop("while it was pulling " + pulling.plan.spec.image + " (" + pulling.latest + ")", {});
  }
  void operator()(const Ready&) const { drop(waiting_for_group, {}); }
  // Docker may have made the container already: to end the task now would leave it behind (MESOS-8574, mesos.md 4.6).
  void operator()(Creating& creating) const { hold(turn, creating.job, creating.ending, ending); }
  void operator()(const Attaching& attaching) const { drop("while Docker was asked for its output", attaching.id); }
  void operator()(const Attached& attached) const { drop(waiting_for_group, attached.id); }
  void operator()(Starting& starting) const { hold(turn, starting.job, starting.ending, ending); }
  void operator()(Spawning& spawning) const { hold(turn, spawning.job, spawning.ending, ending); }
  void operator()(Running& running) const {
    announce(turn, running.job, ending);
    // Docker is away and is to be asked again: that stays due in the state that follows.
    const auto look_at = running.look_at;
    stop_running(turn, std::move(running.job), std::move(running.runner), ending);
    if (auto* stopping = std::get_if<Stopping>(&turn.life)) stopping->look_at = look_at;
  }
  void operator()(Stopping& stopping) const { rearm(turn, stopping, ending); }
  // The task has ended. Only a SHUTDOWN matters: what is told after its grace, the agent does not hear any more.
  void operator()(Clearing& clearing) const {
    if (ending.cause != Cause::shutdown) return;
    clearing.report_at = std::min(clearing.report_at, after(turn.in.now, ending.grace));
  }
  void operator()(Reported& reported) const {
    if (ending.cause == Cause::agent_lost) {
      leave(turn);
    } else if (ending.cause == Cause::shutdown) {
      reported.leave_at = std::min(reported.leave_at, after(turn.in.now, ending.grace));
    }
  }
  void operator()(const Removing&) const {}
  void operator()(const Gone&) const {}

  void drop(const std::string& meanwhile, std::string leftover) const {
    finish(turn, killed_before_start(ending, meanwhile), std::move(leftover));
  }
};

// The kernel's count is right where Docker's flag may not be.
bool was_out_of_memory(const ContainerEnd& end) {
  return end.exit_code != 0 && (end.oom ? end.oom->kills > 0 : end.oom_killed);
}

// The kernel's numbers where they are known: limit and peak; else the limit that Docker was asked for.
std::string memory_text(const Job& job, const ContainerEnd& end) {
  if (end.oom) return describe_oom(*end.oom);
  if (!job.memory_bytes) return "the container ran out of memory";
  return "the container is limited to " + std::to_string(*job.memory_bytes / mebibyte) + " MB";
}

}  // namespace

Outcome killed_before_start(const Ending& ending, const std::string& meanwhile) {
  if (ending.cause == Cause::completion_time) {
    return Outcome{.state = TaskState::failed,
                   .message = "max_completion_time was over before the container was started, " + meanwhile,
                   .reason = Reason::max_completion_time_reached,
                   .exit_code = 1};
  }
  // The exit code stays 0: nothing has gone wrong.
  return Outcome{.state = TaskState::killed, .message = "Killed before the container was started, " + meanwhile};
}

// The order of Mesos' Docker executor (mesos.md 4.1), with --stop-timeout before its default.
Duration kill_grace(const Settings& settings, const Job* job, const std::optional<KillPolicy>& policy) {
  if (policy && policy->grace_period) return *policy->grace_period;
  if (job != nullptr && job->task.kill_policy && job->task.kill_policy->grace_period) {
    return *job->task.kill_policy->grace_period;
  }
  if (job != nullptr && job->stop_timeout) return *job->stop_timeout;
  return settings.shutdown_grace;
}

std::optional<Duration> stop_grace(const ContainerSpec& spec) {
  if (!spec.stop_timeout) return std::nullopt;
  return *spec.stop_timeout < 0 ? for_ever : Duration{std::chrono::seconds{*spec.stop_timeout}};
}

Duration shutdown_grace(const Settings& settings) {
  return std::max(Duration::zero(), settings.shutdown_grace - shutdown_margin);
}

void remember_kill(Turn& turn, const TaskId& task) {
  // Bounded in time and number: a framework may kill any number of ids that never come.
  auto& kills = turn.state.early_kills;
  std::erase_if(kills, [&](const auto& kill) { return after(kill.second, early_kill_counts) <= turn.in.now; });
  if (kills.size() < early_kills_max) kills[task] = turn.in.now;
}

bool take_early_kill(Turn& turn, const TaskId& task) {
  // Taken out in any case, so that an old one does not wait for yet another task of that name.
  const auto kill = turn.state.early_kills.extract(task);
  return !kill.empty() && turn.in.now < after(kill.mapped(), early_kill_counts);
}

void end_task(TaskTurn& turn, const Ending& ending) { std::visit(EndTask{turn, ending}, turn.life); }

void end_all(Turn& turn, const Ending& ending) {
  State& state = turn.state;
  state.ending = true;
  // There is no task whose code could be handed on.
  if (state.tasks.empty() && !state.exit_code) {
    const int lost = ending.cause == Cause::agent_lost ? 1 : 0;
    state.exit_code = ending.cause == Cause::signal ? 128 + ending.signal : lost;
  }
  if (state.leave_at) state.leave_at = std::min(*state.leave_at, after(turn.in.now, ending.grace));
  for (auto& [id, life] : state.tasks) {
    TaskTurn task{turn, id, life};
    end_task(task, ending);
  }
}

void lose_agent(Turn& turn, const std::string& why) {
  turn.log("the agent is lost: " + why);
  // Before the tasks end, so that finish() and settle() wait for no acknowledgement.
  turn.state.link = Lost{};
  end_all(turn, Ending{.cause = Cause::agent_lost, .grace = shutdown_grace(turn.state.settings)});
}

void stop_running(TaskTurn& turn, Job job, Runner runner, const Ending& ending) {
  // A task that is told to stop soon fails its checks, which is no news (Mesos pauses them as well, mesos.md 4.1).
  end_checks(turn, job);
  Stopping stopping{.job = std::move(job), .runner = std::move(runner), .ending = ending};
  if (ending.grace <= Duration::zero()) {
    force(turn, stopping);
  } else {
    stopping.force_at = after(turn.in.now, ending.grace);
    send_signal(turn, stopping.runner, false);
  }
  turn.life = std::move(stopping);
}

void continue_stopping(TaskTurn& turn, Stopping& stopping) {
  const TimePoint now = turn.in.now;
  const bool force_due = stopping.force_at && *stopping.force_at <= now;
  const bool retry_due = stopping.retry_at && *stopping.retry_at <= now;
  // retry_at without force_at repeats SIGKILL; with it, the stop signal.
  if (force_due || (retry_due && !stopping.force_at)) {
    force(turn, stopping);
  } else if (retry_due) {
    stopping.retry_at.reset();
    send_signal(turn, stopping.runner, false);
  }
}

void retry_signal(TaskTurn& turn, Stopping& stopping) {
  // SIGKILL has its own, longer retry, set when it was sent.
  if (stopping.force_at) stopping.retry_at = turn.in.now + signal_retry;
}

Outcome container_outcome(const Job& job, const ContainerEnd& end, const std::optional<Ending>& ending) {
  Outcome outcome{.state = end.exit_code == 0 ? TaskState::finished : TaskState::failed,
                  .message = "Container exited with status " + exit_code_text(end.exit_code),
                  .exit_code = end.exit_code};
  if (ending && ending->cause == Cause::completion_time) {
    outcome.state = TaskState::failed;
    outcome.reason = Reason::max_completion_time_reached;
  } else if (ending) {
    // Whatever the exit code, even 0: after a kill there is no way back (mesos.md 4.1).
    outcome.state = TaskState::killed;
  } else if (was_out_of_memory(end)) {
    // Only of a task that ended by itself: after a kill the kill is the reason, and 137 its usual code.
    outcome.reason = Reason::container_limitation_memory;
    outcome.message = "Memory limit exceeded: " + memory_text(job, end) + ". " + outcome.message;
  }
  if (ending) outcome.message += because(job, *ending);
  if (!end.error.empty()) outcome.message += ": " + end.error;
  return outcome;
}

Outcome process_outcome(const Job& job, int exit_code, int signal, const std::optional<Ending>& ending) {
  Outcome outcome{.state = exit_code == 0 && signal == 0 ? TaskState::finished : TaskState::failed};
  outcome.message = signal == 0 ? "Command exited with status " + std::to_string(exit_code)
                                : "Command terminated with signal " + signal_text(signal);
  outcome.exit_code = signal == 0 ? exit_code : 128 + signal;
  if (ending && ending->cause == Cause::completion_time) {
    outcome.state = TaskState::failed;
    outcome.reason = Reason::max_completion_time_reached;
  } else if (ending) {
    outcome.state = TaskState::killed;
  }
  if (ending) outcome.message += because(job, *ending);
  return outcome;
}

}  // namespace windlass::executor
