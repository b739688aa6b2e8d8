#pragma once
// What masters, agents, executors and Docker promise, whichever framework has launched the tasks.
//
//   no acknowledgement of an update before its row         two live containers never have one task
//   no update is lost that is not acknowledged             no host port, no resource given twice
//   no living task is reported dead                        what is offered and what is used fit the agent, in each role
//   no success of a task that has failed                   nobody is offered what is reserved to others
//   no task is handed to two executors

#include "model/scheduler_api.hpp"
#include "sim/docker.hpp"
#include "sim/rows.hpp"
#include "sim/world.hpp"

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace windlass::sim {

class Cluster;
class Machine;

class AgentChecker {
 public:
  AgentChecker(Cluster& cluster, World& world) : cluster_(cluster), world_(world) {}

  // --- masters, as frameworks see them ---
  void master_hears(const calls::Body& call);
  void master_tells(const SchedulerEvent& event);
  // Of one framework, or of all: the master has forgotten them.
  void offers_end(const FrameworkId& framework);
  void offers_end() { offers_.clear(); }

  // --- journals of agents ---
  void agent_has(const Uuid& update) { agent_has_.insert(update); }
  void agent_drops(const TaskStatus& update) const;
  void engine_will_commit(const EngineRows& rows, const std::vector<engine::Write>& writes);
  // An agent says that the update is safe with it.
  void agent_acknowledges(const TaskId& task, const Uuid& update) const;
  void engine_tells_executor(const EngineRows& rows, const ExecutorEvent& event) const;

  // --- machines ---
  // `resources`: its own, beside those of its tasks.
  void executor_started(const Machine& machine, std::int64_t pid, const Resources& resources);
  void executor_hears(const Machine& machine, std::int64_t pid, const ExecutorEvent& event);
  void executor_says(std::int64_t pid, const executor_calls::Body& call);
  void executor_ended(std::int64_t pid) { processes_.erase(pid); }
  void container_started(const Machine& machine, const Container& container) const;
  // Its container or process, with 128 + n for signal n.
  void task_ended(const TaskId& task, int code) { exit_codes_[task] = code; }

  // A container or process of it runs, on whatever machine.
  [[nodiscard]] bool lives(const TaskId& task) const;
  // All that do.
  [[nodiscard]] std::set<TaskId> living() const;
  // A master has told its framework that it is over, or cannot be reached.
  [[nodiscard]] bool is_told_over(const TaskId& task) const { return told_over_.contains(task); }
  // As its executor was told, unless that has reported its end; null: no executor has it.
  [[nodiscard]] const TaskInfo* task_at_executor(const TaskId& task) const;

 private:
  struct HeldTask {
    TaskInfo info;
    bool reported_end = false;
  };
  struct Executor {
    const Machine* machine = nullptr;
    Resources resources = {};
    std::map<TaskId, HeldTask> tasks = {};
    bool told_to_end = false;
  };
  void take_task(const Machine& machine, std::int64_t pid, const TaskInfo& task);
  void take_offer(const Offer& offer);
  void check_ports() const;
  void check_resources(const Machine& machine) const;
  void check_death_notice(const TaskStatus& status) const;
  [[nodiscard]] Resources used_of(const Machine& machine) const;

  Cluster& cluster_;
  World& world_;
  std::map<std::int64_t, Executor> processes_;
  std::map<OfferId, Offer> offers_;   // not spent, not withdrawn
  std::map<TaskId, int> exit_codes_;  // of tasks whose containers or processes have ended
  std::set<TaskId> told_over_;
  std::set<Uuid> agent_has_;     // updates that were in a journal
  std::set<Uuid> acknowledged_;  // by frameworks, as masters heard
};

}  // namespace windlass::sim
