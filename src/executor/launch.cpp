#include "executor/turn.hpp"

namespace windlass::executor {

namespace {

// Frameworks hear of a pull's progress at most so often.
constexpr std::chrono::seconds progress_interval{5};

constexpr int launch_failed_exit_code = 1;

bool is_command_task(const TaskInfo& task) { return task.command && !task.container; }

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
  turn.life = Spawning{std::move(job)};
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

void fail_launch(TaskTurn& turn, const Error& error, std::string leftover) {
  finish(turn, launch_failure("Failed to launch container", error), std::move(leftover));
}

void launch(Turn& turn, const TaskInfo& task, std::optional<GroupNumber> group) {
  State& state = turn.state;
  if (state.tasks.contains(task.id)) return;
  if (state.ending) return refuse(turn, task, "The executor is shutting down");
  state.outbox.tasks.push_back(task);
  state.leave_at.reset();
  Job job{.task = task, .group = group};
  if (task.max_completion_time) job.complete_by = after(turn.in.now, *task.max_completion_time);
  report(turn, job, TaskState::starting, {});
  const int ordinal = state.launched++;
  Life& life = state.tasks[task.id];
  life = Planning{std::move(job)};
  TaskTurn its{turn, task.id, life};
  if (is_command_task(task)) {
    spawn(its, std::move(std::get<Planning>(life).job), ordinal > 0);
  } else {
    its.call(PlanContainer{.task = task, .ordinal = ordinal, .own_folder = ordinal > 0 || group});
  }
}

void report_pull(TaskTurn& turn, Pulling& pulling) {
  if (pulling.latest == pulling.reported || turn.in.now < pulling.report_at) return;
  pulling.reported = pulling.latest;
  pulling.report_at = turn.in.now + progress_interval;
  report(turn, pulling.job, TaskState::starting, "Pulling " + pulling.plan.spec.image + ": " + pulling.latest);
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
