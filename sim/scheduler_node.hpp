#pragma once
// The scheduler's process: its core, its loop, its journal, its subscription, and the API's requests.

#include "scheduler/state.hpp"
#include "scheduler/step.hpp"
#include "sim/ends.hpp"
#include "sim/engine_node.hpp"
#include "sim/link.hpp"
#include "sim/loop.hpp"
#include "sim/rows.hpp"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace windlass::sim {

class Cluster;

class SchedulerNode final : public FrameworkEnd {
 public:
  // No answer: the connection to the API broke before there was one. The outcome is unknown.
  using Answered = std::function<void(const std::optional<scheduler::Answer>&)>;

  SchedulerNode(Cluster& cluster, scheduler::Settings settings);

  void start();
  void crash(const std::string& why, std::optional<Duration> down);
  void crash_at_next_commit(CrashPoint point) { crash_point_ = point; }
  [[nodiscard]] bool up() const { return loop_ != nullptr; }
  [[nodiscard]] bool subscribed() const { return subscribed_; }
  [[nodiscard]] Link::Id connection() const { return connection_; }
  [[nodiscard]] const SchedulerRows& rows() const { return rows_; }
  [[nodiscard]] const scheduler::State& state() const { return state_; }

  // A request of the API: StartApp, StopApp, ScaleApp or KillTasks. The request's number is set here.
  void request(scheduler::Event command, Answered answered);

  // From the network.
  void opened(Link::Id id, const Uuid& stream) override;
  void event_in(Link::Id id, const SchedulerEvent& event) override;
  void answered(Link::Id id, int status, const std::string& text) override;

 private:
  friend struct SchedulerActs;
  void subscribe();
  void subscribe_after(Duration delay);
  void lost(Link::Id id);
  void drop_connection();
  void carry_out(scheduler::Effects fx, std::function<void()> done);
  void commit_and_act(const scheduler::Effects& fx);
  void send(const calls::Body& body);
  void later(Duration delay, std::function<void()> what);

  Cluster& cluster_;
  scheduler::Settings settings_;
  SchedulerRows rows_;  // outlives the process

  // Of one process.
  std::uint64_t life_ = 0;
  scheduler::State state_;
  std::unique_ptr<Prng> prng_;
  std::unique_ptr<CoreLoop<scheduler::Event, scheduler::Effects>> loop_;
  CrashPoint crash_point_ = CrashPoint::none;
  scheduler::RequestId next_request_ = 1;
  std::map<scheduler::RequestId, Answered> requests_;
  Link::Id connection_ = 0;  // 0: none
  bool subscribed_ = false;  // SUBSCRIBED came on it
  Uuid stream_;
  FrameworkId framework_id_;
};

}  // namespace windlass::sim
