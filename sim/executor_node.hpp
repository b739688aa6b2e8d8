#pragma once
// One executor's process: its core, its loop, its subscription, and its conversation with Docker. It has no journal:
// when it dies, what it knew is gone, and its reaper removes its container.

#include "engine/step.hpp"
#include "executor/state.hpp"
#include "executor/step.hpp"
#include "sim/docker.hpp"
#include "sim/link.hpp"
#include "sim/loop.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace windlass::sim {

class Cluster;

class ExecutorNode {
 public:
  ExecutorNode(Cluster& cluster, std::int64_t pid, engine::LaunchExecutor launch);

  void start();
  [[nodiscard]] std::int64_t pid() const { return pid_; }
  [[nodiscard]] const ContainerId& container_id() const { return launch_.container_id; }
  [[nodiscard]] const TaskId& task() const { return task_; }
  // 0: none.
  [[nodiscard]] Link::Id connection() const { return connection_; }

  // From the network.
  void subscribe_answered(Link::Id id, int status, const std::string& text);
  void event_in(Link::Id id, const ExecutorEvent& event);
  void refused(int status, const std::string& text);
  // From Docker.
  void container_exited(const std::string& id);
  void daemon_changed(bool up);

 private:
  friend struct ExecutorActs;
  void subscribe();
  void subscribe_after(Duration delay);
  void lost(Link::Id id);
  void carry_out(const executor::Effects& fx);
  void send(const executor_calls::Body& body);
  void plan(const TaskInfo& task);
  void create(const ContainerSpec& spec);
  void watch(const std::string& id);
  void report_exit(const Container& container);
  // Posts it to this process if it still lives by then.
  void post_later(Duration delay, executor::TaskEventBody body);
  // Of its one task.
  void tell(executor::TaskEventBody body);
  // What Docker's answers are turned into: a closure that finds this process again, or does nothing.
  template <class Value>
  std::function<void(Value)> answer(std::function<void(ExecutorNode&, Value)> take);
  [[nodiscard]] std::string name() const { return "executor " + std::to_string(pid_); }

  Cluster& cluster_;
  const std::int64_t pid_;
  const engine::LaunchExecutor launch_;
  executor::State state_;
  Prng prng_;
  std::unique_ptr<CoreLoop<executor::Event, executor::Effects>> loop_;
  Link::Id connection_ = 0;
  bool subscribed_ = false;
  bool exiting_ = false;
  TaskId task_;
  std::optional<Docker::PullId> pull_;
  std::optional<std::string> watched_;
  bool attached_ = false;
};

}  // namespace windlass::sim
