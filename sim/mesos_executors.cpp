// The executors of a simulated agent: their processes, their connections, and what comes back after a restart.

#include "sim/cluster.hpp"
#include "sim/mesos_agent.hpp"

#include <algorithm>
#include <utility>

namespace windlass::sim {

using namespace std::chrono_literals;

namespace {

constexpr Duration executors_return_within = 2s;  // --executor_reregistration_timeout
constexpr Duration registration_limit = 1min;     // --executor_registration_timeout
constexpr Duration shutdown_grace = 5s;
constexpr Duration leftovers_end_within = 10s;

}  // namespace

// Executors that live come back; of the others, and of those that were never started, the end is told.
void MesosAgent::recover() {
  std::vector<ExecutorKey> never_started;
  for (const auto& [key, executor] : rows_.executors) {
    if (executor.pid == 0) {
      never_started.push_back(key);
    } else if (machine_.find_executor(executor.pid) == nullptr) {
      report_end(executor.pid, key, after(cluster_.world.now(), leftovers_end_within));
    }
  }
  for (const ExecutorKey& key : never_started) {
    end_executor(key, {TaskState::dropped, Reason::agent_restarted, "Executor was not started before the restart"});
  }
  recovering_ = !rows_.executors.empty();
  if (!recovering_) return connect();
  later(executors_return_within, [this] { end_recovery(); });
}

void MesosAgent::end_recovery() {
  recovering_ = false;
  std::vector<ExecutorKey> away;
  for (const auto& [key, executor] : rows_.executors) {
    // The time of one that was shutting down has passed.
    const bool goes = connection_of(key) == 0 || executor.terminating;
    if (goes && machine_.find_executor(executor.pid) != nullptr) away.push_back(key);
  }
  for (const ExecutorKey& key : away) {
    destroy(key, {TaskState::gone, Reason::executor_reregistration_timeout, "Executor did not reregister in time"});
  }
  connect();
}

void MesosAgent::launch(const ExecutorKey& key) {
  const Duration takes = cluster_.world.between(1ms, std::max<Duration>(1ms, cluster_.faults.launch_delay_max));
  later(takes, [this, key, container = rows_.executors.at(key).container] {
    const auto found = rows_.executors.find(key);
    if (found == rows_.executors.end() || found->second.container != container) return;
    spawn(key);
  });
}

void MesosAgent::spawn(const ExecutorKey& key) {
  const auto chance = cluster_.faults.launch_failure;
  if (chance != 0 && cluster_.world.chance(chance, 1000)) {
    return end_executor(key, {TaskState::failed, Reason::container_launch_failed, "Failed to fetch all URIs"});
  }
  Executor& executor = rows_.executors.at(key);
  executor.pid = machine_.spawn_executor({.container_id = executor.container,
                                          .framework = executor.framework,
                                          .executor = executor.info,
                                          .is_command = executor.is_command});
  await_subscription(key);
}

void MesosAgent::await_subscription(const ExecutorKey& key) {
  later(registration_limit, [this, key, container = rows_.executors.at(key).container] {
    const auto found = rows_.executors.find(key);
    if (found == rows_.executors.end() || found->second.container != container || found->second.subscribed) return;
    destroy(key, {TaskState::failed, Reason::executor_registration_timeout, "Executor did not register in time"});
  });
}

void MesosAgent::destroy(const ExecutorKey& key, End why) {
  Executor& executor = rows_.executors.at(key);
  executor.terminating = true;
  if (executor.pid == 0) return end_executor(key, why);
  ends_.emplace(key, std::move(why));
  machine_.end_executor(executor.pid, 9, "destroyed by the agent");
}

void MesosAgent::process_ended(std::int64_t pid, const ContainerId& container, int) {
  if (!serving_) return;
  for (const auto& [key, executor] : rows_.executors) {
    if (executor.container != container) continue;
    return report_end(pid, key, after(cluster_.world.now(), leftovers_end_within));
  }
}

// When what it leaves behind has ended too, or after a while.
void MesosAgent::report_end(std::int64_t pid, const ExecutorKey& key, TimePoint limit) {
  later(cluster_.world.between(1ms, 100ms), [this, pid, key, limit] {
    if (machine_.holds_something_of(pid) && cluster_.world.now() < limit) return report_end(pid, key, limit);
    const auto found = rows_.executors.find(key);
    if (found == rows_.executors.end() || found->second.pid != pid) return;
    const auto why = ends_.find(key);
    end_executor(key, why == ends_.end() ? End{} : why->second);
  });
}

void MesosAgent::end_executor(const ExecutorKey& key, const End& what) {
  const End why = what;  // it may be the one in ends_
  ends_.erase(key);
  for (const TaskKey& each : tasks_of(key)) {
    Task& task = rows_.tasks.at(each);
    if (is_terminal(task.state)) continue;
    task.queued = false;
    update_by_agent(each, why);
  }
  if (const Link::Id connection = connection_of(key)) {
    connections_.erase(connection);
    machine_.executor_link.close_server(connection);
  }
  const bool is_command = rows_.executors.at(key).is_command;
  rows_.executors.erase(key);
  if (!registered_) return;
  cluster_.agent_link.send_up(connection_, [this, id = connection_, key, is_command] {
    cluster_.mesos->executor_ended(id, key.first, key.second, is_command);
  });
}

// --- their connections ----------------------------------------------------------------------------------------------

void MesosAgent::executor_subscribes(Link::Id id, const FrameworkId& framework, const ExecutorId& executor,
                                     const executor_calls::Subscribe& subscribe) {
  if (!serving_) return machine_.executor_link.close_server(id);
  const auto found = rows_.executors.find({framework, executor});
  if (found == rows_.executors.end()) {
    answer(id, 400, "Executor cannot be found");
    return machine_.executor_link.close_server(id);
  }
  const ExecutorKey& key = found->first;
  if (const Link::Id earlier = connection_of(key)) {
    connections_.erase(earlier);
    machine_.executor_link.close_server(earlier);
  }
  connections_[id] = key;
  answer(id, 200, {});
  if (found->second.terminating) return tell_executor(id, executor_events::Shutdown{});
  greet(id, found->second, subscribe);
}

void MesosAgent::greet(Link::Id id, Executor& executor, const executor_calls::Subscribe& subscribe) {
  const ExecutorKey key{executor.framework.id, executor.info.id};
  const bool first = !std::exchange(executor.subscribed, true);
  if (first && !has_live_tasks(key)) return shut_down(executor);
  AgentInfo agent = machine_.info;
  agent.id = rows_.id;
  tell_executor(id, executor_events::Subscribed{executor.info, executor.framework, agent, executor.container});
  for (const TaskStatus& status : subscribe.unacknowledged_updates) {
    update_by_executor(id, executor, status);
    if (!up_) return;
  }
  for (const TaskKey& each : tasks_of(key)) {
    const Task& task = rows_.tasks.at(each);
    const bool listed = std::ranges::any_of(subscribe.unacknowledged_tasks,
                                            [&](const TaskInfo& info) { return info.id == each.second; });
    if (task.queued || task.state != TaskState::staging || listed) continue;
    update_by_agent(each, {TaskState::dropped, Reason::agent_restarted, "Task launched during agent restart"});
  }
  deliver(id, key);
}

// What waits for it: tasks, groups as a whole, kills.
void MesosAgent::deliver(Link::Id id, const ExecutorKey& key) {
  std::map<int, std::vector<TaskInfo>> groups;
  for (const TaskKey& each : tasks_of(key)) {
    Task& task = rows_.tasks.at(each);
    if (is_terminal(task.state)) continue;
    if (std::exchange(task.queued, false)) {
      if (task.group) {
        groups[*task.group].push_back(task.info);
      } else {
        tell_executor(id, executor_events::Launch{task.info});
      }
    }
    if (!std::exchange(task.kill_wanted, false)) continue;
    tell_executor(id, executor_events::Kill{each.second, task.kill_policy});
  }
  for (const auto& [number, tasks] : groups) tell_executor(id, executor_events::LaunchGroup{tasks});
}

void MesosAgent::executor_calls_in(Link::Id id, const ExecutorCall& call) {
  if (!serving_) return machine_.executor_link.close_server(id);
  const auto found = rows_.executors.find({call.framework_id, call.executor_id});
  if (found == rows_.executors.end()) return answer(id, 400, "Executor cannot be found");
  if (!connections_.contains(id)) return answer(id, 403, "Executor is not subscribed");
  const auto* update = std::get_if<executor_calls::Update>(&call.body);
  if (update != nullptr && update->status.uuid) update_by_executor(id, found->second, update->status);
}

void MesosAgent::executor_stream_closed(Link::Id id) { connections_.erase(id); }

void MesosAgent::shut_down(Executor& executor) {
  if (std::exchange(executor.terminating, true)) return;
  const ExecutorKey key{executor.framework.id, executor.info.id};
  if (const Link::Id connection = connection_of(key)) tell_executor(connection, executor_events::Shutdown{});
  later(executor.info.shutdown_grace_period.value_or(shutdown_grace), [this, key, container = executor.container] {
    const auto found = rows_.executors.find(key);
    if (found != rows_.executors.end() && found->second.container == container) destroy(key, {});
  });
}

void MesosAgent::tell_executor(Link::Id id, const ExecutorEvent& event) {
  machine_.executor_link.send_down(id, [this, id, event] {
    for (auto& [pid, node] : machine_.executors) {
      if (node->connection() == id) return node->event_in(id, event);
    }
  });
}

void MesosAgent::answer(Link::Id id, int status, const std::string& text) {
  machine_.executor_link.send_down(id, [this, id, status, text] {
    for (auto& [pid, node] : machine_.executors) {
      if (node->connection() != id) continue;
      return status == 403 ? node->refused(status, text) : node->subscribe_answered(id, status, text);
    }
  });
}

Link::Id MesosAgent::connection_of(const ExecutorKey& key) const {
  for (const auto& [id, owner] : connections_) {
    if (owner == key) return id;
  }
  return 0;
}

std::vector<TaskKey> MesosAgent::tasks_of(const ExecutorKey& key) const {
  std::vector<TaskKey> keys;
  for (const auto& [each, task] : rows_.tasks) {
    if (each.first == key.first && task.executor == key.second) keys.push_back(each);
  }
  return keys;
}

bool MesosAgent::has_live_tasks(const ExecutorKey& key) const {
  return std::ranges::any_of(tasks_of(key),
                             [&](const TaskKey& each) { return !is_terminal(rows_.tasks.at(each).state); });
}

}  // namespace windlass::sim
