#pragma once
// What a framework may rely on that launches everything which our scheduler does not: commands, containers in both
// forms, executors with several tasks, groups, checks.
//
// Safety, at every event:
//   nothing is heard of a task that was never launched     a task ends once, and says nothing after it
//   statuses come in order                                 nothing is killed without a reason
//   no task of a group begins before all can               what has failed its checks often enough only is ended for it
// Liveness, after everything is healed: each task runs or has ended, whoever was to be killed has, what has failed its
// checks often enough has, a group is there as a whole or not at all, and the last word on each check is right.

#include "model/probe.hpp"
#include "model/status.hpp"
#include "sim/world.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace windlass::sim {

class Cluster;

class GuestChecker {
 public:
  GuestChecker(Cluster& cluster, World& world) : cluster_(cluster), world_(world) {}

  // --- the guest ---
  void launches(const std::vector<TaskInfo>& tasks, const ExecutorId& executor, bool is_group);
  void kills(const TaskId& task);
  void shuts_down(const ExecutorId& executor);
  void hears(const TaskStatus& status);
  // Its agent will never be heard of again.
  void gives_up(const TaskId& task);

  // --- the machines ---
  void container_created(const TaskId& task);
  void task_started(const TaskId& task);
  void probe_ended(const TaskId& task, const Probe& probe, const ProbeResult& result);
  void executor_says(const TaskStatus& status);
  void executor_told_to_end(const ExecutorId& executor) { shuts_down(executor); }

  [[nodiscard]] bool owns(const TaskId& task) const { return tasks_.contains(task); }
  [[nodiscard]] bool is_over(const TaskId& task) const;
  // That run, as the guest has heard.
  [[nodiscard]] std::vector<TaskId> running() const;
  // "" when all is as it is wanted, else the first thing that is not.
  [[nodiscard]] std::string why_not_converged() const;

  // For scenarios: what was heard last of a task.
  struct News {
    std::optional<TaskState> state = {};
    std::optional<bool> healthy = {};
    std::optional<CheckStatus> check = {};
  };
  [[nodiscard]] News news_of(const TaskId& task) const;

 private:
  struct Watched {
    TaskInfo info;
    ExecutorId executor;
    std::optional<int> group = {};
    bool may_be_killed = false;  // the guest has asked for it, or for the end of its executor
    bool must_be_killed = false;
    std::set<Uuid> seen = {};
    News news = {};
    int rank = -1;      // of the states that were heard
    bool over = false;  // an end was heard
    std::optional<Uuid> end = {};
    bool is_created = false;
    std::optional<TimePoint> started = {};       // its container or process
    std::optional<TimePoint> said_running = {};  // by its executor
    // The health check. Failures in a row that count for certain, and that may count: when its grace period began is
    // known only within limits.
    bool has_succeeded = false;
    std::uint32_t certain_failures = 0;
    std::uint32_t possible_failures = 0;
    bool must_fail = false;
    bool may_fail = false;
  };
  void take_update(Watched& task, const TaskStatus& status);
  void count_health(Watched& task, bool good);
  void check_killed(const Watched& task, const TaskStatus& status) const;
  [[nodiscard]] bool group_may_end(const Watched& task) const;
  [[nodiscard]] std::string task_not_converged(const Watched& task) const;
  [[nodiscard]] std::string checks_not_converged(const Watched& task) const;
  [[nodiscard]] std::string groups_not_converged() const;
  [[nodiscard]] Watched* find(const TaskId& task);

  Cluster& cluster_;
  World& world_;
  std::map<TaskId, Watched> tasks_;
  int next_group_ = 1;
};

}  // namespace windlass::sim
