#include "sim/mesos_agent.hpp"

#include "sim/cluster.hpp"

#include <algorithm>
#include <utility>

namespace windlass::sim {

using namespace std::chrono_literals;

namespace {

constexpr Duration agent_startup_max = 50ms;
constexpr Duration retry_first = 10s, retry_max = 10min;
constexpr Duration register_wait_max = 2s;

}  // namespace

void MesosAgent::later(Duration delay, std::function<void()> what) {
  cluster_.world.after(delay, [this, life = life_, what = std::move(what)] {
    if (life == life_) what();
  });
}

bool MesosAgent::cannot_write() {
  const auto chance = cluster_.faults.commit_failure;
  if (chance == 0 || !cluster_.world.chance(chance, 1000)) return false;
  crash("the journal cannot be written", cluster_.world.between(1ms, cluster_.faults.down_max));
  return true;
}

void MesosAgent::start() {
  if (up_) return;
  cluster_.world.note("agent " + machine_.info.hostname, "starts");
  ++life_;
  up_ = true;
  later(cluster_.world.between(1ms, agent_startup_max), [this] {
    serving_ = true;
    recover();
  });
}

void MesosAgent::crash(const std::string& why, std::optional<Duration> down) {
  if (!up_) return;
  cluster_.world.note("agent " + machine_.info.hostname, "dies: " + why);
  ++life_;
  up_ = serving_ = recovering_ = registered_ = false;
  if (connection_ != 0) cluster_.agent_link.close_client(std::exchange(connection_, 0));
  connections_.clear();
  ends_.clear();
  machine_.executor_link.close_all_servers();
  if (down) later(*down, [this] { start(); });
}

void MesosAgent::set_partitioned(bool partitioned) {
  if (partitioned == partitioned_) return;
  cluster_.world.note("agent " + machine_.info.hostname, partitioned ? "is cut off" : "is within reach again");
  partitioned_ = partitioned;
  if (partitioned && connection_ != 0) cluster_.agent_link.cut(connection_);
}

void MesosAgent::wipe(const std::string& why) {
  crash(why, 1s);
  std::vector<std::int64_t> pids;
  for (const auto& [pid, executor] : machine_.executors) pids.push_back(pid);
  for (const auto pid : pids) machine_.end_executor(pid, 9, why);
  rows_ = {};
}

std::vector<TaskView> MesosAgent::tasks() const {
  std::vector<TaskView> views;
  for (const auto& [key, task] : rows_.tasks) views.push_back({key.first, key.second, task.state, task.updates.size()});
  return views;
}

// --- the master -----------------------------------------------------------------------------------------------------

void MesosAgent::connect_after(Duration delay) {
  later(delay, [this] {
    if (connection_ == 0) connect();
  });
}

void MesosAgent::connect() {
  if (partitioned_) return connect_after(register_wait_max);
  Link& link = cluster_.agent_link;
  connection_ = link.connect([this](Link::Id id) { lost(id); });
  registered_ = false;
  link.send_up(connection_, [this, id = connection_, registration = registration()] {
    cluster_.mesos->agent_registers(id, *this, registration);
  });
}

void MesosAgent::lost(Link::Id id) {
  if (!hears(id)) return;
  cluster_.world.note("agent " + machine_.info.hostname, "has lost the master");
  cluster_.agent_link.close_client(std::exchange(connection_, 0));
  registered_ = false;
  connect_after(cluster_.world.between(10ms, register_wait_max));
}

AgentRegistration MesosAgent::registration() const {
  AgentRegistration registration{.id = rows_.id, .info = machine_.info};
  std::set<FrameworkId> seen;
  for (const auto& [key, executor] : rows_.executors) {
    if (seen.insert(key.first).second) registration.frameworks.push_back(executor.framework);
    registration.executors.emplace_back(key, executor.is_command ? Resources{} : executor.info.resources);
  }
  for (const auto& [key, task] : rows_.tasks) {
    registration.tasks.push_back({key, task.info, task.role, task.state, task.told});
  }
  return registration;
}

void MesosAgent::registered(Link::Id id, const AgentId& agent) {
  if (!hears(id)) return;
  rows_.id = agent;
  registered_ = true;
  for (const auto& [key, task] : rows_.tasks) {
    if (!task.updates.empty()) send_update(key, retry_first);
  }
}

// An operator has said that it is gone: nothing of it is wanted any more.
void MesosAgent::refused(Link::Id id) {
  if (hears(id)) wipe("the master wants nothing of it");
}

void MesosAgent::send_update(const TaskKey& key, Duration retry) {
  const Task& task = rows_.tasks.at(key);
  const TaskStatus& status = task.updates.front();
  if (registered_) {
    cluster_.agent_link.send_up(connection_, [this, id = connection_, key, status, latest = task.state] {
      cluster_.mesos->agent_updates(id, key, status, latest);
    });
  }
  later(retry, [this, key, uuid = *status.uuid, retry] {
    const auto now = rows_.tasks.find(key);
    const bool waits = now != rows_.tasks.end() && !now->second.updates.empty();
    if (waits && now->second.updates.front().uuid == uuid) send_update(key, std::min(retry * 2, retry_max));
  });
}

void MesosAgent::acknowledge(Link::Id id, const TaskKey& key, const Uuid& uuid) {
  if (!hears(id) || cannot_write()) return;
  const auto found = rows_.tasks.find(key);
  if (found == rows_.tasks.end()) return;
  Task& task = found->second;
  if (task.updates.empty() || task.updates.front().uuid != uuid) return;
  cluster_.agent_checker.agent_drops(task.updates.front());
  const bool over = is_terminal(task.updates.front().state);
  task.updates.pop_front();
  if (over) {
    rows_.tasks.erase(found);
  } else if (!task.updates.empty()) {
    task.told = task.updates.front();
    send_update(key, retry_first);
  }
}

void MesosAgent::account_for(Link::Id id, const TaskKey& key, const TaskInfo& info, const std::string& role) {
  if (!hears(id) || cannot_write() || rows_.tasks.contains(key)) return;
  Task& task = rows_.tasks[key];
  task.info = info;
  task.role = role;
  task.queued = false;
  update_by_agent(key, {TaskState::dropped, Reason::reconciliation, "Reconciliation: task unknown to the agent"});
}

// --- tasks ----------------------------------------------------------------------------------------------------------

void MesosAgent::run(Link::Id id, const TaskOrder& order) {
  if (!hears(id) || cannot_write()) return;
  const FrameworkId& framework = order.framework.id;
  const bool is_command = !order.executor;
  ExecutorInfo info = order.executor.value_or(ExecutorInfo{});
  if (is_command) {
    info.id = {order.tasks.front().id.value};
    info.command = order.tasks.front().command;
  }
  info.framework_id = framework;
  const ExecutorKey executor_key{framework, info.id};
  std::optional<int> group;
  if (order.is_group) group = rows_.next_group++;
  for (const TaskInfo& task : order.tasks) {
    rows_.tasks[{framework, task.id}] = {.info = task, .role = order.role, .executor = info.id, .group = group};
  }
  const auto found = rows_.executors.find(executor_key);
  const bool is_there = found != rows_.executors.end();
  if (!is_there && order.starts_executor) {
    const ContainerId container{Uuid::random(cluster_.world.prng()).to_string()};
    rows_.executors[executor_key] = {order.framework, info, container, is_command};
    return launch(executor_key);
  }
  if (!is_there || found->second.terminating) {
    for (const TaskInfo& task : order.tasks) {
      rows_.tasks.at({framework, task.id}).queued = false;
      update_by_agent({framework, task.id}, {TaskState::dropped, Reason::executor_terminated, "Executor terminating"});
    }
  } else if (const Link::Id connection = connection_of(executor_key)) {
    deliver(connection, executor_key);
  }
}

void MesosAgent::kill(Link::Id id, const TaskKey& key, const std::optional<KillPolicy>& policy) {
  if (!hears(id)) return;
  const auto found = rows_.tasks.find(key);
  if (found == rows_.tasks.end() || is_terminal(found->second.state)) return;
  Task& task = found->second;
  const ExecutorKey executor{key.first, task.executor};
  if (rows_.executors.at(executor).terminating) return;
  if (task.queued) return kill_queued(key);
  if (const Link::Id connection = connection_of(executor)) {
    return tell_executor(connection, executor_events::Kill{key.second, policy});
  }
  task.kill_wanted = true;
  task.kill_policy = policy;
}

// The others of its group go with it, and an executor that has nothing else to do.
void MesosAgent::kill_queued(const TaskKey& key) {
  const Task killed = rows_.tasks.at(key);
  const ExecutorKey executor{key.first, killed.executor};
  for (const TaskKey& each : tasks_of(executor)) {
    Task& task = rows_.tasks.at(each);
    const bool goes = each == key || (killed.group && task.group == killed.group);
    if (!goes || !task.queued) continue;
    task.queued = false;
    update_by_agent(each,
                    {TaskState::killed, Reason::task_killed_during_launch, "Killed before delivery to the executor"});
  }
  if (rows_.executors.at(executor).subscribed || has_live_tasks(executor)) return;
  destroy(executor, {TaskState::killed, Reason::task_killed_during_launch, "Executor is not needed any more"});
}

void MesosAgent::shut_down(Link::Id id, const ExecutorKey& key) {
  if (!hears(id)) return;
  const auto found = rows_.executors.find(key);
  if (found != rows_.executors.end()) shut_down(found->second);
}

void MesosAgent::update_by_agent(const TaskKey& key, const End& what) {
  TaskStatus status{.task_id = key.second, .state = what.state, .message = what.message};
  status.source = StatusSource::agent;
  status.reason = what.reason;
  status.agent_id = rows_.id;
  status.executor_id = rows_.tasks.at(key).executor;
  status.timestamp = cluster_.world.now();
  status.uuid = Uuid::random(cluster_.world.prng());
  take_update(key, std::move(status));
}

void MesosAgent::update_by_executor(Link::Id id, const Executor& executor, const TaskStatus& received) {
  if (cannot_write()) return;
  const TaskKey key{executor.framework.id, received.task_id};
  const auto found = rows_.tasks.find(key);
  const bool its_own = found != rows_.tasks.end() && found->second.executor == executor.info.id;
  if (its_own && !found->second.received.contains(*received.uuid)) {
    TaskStatus status = received;
    status.agent_id = rows_.id;
    status.executor_id = executor.info.id;
    found->second.queued = false;
    take_update(key, std::move(status));
  }
  if (its_own) cluster_.agent_checker.agent_acknowledges(received.task_id, *received.uuid);
  tell_executor(id, executor_events::Acknowledged{received.task_id, *received.uuid});
}

void MesosAgent::take_update(const TaskKey& key, TaskStatus status) {
  Task& task = rows_.tasks.at(key);
  cluster_.agent_checker.agent_has(*status.uuid);
  task.received.insert(*status.uuid);
  if (!is_terminal(task.state)) task.state = status.state;
  task.updates.push_back(std::move(status));
  if (task.updates.size() > 1) return;
  task.told = task.updates.front();
  send_update(key, retry_first);
}

}  // namespace windlass::sim
