#pragma once
// What our scheduler promises, whatever happens. A checker sees what a bystander sees: messages on the wire, rows in
// the journals, processes and containers. It knows nothing of how the cores decide.
//
// Safety, at every event:
//   an acknowledged app is in the journal, as it was acknowledged    no launch, no acknowledgement before its row
//   at most as many wanted instances as the app has                  no forgotten living instance
// Liveness, after everything is healed: why_not_converged() is "" within a bounded time.

#include "model/scheduler_api.hpp"
#include "sim/ends.hpp"
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
class Machine;

class Checker {
 public:
  Checker(Cluster& cluster, World& world) : cluster_(cluster), world_(world) {}

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
  void check_apps(const SchedulerRows& rows);
  void check_definition(const Expected& expected, const App& app);
  void check_counts(const SchedulerRows& rows);
  void check_acknowledge(const SchedulerRows& rows, const calls::Acknowledge& call) const;
  void check_accept(const SchedulerRows& rows, const calls::Accept& call);
  void check_forgotten(const Instance& instance) const;
  [[nodiscard]] std::string app_not_converged(const AppId& id, std::int64_t wanted) const;
  [[nodiscard]] std::string instance_not_converged(const Instance& instance) const;
  [[nodiscard]] std::string rest_not_converged(std::size_t wanted) const;
  [[nodiscard]] bool is_guests(const Machine& machine, std::int64_t pid) const;
  [[nodiscard]] std::string task_not_converged(const TaskView& task) const;

  Cluster& cluster_;
  World& world_;
  std::map<AppId, Expected> apps_;
  std::map<std::pair<TaskId, Uuid>, TaskState> heard_;
  std::map<AppId, std::size_t> launches_;
};

}  // namespace windlass::sim
