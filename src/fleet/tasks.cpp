#include "fleet/tasks.hpp"

#include "base/check.hpp"
#include "engine/framework_rules.hpp"
#include "engine/task_rules.hpp"
#include "engine/turn.hpp"
#include "fleet/offers.hpp"

#include <algorithm>
#include <utility>

namespace windlass::fleet {
namespace {

// An update is sent again after 10 s, then after twice as long each time, until it is acknowledged (mesos.md 2.11).
constexpr Duration retry_first = std::chrono::seconds{10};
constexpr Duration retry_max = std::chrono::minutes{10};

// What the accepted offers hold together, all of one agent.
struct Basket {
  Holder holder;
  std::uint32_t agent = 0;
  Resources available;
};

// --- statuses ---

TaskStatus status_of(const State& state, const TaskRecord& record) {
  TaskStatus status{.task_id = record.id};
  status.state = record.state;
  status.agent_id = state.agents[record.agent].id;
  status.executor_id = record.executor_id;
  return status;
}

// The task's first update: the next is sent when this one is acknowledged (mesos.md 2.11). As if from an executor, from
// whom such states come in Mesos.
void send_update(Turn& turn, const Framework& framework, Task& task, Duration wait) {
  task.retry_at.reset();
  if (framework.stream && !task.record.updates.empty()) {
    const PendingUpdate& update = task.record.updates.front();
    TaskStatus status = status_of(turn.state, task.record);
    status.state = engine::known_state(framework.record.info, update.state);
    status.message = update.message;
    status.source = StatusSource::executor;
    status.timestamp = update.time;
    status.uuid = update.uuid;
    turn.send(framework, events::Update{std::move(status)});
    task.retry_wait = wait;
    task.retry_at = after(turn.in.now, wait);
  }
  set_alarm(turn.state, task);
}

// As the master itself reports: without a uuid, so there is nothing to acknowledge (mesos.md 2.11).
void tell(Turn& turn, const Framework& framework, TaskStatus status) {
  status.state = engine::known_state(framework.record.info, status.state);
  status.source = StatusSource::master;
  status.timestamp = turn.in.now;
  turn.send(framework, events::Update{std::move(status)});
}

void refuse_task(Turn& turn, const Framework& framework, const TaskInfo& task, TaskState state, Reason reason,
                 std::string why) {
  TaskStatus status{.task_id = task.id};
  status.state = state;
  status.reason = reason;
  status.message = std::move(why);
  status.agent_id = task.agent_id;
  tell(turn, framework, std::move(status));
}

// With Mesos' texts (mesos.md 2.13): Marathon reads them.
void reconcile_one(Turn& turn, const Framework& framework, const TaskId& id, const std::optional<AgentId>& agent) {
  const auto found = framework.tasks.find(id);
  if (found != framework.tasks.end()) {
    TaskStatus status = status_of(turn.state, found->second.record);
    status.reason = Reason::reconciliation;
    status.message = "Reconciliation: Latest task state";
    return tell(turn, framework, std::move(status));
  }
  const bool ours = agent && agent_number(turn.state, *agent);
  TaskStatus status{.task_id = id};
  status.state = ours ? TaskState::gone : TaskState::unknown;
  status.reason = Reason::reconciliation;
  status.message = ours ? "Reconciliation: Task is unknown to the agent" : "Reconciliation: Task is unknown";
  if (agent) status.agent_id = *agent;
  tell(turn, framework, std::move(status));
}

// --- ACCEPT ---

// In Mesos' order and words (mesos.md 2.5).
std::optional<std::string> offers_error(const State& state, const Framework& framework,
                                        const std::vector<OfferId>& ids) {
  if (ids.empty()) return "No offers specified";
  std::set<OfferId> seen;
  for (const OfferId& id : ids) {
    if (!seen.insert(id).second) return "Duplicate offer " + id.value + " in offer list";
    const auto offer = state.offers.find(id);
    const bool own = offer != state.offers.end() && offer->second.holder.first == framework.record.info.id;
    if (!own) return "Offer " + id.value + " is no longer valid";
    const OpenOffer& first = state.offers.at(ids.front());
    if (offer->second.holder.second != first.holder.second) {
      return "Aggregated offers must be allocated to the same role. Offer " + id.value + " uses role '" +
             offer->second.holder.second + " but another is using role '" + first.holder.second;
    }
    if (offer->second.agent != first.agent) {
      return "Aggregated offers must belong to one single agent. Offer " + id.value + " uses agent " +
             state.agents[offer->second.agent].id.value + " and agent " + state.agents[first.agent].id.value;
    }
  }
  return std::nullopt;
}

Basket spend(Turn& turn, const Framework& framework, const std::vector<OfferId>& ids) {
  Basket basket;
  for (const OfferId& id : ids) {
    const auto offer = take_offer(turn, framework, id);
    if (!offer) continue;
    basket.holder = offer->holder;
    basket.agent = offer->agent;
    basket.available += offer->resources;
  }
  return basket;
}

void launch(Turn& turn, Framework& framework, const TaskInfo& wanted, Basket& basket) {
  State& state = turn.state;
  const std::string& role = basket.holder.second;
  // As engine::task_error has it, with each task in an executor of its own.
  auto error = engine::own_error(wanted, framework.tasks.contains(wanted.id), state.agents[basket.agent].id);
  Resources needed = engine::with_allocation(wanted.resources, role);
  if (wanted.executor) needed += engine::with_allocation(wanted.executor->resources, role);
  if (!error) error = engine::room_error(needed, basket.available);
  if (error) return refuse_task(turn, framework, wanted, TaskState::error, Reason::task_invalid, *error);
  basket.available -= needed;
  state.agents[basket.agent].used += needed;
  hold(state, basket.holder, needed);
  Task& task = framework.tasks[wanted.id];
  task.number = state.next_number++;
  state.numbered[task.number] = &task;
  task.record.framework_id = framework.record.info.id;
  task.record.id = wanted.id;
  task.record.agent = basket.agent;
  if (wanted.executor) task.record.executor_id = wanted.executor->id;
  task.record.role = role;
  task.record.resources = std::move(needed);
  // STAGING, of which Mesos sends no update (mesos.md 2.6); change_state() counts it on.
  ++framework.counts[task.record.state];
  const Duration delay = state.settings.task_delay;
  if (delay > Duration::zero()) task.start_at = after(turn.in.now, delay);
  change_state(turn, framework, task, task.start_at ? TaskState::starting : TaskState::running);
}

void apply(Turn& turn, Framework& framework, const calls::Operation& operation, Basket& basket) {
  const bool group = operation.type == calls::operation_launch_group;
  if (operation.type != calls::operation_launch && !group) return;  // nothing of it is offered: dropped, as Mesos does
  const Reason reason = group ? Reason::task_group_invalid : Reason::task_invalid;
  std::string why;
  if (operation.has_id) {
    why = std::string{"The `id` field cannot be set on "} + (group ? "LAUNCH_GROUP" : "LAUNCH") + " operations";
  } else if (group) {
    why = "Task groups are not supported by this agent";
  }
  for (const TaskInfo& task : operation.tasks) {
    if (why.empty()) {
      launch(turn, framework, task, basket);
    } else {
      refuse_task(turn, framework, task, TaskState::error, reason, why);
    }
  }
}

// It ends, or is forgotten: others may have its resources now.
void free_resources(Turn& turn, const TaskRecord& record) {
  if (is_terminal(record.state)) return;
  turn.state.agents[record.agent].used -= record.resources;
  release(turn.state, {record.framework_id, record.role}, record.resources);
  turn.offer_later();
}

}  // namespace

void accept(Turn& turn, Framework& framework, const calls::Accept& call) {
  // Checked before the offers are spent, and they are spent even so (mesos.md 2.5).
  const auto error = offers_error(turn.state, framework, call.offer_ids);
  Basket basket = spend(turn, framework, call.offer_ids);
  if (error) {
    for (const calls::Operation& operation : call.operations) {
      for (const TaskInfo& task : operation.tasks) {
        refuse_task(turn, framework, task, TaskState::dropped, Reason::invalid_offers,
                    "Task launched with invalid offers: " + *error);
      }
    }
    return;
  }
  for (const calls::Operation& operation : call.operations) apply(turn, framework, operation, basket);
  // What no task took is declined with the call's own filter (mesos.md 2.5).
  refuse(turn, basket.agent, basket.holder, basket.available, call.refuse_seconds);
}

void change_state(Turn& turn, Framework& framework, Task& task, TaskState state, std::string message) {
  TaskRecord& record = task.record;
  CHECK(!is_terminal(record.state));
  // Now, not when it is acknowledged: a framework that is slow or away keeps nothing from others (mesos.md 2.11).
  if (is_terminal(state)) {
    free_resources(turn, record);
    task.start_at.reset();
  }
  --framework.counts[record.state];
  ++framework.counts[state];
  record.state = state;
  record.changed = turn.in.now;
  record.updates.push_back({state, turn.in.now, Uuid::random(turn.in.prng), std::move(message)});
  turn.save(task);
  if (record.updates.size() == 1) {
    send_update(turn, framework, task, retry_first);
  } else {
    set_alarm(turn.state, task);
  }
}

void acknowledge(Turn& turn, Framework& framework, const calls::Acknowledge& call) {
  const auto found = framework.tasks.find(call.task_id);
  if (found == framework.tasks.end()) return;
  Task& task = found->second;
  TaskRecord& record = task.record;
  if (turn.state.agents[record.agent].id != call.agent_id) return;
  // The second acknowledgement of an update that was sent twice (mesos.md 2.11).
  if (record.updates.empty() || record.updates.front().uuid != call.uuid) return;
  const bool ended = is_terminal(record.updates.front().state);
  record.updates.pop_front();
  if (ended) return drop_task(turn, framework, task);
  turn.save(task);
  send_update(turn, framework, task, retry_first);
}

void kill(Turn& turn, Framework& framework, const calls::Kill& call) {
  const auto found = framework.tasks.find(call.task_id);
  // As for a task asked about by name; a wrong agent is passed over in silence (mesos.md 2.10).
  if (found == framework.tasks.end()) return reconcile_one(turn, framework, call.task_id, call.agent_id);
  Task& task = found->second;
  const bool elsewhere = call.agent_id && *call.agent_id != turn.state.agents[task.record.agent].id;
  if (elsewhere || is_terminal(task.record.state)) return;
  change_state(turn, framework, task, TaskState::killed);
}

void shut_down(Turn& turn, Framework& framework, const calls::Shutdown& call) {
  const auto agent = agent_number(turn.state, call.agent_id);
  if (!agent) return;
  for (auto& [id, task] : framework.tasks) {
    const bool its_own = task.record.agent == *agent && task.record.executor_id == call.executor_id;
    if (its_own && !is_terminal(task.record.state)) change_state(turn, framework, task, TaskState::killed);
  }
}

void reconcile(Turn& turn, const Framework& framework, const calls::Reconcile& call) {
  if (call.tasks.empty()) {
    for (const auto& [id, task] : framework.tasks) reconcile_one(turn, framework, id, std::nullopt);
  }
  for (const calls::ReconcileTask& asked : call.tasks) reconcile_one(turn, framework, asked.task_id, asked.agent_id);
}

void expire(Turn& turn, Task& task) {
  Framework* framework = find_framework(turn.state, task.record.framework_id);
  CHECK(framework != nullptr);
  if (task.start_at && *task.start_at <= turn.in.now) {
    task.start_at.reset();
    change_state(turn, *framework, task, TaskState::running);
  }
  if (task.retry_at && *task.retry_at <= turn.in.now) {
    send_update(turn, *framework, task, std::min(task.retry_wait * 2, retry_max));
  } else {
    set_alarm(turn.state, task);
  }
}

void resume_updates(Turn& turn, Framework& framework) {
  for (auto& [id, task] : framework.tasks) {
    if (!task.record.updates.empty()) send_update(turn, framework, task, retry_first);
  }
}

// A time at which nobody can be told would only wake the core.
void pause_updates(Turn& turn, Framework& framework) {
  for (auto& [id, task] : framework.tasks) {
    task.retry_at.reset();
    set_alarm(turn.state, task);
  }
}

void set_alarm(State& state, const Task& task) {
  std::optional<TimePoint> first = task.start_at;
  if (task.retry_at && (!first || *task.retry_at < *first)) first = task.retry_at;
  state.alarms.set(task.number, first);
}

void drop_task(Turn& turn, Framework& framework, Task& task) {
  free_resources(turn, task.record);
  // What has ended goes on being counted.
  if (!is_terminal(task.record.state)) --framework.counts[task.record.state];
  turn.state.alarms.set(task.number, std::nullopt);
  turn.state.numbered.erase(task.number);
  // Before it is erased: what is saved is found by its ids at the end of the step, or else its row is removed.
  turn.save(task);
  framework.tasks.erase(framework.tasks.find(task.record.id));
}

}  // namespace windlass::fleet
