// What is due when. Each state knows its own times; nothing is armed or disarmed.

#include "executor/turn.hpp"

namespace windlass::executor {

namespace {

bool is_due(const std::optional<TimePoint>& at, TimePoint now) { return at && *at <= now; }

void look_if_due(TaskTurn& turn, std::optional<TimePoint>& look_at, const std::string& id) {
  if (!is_due(look_at, turn.in.now)) return;
  // Unset while the question is under way: its answer sets it again if Docker is still away.
  look_at.reset();
  turn.call(InspectContainer{id});
}

struct OnTime {
  TaskTurn& turn;

  void operator()(Pulling& pulling) const { continue_pull(turn, pulling); }
  void operator()(Starting& starting) const { look_if_due(turn, starting.look_at, starting.id); }
  void operator()(Running& running) const {
    if (const auto* container = std::get_if<Container>(&running.runner)) {
      look_if_due(turn, running.look_at, container->id);
    }
    // Last: a check may end the task, and `running` is then no more.
    follow_checks(turn, continue_checks(running.job.checks, running.job.task, turn.in.now));
  }
  void operator()(Stopping& stopping) const {
    continue_stopping(turn, stopping);
    if (const auto* container = std::get_if<Container>(&stopping.runner)) {
      look_if_due(turn, stopping.look_at, container->id);
    }
  }
  void operator()(const Reported& reported) const {
    if (reported.leave_at <= turn.in.now) leave(turn);
  }
  void operator()(const Removing& removing) const {
    // Docker has not answered. The executor goes, and its reaper has more patience.
    if (removing.leave_at > turn.in.now) return;
    const int exit_code = removing.exit_code;
    turn.life = Gone{exit_code};
  }
  template <class Other>
  void operator()(const Other&) const {}
};

}  // namespace

void run_timers(Turn& turn) {
  const auto* waiting = std::get_if<Unsubscribed>(&turn.state.link);
  if (waiting != nullptr && is_due(waiting->give_up_at, turn.in.now)) {
    lose_agent(turn, "it did not come back within the recovery timeout");
  }
  for (auto& [id, life] : turn.state.tasks) {
    TaskTurn task{turn, id, life};
    Job* job = find_job(life);
    if (job != nullptr && is_due(job->complete_by, turn.in.now)) {
      job->complete_by.reset();
      end_task(task, Ending{.cause = Cause::completion_time});
    }
    // Of the state after that: the task may be stopping by now.
    std::visit(OnTime{task}, life);
  }
  if (!is_due(turn.state.leave_at, turn.in.now)) return;
  if (turn.state.launched == 0) turn.log("there is no task for this executor");
  turn.state.left = true;
  turn.call(Exit{turn.state.exit_code.value_or(0)});
}

namespace {

struct NextTime {
  std::optional<TimePoint> at = {};

  void include(const std::optional<TimePoint>& time) {
    if (time && (!at || *time < *at)) at = time;
  }
  void operator()(const Pulling& pulling) {
    // Without news there is nothing to report, and a time in the past would wake the core again and again.
    if (pulling.has_news) include(pulling.report_at);
    include(pull_time(pulling));
  }
  void operator()(const Starting& starting) { include(starting.look_at); }
  void operator()(const Running& running) {
    include(running.look_at);
    include(next_check(running.job.checks));
  }
  void operator()(const Stopping& stopping) {
    include(stopping.force_at);
    include(stopping.retry_at);
    include(stopping.look_at);
  }
  void operator()(const Clearing& clearing) { include(clearing.report_at); }
  void operator()(const Reported& reported) { include(reported.leave_at); }
  void operator()(const Removing& removing) { include(removing.leave_at); }
  template <class Other>
  void operator()(const Other&) {}
};

}  // namespace

std::optional<TimePoint> next_time(const State& state) {
  NextTime next;
  next.include(state.leave_at);
  if (const auto* waiting = std::get_if<Unsubscribed>(&state.link)) next.include(waiting->give_up_at);
  for (const auto& [id, life] : state.tasks) {
    std::visit([&](const auto& each) { next(each); }, life);
    if (const Job* job = find_job(life)) next.include(job->complete_by);
  }
  for (const auto& [number, group] : state.groups) next.include(group.give_up_at);
  return next.at;
}

}  // namespace windlass::executor
