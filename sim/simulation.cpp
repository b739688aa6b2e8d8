#include "sim/simulation.hpp"

#include <iterator>

namespace windlass::sim {

using namespace std::chrono_literals;

namespace {

constexpr Duration guest_pause = 15s;  // on average, between two things that it does

Faults faults_of(std::uint64_t seed) {
  Prng prng{seed ^ 0x5eed5eed5eed5eedULL};
  return swarm_faults(prng);
}

// Users in a hurry, and users who wait until it is done.
Duration pause_of(std::uint64_t seed) {
  Prng prng{seed ^ 0xabadcafeULL};
  return seconds{static_cast<std::int64_t>(1 + prng.below(60))};
}

// Half have a master with agents instead of the engine. Most have a guest beside our scheduler, who has something
// reserved to itself.
ClusterOptions options_of(std::uint64_t seed) {
  Prng prng{seed ^ 0x6ee57ULL};
  ClusterOptions options;
  if (prng.chance(1, 2)) options.agents = 1 + prng.below(4);
  if (options.agents > 1) options.resources = "cpus:6;mem:6144;disk:100000;ports:[31000-31019]";
  options.has_guest = prng.chance(2, 3);
  if (options.has_guest) options.resources += ";cpus(guest):1;mem(guest):512";
  return options;
}

}  // namespace

Simulation::Simulation(std::uint64_t seed) : Simulation(seed, faults_of(seed)) {}

Simulation::Simulation(std::uint64_t seed, const Faults& faults)
    : faults_(faults), cluster_(seed, options_of(seed), no_faults()), workload_(cluster_, pause_of(seed)) {
  cluster_.start();
}

void Simulation::run(Duration time) {
  while (world().elapsed() < time) round();
}

void Simulation::round() {
  cluster_.faults = faults_;
  world().note("fate", "faults begin: " + to_string(faults_));
  workload_.make_images_bad();
  workload_.begin();
  begin_faults();
  repeat(guest_pause, [this] { cluster_.guest.act(); });
  world().run_until(world().now() + std::chrono::duration_cast<microseconds>(world().between(1min, 30min)));
  heal();
  await_convergence();
}

void Simulation::heal() {
  ++turn_;
  world().note("fate", "all is healed");
  cluster_.faults = no_faults();
  workload_.end();
  workload_.make_images_good();
  if (cluster_.engine) cluster_.engine->crash_at_next_commit(CrashPoint::none);
  for (const auto& agent : cluster_.mesos_agents) agent->set_partitioned(false);
  cluster_.framework_link.notice_cuts();
  cluster_.agent_link.notice_cuts();
  for (const auto& machine : cluster_.machines) machine->executor_link.notice_cuts();
  cluster_.scheduler.crash_at_next_commit(CrashPoint::none);
  cluster_.guest.forget_wishes();
  if (world().chance(1, 2)) cluster_.guest.kill_all();
}

// Requests without an answer yet, and processes that are down, need a moment first; then all must fit, and come right.
void Simulation::await_convergence() {
  const TimePoint limit = world().now() + std::chrono::duration_cast<microseconds>(converges_within);
  std::string why;
  for (bool fitted = false; world().now() < limit;) {
    world().run_until(world().now() + 5s);
    if (!fitted && cluster_.scheduler.up() && world().now() + 28min > limit) {
      fitted = true;
      workload_.make_it_fit();
      continue;
    }
    why = cluster_.why_not_converged();
    if (fitted && why.empty()) break;
  }
  if (!why.empty()) world().fail("not healed within 30 minutes: " + why);
  world().run_until(world().now() + 60s);
  why = cluster_.why_not_converged();
  if (!why.empty()) world().fail("it did not stay healed: " + why);
  world().note("fate", "all is as it is wanted");
}

void Simulation::repeat(Duration mean, std::function<void()> what) {
  if (mean == Duration{}) return;
  world().after(world().between(1ms, 2 * mean), [this, mean, turn = turn_, what = std::move(what)] {
    if (turn != turn_) return;
    what();
    repeat(mean, what);
  });
}

void Simulation::begin_faults() {
  repeat(faults_.crash_scheduler, [this] { crash_scheduler(); });
  repeat(faults_.crash_engine, [this] { crash_master(); });
  repeat(faults_.kill_executor, [this] { kill_executor(); });
  repeat(faults_.crash_guest, [this] { cluster_.guest.crash("kill -9", down_time()); });
  repeat(faults_.cut_scheduler, [this] { cut_framework(); });
  repeat(faults_.cut_executor, [this] { cut_executor(); });
  repeat(faults_.container_exit, [this] { exit_container(); });
  repeat(faults_.docker_restart, [this] { restart_docker(); });
  if (cluster_.mesos) begin_faults_of_agents();
  repeat(faults_.docker_hang, [this] { random_machine().docker.hang(world().between(1s, 60s)); });
}

void Simulation::begin_faults_of_agents() {
  repeat(faults_.crash_agent, [this] { random_agent().crash("kill -9", down_time()); });
  repeat(faults_.partition_agent, [this] { partition_agent(); });
  repeat(faults_.lose_power, [this] { lose_power(); });
  repeat(faults_.mark_agent_gone, [this] { cluster_.mesos->mark_gone(random_agent().id()); });
  repeat(faults_.withdraw_offers, [this] { cluster_.mesos->withdraw_offers(); });
}

MesosAgent& Simulation::random_agent() {
  return *cluster_.mesos_agents[world().prng().below(cluster_.mesos_agents.size())];
}

void Simulation::partition_agent() {
  MesosAgent& agent = random_agent();
  agent.set_partitioned(true);
  world().after(world().between(1s, faults_.partition_max), [&agent] { agent.set_partitioned(false); });
}

void Simulation::lose_power() {
  const auto number = world().prng().below(cluster_.machines.size());
  cluster_.mesos_agents[number]->crash("the power fails", down_time());
  cluster_.machines[number]->lose_power();
}

Duration Simulation::down_time() { return world().between(1ms, faults_.down_max); }

void Simulation::crash_scheduler() {
  const auto how = world().prng().below(3);
  if (how == 0) return cluster_.scheduler.crash("kill -9", down_time());
  cluster_.scheduler.crash_at_next_commit(how == 1 ? CrashPoint::before_commit : CrashPoint::after_commit);
}

void Simulation::crash_master() {
  const auto how = world().prng().below(3);
  if (!cluster_.engine || how == 0) return cluster_.crash_master("kill -9", down_time());
  cluster_.engine->crash_at_next_commit(how == 1 ? CrashPoint::before_commit : CrashPoint::after_commit);
}

ExecutorNode* Simulation::random_executor() {
  const auto executors = cluster_.executors();
  return executors.empty() ? nullptr : executors[world().prng().below(executors.size())];
}

void Simulation::cut_framework() {
  const auto dice = world().prng().below(3);
  if (dice == 0) return cluster_.framework_link.cut_all();
  const Link::Id id = dice == 1 ? cluster_.scheduler.connection() : cluster_.guest.connection();
  cluster_.framework_link.cut(id);
}

Machine& Simulation::random_machine() { return *cluster_.machines[world().prng().below(cluster_.machines.size())]; }

void Simulation::kill_executor() {
  if (const ExecutorNode* chosen = random_executor()) cluster_.kill_executor(chosen->pid());
}

void Simulation::cut_executor() {
  const ExecutorNode* chosen = random_executor();
  if (chosen == nullptr || chosen->connection() == 0) return;
  for (const auto& machine : cluster_.machines) {
    if (machine->find_executor(chosen->pid()) != nullptr) machine->executor_link.cut(chosen->connection());
  }
}

void Simulation::exit_container() {
  Machine& machine = random_machine();
  const auto code = static_cast<int>(world().prng().below(3));
  const auto& processes = machine.processes.running();
  if (!processes.empty() && world().chance(1, 2)) {
    const auto chosen =
        std::next(processes.begin(), static_cast<std::ptrdiff_t>(world().prng().below(processes.size())));
    return machine.processes.exit_by_itself(chosen->first, code);
  }
  const auto& containers = machine.docker.containers();
  if (containers.empty()) return;
  auto chosen = std::next(containers.begin(), static_cast<std::ptrdiff_t>(world().prng().below(containers.size())));
  const std::string id = chosen->first;
  machine.docker.exit_by_itself(id, code);
}

void Simulation::restart_docker() { random_machine().docker.restart(world().between(1s, 60s), world().chance(1, 2)); }

}  // namespace windlass::sim
