#pragma once
// The life of an executor (mesos.md 3.3 to 3.6).
//
//  launched ──ExecutorSubscribe──> subscribed ──SHUTDOWN──> terminating ──grace is over──> DestroyExecutor
//     │  no subscription in time,      │ stream closed: it may come back                          │
//     │  or it cannot be started       └──────────────── its process ends ────────────────────────┴──> gone
//     └──> terminating, or gone at once

#include "engine/turn.hpp"

#include <string>

namespace windlass::engine {

// A task that was accepted: its executor is launched if it is not there, the task goes to it when it has subscribed.
// REQUIRES: no task_error.
void start_task(Turn& turn, const Framework& framework, TaskInfo task, const std::string& role);

void subscribe_executor(Turn& turn, const ExecutorSubscribe& event);
void executor_call(Turn& turn, const ExecutorCallReceived& event);
void executor_stream_closed(Turn& turn, const ExecutorStreamClosed& event);

void executor_started(Turn& turn, const ExecutorStarted& event);
void executor_fetching(Turn& turn, const ExecutorFetching& event);
void executor_launch_failed(Turn& turn, const ExecutorLaunchFailed& event);
void executor_exited(Turn& turn, const ExecutorExited& event);

// The calls of a framework that are for its executor.
void message_executor(Turn& turn, const Framework& framework, const calls::Message& call);
void shutdown_executor(Turn& turn, const Framework& framework, const calls::Shutdown& call);

// Asks it to end; kills it when it does not in time.
void shut_down(Turn& turn, Executor& executor);
// Kills it; its tasks will be told `why`.
void destroy(Turn& turn, Executor& executor, Termination why);
// Starts its process, and gives it its time to subscribe.
void launch_executor(Turn& turn, const Framework& framework, Executor& executor);

// Its deadlines that have passed, and the heartbeat that is due.
void expire(Turn& turn, Executor& executor);

}  // namespace windlass::engine
