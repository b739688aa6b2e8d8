#pragma once
// One step in progress, and the parts that the handlers share. Internal to this room.

#include "base/check.hpp"
#include "executor/step.hpp"

#include <string>
#include <utility>

namespace windlass::executor {

struct Turn : core::Turn<State, Effects> {
  void call(Call call) { fx.calls.push_back(std::move(call)); }
  void log(std::string line) { call(LogToSandbox{std::move(line)}); }
};

// A turn about one task. A life that is gone is taken out of the state at the end of the step.
struct TaskTurn : Turn {
  TaskId task;
  Life& life;

  TaskTurn(const Turn& turn, const TaskId& id, Life& its_life) : Turn{turn}, task{id}, life{its_life} {}
  void call(TaskCallBody body) { Turn::call(TaskCall{task, std::move(body)}); }
};

// A process, without Docker.
inline bool is_command_task(const TaskInfo& task) {
  return task.command && (!task.container || is_plain_process(*task.container));
}

// How long the removal of a task's container, or of a holder, may keep the executor from leaving.
inline constexpr Duration removal_wait = std::chrono::seconds{30};

// Docker may have done what was asked, or may not.
inline bool is_unclear(const Error& error) {
  return error.code == Errc::timeout || error.code == Errc::closed || error.code == Errc::unavailable;
}

// --- report.cpp: what the framework hears ----------------------------------------------------------------------------

// An update that is not the last one.
void report(Turn& turn, const Job& job, TaskState state, std::string message, std::optional<std::string> data = {});

// The last word on a task, and what it means for the executor's exit code.
struct Outcome {
  TaskState state = TaskState::failed;
  std::string message = {};
  std::optional<Reason> reason = {};
  int exit_code = 0;
};
// From any state with a job to clearing. leftover: the container to remove before the end is told, or empty. Ends the
// others of a group, unless the outcome is that all went well.
void finish(TaskTurn& turn, const Outcome& outcome, std::string leftover);
// TASK_FAILED for a task that this executor will not run.
void refuse(Turn& turn, const TaskInfo& task, const std::string& message);
void acknowledge(Turn& turn, const executor_events::Acknowledged& event);
// REQUIRES: reported, and acknowledged or not waited for any more.
void leave(TaskTurn& turn);
// After every step: tells the ends of tasks whose containers are gone, forgets what is gone; the executor leaves when
// nothing is left.
void settle(Turn& turn);

// REQUIRES: running. Carries out what its checks ask for; the task may be stopping afterwards.
void follow_checks(TaskTurn& turn, const CheckActions& actions);
// No check of it any more.
void end_checks(TaskTurn& turn, Job& job);

// --- task_events.cpp: what becomes of a task -------------------------------------------------------------------------

void take_task_event(TaskTurn& turn, const TaskEventBody& body);

// --- timers.cpp: what is due -----------------------------------------------------------------------------------------

void run_timers(Turn& turn);
// When to be woken next.
std::optional<TimePoint> next_time(const State& state);

// --- launch.cpp: from launch to running ------------------------------------------------------------------------------

void launch(Turn& turn, const TaskInfo& task, std::optional<GroupNumber> group = {});
// Nothing runs because of this; Docker's words are in the error.
Outcome launch_failure(const std::string& what, const Error& error);
void fail_launch(TaskTurn& turn, const Error& error, std::string leftover = {});
void pull(TaskTurn& turn, Job job, ContainerPlan plan);
void advance_pull(TaskTurn& turn, Pulling& pulling, const PullProgress& progress);
// Tries again later where that may help, for a while.
void on_pull_failed(TaskTurn& turn, Pulling& pulling, const Error& error);
// A retry or a report is due, or nothing has been heard for too long.
void continue_pull(TaskTurn& turn, Pulling& pulling);
// When to do so, reports aside.
TimePoint pull_time(const Pulling& pulling);
// It has its image; `spec` is what to make of it.
void create(TaskTurn& turn, Job job, ContainerSpec spec);
void start(TaskTurn& turn, Job job, const std::string& id);

// --- group.cpp: tasks that begin and end together --------------------------------------------------------------------

void launch_group(Turn& turn, const std::vector<TaskInfo>& tasks);
// REQUIRES: the life is ready, or attached. Goes on with all when this was the last.
void member_ready(TaskTurn& turn);
void member_attached(TaskTurn& turn);
// `task` has ended otherwise than well: so do the others.
void end_group(Turn& turn, GroupNumber number, const TaskId& task);
void on_holder_made(Turn& turn, const HolderMade& event);
void on_holder_removed(Turn& turn, const HolderRemoved& event);
// Removes holders whose tasks have all ended; true when no group is left.
bool settle_groups(Turn& turn);
// All tasks of the group have ended, and its holder is still there: the last of them wait for it to go.
bool holder_goes(const Turn& turn, GroupNumber number);

// --- stop.cpp: the end -----------------------------------------------------------------------------------------------

// A KILL for a task that is not known: its LAUNCH may still come.
void remember_kill(Turn& turn, const TaskId& task);
// Whether the task was killed before it was launched; forgets that.
bool take_early_kill(Turn& turn, const TaskId& task);
// Ends the task, whatever its state. A second ending of one that is stopping moves the time of its SIGKILL, to a later
// one only if a kill policy says so.
void end_task(TaskTurn& turn, const Ending& ending);
// Nobody is told of anything any more: ends all tasks.
void lose_agent(Turn& turn, const std::string& why);
// Ends all tasks, then the executor.
void end_all(Turn& turn, const Ending& ending);
// What --stop-timeout says, if anything.
std::optional<Duration> stop_grace(const ContainerSpec& spec);
// The grace of a KILL: the event's policy, else the task's, else its --stop-timeout, else the executor's shutdown
// grace.
Duration kill_grace(const Settings& settings, const Job* job, const std::optional<KillPolicy>& policy);
// The grace that SHUTDOWN leaves to the task.
Duration shutdown_grace(const Settings& settings);
// SIGKILL has to follow, or signals have to be repeated.
void continue_stopping(TaskTurn& turn, Stopping& stopping);
void stop_running(TaskTurn& turn, Job job, Runner runner, const Ending& ending);
// The last signal did not get through; it is sent again soon.
void retry_signal(TaskTurn& turn, Stopping& stopping);
Outcome process_outcome(const Job& job, int exit_code, int signal, const std::optional<Ending>& ending);
// `meanwhile`: what was waited for when the ending came.
Outcome killed_before_start(const Ending& ending, const std::string& meanwhile);
Outcome container_outcome(const Job& job, const ContainerEnd& end, const std::optional<Ending>& ending);

}  // namespace windlass::executor
