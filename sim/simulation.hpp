#pragma once
// One run from one seed: rounds of users and faults, each followed by healing and the demand that all comes right.

#include "sim/cluster.hpp"
#include "sim/workload.hpp"

#include <cstdint>
#include <string>

namespace windlass::sim {

constexpr Duration converges_within = std::chrono::minutes{30};

class Simulation {
 public:
  // Options of the seed (swarm) are drawn from the seed itself.
  explicit Simulation(std::uint64_t seed);
  Simulation(std::uint64_t seed, const Faults& faults);

  // Runs for about this much simulated time. Throws Violation.
  void run(Duration time);

  World& world() { return cluster_.world; }
  Cluster& cluster() { return cluster_; }
  [[nodiscard]] const Faults& faults() const { return faults_; }

 private:
  void round();
  void heal();
  void await_convergence();
  void begin_faults();
  // Lets `what` happen again and again, at random, `mean` apart on average, until the healing.
  void repeat(Duration mean, std::function<void()> what);
  void crash_scheduler();
  void begin_faults_of_agents();
  void crash_master();
  void partition_agent();
  void lose_power();
  void kill_executor();
  void cut_framework();
  void cut_executor();
  void exit_container();
  void restart_docker();
  Duration down_time();
  [[nodiscard]] Machine& random_machine();
  [[nodiscard]] MesosAgent& random_agent();
  // Null: there is none.
  [[nodiscard]] ExecutorNode* random_executor();

  Faults faults_;
  Cluster cluster_;
  Workload workload_;
  std::uint64_t turn_ = 0;
};

}  // namespace windlass::sim
