#pragma once
// What users ask for. Each answers its request in the same step; the answer is told after the writes are durable.

#include "scheduler/turn.hpp"

namespace windlass::scheduler {

void start_app(Turn& turn, const StartApp& command);
void stop_app(Turn& turn, const StopApp& command);
void scale_app(Turn& turn, const ScaleApp& command);
void kill_tasks(Turn& turn, const KillTasks& command);

// What is wrong with an app that a user wants; none when it can be run. Error.where names the field.
std::optional<Error> validate(const App& app);

}  // namespace windlass::scheduler
