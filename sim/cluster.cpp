#include "sim/cluster.hpp"

#include "base/check.hpp"
#include "model/resources.hpp"

#include <utility>

namespace windlass::sim {

using namespace std::chrono_literals;

namespace {

Resources agent_resources(const ClusterOptions& options) {
  auto resources = parse_resources(options.resources);
  CHECK(resources.has_value());
  return *resources;
}

engine::Settings engine_settings(const ClusterOptions& options) {
  engine::Settings settings;
  settings.master.hostname = options.hostname;
  settings.master.ip = "10.0.0.1";
  settings.master.version = "1.11.0";
  settings.agent.hostname = options.hostname;
  settings.agent.ip = "10.0.0.1";
  settings.agent.resources = agent_resources(options);
  auto attributes = parse_attributes(options.attributes);
  CHECK(attributes.has_value());
  settings.agent.attributes = *attributes;
  return settings;
}

scheduler::Settings scheduler_settings() {
  scheduler::Settings settings;
  settings.docker_executor = "/usr/libexec/windlass-executor";
  return settings;
}

}  // namespace

Cluster::Cluster(std::uint64_t seed, ClusterOptions cluster_options, Faults cluster_faults)
    : options(std::move(cluster_options)),
      faults(cluster_faults),
      world(seed),
      checker(*this, world, agent_resources(options)),
      docker(world, faults),
      scheduler_link(world, faults, "scheduler link"),
      executor_link(world, faults, "executor link"),
      engine(*this, engine_settings(options)),
      scheduler(*this, scheduler_settings()) {
  scheduler_link.on_server_closed([this](Link::Id id) { engine.framework_stream_closed(id); });
  executor_link.on_server_closed([this](Link::Id id) { engine.executor_stream_closed(id); });
  docker.on_started = [this](const Container& container) { checker.container_started(container); };
  docker.on_exited = [this](const Container& container) {
    checker.container_ended(container);
    if (ExecutorNode* executor = find_executor(container.owner)) executor->container_exited(container.id);
  };
  docker.on_daemon = [this](bool up) {
    for (auto& [pid, executor] : executors) executor->daemon_changed(up);
  };
}

std::int64_t Cluster::spawn_executor(const engine::LaunchExecutor& launch) {
  const std::int64_t pid = next_pid_++;
  world.note("machine", "process " + std::to_string(pid) + " is the executor " + launch.executor.id.value);
  executors[pid] = std::make_unique<ExecutorNode>(*this, pid, launch);
  executors[pid]->start();
  return pid;
}

void Cluster::end_executor(std::int64_t pid, int wait_status, const std::string& why) {
  auto found = executors.find(pid);
  if (found == executors.end()) return;
  world.note("machine", "process " + std::to_string(pid) + " ends: " + why);
  const ContainerId container = found->second->container_id();
  const auto connection = found->second->connection();
  const std::unique_ptr<ExecutorNode> dying = std::move(found->second);
  executors.erase(found);
  if (connection != 0) executor_link.close_client(connection);
  checker.executor_ended(pid);
  docker.reap(pid);
  engine.process_ended(pid, container, wait_status);
}

ExecutorNode* Cluster::find_executor(std::int64_t pid) {
  auto found = executors.find(pid);
  return found == executors.end() ? nullptr : found->second.get();
}

ExecutorNode* Cluster::find_executor(const ContainerId& container) {
  for (auto& [pid, executor] : executors) {
    if (executor->container_id() == container) return executor.get();
  }
  return nullptr;
}

}  // namespace windlass::sim
