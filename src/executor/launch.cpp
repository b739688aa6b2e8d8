#include "executor/turn.hpp"

namespace windlass::executor {

namespace {

// Frameworks hear of a pull's progress at most so often.
constexpr std::chrono::seconds progress_interval{5};

constexpr int launch_failed_exit_code = 1;

bool is_command_task(const TaskInfo& task) { return task.command && !task.container; }

void spawn(Turn& turn, Job job) {
  const CommandInfo& command = *job.task.command;
  StartProcess start{.argv = {}, .environment = command.environment, .user = command.user.value_or("")};
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
  turn.state.life = Spawning{std::move(job)};
  if (!is_empty) {
    turn.call(std::move(start));
    return;
  }
  const Error error{
      Errc::invalid, command.shell ? "Shell specified but no command value provided" : "No command value provided", {}};
  finish(turn, launch_failure("Failed to launch command", error), {});
}

}  // namespace

Outcome launch_failure(const std::string& what, const Error& error) {
  return Outcome{.state = TaskState::failed,
                 .message = what + ": " + to_string(error),
                 .reason = Reason::container_launch_failed,
                 .exit_code = launch_failed_exit_code};
}

void launch(Turn& turn, const TaskInfo& task) {
  if (const Job* job = find_job(turn.state.life)) {
    if (job->task.id == task.id) return;
  }
  if (!std::holds_alternative<Idle>(turn.state.life)) {
    refuse(turn, task, "Attempted to run multiple tasks using a \"docker\" executor");
    return;
  }
  turn.state.outbox.tasks.push_back(task);
  Job job{.task = task};
  if (task.max_completion_time) {
    job.complete_by = after(turn.in.now, *task.max_completion_time);
  }
  report(turn, job, TaskState::starting, {});
  if (is_command_task(task)) {
    spawn(turn, std::move(job));
    return;
  }
  turn.state.life = Planning{std::move(job)};
  turn.call(PlanContainer{task});
}

void report_pull(Turn& turn, Pulling& pulling) {
  if (pulling.latest == pulling.reported || turn.in.now < pulling.report_at) return;
  pulling.reported = pulling.latest;
  pulling.report_at = turn.in.now + progress_interval;
  report(turn, pulling.job, TaskState::starting, "Pulling " + pulling.plan.spec.image + ": " + pulling.latest);
}

}  // namespace windlass::executor
