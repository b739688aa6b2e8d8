// What a simulated master does with offers and tasks.

#include "engine/offer_rules.hpp"
#include "sim/cluster.hpp"
#include "sim/mesos_master.hpp"

#include <algorithm>
#include <utility>

namespace windlass::sim {

using namespace std::chrono_literals;

namespace {

constexpr Duration allocation_interval = 1s;

}  // namespace

// --- offers ---------------------------------------------------------------------------------------------------------

void MesosMaster::allocate() {
  for (auto& [id, agent] : agents_) {
    if (agent.connection != 0) offer(agent);
  }
}

void MesosMaster::allocate_again() {
  later(allocation_interval, [this] {
    allocate();
    allocate_again();
  });
}

Resources MesosMaster::free_of(const Agent& agent) const {
  Resources free = agent.info.resources;
  for (const auto& [key, task] : agent.tasks) {
    if (!is_terminal(task.latest)) free -= task.info.resources.allocated_to("");
  }
  for (const auto& [key, resources] : agent.executors) free -= resources.allocated_to("");
  for (const auto& [id, offer] : offers_) {
    if (offer.agent_id == agent.info.id) free -= offer.resources.allocated_to("");
  }
  return free;
}

bool MesosMaster::wants(const Framework& framework, const Agent& agent, const Resources& resources) const {
  if (framework.connection == 0 || framework.suppressed) return false;
  return std::ranges::none_of(framework.filters, [&](const Filter& filter) {
    return filter.agent == agent.info.id && filter.until > cluster_.world.now() && filter.resources.contains(resources);
  });
}

// All that is free goes to one of those who want it.
void MesosMaster::offer(Agent& agent) {
  const Resources free = free_of(agent);
  std::vector<std::pair<Framework*, Resources>> takers;
  for (auto& [id, framework] : frameworks_) {
    const std::string role = framework.info.all_roles().front();
    const Resources open = engine::open_to(free, role);
    if (engine::is_allocatable(open) && wants(framework, agent, open)) takers.emplace_back(&framework, open);
  }
  if (takers.empty()) return;
  const auto& [framework, open] = takers[cluster_.world.prng().below(takers.size())];
  Offer offer;
  offer.id = {id_ + "-O" + std::to_string(next_offer_++)};
  offer.framework_id = framework->info.id;
  offer.agent_id = agent.info.id;
  offer.hostname = agent.info.hostname;
  offer.agent_ip = agent.info.ip;
  offer.role = framework->info.all_roles().front();
  offer.resources = open.allocated_to(offer.role);
  offer.attributes = agent.info.attributes;
  offers_[offer.id] = offer;
  send(*framework, events::Offers{.offers = {offer}});
}

// Their frameworks hear of it.
void MesosMaster::withdraw(const AgentId& agent) {
  std::vector<Offer> withdrawn;
  for (const auto& [id, offer] : offers_) {
    if (offer.agent_id == agent) withdrawn.push_back(offer);
  }
  for (const Offer& offer : withdrawn) {
    offers_.erase(offer.id);
    tell(offer.framework_id, events::Rescind{offer.id});
  }
}

void MesosMaster::withdraw_offers() {
  for (const auto& [id, agent] : agents_) withdraw(id);
}

void MesosMaster::forget_offers_to(const FrameworkId& framework) {
  std::erase_if(offers_, [&](const auto& each) { return each.second.framework_id == framework; });
  cluster_.agent_checker.offers_end(framework);
}

void MesosMaster::decline(Framework& framework, const calls::Decline& call) {
  for (const OfferId& id : call.offer_ids) {
    const auto found = offers_.find(id);
    if (found == offers_.end() || found->second.framework_id != framework.info.id) continue;
    if (const auto time = engine::refusal_time(call.refuse_seconds, allocation_interval)) {
      framework.filters.push_back(
          {found->second.agent_id, found->second.resources.allocated_to(""), after(cluster_.world.now(), *time)});
    }
    offers_.erase(found);
  }
  std::erase_if(framework.filters, [&](const Filter& filter) { return filter.until <= cluster_.world.now(); });
}

// All of them, as one; none when one of them is not there any more.
std::optional<Offer> MesosMaster::spend(const Framework& framework, const std::vector<OfferId>& ids) {
  std::optional<Offer> basket;
  bool good = !ids.empty();
  for (const OfferId& id : ids) {
    const auto found = offers_.find(id);
    if (found == offers_.end() || found->second.framework_id != framework.info.id) {
      good = false;
      continue;
    }
    if (basket) {
      good = good && basket->agent_id == found->second.agent_id;
      basket->resources += found->second.resources;
    } else {
      basket = found->second;
    }
    offers_.erase(found);
  }
  return good ? basket : std::nullopt;
}

void MesosMaster::accept(Framework& framework, const calls::Accept& call) {
  const auto basket = spend(framework, call.offer_ids);
  Resources free = basket ? basket->resources : Resources{};
  for (const calls::Operation& operation : call.operations) {
    if (basket) {
      launch(framework, *basket, operation, free);
      continue;
    }
    for (const TaskInfo& task : operation.tasks) {
      refuse(framework, task, TaskState::dropped, Reason::invalid_offers, "Task launched with invalid offers");
    }
  }
  if (!basket || free.empty()) return;
  if (const auto time = engine::refusal_time(call.refuse_seconds, allocation_interval)) {
    framework.filters.push_back({basket->agent_id, free.allocated_to(""), after(cluster_.world.now(), *time)});
  }
}

// REQUIRES: the offer is valid, and so its agent is connected.
void MesosMaster::launch(Framework& framework, const Offer& offer, const calls::Operation& operation, Resources& free) {
  const FrameworkId& framework_id = framework.info.id;
  Agent& agent = agents_.at(offer.agent_id);
  const bool is_group = operation.type == calls::operation_launch_group;
  std::vector<TaskOrder> orders;
  if (is_group) {
    orders.push_back({framework.info, offer.role, operation.tasks, operation.executor, true});
  } else {
    for (const TaskInfo& task : operation.tasks) {
      orders.push_back({framework.info, offer.role, {task}, task.executor, false});
    }
  }
  for (TaskOrder& order : orders) {
    Resources needed;
    for (const TaskInfo& task : order.tasks) needed += task.resources.allocated_to(offer.role);
    std::optional<ExecutorKey> executor;
    if (order.executor) executor = ExecutorKey{framework_id, order.executor->id};
    const bool starts_executor = executor && !agent.executors.contains(*executor);
    order.starts_executor = !executor || starts_executor;
    if (starts_executor) needed += order.executor->resources.allocated_to(offer.role);
    if (!free.contains(needed)) {
      for (const TaskInfo& task : order.tasks) {
        refuse(framework, task, TaskState::error, is_group ? Reason::task_group_invalid : Reason::task_invalid,
               "More resources than there are");
      }
      continue;
    }
    free -= needed;
    if (starts_executor) agent.executors[*executor] = order.executor->resources;
    for (const TaskInfo& task : order.tasks) agent.tasks[{framework_id, task.id}] = {.info = task, .role = offer.role};
    cluster_.agent_link.send_down(agent.connection,
                                  [node = agent.node, id = agent.connection, order] { node->run(id, order); });
  }
}

// --- tasks ----------------------------------------------------------------------------------------------------------

void MesosMaster::refuse(const Framework& framework, const TaskInfo& task, TaskState state, Reason reason,
                         const std::string& why) {
  TaskStatus status{.task_id = task.id, .state = state, .message = why};
  status.reason = reason;
  status.agent_id = task.agent_id;
  status.timestamp = cluster_.world.now();
  send(framework, events::Update{status});
}

std::pair<MesosMaster::Agent*, MesosMaster::Task*> MesosMaster::find_task(const TaskKey& key) {
  for (auto& [id, agent] : agents_) {
    const auto found = agent.tasks.find(key);
    if (found != agent.tasks.end()) return {&agent, &found->second};
  }
  return {nullptr, nullptr};
}

void MesosMaster::kill(Framework& framework, const calls::Kill& call) {
  const TaskKey key{framework.info.id, call.task_id};
  const auto [agent, task] = find_task(key);
  if (agent == nullptr) return reconcile_one(framework, {call.task_id, call.agent_id});
  if (agent->connection == 0) {
    agent->kills.insert(key);
    return;
  }
  cluster_.agent_link.send_down(agent->connection, [node = agent->node, id = agent->connection, key,
                                                    policy = call.kill_policy] { node->kill(id, key, policy); });
}

void MesosMaster::acknowledge(const Framework& framework, const calls::Acknowledge& call) {
  const auto found = agents_.find(call.agent_id);
  if (found == agents_.end() || found->second.connection == 0) return;
  Agent& agent = found->second;
  const TaskKey key{framework.info.id, call.task_id};
  const auto task = agent.tasks.find(key);
  const bool over =
      task != agent.tasks.end() && is_terminal(task->second.told.state) && task->second.told.uuid == call.uuid;
  if (over) agent.tasks.erase(task);
  cluster_.agent_link.send_down(agent.connection, [node = agent.node, id = agent.connection, key, uuid = call.uuid] {
    node->acknowledge(id, key, uuid);
  });
}

void MesosMaster::answer_reconciliation(const Framework& framework, TaskStatus status) {
  status.source = StatusSource::master;
  status.reason = Reason::reconciliation;
  status.timestamp = cluster_.world.now();
  status.uuid.reset();
  send(framework, events::Update{std::move(status)});
}

void MesosMaster::reconcile(const Framework& framework, const calls::Reconcile& call) {
  for (const calls::ReconcileTask& asked : call.tasks) reconcile_one(framework, asked);
  if (!call.tasks.empty()) return;
  std::vector<calls::ReconcileTask> known;
  for (const auto& [id, agent] : agents_) {
    for (const auto& [key, task] : agent.tasks) {
      if (key.first == framework.info.id) known.push_back({key.second, id});
    }
  }
  for (const calls::ReconcileTask& each : known) reconcile_one(framework, each);
}

void MesosMaster::reconcile_one(const Framework& framework, const calls::ReconcileTask& asked) {
  const auto [agent, task] = find_task({framework.info.id, asked.task_id});
  if (task != nullptr) {
    TaskStatus status = task->told;
    status.task_id = asked.task_id;
    status.agent_id = agent->info.id;
    status.message = "Reconciliation: Latest task state";
    return answer_reconciliation(framework, std::move(status));
  }
  const auto state = state_without_task(asked.agent_id);
  if (!state) return;
  TaskStatus status{.task_id = asked.task_id, .state = *state, .message = "Reconciliation: Task is not known"};
  if (asked.agent_id) status.agent_id = *asked.agent_id;
  answer_reconciliation(framework, std::move(status));
}

// None: it may still be told by an agent that has not come back yet.
std::optional<TaskState> MesosMaster::state_without_task(const std::optional<AgentId>& agent) const {
  const auto is_expected = [](const auto& each) { return each.second.node == nullptr; };
  if (!agent) {
    if (std::ranges::any_of(agents_, is_expected)) return {};
    return TaskState::unknown;
  }
  const auto standing = registry_.find(*agent);
  if (standing == registry_.end()) return TaskState::unknown;
  if (standing->second == Standing::gone) return TaskState::gone_by_operator;
  if (standing->second == Standing::unreachable) return TaskState::unreachable;
  const auto found = agents_.find(*agent);
  if (found == agents_.end() || is_expected(*found)) return {};
  return TaskState::gone;
}

}  // namespace windlass::sim
