#pragma once
// What the apps that wait ask of offers. Apps that ask for the same are matched as one: an offer that refuses one of
// them refuses all, so a batch of offers costs offers x distinct requirements + launches, not offers x apps.

#include "model/app.hpp"
#include "model/refusal.hpp"

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <vector>

namespace windlass::scheduler {

// What an offer must have for one instance.
struct Requirement {
  std::int64_t cpus = 0;  // these three in thousandths
  std::int64_t mem = 0;
  std::int64_t disk = 0;
  std::size_t ports = 0;                        // as many as are free
  std::vector<std::uint16_t> fixed_ports = {};  // these themselves
  std::vector<Constraint> constraints = {};
  AppId app = {};  // set when the constraints compare with where its other instances are: then it is matched alone
  auto operator<=>(const Requirement&) const = default;
};

Requirement requirement_of(const App& app);

// One requirement and the apps that may launch now and have it.
using DemandId = std::uint64_t;
struct Demand {
  Requirement requirement;
  std::set<AppId> ready;
  Funnel funnel = {};  // since the first of them began to wait
};

// An app misses instances.
struct Waiting {
  TimePoint since = {};
  std::optional<TimePoint> delayed_until = {};  // it has failed, and is not to be launched before
  DemandId demand = 0;                          // 0 while it is delayed
  Funnel offset = {};                           // its own funnel, less that of its demand
  friend bool operator==(const Waiting&, const Waiting&) = default;
};

}  // namespace windlass::scheduler
