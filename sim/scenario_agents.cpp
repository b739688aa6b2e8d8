// What happens to the agents of a cluster in a scenario.

#include "sim/scenario.hpp"

namespace windlass::sim {

// host=host2; else the first.
Machine& Scenario::machine_of(const ScenarioLine& line) {
  const auto host = line.options.find("host");
  if (host == line.options.end()) return cluster_->machine();
  Machine* machine = cluster_->find_machine(host->second);
  if (machine == nullptr) throw LineError("there is no host " + host->second);
  return *machine;
}

MesosAgent& Scenario::agent_of(const ScenarioLine& line, std::size_t index) {
  MesosAgent* agent = cluster_->find_agent(word(line, index));
  if (agent == nullptr) throw LineError("there is no agent on " + word(line, index));
  return *agent;
}

// "partition host2 on", "partition host2 off".
void Scenario::partition(const ScenarioLine& line) {
  const std::string& how = word(line, 2);
  if (how != "on" && how != "off") throw LineError("on or off, not " + how);
  agent_of(line, 1).set_partitioned(how == "on");
}

void Scenario::power_fails(const ScenarioLine& line) {
  agent_of(line, 1).crash("the power fails", std::chrono::seconds{30});
  cluster_->find_machine(word(line, 1))->lose_power();
}

void Scenario::gone(const ScenarioLine& line) { cluster_->mesos->mark_gone(agent_of(line, 1).id()); }

}  // namespace windlass::sim
