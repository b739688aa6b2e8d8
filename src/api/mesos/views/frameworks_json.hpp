#pragma once
// Frameworks with what belongs to them, as the older reads show them.

#include "api/mesos/views/views.hpp"
#include "engine/picture.hpp"
#include "wire/json/writer.hpp"

#include <map>
#include <string>
#include <vector>

namespace windlass {

// One pass over everything, so that each framework's part is at hand. REQUIRES: the picture outlives it.
struct Cluster {
  explicit Cluster(const engine::Picture& the_state);

  const engine::Picture& state;
  Holdings held;
  std::map<FrameworkId, operator_api::TaskList> tasks;
  std::map<FrameworkId, operator_api::TaskList> completed;
  std::map<FrameworkId, std::vector<const ExecutorRecord*>> executors;
  std::map<FrameworkId, std::vector<const Offer*>> offers;
};

// What the framework has of `parts`: empty when it has none.
template <class Value>
const Value& part_of(const std::map<FrameworkId, Value>& parts, const FrameworkId& id) {
  static const Value none{};
  const auto found = parts.find(id);
  return found == parts.end() ? none : found->second;
}

// How many tasks of these lists are in which state: "TASK_RUNNING": 2, ….
void write_counts(JsonWriter& json, const std::vector<const operator_api::TaskList*>& lists);
// The members that /state and /state-summary have in common.
void write_framework_summary(JsonWriter& json, const engine::Framework& framework, const Holding& held);
// The member "role", or "roles" of a framework that has several.
void write_roles(JsonWriter& json, const FrameworkInfo& info);
// The members "frameworks" and "completed_frameworks"; `only`: the id of the one that is wanted, null: all.
void write_frameworks(JsonWriter& json, const Cluster& cluster, const std::string* only);

}  // namespace windlass
