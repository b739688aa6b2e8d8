#include "sim/mesos_master.hpp"

#include "sim/cluster.hpp"

#include <algorithm>
#include <utility>

namespace windlass::sim {

using namespace std::chrono_literals;

namespace {

constexpr Duration master_startup_max = 50ms;  // in which nobody is served
constexpr Duration heartbeat = 15s;
constexpr Duration agent_timeout = 75s;           // five pings
constexpr Duration agents_return_within = 10min;  // --agent_reregister_timeout, after a restart

}  // namespace

void MesosMaster::later(Duration delay, std::function<void()> what) {
  cluster_.world.after(delay, [this, life = life_, what = std::move(what)] {
    if (life == life_) what();
  });
}

bool MesosMaster::serving() const { return up_ && cluster_.world.now() >= serving_from_; }

void MesosMaster::start() {
  if (up_) return;
  World& world = cluster_.world;
  world.note("master", "starts");
  ++life_;
  up_ = true;
  serving_from_ = after(world.now(), world.between(1ms, master_startup_max));
  id_ = "master-" + std::to_string(++terms_);
  next_offer_ = 0;
  for (const auto& [id, standing] : registry_) {
    if (standing == Standing::admitted) agents_[id] = {};
  }
  later(heartbeat, [this] { beat(); });
  allocate_again();
  later(agents_return_within, [this] {
    std::vector<AgentId> away;
    for (const auto& [id, agent] : agents_) {
      if (agent.node == nullptr) away.push_back(id);
    }
    for (const AgentId& id : away) mark_unreachable(id);
  });
}

void MesosMaster::crash(const std::string& why, std::optional<Duration> down) {
  if (!up_) return;
  cluster_.world.note("master", "dies: " + why);
  ++life_;
  up_ = false;
  frameworks_.clear();
  connections_.clear();
  agents_.clear();
  offers_.clear();
  cluster_.agent_checker.offers_end();
  cluster_.framework_link.close_all_servers();
  cluster_.agent_link.close_all_servers();
  if (down) later(*down, [this] { start(); });
}

void MesosMaster::beat() {
  for (const auto& [id, framework] : frameworks_) send(framework, events::Heartbeat{});
  later(heartbeat, [this] { beat(); });
}

bool MesosMaster::knows_all_agents() const {
  const auto here = std::ranges::count_if(agents_, [](const auto& each) { return each.second.connection != 0; });
  return static_cast<std::size_t>(here) == cluster_.machines.size() && agents_.size() == cluster_.machines.size();
}

// --- frameworks -----------------------------------------------------------------------------------------------------

void MesosMaster::framework_subscribes(Link::Id id, FrameworkEnd& from, const FrameworkId& wanted,
                                       const calls::Subscribe& subscribe) {
  if (!serving()) return cluster_.framework_link.close_server(id);
  FrameworkId framework_id = wanted;
  if (framework_id.empty()) framework_id = {id_ + "-" + std::to_string(next_framework_++)};
  Framework& framework = frameworks_[framework_id];
  if (framework.connection != 0) {
    const Link::Id earlier = framework.connection;
    send(framework, events::Error{"Framework failed over"});
    disconnect(framework);
    cluster_.framework_link.close_server(earlier);
  }
  framework = {.info = subscribe.info, .end = &from, .connection = id};
  framework.info.id = framework_id;
  framework.stream = Uuid::random(cluster_.world.prng());
  connections_[id] = framework_id;
  cluster_.framework_link.send_down(id, [&from, id, stream = framework.stream] { from.opened(id, stream); });
  send(framework, events::Subscribed{.framework_id = framework_id,
                                     .master = {.id = id_, .hostname = "master", .ip = "10.0.0.100"}});
  allocate();
}

void MesosMaster::disconnect(Framework& framework) {
  connections_.erase(framework.connection);
  framework.connection = 0;
  forget_offers_to(framework.info.id);
}

void MesosMaster::framework_stream_closed(Link::Id id) {
  const auto found = connections_.find(id);
  if (found != connections_.end()) disconnect(frameworks_.at(found->second));
}

void MesosMaster::framework_calls(Link::Id id, FrameworkEnd& from, const std::optional<Uuid>& stream,
                                  const SchedulerCall& call) {
  if (!serving()) return cluster_.framework_link.close_server(id);
  cluster_.agent_checker.master_hears(call.body);
  const auto found = frameworks_.find(call.framework_id);
  int status = 202;
  if (found == frameworks_.end() || found->second.connection == 0) {
    status = 403;
  } else if (!stream || found->second.stream != *stream) {
    status = 400;
  } else {
    serve(found->second, call.body);
  }
  const std::string text = status == 202 ? "" : status == 403 ? "Framework is not subscribed" : "Another stream";
  cluster_.framework_link.send_down(id, [&from, id, status, text] { from.answered(id, status, text); });
}

struct MasterCalls {
  MesosMaster& master;
  MesosMaster::Framework& framework;
  void operator()(const calls::Accept& call) const { master.accept(framework, call); }
  void operator()(const calls::Decline& call) const { master.decline(framework, call); }
  void operator()(const calls::Kill& call) const { master.kill(framework, call); }
  void operator()(const calls::Acknowledge& call) const { master.acknowledge(framework, call); }
  void operator()(const calls::Reconcile& call) const { master.reconcile(framework, call); }
  void operator()(const calls::Suppress&) const { framework.suppressed = true; }
  void operator()(const calls::Revive&) const {
    framework.suppressed = false;
    framework.filters.clear();
    master.allocate();
  }
  void operator()(const calls::Shutdown& call) const {
    const auto found = master.agents_.find(call.agent_id);
    if (found == master.agents_.end() || found->second.connection == 0) return;
    MesosAgent* node = found->second.node;
    const Link::Id id = found->second.connection;
    const ExecutorKey key{framework.info.id, call.executor_id};
    master.cluster_.agent_link.send_down(id, [node, id, key] { node->shut_down(id, key); });
  }
  template <class Other>
  void operator()(const Other&) const {}
};

void MesosMaster::serve(Framework& framework, const calls::Body& body) {
  std::visit(MasterCalls{*this, framework}, body);
}

void MesosMaster::send(const Framework& framework, const SchedulerEvent& event) {
  if (framework.connection == 0) return;
  cluster_.agent_checker.master_tells(event);
  const Link::Id id = framework.connection;
  const std::function<void()> deliver = [end = framework.end, id, event] { end->event_in(id, event); };
  cluster_.framework_link.send_down(id, deliver);
  const auto chance = cluster_.faults.duplicate;
  if (chance == 0 || !std::holds_alternative<events::Update>(event) || !cluster_.world.chance(chance, 1000)) return;
  later(cluster_.world.between(0ms, 30s), [this, id, deliver] { cluster_.framework_link.send_down(id, deliver); });
}

void MesosMaster::tell(const FrameworkId& id, const SchedulerEvent& event) {
  const auto found = frameworks_.find(id);
  if (found != frameworks_.end()) send(found->second, event);
}

// --- agents ---------------------------------------------------------------------------------------------------------

MesosMaster::Agent* MesosMaster::agent_at(Link::Id id) {
  for (auto& [agent_id, agent] : agents_) {
    if (agent.connection == id) return &agent;
  }
  return nullptr;
}

void MesosMaster::agent_registers(Link::Id id, MesosAgent& from, const AgentRegistration& registration) {
  if (!serving()) return cluster_.agent_link.close_server(id);
  AgentId agent_id = registration.id;
  const auto known = registry_.find(agent_id);
  if (known != registry_.end() && known->second == Standing::gone) {
    return cluster_.agent_link.send_down(id, [&from, id] { from.refused(id); });
  }
  if (agent_id.empty()) agent_id = {"agent-" + std::to_string(next_agent_++)};
  const bool returns = known != registry_.end() && known->second == Standing::unreachable;
  registry_[agent_id] = Standing::admitted;
  remove_earlier(from, agent_id);
  Agent& agent = agents_[agent_id];
  if (agent.connection != 0) {
    withdraw(agent_id);
    cluster_.agent_link.close_server(agent.connection);
  }
  ++agent.absences;
  agent.node = &from;
  agent.connection = id;
  agent.info = registration.info;
  agent.info.id = agent_id;
  cluster_.world.note("master", "has " + agent_id.value + " on " + agent.info.hostname);
  cluster_.agent_link.send_down(id, [&from, id, agent_id] { from.registered(id, agent_id); });
  admit(agent, registration);
  if (!returns) return allocate();
  for (const auto& [key, task] : agent.tasks) {
    if (is_terminal(task.latest)) continue;
    TaskStatus status{.task_id = key.second, .state = task.latest, .message = "Agent is reachable again"};
    status.reason = Reason::agent_reregistered;
    status.agent_id = agent_id;
    tell(key.first, events::Update{status});
  }
  allocate();
}

// Both sides tell each other what they have. What only the master has never got there.
void MesosMaster::admit(Agent& agent, const AgentRegistration& registration) {
  const auto before = std::exchange(agent.tasks, {});
  agent.executors.clear();
  for (const auto& [key, resources] : registration.executors) agent.executors[key] = resources;
  for (const TaskReport& report : registration.tasks) {
    agent.tasks[report.key] = {report.info, report.role, report.latest, report.told};
  }
  Link& link = cluster_.agent_link;
  for (const auto& [key, task] : before) {
    if (agent.tasks.contains(key) || is_terminal(task.latest)) continue;
    agent.tasks[key] = task;
    link.send_down(agent.connection, [node = agent.node, id = agent.connection, key = key, task = task] {
      node->account_for(id, key, task.info, task.role);
    });
  }
  for (const TaskKey& key : std::exchange(agent.kills, {})) {
    link.send_down(agent.connection,
                   [node = agent.node, id = agent.connection, key] { node->kill(id, key, std::nullopt); });
  }
}

// Its agent has lost what it was, and is another by now.
void MesosMaster::remove_earlier(const MesosAgent& node, const AgentId& except) {
  std::vector<AgentId> earlier;
  for (const auto& [id, agent] : agents_) {
    if (agent.node == &node && id != except) earlier.push_back(id);
  }
  for (const AgentId& id : earlier) {
    registry_[id] = Standing::gone;
    remove(id, TaskState::gone, Reason::agent_removed, "A new agent registered at the same address");
  }
}

void MesosMaster::remove(const AgentId& id, TaskState state, Reason reason, const std::string& why) {
  withdraw(id);
  const Agent agent = std::move(agents_.at(id));
  agents_.erase(id);
  if (agent.connection != 0) cluster_.agent_link.close_server(agent.connection);
  std::set<FrameworkId> told;
  for (const auto& [key, task] : agent.tasks) {
    told.insert(key.first);  // also of those that have ended: their last update may be lost with the agent
    TaskStatus status{.task_id = key.second, .state = state, .message = why};
    status.reason = reason;
    status.agent_id = id;
    status.timestamp = cluster_.world.now();
    if (state == TaskState::unreachable) status.unreachable_time = cluster_.world.now();
    tell(key.first, events::Update{status});
  }
  for (const FrameworkId& framework : told) tell(framework, events::Failure{.agent_id = id});
}

void MesosMaster::mark_unreachable(const AgentId& id) {
  cluster_.world.note("master", id.value + " is unreachable");
  registry_[id] = Standing::unreachable;
  remove(id, TaskState::unreachable, Reason::agent_removed, "Agent is unreachable");
}

void MesosMaster::mark_gone(const AgentId& id) {
  const auto known = registry_.find(id);
  if (!serving() || known == registry_.end() || known->second == Standing::gone) return;
  cluster_.world.note("master", "an operator says that " + id.value + " is gone");
  known->second = Standing::gone;
  const auto found = agents_.find(id);
  if (found == agents_.end()) return;
  if (const Link::Id connection = found->second.connection) {
    MesosAgent* node = found->second.node;
    cluster_.agent_link.send_down(connection, [node, connection] { node->refused(connection); });
    found->second.connection = 0;
  }
  remove(id, TaskState::gone_by_operator, Reason::agent_removed_by_operator, "Agent has been marked gone");
}

void MesosMaster::agent_link_closed(Link::Id id) {
  Agent* agent = agent_at(id);
  if (agent == nullptr) return;
  agent->connection = 0;
  withdraw(agent->info.id);
  later(agent_timeout, [this, agent_id = agent->info.id, absence = agent->absences] {
    const auto found = agents_.find(agent_id);
    if (found == agents_.end() || found->second.absences != absence || found->second.connection != 0) return;
    mark_unreachable(agent_id);
  });
}

void MesosMaster::agent_updates(Link::Id id, const TaskKey& key, const TaskStatus& status, TaskState latest) {
  Agent* agent = agent_at(id);
  if (agent == nullptr) return;
  if (const auto found = agent->tasks.find(key); found != agent->tasks.end()) {
    found->second.latest = latest;
    found->second.told = status;
  }
  tell(key.first, events::Update{status});
}

void MesosMaster::executor_ended(Link::Id id, const FrameworkId& framework, const ExecutorId& executor,
                                 bool is_command) {
  Agent* agent = agent_at(id);
  if (agent == nullptr) return;
  agent->executors.erase({framework, executor});
  if (is_command) return;
  tell(framework, events::Failure{.agent_id = agent->info.id, .executor_id = executor, .status = -1});
}

}  // namespace windlass::sim
