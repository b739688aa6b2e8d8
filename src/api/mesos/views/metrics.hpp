#pragma once
// What the engine measures: /metrics/snapshot (mesos.md 5.8), and what executors use.

#include "api/mesos/views/views.hpp"
#include "node/engine_port.hpp"

#include <map>
#include <string>

namespace windlass {

std::map<std::string, double> master_metrics(const EngineView& engine);
std::map<std::string, double> agent_metrics(const EngineView& engine);

// CPU time and memory of the executor and all that runs for it: of its own control group where it has one, else of its
// process alone. Zeros when it is gone. `proc` and `cgroups` are where /proc and /sys/fs/cgroup are mounted.
operator_api::Statistics executor_statistics(const ExecutorView& executor, TimePoint now,
                                             const std::string& proc = "/proc",
                                             const std::string& cgroups = "/sys/fs/cgroup");

}  // namespace windlass
