#include "executor/turn.hpp"

#include <algorithm>

namespace windlass::executor {

namespace {

// How often frameworks hear of a pull, at most and as long as it moves: a scheduler that hears nothing for minutes
// takes the launch for stuck.
constexpr std::chrono::seconds progress_interval{5};

// A registry may be down for a moment, or ask us to come later. An attempt that fails is repeated as long as the pull
// has got farther than ever before within this time: one that always breaks off at the same byte is given up, and one
// that takes hours is not. Marathon gives a launch up after five minutes of silence.
constexpr Duration pull_window = std::chrono::seconds{150};
constexpr Duration first_retry = std::chrono::seconds{1}, longest_retry = std::chrono::seconds{30};
constexpr Duration stall_limit = std::chrono::seconds{60};

// No container has run, so there is no exit code of one to hand on.
constexpr int launch_failed_exit_code = 1;

void spawn(TaskTurn& turn, Job job, bool own_folder) {
  const CommandInfo& command = *job.task.command;
  StartProcess start{
      .argv = {}, .environment = command.environment, .user = command.user.value_or(""), .own_folder = own_folder};
  if (command.shell && command.value) {
    start.argv = {"/bin/sh", "-c", *command.value};
  } else if (!command.shell && command.value) {
    // In Mesos the first argument is what the program sees as its own name.
    start.argv = {*command.value};
    if (!command.arguments.empty()) {
      start.argv.insert(start.argv.end(), command.arguments.begin() + 1, command.arguments.end());
    }
  }
  const bool is_empty = start.argv.empty();
  // Before a refusal: finish() wants a life that has a job.
  turn.life = Spawning{std::move(job)};
  if (!is_empty) {
    turn.call(std::move(start));
    return;
  }
  const Error error{
      Errc::invalid, command.shell ? "Shell specified but no command value provided" : "No command value provided", {}};
  finish(turn, launch_failure("Failed to launch command", error), {});
}

PullImage pull_of(const ContainerPlan& plan) { return {plan.spec.image, plan.spec.platform, plan.registry_config}; }

// With --quiet only that the pull goes on: that much a scheduler has to know, the rest is for people.
void report_pull(TaskTurn& turn, Pulling& pulling) {
  // What comes between two reports is kept in `latest` and told with the next one; timers.cpp sees to that.
  if (!pulling.has_news || turn.in.now < pulling.report_at) return;
  pulling.has_news = false;
  pulling.report_at = turn.in.now + progress_interval;
  const bool quiet = pulling.plan.spec.quiet_pull;
  std::string text = "Pulling " + pulling.plan.spec.image;
  std::optional<std::string> data;
  if (!quiet) text += ": " + pulling.latest;
  if (!quiet && !pulling.data.empty()) data = pulling.data;
  report(turn, pulling.job, TaskState::starting, text, data);
}

}  // namespace

Outcome launch_failure(const std::string& what, const Error& error) {
  return Outcome{.state = TaskState::failed,
                 .message = what + ": " + to_string(error),
                 .reason = Reason::container_launch_failed,
                 .exit_code = launch_failed_exit_code};
}

void fail_launch(TaskTurn& turn, const Error& error, std::string leftover) {
  finish(turn, launch_failure("Failed to launch container", error), std::move(leftover));
}

void launch(Turn& turn, const TaskInfo& task, std::optional<GroupNumber> group) {
  State& state = turn.state;
  // A LAUNCH that comes twice changes nothing.
  if (state.tasks.contains(task.id)) return;
  if (state.ending) return refuse(turn, task, "The executor is shutting down");
  // For unacknowledged_tasks: an agent drops a task in staging that a new subscription does not name (mesos.md 3.4).
  state.outbox.tasks.push_back(task);
  state.leave_at.reset();
  Job job{.task = task, .group = group};
  // Counts from the launch, as in Mesos (mesos.md 4.1), and so a pull takes its share of it.
  if (task.max_completion_time) job.complete_by = after(turn.in.now, *task.max_completion_time);
  // At once, as Mesos' Docker executor does (mesos.md 4.1). A task that is past TASK_STAGING is not dropped by an agent
  // that restarts (mesos.md 3.4).
  report(turn, job, TaskState::starting, {});
  const int ordinal = state.launched++;
  Life& life = state.tasks[task.id];
  life = Planning{std::move(job)};
  TaskTurn its{turn, task.id, life};
  // A KILL may overtake its LAUNCH (MESOS-8297, mesos.md 4.6). Of a group it is looked up when all members have a life,
  // since the kill of one ends them all.
  if (!group && take_early_kill(turn, task.id)) {
    end_task(its, Ending{.cause = Cause::kill});
  } else if (is_command_task(task)) {
    spawn(its, std::move(std::get<Planning>(life).job), ordinal > 0);
  } else {
    its.call(PlanContainer{.task = task, .ordinal = ordinal, .own_folder = ordinal > 0 || group});
  }
}

void pull(TaskTurn& turn, Job job, ContainerPlan plan) {
  PullImage wanted = pull_of(plan);
  turn.life = Pulling{.job = std::move(job),
                      .plan = std::move(plan),
                      .latest = "waiting for the registry",
                      .advanced_at = turn.in.now,
                      .heard_at = turn.in.now};
  turn.log("pulling " + wanted.image);
  turn.call(std::move(wanted));
  report_pull(turn, std::get<Pulling>(turn.life));
}

void advance_pull(TaskTurn& turn, Pulling& pulling, const PullProgress& progress) {
  pulling.latest = progress.text;
  pulling.data = progress.data;
  pulling.has_news = true;
  pulling.heard_at = turn.in.now;
  // Measured over all attempts: a new one begins at the bottom, and must get farther than those before to win more
  // time.
  if (progress.done > pulling.farthest) {
    pulling.farthest = progress.done;
    pulling.advanced_at = turn.in.now;
  }
  report_pull(turn, pulling);
}

void on_pull_failed(TaskTurn& turn, Pulling& pulling, const Error& error) {
  const std::string& image = pulling.plan.spec.image;
  // The client says Errc::not_found, forbidden or invalid where trying again cannot help: no such image, no right to
  // it. Cancelled is our own doing, after a silence (continue_pull).
  const bool temporary = error.code == Errc::internal || error.code == Errc::cancelled || is_unclear(error);
  const bool late = turn.in.now >= after(pulling.advanced_at, pull_window);
  const std::string words = error.code == Errc::cancelled ? "the registry sends nothing" : to_string(error);
  if (!temporary || late) {
    std::string what = "Failed to pull image '" + image + "'";
    if (temporary) what += " from " + registry_of(image) + " in " + std::to_string(pulling.attempts) + " attempts";
    return fail_launch(turn, Error{error.code, what + ": " + words, {}});
  }
  // The bound on the shift keeps it from overflowing; longest_retry is reached long before.
  const Duration wait = std::min(longest_retry, first_retry * (1 << std::min(pulling.attempts - 1, 10)));
  pulling.retry_at = after(turn.in.now, wait);
  pulling.latest = words + "; next attempt in " + to_mesos_duration(wait);
  pulling.data.clear();
  pulling.has_news = true;
  turn.log("pulling " + image + ": " + pulling.latest);
  report_pull(turn, pulling);
}

void continue_pull(TaskTurn& turn, Pulling& pulling) {
  const TimePoint now = turn.in.now;
  if (pulling.retry_at && *pulling.retry_at <= now) {
    pulling.retry_at.reset();
    ++pulling.attempts;
    pulling.heard_at = now;
    turn.call(pull_of(pulling.plan));
  } else if (!pulling.retry_at && after(pulling.heard_at, stall_limit) <= now) {
    // So that the next silence is counted from here, and the pull is not cancelled a second time meanwhile.
    pulling.heard_at = now;
    turn.call(CancelPull{});  // its end is answered as cancelled
  }
  report_pull(turn, pulling);
}

TimePoint pull_time(const Pulling& pulling) {
  return pulling.retry_at ? *pulling.retry_at : after(pulling.heard_at, stall_limit);
}

void create(TaskTurn& turn, Job job, ContainerSpec spec) {
  turn.life = Creating{.job = std::move(job), .name = spec.name};
  turn.call(CreateContainer{std::move(spec)});
}

void start(TaskTurn& turn, Job job, const std::string& id) {
  turn.life = Starting{.job = std::move(job), .id = id};
  turn.call(StartContainer{id});
}

}  // namespace windlass::executor
