#pragma once
// The engine's process: its core, its loop, its journal, its ends of the connections, its child processes.

#include "engine/state.hpp"
#include "engine/step.hpp"
#include "sim/ends.hpp"
#include "sim/link.hpp"
#include "sim/loop.hpp"
#include "sim/rows.hpp"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace windlass::sim {

class Cluster;
class Machine;

// Where in its next commit a process is to die.
enum class CrashPoint { none, before_commit, after_commit };

class EngineNode final : public MasterEnd, public AgentEnd {
 public:
  using Answered = std::function<void(int status, const std::string& text)>;

  EngineNode(Cluster& cluster, Machine& machine, engine::Settings settings);

  void start();
  // Dies with all that is not committed, and starts again after `down`, if that is given.
  void crash(const std::string& why, std::optional<Duration> down);
  void crash_at_next_commit(CrashPoint point) { crash_point_ = point; }
  [[nodiscard]] bool up() const { return loop_ != nullptr; }
  // Up, and past the time in which it answers 503.
  [[nodiscard]] bool serving() const;
  [[nodiscard]] const EngineRows& rows() const { return rows_; }
  [[nodiscard]] const engine::State& state() const { return state_; }

  // From the network.
  void framework_subscribes(Link::Id id, FrameworkEnd& from, const FrameworkId& framework,
                            const calls::Subscribe& subscribe) override;
  void framework_calls(Link::Id id, FrameworkEnd& from, const std::optional<Uuid>& stream,
                       const SchedulerCall& call) override;
  void executor_subscribes(Link::Id id, const FrameworkId& framework, const ExecutorId& executor,
                           const executor_calls::Subscribe& subscribe) override;
  void executor_calls_in(Link::Id id, const ExecutorCall& call) override;
  void framework_stream_closed(Link::Id id) override;
  void executor_stream_closed(Link::Id id) override;
  // From the kernel.
  void process_ended(std::int64_t pid, const ContainerId& container, int wait_status) override;
  [[nodiscard]] std::vector<TaskView> tasks() const override;

 private:
  friend struct EngineActs;
  struct FrameworkStream {
    Link::Id connection = 0;
    FrameworkEnd* framework = nullptr;
  };
  struct ExecutorStream {
    bool open = false;
    std::vector<ExecutorEvent> waiting = {};  // sent before the answer of SUBSCRIBE
  };

  void load();
  void look_for_lost_children();
  void carry_out(engine::Effects fx, std::function<void()> done);
  void commit_and_act(const engine::Effects& fx);
  void tell(const engine::Answer& answer);
  void launch(const engine::LaunchExecutor& launch);
  void started(const ContainerId& container, std::int64_t pid);
  void destroy(const ContainerId& container);
  void report_end(const ContainerId& container, std::int64_t pid, std::optional<int> wait_status, TimePoint limit);
  void send_to_framework(const Uuid& stream, const SchedulerEvent& event);
  void send_to_executor(Link::Id id, const ExecutorEvent& event);
  void deliver_to_executor(Link::Id id, const ExecutorEvent& event);
  // Runs later, if this process still lives.
  void later(Duration delay, std::function<void()> what);

  Cluster& cluster_;
  Machine& machine_;
  engine::Settings settings_;
  EngineRows rows_;  // outlives the process

  // Of one process.
  std::uint64_t life_ = 0;
  engine::State state_;
  std::uint64_t steps_ = 0;
  std::unique_ptr<Prng> prng_;
  std::unique_ptr<CoreLoop<engine::Event, engine::Effects>> loop_;
  TimePoint serving_from_ = {};
  CrashPoint crash_point_ = CrashPoint::none;
  engine::RequestId next_request_ = 1;
  std::map<engine::RequestId, Answered> requests_;
  std::map<Link::Id, Uuid> stream_of_;
  std::map<Uuid, FrameworkStream> streams_;
  std::map<Link::Id, ExecutorStream> executor_streams_;
  std::set<ContainerId> launching_;
  std::set<std::int64_t> children_;
};

}  // namespace windlass::sim
