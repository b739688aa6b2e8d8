#pragma once
// What goes wrong, and how often. Each seed draws its own mix (swarm): a class of faults that is on in every run would
// hide what only happens without it.

#include "base/prng.hpp"
#include "base/time.hpp"

#include <cstdint>
#include <string>

namespace windlass::sim {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

// Mean times between two faults of a kind (zero: never), chances in thousandths, and how slow things are.
struct Faults {
  Duration crash_scheduler{};
  Duration crash_engine{};
  Duration kill_executor{};
  Duration cut_scheduler{};
  Duration cut_executor{};
  Duration container_exit{};
  Duration docker_restart{};
  Duration docker_hang{};
  Duration crash_guest{};
  // Where there is a master with agents.
  Duration crash_agent{};
  Duration partition_agent{};
  Duration lose_power{};
  Duration mark_agent_gone{};
  Duration withdraw_offers{};

  std::uint64_t commit_failure = 0;    // of 1000 commits: the disk is full, the process ends
  std::uint64_t docker_error = 0;      // of 1000 calls to Docker
  std::uint64_t guessed_end = 0;       // of 1000 ends of containers: Docker's wait does not know how
  std::uint64_t pull_failure = 0;      // of 1000 pulls
  std::uint64_t launch_failure = 0;    // of 1000 executor starts
  std::uint64_t duplicate = 0;         // of 1000 status updates: sent again, later
  std::uint64_t offers_held = 0;       // of 1000 offers to the guest: it keeps them for a while
  std::uint64_t late_acknowledge = 0;  // of 1000 updates to the guest: it acknowledges late, or not this time
  std::uint64_t images_forgotten = 0;  // of 1000 starts of a container: all images are deleted

  Duration network_delay_min = microseconds{50};
  Duration network_delay_max = milliseconds{1};
  Duration cut_notice_max = seconds{60};
  Duration commit_delay_max = milliseconds{2};
  Duration docker_delay_max = milliseconds{50};
  Duration pull_delay_max = seconds{5};
  Duration launch_delay_max = milliseconds{50};
  Duration stop_delay_max = milliseconds{200};  // from the stop signal to the container's end
  Duration partition_max = seconds{60};         // from the beginning of a partition to its end
  Duration down_max = seconds{2};               // from the end of a process to its next start
};

// Nothing goes wrong, nothing is slow.
Faults no_faults();
// A mix drawn from `prng`.
Faults swarm_faults(Prng& prng);
std::string to_string(const Faults& faults);

}  // namespace windlass::sim
