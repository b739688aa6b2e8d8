#pragma once
// A master as Apache Mesos has it, with many agents: what a cluster is for a framework. It takes the engine's place
// where a machine is not enough.
//
//   frameworks ──calls──▶ MesosMaster ◀──registrations, updates── MesosAgent (one on each machine)
//        ◀──events───           │ ───tasks, kills, acknowledgements──▶
//
// Its registry (which agents there are) survives it; what it knows of frameworks and tasks it hears again from them.
// An agent that is away for too long is unreachable: its tasks are said to be so, and may come back.

#include "model/framework.hpp"
#include "model/scheduler_api.hpp"
#include "sim/ends.hpp"
#include "sim/link.hpp"
#include "sim/mesos_agent.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace windlass::sim {

class Cluster;

class MesosMaster final : public MasterEnd {
 public:
  explicit MesosMaster(Cluster& cluster) : cluster_(cluster) {}

  void start();
  void crash(const std::string& why, std::optional<Duration> down);
  [[nodiscard]] bool up() const { return up_; }
  [[nodiscard]] const FrameworkInfo* framework(const FrameworkId& id) const;
  // Each agent that there is has registered.
  [[nodiscard]] bool knows_all_agents() const;

  // From frameworks.
  void framework_subscribes(Link::Id id, FrameworkEnd& from, const FrameworkId& framework,
                            const calls::Subscribe& subscribe) override;
  void framework_calls(Link::Id id, FrameworkEnd& from, const std::optional<Uuid>& stream,
                       const SchedulerCall& call) override;
  void framework_stream_closed(Link::Id id) override;

  // From agents.
  void agent_registers(Link::Id id, MesosAgent& from, const AgentRegistration& registration);
  // A status for its framework, and what the task's state is by now.
  void agent_updates(Link::Id id, const TaskKey& key, const TaskStatus& status, TaskState latest);
  void executor_ended(Link::Id id, const FrameworkId& framework, const ExecutorId& executor, bool is_command);
  void agent_link_closed(Link::Id id);

  // What an operator or bad luck does.
  void withdraw_offers();
  void mark_gone(const AgentId& id);

 private:
  friend struct MasterCalls;
  enum class Standing { admitted, unreachable, gone };
  struct Filter {
    AgentId agent;
    Resources resources;
    TimePoint until;
  };
  struct Framework {
    FrameworkInfo info;
    FrameworkEnd* end = nullptr;
    Link::Id connection = 0;  // 0: disconnected
    Uuid stream = {};
    bool suppressed = false;
    std::vector<Filter> filters = {};
  };
  struct Task {
    TaskInfo info;
    std::string role = {};
    TaskState latest = TaskState::staging;
    TaskStatus told = {};  // the newest that its framework was told
  };
  struct Agent {
    MesosAgent* node = nullptr;
    Link::Id connection = 0;  // 0: disconnected
    std::uint64_t absences = 0;
    AgentInfo info = {};
    std::map<TaskKey, Task> tasks = {};
    std::map<ExecutorKey, Resources> executors = {};
    std::set<TaskKey> kills = {};  // asked for while it was away
  };

  void later(Duration delay, std::function<void()> what);
  [[nodiscard]] bool serving() const;
  void send(const Framework& framework, const SchedulerEvent& event);
  void tell(const FrameworkId& id, const SchedulerEvent& event);
  void beat();
  void serve(Framework& framework, const calls::Body& body);
  void disconnect(Framework& framework);

  // Offers.
  void allocate();
  void allocate_again();
  void offer(Agent& agent);
  [[nodiscard]] bool wants(const Framework& framework, const Agent& agent, const Resources& resources) const;
  [[nodiscard]] Resources free_of(const Agent& agent) const;
  void withdraw(const AgentId& agent);
  void forget_offers_to(const FrameworkId& framework);
  void accept(Framework& framework, const calls::Accept& call);
  void decline(Framework& framework, const calls::Decline& call);
  [[nodiscard]] std::optional<Offer> spend(const Framework& framework, const std::vector<OfferId>& ids);
  void launch(Framework& framework, const Offer& offer, const calls::Operation& operation, Resources& free);

  // Tasks.
  void refuse(const Framework& framework, const TaskInfo& task, TaskState state, Reason reason, const std::string& why);
  void kill(Framework& framework, const calls::Kill& call);
  void acknowledge(const Framework& framework, const calls::Acknowledge& call);
  void reconcile(const Framework& framework, const calls::Reconcile& call);
  void reconcile_one(const Framework& framework, const calls::ReconcileTask& asked);
  void answer_reconciliation(const Framework& framework, TaskStatus status);
  [[nodiscard]] std::optional<TaskState> state_without_task(const std::optional<AgentId>& agent) const;
  [[nodiscard]] std::pair<Agent*, Task*> find_task(const TaskKey& key);

  // Agents.
  Agent* agent_at(Link::Id id);
  void admit(Agent& agent, const AgentRegistration& registration);
  void remove_earlier(const MesosAgent& node, const AgentId& except);
  void remove(const AgentId& id, TaskState state, Reason reason, const std::string& why);
  void mark_unreachable(const AgentId& id);

  Cluster& cluster_;

  // The registry.
  std::map<AgentId, Standing> registry_;
  std::uint64_t next_agent_ = 0;
  std::uint64_t next_framework_ = 0;
  std::uint64_t terms_ = 0;

  // Of one process.
  std::uint64_t life_ = 0;
  bool up_ = false;
  TimePoint serving_from_ = {};
  std::string id_;
  std::uint64_t next_offer_ = 0;
  std::map<FrameworkId, Framework> frameworks_;
  std::map<Link::Id, FrameworkId> connections_;
  std::map<AgentId, Agent> agents_;
  std::map<OfferId, Offer> offers_;
};

}  // namespace windlass::sim
