#include "sim/faults.hpp"

namespace windlass::sim {

using namespace std::chrono_literals;

namespace {

// On in `chances` of 10 runs; then between low and high, rarely at either end.
Duration maybe(Prng& prng, std::uint64_t chances, seconds low, seconds high) {
  if (!prng.chance(chances, 10)) return {};
  return low + seconds{static_cast<std::int64_t>(prng.below(static_cast<std::uint64_t>((high - low).count())))};
}

std::uint64_t maybe(Prng& prng, std::uint64_t chances, std::uint64_t high) {
  return prng.chance(chances, 10) ? 1 + prng.below(high) : 0;
}

Duration pick(Prng& prng, std::initializer_list<Duration> from) { return from.begin()[prng.below(from.size())]; }

}  // namespace

Faults no_faults() { return {}; }

Faults swarm_faults(Prng& prng) {
  Faults faults;
  faults.crash_scheduler = maybe(prng, 5, 10s, 600s);
  faults.crash_engine = maybe(prng, 5, 10s, 600s);
  faults.kill_executor = maybe(prng, 4, 20s, 600s);
  faults.cut_scheduler = maybe(prng, 5, 10s, 600s);
  faults.cut_executor = maybe(prng, 5, 10s, 600s);
  faults.container_exit = maybe(prng, 5, 10s, 600s);
  faults.docker_restart = maybe(prng, 4, 60s, 900s);
  faults.docker_hang = maybe(prng, 3, 60s, 900s);
  faults.commit_failure = maybe(prng, 3, 5);
  faults.docker_error = maybe(prng, 4, 60);
  faults.guessed_end = maybe(prng, 4, 400);
  faults.pull_failure = maybe(prng, 4, 400);
  faults.launch_failure = maybe(prng, 3, 200);
  faults.duplicate = maybe(prng, 4, 200);
  faults.images_forgotten = maybe(prng, 4, 300);
  faults.crash_guest = maybe(prng, 4, 10s, 600s);
  faults.crash_agent = maybe(prng, 5, 10s, 600s);
  faults.partition_agent = maybe(prng, 5, 30s, 600s);
  faults.lose_power = maybe(prng, 3, 60s, 900s);
  faults.mark_agent_gone = maybe(prng, 2, 300s, 1800s);
  faults.withdraw_offers = maybe(prng, 4, 5s, 120s);
  faults.partition_max = pick(prng, {10s, 120s, 600s});
  faults.offers_held = maybe(prng, 4, 300);
  faults.late_acknowledge = maybe(prng, 4, 200);
  faults.network_delay_max = pick(prng, {1ms, 20ms, 500ms, 5s});
  faults.cut_notice_max = pick(prng, {1s, 60s, 600s});
  faults.commit_delay_max = pick(prng, {1ms, 20ms, 500ms});
  faults.docker_delay_max = pick(prng, {20ms, 500ms, 10s});
  faults.pull_delay_max = pick(prng, {1s, 30s, 400s});
  faults.launch_delay_max = pick(prng, {20ms, 1s, 30s});
  faults.stop_delay_max = pick(prng, {10ms, 1s, 20s});
  faults.down_max = pick(prng, {200ms, 5s, 120s});
  return faults;
}

std::string to_string(const Faults& faults) {
  std::string text;
  auto say_duration = [&](const char* name, Duration value) {
    if (value != Duration{}) text.append(" ").append(name).append("=").append(to_mesos_duration(value));
  };
  auto say = [&](const char* name, std::uint64_t value) {
    if (value != 0) text.append(" ").append(name).append("=").append(std::to_string(value)).append("/1000");
  };
  say_duration("crash_scheduler", faults.crash_scheduler);
  say_duration("crash_engine", faults.crash_engine);
  say_duration("kill_executor", faults.kill_executor);
  say_duration("cut_scheduler", faults.cut_scheduler);
  say_duration("cut_executor", faults.cut_executor);
  say_duration("container_exit", faults.container_exit);
  say_duration("docker_restart", faults.docker_restart);
  say_duration("docker_hang", faults.docker_hang);
  say_duration("crash_guest", faults.crash_guest);
  say_duration("crash_agent", faults.crash_agent);
  say_duration("partition_agent", faults.partition_agent);
  say_duration("lose_power", faults.lose_power);
  say_duration("mark_agent_gone", faults.mark_agent_gone);
  say_duration("withdraw_offers", faults.withdraw_offers);
  say_duration("partition_max", faults.partition_max);
  say("commit_failure", faults.commit_failure);
  say("docker_error", faults.docker_error);
  say("guessed_end", faults.guessed_end);
  say("pull_failure", faults.pull_failure);
  say("launch_failure", faults.launch_failure);
  say("duplicate", faults.duplicate);
  say("offers_held", faults.offers_held);
  say("late_acknowledge", faults.late_acknowledge);
  say("images_forgotten", faults.images_forgotten);
  say_duration("network_delay_max", faults.network_delay_max);
  say_duration("cut_notice_max", faults.cut_notice_max);
  say_duration("commit_delay_max", faults.commit_delay_max);
  say_duration("docker_delay_max", faults.docker_delay_max);
  say_duration("pull_delay_max", faults.pull_delay_max);
  say_duration("launch_delay_max", faults.launch_delay_max);
  say_duration("stop_delay_max", faults.stop_delay_max);
  say_duration("down_max", faults.down_max);
  return text.empty() ? text : text.substr(1);
}

}  // namespace windlass::sim
