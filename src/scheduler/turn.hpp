#pragma once
// One step in the making: the state, and the effects so far. All changes of rows go through here, so that the indexes
// always agree with them.

#include "scheduler/step.hpp"

#include <set>
#include <vector>

namespace windlass::scheduler {

struct Turn : core::Turn<State, Effects> {
  std::set<AppId> touched = {};         // their count is looked at again, and shown, at the end of the step
  std::vector<InstancePtr> asked = {};  // to be reconciled explicitly at the end of the step
};

// Rows.
void put_app(Turn& turn, const App& app);
void remove_app(Turn& turn, const AppId& id);
// What a new row means for the question to Mesos about its task.
enum class Question {
  as_it_was,
  answered,  // there is news of it
  later,     // if there is no news for a while, as after a launch
};
// Returns the row that is there now.
InstancePtr put_instance(Turn& turn, Instance instance, Question question = Question::as_it_was);
// REQUIRES: it is there.
void remove_instance(Turn& turn, const InstancePtr& instance);
// Builds the other indexes from the rows that load_rows has put there. Writes nothing.
void build_indexes(Turn& turn);

// Makes a call if there is a connection; without one it is made again from the state after the next Subscribed.
void call(Turn& turn, calls::Body body);

// Sets the goal to decommissioned, sends KILL, and again each kill_retry_timeout until the instance is gone.
// REQUIRES: it is the newest row; likewise below.
void end_instance(Turn& turn, const InstancePtr& instance);
void send_kill(Turn& turn, const InstancePtr& instance);

// Asks Mesos about the task now, and again with growing delays until it answers.
void ask_about(Turn& turn, const InstancePtr& instance);
// It has answered.
void heard_of(Turn& turn, const InstancePtr& instance);
// The launch is getting on: a task that does not run yet has task_launch_timeout until the next news of it.
void expect_news(Turn& turn, const InstancePtr& instance);
// Acts on every watch and on every delay whose time has come.
void run_timers(Turn& turn);

// Compares wanted with what there is: kills what is too much, and notes whether the app may launch.
void settle_app(Turn& turn, const AppId& id);
// Only the second half, for use while offers are being matched.
void review_demand(Turn& turn, const AppId& id);
// Readers see the app as it is now.
void show_app(State& state, const AppId& id);

// The next launch of this app is put off (marathon.md 4.5).
void add_delay(Turn& turn, const App& app);
// It made progress: its delay is kept for max_launch_delay from now.
void refresh_delay(Turn& turn, const App& app);

}  // namespace windlass::scheduler
