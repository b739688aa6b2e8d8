#pragma once
// An agent as Apache Mesos has it, with a journal: it starts executors on its machine, keeps their updates until they
// are acknowledged, and finds everything again after a crash. Executors do not notice that it was away.

#include "engine/step.hpp"
#include "model/executor_api.hpp"
#include "model/framework.hpp"
#include "sim/ends.hpp"
#include "sim/link.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace windlass::sim {

class Cluster;
class Machine;

using TaskKey = std::pair<FrameworkId, TaskId>;
using ExecutorKey = std::pair<FrameworkId, ExecutorId>;

// What a master hears of a task when its agent comes back.
struct TaskReport {
  TaskKey key;
  TaskInfo info;
  std::string role;
  TaskState latest = TaskState::staging;
  TaskStatus told = {};
};
struct AgentRegistration {
  AgentId id = {};  // empty: a new one
  AgentInfo info;
  std::vector<FrameworkInfo> frameworks = {};
  std::vector<TaskReport> tasks = {};
  std::vector<std::pair<ExecutorKey, Resources>> executors = {};
};
// Tasks to run in one executor.
struct TaskOrder {
  FrameworkInfo framework;
  std::string role;
  std::vector<TaskInfo> tasks;
  std::optional<ExecutorInfo> executor = {};  // none: a command executor
  bool is_group = false;
  // The master counts its resources for it; else it takes the executor for a living one.
  bool starts_executor = true;
};

class MesosAgent final : public AgentEnd {
 public:
  MesosAgent(Cluster& cluster, Machine& machine) : cluster_(cluster), machine_(machine) {}

  void start();
  void crash(const std::string& why, std::optional<Duration> down);
  [[nodiscard]] bool up() const { return up_; }
  [[nodiscard]] const AgentId& id() const { return rows_.id; }
  [[nodiscard]] Link::Id connection() const { return connection_; }
  // Nothing reaches the master, or comes from it, until it is over.
  void set_partitioned(bool partitioned);
  // All that it was is lost, and what it ran ends: it comes back as another.
  void wipe(const std::string& why);

  // From the master.
  void registered(Link::Id id, const AgentId& agent);
  void refused(Link::Id id);
  void run(Link::Id id, const TaskOrder& order);
  void kill(Link::Id id, const TaskKey& key, const std::optional<KillPolicy>& policy);
  void shut_down(Link::Id id, const ExecutorKey& key);
  void acknowledge(Link::Id id, const TaskKey& key, const Uuid& uuid);
  // The master has this task, and has not heard of it from this agent.
  void account_for(Link::Id id, const TaskKey& key, const TaskInfo& task, const std::string& role);

  // From executors and the kernel.
  void executor_subscribes(Link::Id id, const FrameworkId& framework, const ExecutorId& executor,
                           const executor_calls::Subscribe& subscribe) override;
  void executor_calls_in(Link::Id id, const ExecutorCall& call) override;
  void executor_stream_closed(Link::Id id) override;
  void process_ended(std::int64_t pid, const ContainerId& container, int wait_status) override;
  [[nodiscard]] std::vector<TaskView> tasks() const override;

 private:
  struct Executor {
    FrameworkInfo framework;
    ExecutorInfo info;
    ContainerId container;
    bool is_command = false;
    bool subscribed = false;  // has been, at least once
    bool terminating = false;
    std::int64_t pid = 0;  // 0: not started yet
  };
  struct Task {
    TaskInfo info;
    std::string role = {};
    ExecutorId executor = {};
    std::optional<int> group = {};
    TaskState state = TaskState::staging;
    bool queued = true;  // not yet sent to its executor
    bool kill_wanted = false;
    std::optional<KillPolicy> kill_policy = {};
    TaskStatus told = {};
    std::deque<TaskStatus> updates = {};
    std::set<Uuid> received = {};
  };
  struct Rows {
    AgentId id;
    std::map<ExecutorKey, Executor> executors;
    std::map<TaskKey, Task> tasks;
    int next_group = 1;
  };
  struct End {
    TaskState state = TaskState::failed;
    Reason reason = Reason::executor_terminated;
    std::string message = "Executor terminated";
  };

  void later(Duration delay, std::function<void()> what);
  // The disk is full, and the process has ended.
  bool cannot_write();

  // The master.
  void connect_after(Duration delay);
  void connect();
  void lost(Link::Id id);
  [[nodiscard]] AgentRegistration registration() const;
  void send_update(const TaskKey& key, Duration retry);
  [[nodiscard]] bool hears(Link::Id id) const { return up_ && id == connection_; }

  // Executors.
  void recover();
  void end_recovery();
  void launch(const ExecutorKey& key);
  void spawn(const ExecutorKey& key);
  void await_subscription(const ExecutorKey& key);
  void destroy(const ExecutorKey& key, End why);
  void report_end(std::int64_t pid, const ExecutorKey& key, TimePoint limit);
  void end_executor(const ExecutorKey& key, const End& why);
  void greet(Link::Id id, Executor& executor, const executor_calls::Subscribe& subscribe);
  void deliver(Link::Id id, const ExecutorKey& key);
  void shut_down(Executor& executor);
  void tell_executor(Link::Id id, const ExecutorEvent& event);
  void answer(Link::Id id, int status, const std::string& text);
  [[nodiscard]] Link::Id connection_of(const ExecutorKey& key) const;
  [[nodiscard]] bool has_live_tasks(const ExecutorKey& key) const;
  [[nodiscard]] std::vector<TaskKey> tasks_of(const ExecutorKey& key) const;

  // Tasks.
  void update_by_agent(const TaskKey& key, const End& what);
  void update_by_executor(Link::Id id, const Executor& executor, const TaskStatus& received);
  void take_update(const TaskKey& key, TaskStatus status);
  void kill_queued(const TaskKey& key);

  Cluster& cluster_;
  Machine& machine_;
  Rows rows_;  // its journal
  bool partitioned_ = false;

  // Of one process.
  std::uint64_t life_ = 0;
  bool up_ = false;
  bool serving_ = false;
  bool recovering_ = false;
  Link::Id connection_ = 0;  // to the master; 0: none
  bool registered_ = false;
  std::map<Link::Id, ExecutorKey> connections_;  // of executors
  std::map<ExecutorKey, End> ends_;              // what is to be told of those that are being destroyed
};

}  // namespace windlass::sim
