#pragma once
// Why an offer did not serve an app (marathon.md 2.8): one reason for each offer, the first in this order.

#include <boost/describe.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace windlass {

enum class Refusal : std::uint8_t {
  unfulfilled_role,
  unfulfilled_constraint,
  no_corresponding_reservation_found,
  agent_maintenance,
  insufficient_cpus,
  insufficient_memory,
  insufficient_disk,
  insufficient_gpus,
  insufficient_ports,
  declined_scarce_resources,
};
BOOST_DESCRIBE_ENUM(Refusal, unfulfilled_role, unfulfilled_constraint, no_corresponding_reservation_found,
                    agent_maintenance, insufficient_cpus, insufficient_memory, insufficient_disk, insufficient_gpus,
                    insufficient_ports, declined_scarce_resources)

inline constexpr std::size_t refusals_count = 10;

// As Marathon writes it: "InsufficientCpus".
std::string_view to_string(Refusal refusal);

// How many offers were looked at, and what became of those that did not serve.
struct Funnel {
  std::uint64_t offers = 0;
  std::array<std::uint64_t, refusals_count> refused = {};  // by Refusal

  void count(Refusal refusal) { ++refused.at(static_cast<std::size_t>(refusal)); }
  [[nodiscard]] std::uint64_t count_of(Refusal refusal) const { return refused.at(static_cast<std::size_t>(refusal)); }
  // Modulo 2^64: differences of differences come out right.
  Funnel& operator+=(const Funnel& more);
  Funnel& operator-=(const Funnel& less);
  friend bool operator==(const Funnel&, const Funnel&) = default;
};

}  // namespace windlass
