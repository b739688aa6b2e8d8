#include "sim/cluster.hpp"

#include "base/check.hpp"
#include "model/resources.hpp"

#include <algorithm>
#include <utility>

namespace windlass::sim {

namespace {

// host1, host2, ... where there are many.
AgentInfo agent_info(const ClusterOptions& options, std::size_t number) {
  AgentInfo info;
  info.hostname = options.agents == 0 ? options.hostname : "host" + std::to_string(number + 1);
  info.ip = "10.0.0." + std::to_string(number + 1);
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
  for (std::size_t i = 0; i < std::max<std::size_t>(1, cluster.options.agents); ++i) {
    machines.push_back(std::make_unique<Machine>(cluster, i, agent_info(cluster.options, i)));
  }
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
      agent_link(world, faults, "agent link"),
      scheduler(*this, scheduler_settings()),
      guest(*this) {
  if (options.agents == 0) {
    engine = std::make_unique<EngineNode>(*this, machine(), engine_settings(machine().info));
    machine().agent = engine.get();
    master = engine.get();
  } else {
    mesos = std::make_unique<MesosMaster>(*this);
    master = mesos.get();
    agent_link.on_server_closed([this](Link::Id id) { mesos->agent_link_closed(id); });
    for (const auto& each : machines) {
      mesos_agents.push_back(std::make_unique<MesosAgent>(*this, *each));
      each->agent = mesos_agents.back().get();
    }
  }
  framework_link.on_server_closed([this](Link::Id id) { master->framework_stream_closed(id); });
}

void Cluster::start() {
  start_master();
  for (const auto& agent : mesos_agents) agent->start();
  scheduler.start();
  if (options.has_guest) guest.start();
}

void Cluster::start_master() { engine ? engine->start() : mesos->start(); }

void Cluster::crash_master(const std::string& why, std::optional<Duration> down) {
  engine ? engine->crash(why, down) : mesos->crash(why, down);
}

Machine* Cluster::find_machine(const std::string& hostname) {
  for (const auto& each : machines) {
    if (each->info.hostname == hostname) return each.get();
  }
  return nullptr;
}

MesosAgent* Cluster::find_agent(const std::string& hostname) {
  for (std::size_t i = 0; i < mesos_agents.size(); ++i) {
    if (machines[i]->info.hostname == hostname) return mesos_agents[i].get();
  }
  return nullptr;
}

void Cluster::invite_guest() {
  options.has_guest = true;
  guest.start();
}

std::string Cluster::why_not_converged() const {
  if (mesos && !mesos->knows_all_agents()) return "an agent has not registered";
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
