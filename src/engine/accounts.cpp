#include "engine/accounts.hpp"

#include "base/check.hpp"
#include "engine/picture.hpp"

#include <algorithm>
#include <cstdint>

namespace windlass::engine {
namespace {

// All resources of a task or an executor are of one role (mesos.md 2.6), so the first entry speaks for all.
std::string role_of(const Resources& resources) {
  return resources.empty() ? std::string{"*"} : resources.entries().front().allocation;
}

// Takes it from any entry of that name. That is needed only after the agent's flags were changed: what earlier tasks
// hold is then no longer there in that form.
void take_any(Resources& from, Resource used) {
  // A copy: the loop changes `from`.
  const std::vector<Resource> entries = from.entries();
  for (const Resource& entry : entries) {
    if (entry.name != used.name || entry.type != used.type) continue;
    used.reservation = entry.reservation;
    used.extra = entry.extra;
    from.subtract(used);
    used.milli = std::max<std::int64_t>(0, used.milli - entry.milli);
  }
}

void take(Resources& from, const Resources& used) {
  for (const Resource& entry : used.entries()) {
    if (from.contains(Resources{{entry}})) {
      from.subtract(entry);
    } else {
      take_any(from, entry);
    }
  }
}

// State and Picture name their maps alike.
template <class Known>
std::vector<Use> all_uses(const Known& known) {
  std::vector<Use> all;
  for (const auto& [key, task] : known.tasks) {
    if (!is_terminal(task.record.state)) all.push_back(use_of(task));
  }
  for (const auto& [id, executor] : known.executors) {
    const std::vector<Use> its = uses_of(executor);
    all.insert(all.end(), its.begin(), its.end());
  }
  for (const auto& [id, offer] : known.offers) all.push_back(use_of(offer));
  return all;
}

// No range (a port) has two holders.
void check_apart(const Resources& taken, const Resource& entry) {
  const auto ranges = taken.ranges(entry.name);
  CHECK(subtract(ranges, entry.ranges) == ranges);
}

// Keeps no zeros, so that equal sums are equal maps.
void add_amounts(Accounts& accounts, const Use& use, int sign) {
  const std::pair holder{use.framework, use.role};
  Amounts& amounts = accounts.by_role[holder];
  for (const Resource& entry : use.resources->entries()) {
    if (entry.type != ResourceType::scalar) continue;
    // In whole thousandths, as Mesos compares (mesos.md 2.2): with doubles, sums that are added and subtracted for
    // weeks would drift.
    const std::int64_t sum = amounts[entry.name] += sign * entry.milli;
    CHECK(sum >= 0);
    if (sum == 0) amounts.erase(entry.name);
  }
  if (amounts.empty()) accounts.by_role.erase(holder);
}

}  // namespace

Use use_of(const Task& task) { return {task.record.framework_id, task.record.role, &task.record.info.resources}; }

Use use_of(const Offer& offer) { return {offer.framework_id, offer.role, &offer.resources, true}; }

Use use_of_remains(const Executor& executor, const TaskInfo& task) {
  return {executor.record.framework_id, role_of(task.resources), &task.resources};
}

std::vector<Use> uses_of(const Executor& executor) {
  const ExecutorRecord& record = executor.record;
  std::vector<Use> uses;
  for (const TaskInfo& task : record.remains) uses.push_back(use_of_remains(executor, task));
  // What the engine adds for a task that has only a command is on top of what was offered (mesos.md 3.3).
  if (!record.is_command) {
    uses.push_back({record.framework_id, role_of(record.info.resources), &record.info.resources});
  }
  return uses;
}

std::vector<Use> uses(const State& state) { return all_uses(state); }
std::vector<Use> uses(const Picture& picture) { return all_uses(picture); }

// Two tasks with one port would both be told that it is theirs; that ends the process here, before anything is sent.
void hold(Accounts& accounts, const Use& use) {
  add_amounts(accounts, use, 1);
  for (Resource entry : use.resources->entries()) {
    check_apart(accounts.held, entry);
    check_apart(accounts.offered, entry);
    entry.allocation.clear();
    (use.offered ? accounts.offered : accounts.held).add(entry);
  }
}

void release(Accounts& accounts, const Use& use) {
  add_amounts(accounts, use, -1);
  for (Resource entry : use.resources->entries()) {
    entry.allocation.clear();
    Resources& sum = use.offered ? accounts.offered : accounts.held;
    CHECK(sum.contains(Resources{{entry}}));
    sum.subtract(entry);
  }
}

// At a start, and in tests after every step.
Accounts all_accounts(const State& state) {
  Accounts accounts;
  for (const Use& use : uses(state)) hold(accounts, use);
  return accounts;
}

Resources free_resources(const State& state) {
  Resources free;
  // Mesos' order in offers and texts.
  for (const bool scalars : {false, true}) {
    for (const Resource& entry : state.settings.agent.resources.entries()) {
      if ((entry.type == ResourceType::scalar) == scalars) free.add(entry);
    }
  }
  // What is held may be more than there is, after a change of the agent's flags; then nothing of it is free.
  take(free, state.accounts.held);
  take(free, state.accounts.offered);
  return free;
}

}  // namespace windlass::engine
