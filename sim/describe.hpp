#pragma once
// Messages as short text, for the log.

#include "model/executor_api.hpp"
#include "model/scheduler_api.hpp"

#include <string>

namespace windlass::sim {

std::string describe(const calls::Body& call);
std::string describe(const SchedulerEvent& event);
std::string describe(const executor_calls::Body& call);
std::string describe(const ExecutorEvent& event);
std::string describe(const TaskStatus& status);

}  // namespace windlass::sim
