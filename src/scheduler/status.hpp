#pragma once
// What a status update means for an instance (marathon.md 4.7), and what follows from it.
//
//   provisioned ─> staging ─> starting ─> running ─> (killing) ─> killed, failed, finished ... : row removed, replaced
//                     └────────────────────┴──<──> unreachable_inactive: replaced at once, surplus killed on return

#include "scheduler/turn.hpp"

namespace windlass::scheduler {

// TASK_LOST is told apart by its reason and message.
Condition condition_of(const TaskStatus& status);
// Nothing of the task is left, or Mesos knows nothing of it.
bool is_over(Condition condition);

// Acknowledges it (after the writes of this step), and records what it says. Tasks that we do not know are killed.
void take_status(Turn& turn, const TaskStatus& status);

}  // namespace windlass::scheduler
