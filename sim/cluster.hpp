#pragma once
// What there is: machines with their agents, executors and Dockers, a master, our scheduler, and the network between
// them.

#include "engine/state.hpp"
#include "engine/step.hpp"
#include "scheduler/state.hpp"
#include "sim/agent_checker.hpp"
#include "sim/checker.hpp"
#include "sim/docker.hpp"
#include "sim/ends.hpp"
#include "sim/engine_node.hpp"
#include "sim/faults.hpp"
#include "sim/guest_checker.hpp"
#include "sim/guest_node.hpp"
#include "sim/link.hpp"
#include "sim/machine.hpp"
#include "sim/scheduler_node.hpp"
#include "sim/world.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace windlass::sim {

struct ClusterOptions {
  std::string resources = "cpus:16;mem:16384;disk:100000;ports:[31000-31039]";
  std::string attributes = "rack:a;zone:west";
  std::string hostname = "host1";
  double failover_timeout = 604800;  // seconds
  bool has_guest = false;            // may come later, too
};

class Cluster {
 public:
  Cluster(std::uint64_t seed, ClusterOptions options, Faults faults);
  Cluster(const Cluster&) = delete;
  Cluster& operator=(const Cluster&) = delete;

  void start();
  void invite_guest();
  // Of a process on any machine.
  std::int64_t next_pid() { return next_pid_++; }
  // The executor with this pid, on whatever machine.
  void kill_executor(std::int64_t pid);
  [[nodiscard]] std::vector<ExecutorNode*> executors() const;
  // "" when all is as everybody wants it, else the first thing that is not.
  [[nodiscard]] std::string why_not_converged() const;
  [[nodiscard]] Machine& machine() { return *machines.front(); }

  // Set once.
  ClusterOptions options;
  // Changed by whoever plays fate.
  Faults faults;
  ImageKinds images;

  World world;
  AgentChecker agent_checker;
  Checker checker;
  GuestChecker guest_checker;
  Link framework_link;
  std::vector<std::unique_ptr<Machine>> machines;
  EngineNode engine;
  MasterEnd* const master;
  SchedulerNode scheduler;
  GuestNode guest;

 private:
  std::int64_t next_pid_ = 1000;
};

}  // namespace windlass::sim
