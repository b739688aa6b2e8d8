#pragma once
// A framework that is not ours, with a role of its own, and what it wants: it launches all that our scheduler never
// does. It keeps a journal, so that it knows after a crash what it has launched; how it is made is of no interest here,
// what it is told is (guest_checker.hpp).

#include "sim/ends.hpp"
#include "sim/guest_launch.hpp"
#include "sim/link.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>

namespace windlass::sim {

class Cluster;

inline constexpr const char* guest_role = "guest";

class GuestNode final : public FrameworkEnd {
 public:
  explicit GuestNode(Cluster& cluster) : cluster_(cluster) {}

  void start();
  void crash(const std::string& why, std::optional<Duration> down);
  [[nodiscard]] bool up() const { return up_; }
  [[nodiscard]] bool subscribed() const { return subscribed_; }
  [[nodiscard]] Link::Id connection() const { return connection_; }
  [[nodiscard]] const FrameworkId& framework() const { return framework_id_; }

  // Launched with the next offer that has room for it.
  void want(GuestWish wish);
  void kill(const TaskId& task);
  // Forgets what it has not launched yet; ends all that it has.
  void forget_wishes() { wishes_.clear(); }
  void kill_all();
  void shut_down(const ExecutorId& executor);
  void reconcile();
  // At random.
  void act();
  [[nodiscard]] std::size_t wishes() const { return wishes_.size(); }
  // Tasks that have not ended, as far as it knows.
  [[nodiscard]] std::size_t tasks() const;

  // From the network.
  void opened(Link::Id id, const Uuid& stream) override;
  void event_in(Link::Id id, const SchedulerEvent& event) override;
  void answered(Link::Id id, int status, const std::string& text) override;

 private:
  struct Task {
    AgentId agent;
    ExecutorId executor;
    bool over = false;
    bool kill_wanted = false;
  };
  friend struct GuestEars;
  void subscribe_after(Duration delay);
  void subscribe();
  void lost(Link::Id id);
  void look_again();
  void take_offer(const Offer& offer);
  void answer_offer(const Offer& offer);
  void take_status(const TaskStatus& status);
  void acknowledge(const TaskStatus& status);
  void call(const calls::Body& body);
  void later(Duration delay, std::function<void()> what);

  Cluster& cluster_;

  // In its journal.
  FrameworkId framework_id_;
  std::map<TaskId, Task> tasks_;
  std::deque<GuestWish> wishes_;
  std::size_t next_wish_ = 1;

  // Of one process.
  std::uint64_t life_ = 0;
  bool up_ = false;
  Link::Id connection_ = 0;  // 0: none
  bool subscribed_ = false;
  Uuid stream_;
};

}  // namespace windlass::sim
