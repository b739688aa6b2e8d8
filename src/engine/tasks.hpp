#pragma once
// The life of a task's status updates (mesos.md 2.11, 2.13), and KILL.
//
//   executor or agent ──update──> [ updates of the task: one in flight, the others wait ] ──UPDATE──> framework
//                     <─ACKNOWLEDGED (it is in the journal)                               <─ACKNOWLEDGE── │
//                                     again after 10 s, 20 s, … 10 min, and at once when the framework comes back

#include "engine/turn.hpp"

#include <string>

namespace windlass::engine {

// An update that the master makes itself, of a task without a record: it has no uuid and is not repeated.
struct MasterUpdate {
  TaskState state = TaskState::error;
  Reason reason = Reason::task_invalid;
  std::string message;
};
void tell_of_task(Turn& turn, const Framework& framework, const TaskInfo& task, const MasterUpdate& update);

// An update by the agent while the executor is being fetched or started: it has no uuid and is not repeated. The state
// is the same as before, but a framework that limits the time of a launch must hear that there is progress.
void tell_progress(Turn& turn, const Task& task, std::string message);

// By the agent itself, in place of the executor. REQUIRES: the task's framework is not removed.
void update_by_agent(Turn& turn, Task& task, const Termination& what);

// An executor's UPDATE, which may be a repeated one: it is acknowledged in any case.
void update_by_executor(Turn& turn, const Executor& executor, const TaskStatus& status);

void acknowledge(Turn& turn, const Framework& framework, const calls::Acknowledge& call);
void kill(Turn& turn, const Framework& framework, const calls::Kill& call);
void reconcile(Turn& turn, const Framework& framework, const calls::Reconcile& call);

// The framework is back: it hears at once what it has not acknowledged.
void resume_updates(Turn& turn, const Framework& framework);
// It is gone: nothing is repeated until it is back.
void pause_updates(Turn& turn, const Framework& framework);
// Repeats the update in flight when that is due.
void repeat_update(Turn& turn, Task& task);

// Moves it to the completed ones.
void complete_task(Turn& turn, const TaskKey& key);

}  // namespace windlass::engine
