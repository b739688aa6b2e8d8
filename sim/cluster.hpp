#pragma once
// One simulated machine and what runs on it: engine, scheduler, executors, Docker, and the network between them.

#include "engine/state.hpp"
#include "engine/step.hpp"
#include "scheduler/state.hpp"
#include "sim/checker.hpp"
#include "sim/docker.hpp"
#include "sim/engine_node.hpp"
#include "sim/executor_node.hpp"
#include "sim/faults.hpp"
#include "sim/link.hpp"
#include "sim/scheduler_node.hpp"
#include "sim/world.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <string>

namespace windlass::sim {

struct ClusterOptions {
  std::string resources = "cpus:16;mem:16384;disk:100000;ports:[31000-31039]";
  std::string attributes = "rack:a;zone:west";
  std::string hostname = "host1";
  double failover_timeout = 604800;  // seconds
};

class Cluster {
 public:
  Cluster(std::uint64_t seed, ClusterOptions options, Faults faults);
  Cluster(const Cluster&) = delete;
  Cluster& operator=(const Cluster&) = delete;

  // The processes of executors.
  std::int64_t spawn_executor(const engine::LaunchExecutor& launch);
  // The wait status is 9 for SIGKILL. Its reaper removes its container.
  void end_executor(std::int64_t pid, int wait_status, const std::string& why);
  [[nodiscard]] ExecutorNode* find_executor(std::int64_t pid);
  [[nodiscard]] ExecutorNode* find_executor(const ContainerId& container);

  // Set once.
  ClusterOptions options;
  // Changed by whoever plays fate.
  Faults faults;

  World world;
  Checker checker;
  Docker docker;
  Link scheduler_link;
  Link executor_link;
  EngineNode engine;
  SchedulerNode scheduler;
  std::map<std::int64_t, std::unique_ptr<ExecutorNode>> executors;

 private:
  std::int64_t next_pid_ = 1000;
};

}  // namespace windlass::sim
