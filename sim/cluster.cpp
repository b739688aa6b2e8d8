#include "sim/cluster.hpp"

#include "base/check.hpp"
#include "model/resources.hpp"

#include <utility>

namespace windlass::sim {

namespace {

AgentInfo agent_info(const ClusterOptions& options) {
  AgentInfo info;
  info.hostname = options.hostname;
  info.ip = "10.0.0.1";
  auto resources = parse_resources(options.resources);
  CHECK(resources.has_value());
  info.resources = *resources;
  auto attributes = parse_attributes(options.attributes);
  CHECK(attributes.has_value());
  info.attributes = *attributes;
  return info;
}

engine::Settings engine_settings(const AgentInfo& agent) {
  engine::Settings settings;
  settings.master.hostname = agent.hostname;
  settings.master.ip = agent.ip;
  settings.master.version = "1.11.0";
  settings.agent = agent;
  return settings;
}

scheduler::Settings scheduler_settings() {
  scheduler::Settings settings;
  settings.docker_executor = "/usr/libexec/windlass-executor";
  return settings;
}

std::vector<std::unique_ptr<Machine>> make_machines(Cluster& cluster) {
  std::vector<std::unique_ptr<Machine>> machines;
  machines.push_back(std::make_unique<Machine>(cluster, 0, agent_info(cluster.options)));
  return machines;
}

}  // namespace

Cluster::Cluster(std::uint64_t seed, ClusterOptions cluster_options, Faults cluster_faults)
    : options(std::move(cluster_options)),
      faults(cluster_faults),
      world(seed),
      agent_checker(*this, world),
      checker(*this, world),
      guest_checker(*this, world),
      framework_link(world, faults, "framework link"),
      machines(make_machines(*this)),
      engine(*this, machine(), engine_settings(machine().info)),
      master(&engine),
      scheduler(*this, scheduler_settings()),
      guest(*this) {
  machine().agent = &engine;
  framework_link.on_server_closed([this](Link::Id id) { master->framework_stream_closed(id); });
}

void Cluster::start() {
  engine.start();
  scheduler.start();
  if (options.has_guest) guest.start();
}

void Cluster::invite_guest() {
  options.has_guest = true;
  guest.start();
}

std::string Cluster::why_not_converged() const {
  if (auto why = checker.why_not_converged(); !why.empty()) return why;
  if (!options.has_guest) return {};
  if (!guest.subscribed()) return "the guest is not subscribed";
  return guest_checker.why_not_converged();
}

void Cluster::kill_executor(std::int64_t pid) {
  for (const auto& each : machines) each->end_executor(pid, 9, "kill -9");
}

std::vector<ExecutorNode*> Cluster::executors() const {
  std::vector<ExecutorNode*> all;
  for (const auto& each : machines) {
    for (const auto& [pid, executor] : each->executors) all.push_back(executor.get());
  }
  return all;
}

}  // namespace windlass::sim
