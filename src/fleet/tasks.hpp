#pragma once
// The life of a pretended task, and what its framework is told of it.
//
//   LAUNCH ──▶ STARTING ──delay──▶ RUNNING ──KILL──▶ KILLED ──acknowledged──▶ forgotten
//     └──────── no delay ────────────^

#include "fleet/turn.hpp"

namespace windlass::fleet {

// ACCEPT: offers become tasks (mesos.md 2.5, 2.6, 2.7). The offers named are spent whatever comes of it.
void accept(Turn& turn, Framework& framework, const calls::Accept& call);

// A new state, with an update to be acknowledged. REQUIRES: it has not ended.
void change_state(Turn& turn, Framework& framework, Task& task, TaskState state, std::string message = {});
void acknowledge(Turn& turn, Framework& framework, const calls::Acknowledge& call);
void kill(Turn& turn, Framework& framework, const calls::Kill& call);
// Ends the tasks of that executor.
void shut_down(Turn& turn, Framework& framework, const calls::Shutdown& call);
void reconcile(Turn& turn, const Framework& framework, const calls::Reconcile& call);

// Acts on what is due: it begins to run after its delay; its update is sent again.
void expire(Turn& turn, Task& task);
// What was not acknowledged is sent again, to a framework that came back.
void resume_updates(Turn& turn, Framework& framework);
// Nothing is repeated while the framework is away.
void pause_updates(Turn& turn, Framework& framework);
// Sets its alarm. REQUIRES: called after its times have changed.
void set_alarm(State& state, const Task& task);
// Forgets it, with its row.
void drop_task(Turn& turn, Framework& framework, Task& task);

}  // namespace windlass::fleet
