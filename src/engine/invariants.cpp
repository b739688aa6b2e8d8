#include "engine/invariants.hpp"

#include "base/check.hpp"
#include "engine/accounts.hpp"

#include <algorithm>
#include <map>
#include <string>
#include <vector>

namespace windlass::engine {
namespace {

void check_frameworks(const State& state) {
  for (const auto& [id, framework] : state.frameworks) {
    CHECK(framework.record.info.id == id);
    const int conditions =
        (framework.stream ? 1 : 0) + (framework.record.disconnected ? 1 : 0) + (framework.completed() ? 1 : 0);
    CHECK(conditions == 1);
    CHECK(framework.stream.has_value() == framework.next_heartbeat.has_value());
  }
}

void check_executors(const State& state) {
  CHECK(state.executors.size() == state.executor_ids.size());
  for (const auto& [key, container] : state.executor_ids) {
    const auto found = state.executors.find(container);
    CHECK(found != state.executors.end());
    CHECK(found->second.record.framework_id == key.first && found->second.record.info.id == key.second);
  }
}

void check_tasks(const State& state) {
  for (const auto& [key, task] : state.tasks) {
    const auto framework = state.frameworks.find(key.first);
    CHECK(framework != state.frameworks.end() && !framework->second.completed());
    if (is_terminal(task.record.state)) {
      CHECK(!task.record.updates.empty());
    } else {
      CHECK(state.executor_ids.contains({key.first, task.record.executor_id}));
    }
  }
}

void check_offers(const State& state) {
  CHECK(state.next_offer <= state.record.next_offer);
  for (const auto& [id, offer] : state.offers) {
    const Framework& framework = state.frameworks.at(offer.framework_id);
    const auto roles = framework.record.info.all_roles();
    CHECK(framework.stream.has_value());
    CHECK(std::find(roles.begin(), roles.end(), offer.role) != roles.end());
  }
}

// What is held may be more than there is when the agent was given less by its flags; but then none of it is offered.
void check_resources(const State& state) {
  std::map<std::string, std::int64_t> held;
  std::map<std::string, std::int64_t> offered;
  std::map<std::string, std::vector<Range>> ranges;
  for (const Use& use : uses(state)) {
    for (const Resource& entry : use.resources->entries()) {
      if (entry.type == ResourceType::scalar) (use.offered ? offered : held)[entry.name] += entry.milli;
      auto& all = ranges[entry.name];
      all.insert(all.end(), entry.ranges.begin(), entry.ranges.end());
    }
  }
  for (const auto& [name, milli] : offered) CHECK(milli + held[name] <= state.settings.agent.resources.milli(name));
  for (auto& [name, all] : ranges) {
    std::sort(all.begin(), all.end());
    for (std::size_t at = 1; at < all.size(); ++at) CHECK(all[at - 1].end < all[at].begin);
  }
}

}  // namespace

void check_invariants(const State& state) {
  check_frameworks(state);
  check_executors(state);
  check_tasks(state);
  check_offers(state);
  check_resources(state);
}

}  // namespace windlass::engine
