#pragma once
// One step in progress, and the parts that the handlers share. Internal to this room.

#include "base/check.hpp"
#include "executor/step.hpp"

#include <string>
#include <utility>

namespace windlass::executor {

struct Turn {
  State& state;
  const Inputs& in;
  Effects& effects;

  void call(Call call) { effects.calls.push_back(std::move(call)); }
  void log(std::string line) { call(LogToSandbox{std::move(line)}); }
};

// --- report.cpp: what the framework hears ----------------------------------------------------------------------------

// An update that is not the last one.
void report(Turn& turn, const Job& job, TaskState state, std::string message, std::optional<std::string> data = {});

// The last word on a task, and the exit code of the executor.
struct Outcome {
  TaskState state = TaskState::failed;
  std::string message = {};
  std::optional<Reason> reason = {};
  int exit_code = 0;
};
// From any state with a job to reported. leftover: the container to remove in the end, or empty.
void finish(Turn& turn, const Outcome& outcome, std::string leftover);
// TASK_FAILED for a task that this executor will not run.
void refuse(Turn& turn, const TaskInfo& task, const std::string& message);
void acknowledge(Turn& turn, const executor_events::Acknowledged& event);
// REQUIRES: reported. Removes what is left, then the executor exits.
void leave(Turn& turn);

// --- launch.cpp: from launch to running
// --------------------------------------------------------------------------------

void launch(Turn& turn, const TaskInfo& task);
// Nothing runs because of this; Docker's words are in the error.
Outcome launch_failure(const std::string& what, const Error& error);
void report_pull(Turn& turn, Pulling& pulling);

// --- stop.cpp: the end
// -------------------------------------------------------------------------------------------------

// Ends the task, whatever its state. A second ending of one that is stopping moves the time of its SIGKILL.
void end_task(Turn& turn, const Ending& ending);
// The grace of a KILL: the event's policy, else the task's, else the executor's shutdown grace.
Duration kill_grace(const State& state, const std::optional<KillPolicy>& policy);
// The grace that SHUTDOWN leaves to the task.
Duration shutdown_grace(const Settings& settings);
// SIGKILL has to follow, or signals have to be repeated.
void continue_stopping(Turn& turn, Stopping& stopping);
void stop_running(Turn& turn, Job job, Runner runner, const Ending& ending);
// The last signal did not get through; it is sent again soon.
void retry_signal(Turn& turn, Stopping& stopping);
Outcome process_outcome(const Job& job, int exit_code, int signal, const std::optional<Ending>& ending);
Outcome killed_before_start(const Ending& ending);
Outcome container_outcome(const Job& job, const ContainerEnd& end, const std::optional<Ending>& ending);

}  // namespace windlass::executor
