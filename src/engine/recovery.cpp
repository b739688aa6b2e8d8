#include "engine/recovery.hpp"

#include "base/check.hpp"
#include "engine/accounts.hpp"
#include "engine/alarms.hpp"
#include "engine/executors.hpp"
#include "engine/frameworks.hpp"

#include <utility>

namespace windlass::engine {
namespace {

void recover_engine(Turn& turn) {
  State& state = turn.state;
  // A new journal. The ids are made once: frameworks and tasks know this machine by them after every restart.
  if (state.record.master_id.empty()) {
    state.record.master_id = Uuid::random(turn.in.prng).to_string();
    state.record.agent_id = {state.record.master_id + "-S0"};
    turn.engine_changed = true;
  }
  const std::string address = agent_address(state.settings.agent);
  // Executors that run call the address that they were started with (engine/recovery.hpp), so the journal says which
  // one that is.
  if (state.record.agent_address != address) {
    state.record.agent_address = address;
    turn.engine_changed = true;
  }
  state.settings.master.id = state.record.master_id;
  state.settings.agent.id = state.record.agent_id;
  // What is left of the last block is skipped, since part of it may have been used.
  state.next_offer = state.record.next_offer;
  state.allocation_phase = turn.in.now;
}

// It was being shut down: it gets its grace period again, and SHUTDOWN when it subscribes.
void end_soon(Turn& turn, Executor& executor) {
  // Else shut_down() would take the shutdown for one that is under way.
  executor.record.terminating = false;
  shut_down(turn, executor);
  // One that never started will not subscribe, and needs no grace.
  if (executor.record.pid != 0) return;
  executor.destroy_at.reset();
  turn.touch(executor);
  turn.call(DestroyExecutor{executor.record.container_id});
}

// As Mesos' agent after its restart (mesos.md 3.5). Executors outlive the engine: each runs in a session of its own.
void recover_executor(Turn& turn, Executor& executor) {
  executor.recovered = true;
  const Framework* framework = find_framework(turn.state, executor.record.framework_id);
  if (framework == nullptr || executor.record.terminating) {
    end_soon(turn, executor);
  } else if (!framework->record.info.checkpoint) {
    // Such an executor ends itself when its stream breaks (mesos.md 3.5); this makes sure of it.
    destroy(turn, executor, {TaskState::gone, Reason::agent_restarted, "Executor was killed at agent restart"});
  } else if (executor.record.pid == 0) {
    // The engine ended between the launch and ExecutorStarted. What the first attempt has started, the shell finds and
    // takes over or kills (step.hpp: LaunchExecutor).
    executor.recovered = false;
    launch_executor(turn, *framework, executor);
  } else {
    const auto& wait = turn.state.settings.executor_reregistration_timeout;
    executor.registration_deadline = after(turn.in.now, wait);
    turn.touch(executor);
  }
}

}  // namespace

std::string agent_address(const AgentInfo& agent) { return agent.ip + ":" + std::to_string(agent.port); }

State load(Settings settings, Records records) {
  State state;
  state.settings = std::move(settings);
  if (records.engine) state.record = *records.engine;
  for (FrameworkRecord& record : records.frameworks) {
    const FrameworkId id = record.info.id;
    state.frameworks[id].record = std::move(record);
  }
  for (ExecutorRecord& record : records.executors) {
    const ContainerId id = record.container_id;
    state.executor_ids[{record.framework_id, record.info.id}] = id;
    state.executors[id].record = std::move(record);
  }
  for (TaskRecord& record : records.tasks) {
    const TaskKey key{record.framework_id, record.info.id};
    // A task that ended may wait for its acknowledgement when its executor is long gone.
    const auto executor = state.executor_ids.find({record.framework_id, record.executor_id});
    if (executor != state.executor_ids.end()) state.executors.at(executor->second).tasks.insert(record.info.id);
    state.tasks[key].record = std::move(record);
  }
  // What follows from the records is made from them; only what can be lost with the process is not in the journal.
  state.alarms = all_alarms(state);
  state.accounts = all_accounts(state);
  return state;
}

void recover(Turn& turn) {
  recover_engine(turn);
  // The ids first: a removal can forget others, and so change the map.
  std::vector<FrameworkId> away;
  for (auto& [id, framework] : turn.state.frameworks) {
    if (framework.completed()) continue;
    away.push_back(id);
    // One that was away already goes on with its time; the others begin theirs now, since their streams ended with the
    // old process.
    if (framework.record.disconnected) continue;
    framework.record.disconnected = turn.in.now;
    turn.save(framework);
  }
  for (const FrameworkId& id : away) {
    if (Framework* framework = find_framework(turn.state, id)) expire(turn, *framework);
  }
  // After the frameworks: those of a framework that was just removed must end.
  for (auto& [id, executor] : turn.state.executors) recover_executor(turn, executor);
}

}  // namespace windlass::engine
