#pragma once
// One machine: its Docker, the processes of its executors and of their command tasks, and the connections of executors
// to the agent that runs here.

#include "engine/step.hpp"
#include "model/framework.hpp"
#include "sim/docker.hpp"
#include "sim/ends.hpp"
#include "sim/executor_node.hpp"
#include "sim/link.hpp"
#include "sim/processes.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <string>

namespace windlass::sim {

class Cluster;

class Machine {
 public:
  // `info`: of its agent, but for the id.
  Machine(Cluster& cluster, std::size_t number, AgentInfo info);
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;

  std::int64_t spawn_executor(const engine::LaunchExecutor& launch);
  // The wait status is 9 for SIGKILL. Its reaper removes its containers, its processes end with it.
  void end_executor(std::int64_t pid, int wait_status, const std::string& why);
  // The power fails: all executors and containers end, at once.
  void lose_power();
  [[nodiscard]] ExecutorNode* find_executor(std::int64_t pid);
  [[nodiscard]] ExecutorNode* find_executor(const ContainerId& container);
  // A container or a process of the task runs, and its executor too.
  [[nodiscard]] bool runs(const TaskId& task) const;
  // Something of this executor is left.
  [[nodiscard]] bool holds_something_of(std::int64_t pid) const;

  // Set once.
  const AgentInfo info;
  AgentEnd* agent = nullptr;

  Docker docker;
  Processes processes;
  Link executor_link;
  std::map<std::int64_t, std::unique_ptr<ExecutorNode>> executors;

 private:
  Cluster& cluster_;
};

}  // namespace windlass::sim
