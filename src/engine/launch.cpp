// Launching: from an accepted task to an executor's process (mesos.md 3.3).

#include "engine/executors.hpp"

#include "base/check.hpp"
#include "engine/accounts.hpp"
#include "engine/tasks.hpp"

#include <utility>

namespace windlass::engine {
namespace {

// What Mesos gives its command executor on top of the task's own resources (mesos.md 3.3).
constexpr double command_executor_cpus = 0.1;
constexpr double command_executor_mem = 32;
constexpr std::size_t shown_command_max = 15;
// How long a command executor may need beyond its task's grace period: to notice the end, and to tell of it.
constexpr Duration command_executor_slack = std::chrono::seconds{2};

// For the executor's name in /state, in Mesos' form: "sh -c 'sleep 1'", or "[python3, app.py]" without a shell.
std::string shown_command(const CommandInfo& command) {
  if (!command.shell) {
    std::string text = command.value.value_or("");
    for (const std::string& argument : command.arguments) text += (text.empty() ? "" : ", ") + argument;
    return "[" + text + "]";
  }
  const std::string value = command.value.value_or("");
  const bool whole = value.size() <= shown_command_max;
  return "sh -c '" + (whole ? value : value.substr(0, shown_command_max - 3) + "...") + "'";
}

// What runs a task that has only a command. Its id is the task's (mesos.md 3.3): APIs and sandbox paths find one by the
// other.
ExecutorInfo command_executor(const TaskInfo& task, const std::string& role) {
  ExecutorInfo info;
  info.id = {task.id.value};
  info.command = task.command;
  info.container = task.container;
  info.resources =
      Resources{{Resource::scalar("cpus", command_executor_cpus), Resource::scalar("mem", command_executor_mem)}}
          .allocated_to(role);
  info.name = "Command Executor (Task: " + task.id.value + ") (Command: " + shown_command(*task.command) + ")";
  info.source = task.id.value;
  // A SHUTDOWN must leave the task the whole grace period that a KILL would (mesos.md 3.6).
  if (task.kill_policy && task.kill_policy->grace_period) {
    info.shutdown_grace_period = *task.kill_policy->grace_period + command_executor_slack;
  }
  return info;
}

Executor& add_executor(Turn& turn, const Framework& framework, const TaskInfo& task, const std::string& role) {
  Executor executor;
  executor.record.framework_id = framework.record.info.id;
  executor.record.is_command = !task.executor;
  executor.record.info = task.executor ? *task.executor : command_executor(task, role);
  executor.record.info.framework_id = framework.record.info.id;
  // A new id for each run: executor ids come again, and then neither sandboxes nor processes may be mixed up.
  executor.record.container_id = {Uuid::random(turn.in.prng).to_string()};
  const ContainerId id = executor.record.container_id;
  turn.state.executor_ids[{executor.record.framework_id, executor.record.info.id}] = id;
  Executor& added = turn.state.executors[id] = std::move(executor);
  for (const Use& use : uses_of(added)) hold(turn.state.accounts, use);
  return added;
}

}  // namespace

void launch_executor(Turn& turn, const Framework& framework, Executor& executor) {
  // No deadline yet: what is fetched may be large, and has limits of its own. Mesos counts from here (mesos.md 3.6), so
  // that slow downloads end in registration timeouts.
  turn.save(executor);
  const ExecutorInfo& info = executor.record.info;
  const CommandInfo command = info.command.value_or(CommandInfo{});
  const bool own_program = executor.record.is_command;
  turn.call(LaunchExecutor{.container_id = executor.record.container_id,
                           .framework = framework.record.info,
                           .executor = info,
                           .is_command = own_program,
                           .user = command.user.value_or(framework.record.info.user),
                           .uris = command.uris,
                           // A command's environment is for the command, which its executor starts.
                           .environment = own_program ? std::vector<EnvironmentVariable>{} : command.environment});
}

void start_task(Turn& turn, const Framework& framework, TaskInfo info, const std::string& role) {
  const FrameworkId& framework_id = framework.record.info.id;
  const ExecutorId executor_id = info.executor ? info.executor->id : ExecutorId{info.id.value};
  const bool is_command = !info.executor;
  Executor* executor = find_executor(turn.state, framework_id, executor_id);
  // A command executor runs its first task and no other. It is found here when a task id comes again, which is allowed
  // (mesos.md 2.4), while the executor of the earlier task is still ending.
  const bool unusable = executor != nullptr && (executor->record.terminating || is_command);
  if (executor == nullptr) {
    executor = &add_executor(turn, framework, info, role);
    launch_executor(turn, framework, *executor);
  }
  // Also when it will be dropped at once: it must be a task for its end to be an update with a uuid, which is repeated
  // until the framework has acknowledged it.
  const TaskKey key{framework_id, info.id};
  Task& task = turn.state.tasks[key];
  task.record = {.framework_id = framework_id, .info = std::move(info), .executor_id = executor_id, .role = role};
  hold(turn.state.accounts, use_of(task));
  executor->tasks.insert(key.second);
  turn.save(task);
  if (unusable) {
    task.record.queued = false;
    update_by_agent(turn, task, {TaskState::dropped, Reason::executor_terminated, "Executor terminating"});
  } else if (executor->connection) {  // else it stays queued until its executor subscribes
    task.record.queued = false;
    turn.send(*executor, executor_events::Launch{task.record.info});
  }
}

}  // namespace windlass::engine
