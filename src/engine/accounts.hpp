#pragma once
// Who holds which of the agent's resources. Always computed from the tasks, executors and offers there are.

#include "engine/state.hpp"

#include <string>
#include <vector>

namespace windlass::engine {

// Resources that are taken: by a task that has not ended, by an executor, or by an offer.
struct Use {
  FrameworkId framework;
  std::string role;
  const Resources* resources = nullptr;  // as long as the state does not change
  bool offered = false;
};
std::vector<Use> uses(const State& state);

// What nobody holds. In the order in which Mesos offers it: ranges and sets first, then scalars.
Resources free_resources(const State& state);

}  // namespace windlass::engine
