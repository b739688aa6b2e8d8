#pragma once
// What must be true whatever happens. The checker sees what a bystander sees: messages on the wire, rows in the
// journals, processes and containers. It knows nothing of how the cores decide.
//
// Safety, at every event:
//   an acknowledged app is in the journal, as it was acknowledged    no launch, no acknowledgement before its row
//   at most as many wanted instances as the app has                  two live containers never have one task
//   no forgotten living instance, no living task reported dead       no host port, no resource given twice
//   no success of a container that has failed
// Liveness, after everything is healed: why_not_converged() is "" within a bounded time.

#include "model/scheduler_api.hpp"
#include "sim/docker.hpp"
#include "sim/rows.hpp"
#include "sim/world.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace windlass::sim {

class Cluster;

class Checker {
 public:
  // `total`: all resources of the agent.
  Checker(Cluster& cluster, World& world, Resources total);

  // --- the API, as its clients see it ---
  // Counts that an app may have now; an empty one means: no app. More than one while an answer is awaited.
  using Counts = std::set<std::optional<std::int64_t>>;
  void asked(const AppId& id, const Counts& possible, const std::optional<App>& definition = {});
  void answered(const AppId& id, std::optional<std::int64_t> now);
  // There will be no answer: what is in the journal counts, if it is one of what was possible.
  void never_answered(const AppId& id, const SchedulerRows& rows);
  [[nodiscard]] Counts possible(const AppId& id) const;
  [[nodiscard]] std::vector<AppId> known_apps() const;
  [[nodiscard]] const App* definition(const AppId& id) const;

  // --- journals and wire ---
  void scheduler_will_commit(const SchedulerRows& rows, const std::vector<scheduler::Write>& writes);
  void scheduler_has_committed(const SchedulerRows& rows);
  void scheduler_calls(const SchedulerRows& rows, const calls::Body& call);
  void scheduler_hears(const SchedulerEvent& event);
  void engine_hears(const calls::Body& call);
  void engine_will_commit(const EngineRows& rows, const std::vector<engine::Write>& writes);
  void engine_tells_scheduler(const SchedulerEvent& event);
  void engine_tells_executor(const EngineRows& rows, const ExecutorEvent& event);

  // --- the machine ---
  void executor_hears(std::int64_t pid, const ExecutorEvent& event);
  void executor_says(std::int64_t pid, const executor_calls::Body& call);
  void executor_ended(std::int64_t pid);
  void container_started(const Container& container);
  void container_ended(const Container& container);

  // "" when all is as it is wanted, else the first thing that is not.
  [[nodiscard]] std::string why_not_converged() const;
  // Launches seen on the wire so far, by app.
  [[nodiscard]] std::size_t launches(const AppId& id) const;

 private:
  struct Expected {
    Counts possible;
    std::optional<App> definition;
    std::vector<std::uint16_t> service_ports;  // as first seen in the journal; they stay
  };
  struct Process {
    std::optional<TaskInfo> task;
    bool reported_end = false;
    bool told_to_end = false;
  };
  void check_apps(const SchedulerRows& rows);
  void check_definition(const Expected& expected, const App& app);
  void check_counts(const SchedulerRows& rows);
  void check_resources() const;
  void check_acknowledge(const SchedulerRows& rows, const calls::Acknowledge& call) const;
  void check_accept(const SchedulerRows& rows, const calls::Accept& call);
  void check_forgotten(const Instance& instance) const;
  void check_death_notice(const TaskStatus& status) const;
  [[nodiscard]] bool lives(const TaskId& task) const;
  [[nodiscard]] std::string app_not_converged(const AppId& id, std::int64_t wanted) const;
  [[nodiscard]] std::string instance_not_converged(const Instance& instance) const;
  [[nodiscard]] std::string rest_not_converged(std::size_t wanted) const;

  Cluster& cluster_;
  World& world_;
  Resources total_;
  std::map<AppId, Expected> apps_;
  std::map<std::int64_t, Process> processes_;
  std::map<TaskId, int> exit_codes_;  // of tasks whose containers have ended
  std::set<TaskId> ended_;            // the engine has told the scheduler that they are over
  std::map<std::pair<TaskId, Uuid>, TaskState> heard_;
  std::set<Uuid> engine_has_;    // updates that were in its journal
  std::set<Uuid> acknowledged_;  // by the scheduler, as the engine heard
  std::map<AppId, std::size_t> launches_;
};

}  // namespace windlass::sim
