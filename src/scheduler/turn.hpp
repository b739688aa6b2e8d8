#pragma once
// One step in the making: the state, and the effects so far. All changes of rows go through here, so that the indexes
// always agree with them.

#include "scheduler/step.hpp"

#include <set>
#include <vector>

namespace windlass::scheduler {

struct Turn : core::Turn<State, Effects> {
  std::set<AppId> touched = {};    // their count is looked at again at the end of the step
  std::vector<TaskId> asked = {};  // to be reconciled explicitly at the end of the step
};

// Rows.
void put_app(Turn& turn, const App& app);
void remove_app(Turn& turn, const AppId& id);
void put_instance(Turn& turn, const Instance& instance);
void remove_instance(Turn& turn, const InstanceId& id);
// Builds all indexes from the rows. Writes nothing.
void build_indexes(Turn& turn);

// Makes a call if there is a connection; without one it is made again from the state after the next Subscribed.
void call(Turn& turn, calls::Body body);

// Sets the goal to decommissioned, sends KILL, and again each kill_retry_timeout until the instance is gone.
void end_instance(Turn& turn, const InstanceId& id);
void send_kill(Turn& turn, const Instance& instance);

// Asks Mesos for the task now, or `after` a while without news, and again with growing delays until it answers.
void ask_about(Turn& turn, const TaskId& task);
void ask_about_later(Turn& turn, const TaskId& task, Duration after);
// It has answered.
void heard_of(Turn& turn, const TaskId& task);
// Acts on every watch whose time has come.
void run_timers(Turn& turn);

// Compares wanted with what there is: kills what is too much, and notes whether the app may launch.
void settle_app(Turn& turn, const AppId& id);
// Only the second half, for use while offers are being matched.
void review_demand(Turn& turn, const AppId& id);

// The next launch of this app is put off (marathon.md 4.5).
void add_delay(Turn& turn, const App& app);
// It made progress: its delay is kept for max_launch_delay from now.
void refresh_delay(Turn& turn, const App& app);

// The app that the instance belongs to, or null after it was removed.
const App* find_app(const State& state, const AppId& id);

}  // namespace windlass::scheduler
