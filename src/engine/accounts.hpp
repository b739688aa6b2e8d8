#pragma once
// Who holds which of the agent's resources.

#include "engine/state.hpp"

#include <string>
#include <vector>

namespace windlass::engine {

struct Picture;

// Resources that are taken: by a task that has not ended, by an executor, or by an offer.
struct Use {
  FrameworkId framework;
  std::string role;
  const Resources* resources = nullptr;  // valid as long as the state does not change
  bool offered = false;
};

// REQUIRES: the task has not ended.
Use use_of(const Task& task);
Use use_of(const Offer& offer);
// Of one of the executor's remains.
Use use_of_remains(const Executor& executor, const TaskInfo& task);
// Of the executor itself and of its remains.
std::vector<Use> uses_of(const Executor& executor);

// All that there are.
std::vector<Use> uses(const State& state);
std::vector<Use> uses(const Picture& picture);

// Something begins to be taken, or ends. REQUIRES: for each use, hold and release alternate, hold first.
void hold(Accounts& accounts, const Use& use);
void release(Accounts& accounts, const Use& use);
// What the sums must be; takes time in proportion to all tasks.
Accounts all_accounts(const State& state);

// What nobody holds. In the order in which Mesos offers it: ranges and sets first, then scalars.
Resources free_resources(const State& state);

}  // namespace windlass::engine
