#pragma once
// A master's answer to GET /state-summary (mesos.md 5.1), as far as a scheduler wants to know it.

#include "model/ids.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace windlass {

struct FrameworkSummary {
  FrameworkId id;
  std::string name;
  bool connected = false;
  std::uint64_t live_tasks = 0;  // that have not ended
  friend bool operator==(const FrameworkSummary&, const FrameworkSummary&) = default;
};

// Those that the master has not removed; nothing when it cannot be read. One without an id is left out, other fields
// that are missing or odd have their defaults.
std::vector<FrameworkSummary> read_state_summary(std::string_view json);

}  // namespace windlass
