#pragma once
// One executor's process: its core, its loop, its subscription, and its conversation with Docker. It has no journal:
// when it dies, what it knew is gone, and its reaper removes its containers.

#include "engine/step.hpp"
#include "executor/state.hpp"
#include "executor/step.hpp"
#include "sim/docker.hpp"
#include "sim/link.hpp"
#include "sim/loop.hpp"
#include "sim/processes.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

namespace windlass::sim {

class Cluster;
class Machine;

class ExecutorNode {
 public:
  ExecutorNode(Cluster& cluster, Machine& machine, std::int64_t pid, engine::LaunchExecutor launch);

  void start();
  [[nodiscard]] std::int64_t pid() const { return pid_; }
  [[nodiscard]] const ContainerId& container_id() const { return launch_.container_id; }
  [[nodiscard]] bool has_task(const TaskId& task) const { return runs_.contains(task); }
  [[nodiscard]] const FrameworkId& framework() const { return launch_.framework.id; }
  // 0: none.
  [[nodiscard]] Link::Id connection() const { return connection_; }

  // From the network.
  void subscribe_answered(Link::Id id, int status, const std::string& text);
  void event_in(Link::Id id, const ExecutorEvent& event);
  void refused(int status, const std::string& text);
  // From Docker and the kernel.
  void container_exited(const Container& container);
  void process_exited(const Process& process);
  void daemon_changed(bool up);

 private:
  friend struct ExecutorActs;
  friend struct TaskActs;
  // What its shell keeps for one task.
  struct Run {
    std::optional<Docker::PullId> pull = {};
    std::optional<std::string> watched = {};
    bool attached = false;
    std::string image = {};           // or the program
    std::string container = {};       // once it is made
    std::optional<int> process = {};  // of a command task
    std::set<std::uint64_t> probes = {};
  };

  void subscribe();
  void subscribe_after(Duration delay);
  void lost(Link::Id id);
  void carry_out(const executor::Effects& fx);
  void send(const executor_calls::Body& body);

  void plan(const executor::PlanContainer& call);
  void create(const TaskId& task, const ContainerSpec& spec);
  void watch(const TaskId& task, const std::string& id);
  void report_exit(const Container& container);
  void start_process(const TaskId& task, const executor::StartProcess& call);
  void make_holder(const executor::MakeHolder& call);
  void start_holder(executor::GroupNumber group, const std::string& id);
  void probe(const TaskId& task, const executor::RunProbe& call);
  [[nodiscard]] ProbeResult find_out(const TaskId& task, const Probe& probe);
  // Docker's part in a command that is run in a container; none: it did it.
  [[nodiscard]] std::optional<ProbeResult> docker_refuses(const TaskId& task, const Probe& probe) const;

  // Posts it to this process if it still lives by then.
  void post_later(Duration delay, const TaskId& task, executor::TaskEventBody body);
  void tell(const TaskId& task, executor::TaskEventBody body);
  // What Docker's answers are turned into: a closure that finds this process again, or does nothing.
  template <class Value>
  std::function<void(Value)> answer(std::function<void(ExecutorNode&, Value)> take);
  [[nodiscard]] std::string name() const { return "executor " + std::to_string(pid_); }

  Cluster& cluster_;
  Machine& machine_;
  const std::int64_t pid_;
  const engine::LaunchExecutor launch_;
  executor::State state_;
  Prng prng_;
  std::unique_ptr<CoreLoop<executor::Event, executor::Effects>> loop_;
  Link::Id connection_ = 0;
  bool subscribed_ = false;
  bool exiting_ = false;
  std::map<TaskId, Run> runs_;
};

}  // namespace windlass::sim
