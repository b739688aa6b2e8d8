#include "engine/accept.hpp"

#include "engine/executors.hpp"
#include "engine/offers.hpp"
#include "engine/task_rules.hpp"
#include "engine/tasks.hpp"

#include <optional>
#include <set>
#include <utility>

namespace windlass::engine {
namespace {

// What the accepted offers hold together.
struct Basket {
  std::string role;
  Resources available;
};

// The first rule that fails names the error: Mesos' order and texts (mesos.md 2.5). The offers must have one role, for
// a task has one.
std::optional<std::string> offers_error(const State& state, const Framework& framework,
                                        const std::vector<OfferId>& ids) {
  if (ids.empty()) return "No offers specified";
  std::set<OfferId> seen;
  for (const OfferId& id : ids) {
    if (!seen.insert(id).second) return "Duplicate offer " + id.value + " in offer list";
  }
  for (const OfferId& id : ids) {
    if (!state.offers.contains(id)) return "Offer " + id.value + " is no longer valid";
  }
  const FrameworkId& self = framework.record.info.id;
  for (const OfferId& id : ids) {
    const FrameworkId& owner = state.offers.at(id).framework_id;
    if (owner == self) continue;
    return "Offer " + id.value + " has invalid framework " + owner.value + " while framework " + self.value +
           " is expected";
  }
  const std::string& role = state.offers.at(ids.front()).role;
  for (const OfferId& id : ids) {
    const std::string& other = state.offers.at(id).role;
    if (other == role) continue;
    return "Aggregated offers must be allocated to the same role. Offer " + id.value + " uses role '" + other +
           " but another is using role '" + role;
  }
  return std::nullopt;
}

Basket spend(Turn& turn, const Framework& framework, const std::vector<OfferId>& ids) {
  Basket basket;
  for (const OfferId& id : ids) {
    const std::optional<Offer> offer = take_offer(turn, framework, id);
    // A stranger's offer stays with the stranger, unlike in Mesos (mesos.md 2.5).
    if (!offer) continue;
    basket.role = offer->role;
    basket.available += offer->resources;
  }
  turn.offer_later();
  return basket;
}

void refuse_tasks(Turn& turn, const Framework& framework, const calls::Operation& operation, const MasterUpdate& why) {
  for (const TaskInfo& task : operation.tasks) tell_of_task(turn, framework, task, why);
}

void launch(Turn& turn, const Framework& framework, const TaskInfo& wanted, Basket& basket) {
  const FrameworkId& id = framework.record.info.id;
  TaskInfo task = completed_task(wanted, id, basket.role);
  if (const auto error = task_error(turn.state, id, task, basket.available)) {
    // Only this task: the others of the operation go on (mesos.md 2.6).
    tell_of_task(turn, framework, wanted, {TaskState::error, Reason::task_invalid, *error});
    return;
  }
  // Before start_task(): that adds the executor, and then the executor's resources would no longer be needed.
  basket.available -= needed_resources(turn.state, id, task);
  start_task(turn, framework, std::move(task), basket.role);
}

void apply(Turn& turn, const Framework& framework, const calls::Operation& operation, Basket& basket) {
  const bool group = operation.type == calls::operation_launch_group;
  if (operation.type != calls::operation_launch && !group) return;  // nothing of it is offered: dropped, as Mesos does
  const Reason reason = group ? Reason::task_group_invalid : Reason::task_invalid;
  if (operation.has_id) {
    const std::string name = group ? "LAUNCH_GROUP" : "LAUNCH";
    refuse_tasks(turn, framework, operation,
                 {TaskState::error, reason, "The `id` field cannot be set on " + name + " operations"});
  } else if (group) {
    // Refused rather than pretended: a group needs nested containers (mesos.md 2.7).
    refuse_tasks(turn, framework, operation, {TaskState::error, reason, "Task groups are not supported by this agent"});
  } else {
    for (const TaskInfo& task : operation.tasks) launch(turn, framework, task, basket);
  }
}

}  // namespace

void accept(Turn& turn, Framework& framework, const calls::Accept& call) {
  const auto error = offers_error(turn.state, framework, call.offer_ids);
  // After the check, which looks them up; but the offers are gone whatever it says (mesos.md 2.5).
  Basket basket = spend(turn, framework, call.offer_ids);
  if (error) {
    const MasterUpdate lost{TaskState::dropped, Reason::invalid_offers, "Task launched with invalid offers: " + *error};
    for (const calls::Operation& operation : call.operations) refuse_tasks(turn, framework, operation, lost);
    return;
  }
  for (const calls::Operation& operation : call.operations) apply(turn, framework, operation, basket);
  // What is left counts as declined with the call's filters (mesos.md 2.5); an ACCEPT without tasks declines all.
  refuse(turn, framework, basket.role, basket.available, call.refuse_seconds);
}

}  // namespace windlass::engine
