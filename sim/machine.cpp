#include "sim/machine.hpp"

#include "sim/cluster.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace windlass::sim {

Machine::Machine(Cluster& cluster, std::size_t number, AgentInfo agent_info)
    : info(std::move(agent_info)),
      docker(cluster.world, cluster.faults, cluster.images, number),
      processes(cluster.world, cluster.faults, cluster.images),
      executor_link(cluster.world, cluster.faults, "executor link"),
      cluster_(cluster) {
  executor_link.on_server_closed([this](Link::Id id) { agent->executor_stream_closed(id); });
  docker.on_created = [this](const Container& container) { cluster_.guest_checker.container_created(container.task); };
  docker.on_started = [this](const Container& container) {
    cluster_.agent_checker.container_started(*this, container);
    cluster_.guest_checker.task_started(container.task);
  };
  docker.on_exited = [this](const Container& container) {
    cluster_.agent_checker.task_ended(container.task, container.exit_code);
    if (ExecutorNode* executor = find_executor(container.owner)) executor->container_exited(container);
  };
  docker.on_daemon = [this](bool up) {
    for (auto& [pid, executor] : executors) executor->daemon_changed(up);
  };
  processes.on_started = [this](const Process& process) { cluster_.guest_checker.task_started(process.task); };
  processes.on_ended = [this](const Process& process) {
    cluster_.agent_checker.task_ended(process.task, process.signal != 0 ? 128 + process.signal : process.exit_code);
    if (ExecutorNode* executor = find_executor(process.owner)) executor->process_exited(process);
  };
}

std::int64_t Machine::spawn_executor(const engine::LaunchExecutor& launch) {
  const std::int64_t pid = cluster_.next_pid();
  cluster_.world.note("machine", "process " + std::to_string(pid) + " is the executor " + launch.executor.id.value);
  executors[pid] = std::make_unique<ExecutorNode>(cluster_, *this, pid, launch);
  // What runs a command is given to its task on top, as in Mesos.
  cluster_.agent_checker.executor_started(*this, pid, launch.is_command ? Resources{} : launch.executor.resources);
  executors[pid]->start();
  return pid;
}

void Machine::end_executor(std::int64_t pid, int wait_status, const std::string& why) {
  auto found = executors.find(pid);
  if (found == executors.end()) return;
  cluster_.world.note("machine", "process " + std::to_string(pid) + " ends: " + why);
  const ContainerId container = found->second->container_id();
  const auto connection = found->second->connection();
  const std::unique_ptr<ExecutorNode> dying = std::move(found->second);
  executors.erase(found);
  if (connection != 0) executor_link.close_client(connection);
  cluster_.agent_checker.executor_ended(pid);
  processes.end_all_of(pid);
  docker.reap(pid);
  agent->process_ended(pid, container, wait_status);
}

void Machine::lose_power() {
  std::vector<std::int64_t> pids;
  for (const auto& [pid, executor] : executors) pids.push_back(pid);
  for (const auto pid : pids) end_executor(pid, 9, "the power fails");
  docker.stop_daemon(false);
  docker.start_daemon();
}

ExecutorNode* Machine::find_executor(std::int64_t pid) {
  auto found = executors.find(pid);
  return found == executors.end() ? nullptr : found->second.get();
}

ExecutorNode* Machine::find_executor(const ContainerId& container) {
  for (auto& [pid, executor] : executors) {
    if (executor->container_id() == container) return executor.get();
  }
  return nullptr;
}

bool Machine::runs(const TaskId& task) const {
  for (const auto& [id, container] : docker.containers()) {
    if (container.task != task || container.state != ContainerState::running) continue;
    if (executors.contains(container.owner)) return true;
  }
  return processes.find(task) != nullptr;
}

bool Machine::holds_something_of(std::int64_t pid) const {
  const auto& containers = docker.containers();
  return std::ranges::any_of(containers, [&](const auto& each) { return each.second.owner == pid; });
}

}  // namespace windlass::sim
