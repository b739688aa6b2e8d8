#pragma once
// What there is: one machine with the engine, or a master and several machines with agents; their executors and
// Dockers, our scheduler, perhaps a guest, and the network between them.

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
#include "sim/mesos_agent.hpp"
#include "sim/mesos_master.hpp"
#include "sim/scheduler_node.hpp"
#include "sim/world.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace windlass::sim {

struct ClusterOptions {
  std::string resources = "cpus:16;mem:16384;disk:100000;ports:[31000-31039]";
  std::string attributes = "rack:a;zone:west";
  std::string hostname = "host1";
  double failover_timeout = 604800;  // seconds
  std::size_t agents = 0;            // of a master, each on a machine of its own; 0: the engine, on one
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
  // Of the engine, or of the master.
  void crash_master(const std::string& why, std::optional<Duration> down);
  void start_master();
  // The executor with this pid, on whatever machine.
  void kill_executor(std::int64_t pid);
  [[nodiscard]] std::vector<ExecutorNode*> executors() const;
  // "" when all is as everybody wants it, else the first thing that is not.
  [[nodiscard]] std::string why_not_converged() const;
  [[nodiscard]] Machine& machine() { return *machines.front(); }
  // Null when there is none.
  [[nodiscard]] Machine* find_machine(const std::string& hostname);
  [[nodiscard]] MesosAgent* find_agent(const std::string& hostname);

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
  // Either this,
  std::unique_ptr<EngineNode> engine;
  // or these.
  Link agent_link;
  std::unique_ptr<MesosMaster> mesos;
  std::vector<std::unique_ptr<MesosAgent>> mesos_agents;  // each of the machine with its number
  MasterEnd* master = nullptr;
  SchedulerNode scheduler;
  GuestNode guest;

 private:
  std::int64_t next_pid_ = 1000;
};

}  // namespace windlass::sim
