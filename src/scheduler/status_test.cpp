#include "scheduler/status.hpp"

#include "scheduler/dialogue_testing.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace windlass::scheduler {
namespace {

using namespace std::chrono_literals;

const AppId web{"/web"};

Condition lost(std::optional<Reason> reason, const std::string& message = {}) {
  TaskStatus status;
  status.state = TaskState::lost;
  status.reason = reason;
  status.message = message;
  return condition_of(status);
}

TEST(ConditionOf, LostIsToldApartByReasonAndMessage) {
  EXPECT_EQ(lost(Reason::reconciliation, "Reconciliation: Task is unknown to the agent"), Condition::unknown);
  EXPECT_EQ(lost(Reason::reconciliation, "Reconciliation: Task is unknown"), Condition::unknown);
  EXPECT_EQ(lost(Reason::reconciliation, "Reconciliation: Task is gone"), Condition::gone);
  EXPECT_EQ(lost(Reason::task_unknown), Condition::unknown);
  EXPECT_EQ(lost(Reason::reconciliation), Condition::unreachable_inactive);
  EXPECT_EQ(lost(Reason::agent_disconnected), Condition::unreachable_inactive);
  EXPECT_EQ(lost(Reason::agent_removed), Condition::unreachable_inactive);
  EXPECT_EQ(lost(Reason::invalid_offers), Condition::gone);
  EXPECT_EQ(lost(std::nullopt), Condition::gone);
}

TEST(Status, IsAcknowledgedInTheStepThatWritesIt) {
  Dialogue d;
  d.subscribe();
  d.start(make_app("/web"));
  const auto tasks = launched(d.offer(make_offer()));
  const Effects fx = d.update(tasks[0].id, TaskState::running);
  EXPECT_EQ(std::get<PutInstance>(fx.writes.at(0)).instance->condition, Condition::running);
  ASSERT_EQ(calls_of<calls::Acknowledge>(fx).size(), 1U);
  EXPECT_EQ(calls_of<calls::Acknowledge>(fx)[0].task_id, tasks[0].id);
}

TEST(Status, WithoutUuidIsNotAcknowledged) {
  Dialogue d;
  d.subscribe();
  const auto tasks = d.run(make_app("/web"));
  TaskStatus status;
  status.task_id = tasks[0];
  status.state = TaskState::running;
  status.agent_id = AgentId{"A-h1"};
  status.reason = Reason::reconciliation;
  const Effects fx = d.hear(events::Update{status});
  EXPECT_TRUE(calls_of<calls::Acknowledge>(fx).empty());
  EXPECT_TRUE(fx.writes.empty()) << "it says nothing new";
}

TEST(Status, RepeatedIsAcknowledgedAgain) {
  Dialogue d;
  d.subscribe();
  const auto tasks = d.run(make_app("/web"));
  d.update(tasks[0], TaskState::failed);
  const Effects again = d.update(tasks[0], TaskState::failed);
  EXPECT_EQ(calls_of<calls::Acknowledge>(again).size(), 1U);
  EXPECT_TRUE(calls_of<calls::Kill>(again).empty());
  EXPECT_TRUE(again.writes.empty());
}

TEST(Status, OfAnOlderStateDoesNotGoBack) {
  Dialogue d;
  d.subscribe();
  const auto tasks = d.run(make_app("/web"));
  d.update(tasks[0], TaskState::staging, Reason::reconciliation);
  EXPECT_EQ(d.instances(web).at(0).condition, Condition::running);
}

TEST(Status, OfUnknownTasksThatRunKillsThem) {
  Dialogue d;
  d.subscribe();
  for (const TaskState state : {TaskState::staging, TaskState::starting, TaskState::running}) {
    const Effects fx = d.update(TaskId{"stranger"}, state);
    ASSERT_EQ(calls_of<calls::Kill>(fx).size(), 1U);
    EXPECT_EQ(calls_of<calls::Kill>(fx)[0].task_id, TaskId{"stranger"});
    EXPECT_EQ(calls_of<calls::Acknowledge>(fx).size(), 1U);
  }
  EXPECT_TRUE(calls_of<calls::Kill>(d.update(TaskId{"stranger"}, TaskState::finished)).empty());
}

TEST(Status, KeepsTheExecutorsMessage) {
  Dialogue d;
  d.subscribe();
  d.start(make_app("/web"));
  const auto tasks = launched(d.offer(make_offer()));
  d.update(tasks[0].id, TaskState::starting, {}, "pulling redis");
  d.update(tasks[0].id, TaskState::starting, Reason::reconciliation, "Reconciliation: Latest task state");
  EXPECT_EQ(d.instances(web).at(0).message, "pulling redis");
  d.update(tasks[0].id, TaskState::running, {}, std::string(20'000, 'x'));
  EXPECT_EQ(d.instances(web).at(0).message.size(), 10'000U);
}

// --- failures and their delays -------------------------------------------------------------------------------------

TEST(Backoff, GrowsWithEachFailureUpToItsLimit) {
  Dialogue d;
  d.subscribe();
  App app = make_app("/web");
  app.backoff_factor = 10;
  app.max_launch_delay = 50s;
  d.start(app);
  for (const Duration delay : {Duration{1s}, Duration{10s}, Duration{50s}, Duration{50s}}) {
    const auto tasks = launched(d.offer(make_offer()));
    ASSERT_EQ(tasks.size(), 1U);
    d.update(tasks[0].id, TaskState::running);
    const Effects fx = d.update(tasks[0].id, TaskState::failed);
    EXPECT_TRUE(launched(d.offer(make_offer())).empty());
    d.wait_in_touch(delay - 1ms);
    EXPECT_TRUE(launched(d.offer(make_offer())).empty());
    EXPECT_EQ(calls_of<calls::Revive>(d.wait_in_touch(1ms)).size(), 1U);
  }
}

TEST(Backoff, IsForgottenAfterAQuietWhile) {
  Dialogue d;
  d.subscribe();
  App app = make_app("/web");
  app.backoff_factor = 10;
  d.start(app);
  for (int round = 0; round < 2; ++round) {
    const auto tasks = launched(d.offer(make_offer()));
    ASSERT_EQ(tasks.size(), 1U);
    d.update(tasks[0].id, TaskState::running);
    d.wait_in_touch(400s);
    d.update(tasks[0].id, TaskState::failed);
    EXPECT_EQ(d.state.index.at(web).backoffs.begin()->second.delay, Duration{1s});
    d.wait_in_touch(1s);
  }
}

TEST(Backoff, CountsWhatFailedAndNotWhatWasKilled) {
  const std::vector<std::pair<TaskState, bool>> cases{
      {TaskState::failed, true}, {TaskState::finished, true}, {TaskState::error, true},    {TaskState::dropped, true},
      {TaskState::gone, true},   {TaskState::killed, false},  {TaskState::unknown, false},
  };
  for (const auto& [state, delays] : cases) {
    Dialogue d;
    d.subscribe();
    const auto tasks = d.run(make_app("/web"));
    d.update(tasks[0], state);
    EXPECT_TRUE(d.rows.instances.empty()) << to_string(state);
    EXPECT_EQ(launched(d.offer(make_offer())).size(), delays ? 0U : 1U) << to_string(state);
  }
}

TEST(Backoff, HoldsBackOnlyTheAppThatFails) {
  Dialogue d;
  d.subscribe();
  const auto tasks = d.run(make_app("/bad"));
  d.update(tasks[0], TaskState::failed);
  d.start(make_app("/good"));
  const auto started = launched(d.offer(make_offer()));
  ASSERT_EQ(started.size(), 1U);
  EXPECT_EQ(started[0].name, "good");
}

// --- launches that take long ---------------------------------------------------------------------------------------

const Duration launch_timeout = Settings{}.task_launch_timeout;

TEST(LaunchTimeout, CountsOnlyTheTimeWithoutNews) {
  Dialogue d;
  d.subscribe();
  d.start(make_app("/web"));
  const auto tasks = launched(d.offer(make_offer()));
  for (int i = 0; i < 10; ++i) {
    EXPECT_TRUE(calls_of<calls::Kill>(d.wait_in_touch(launch_timeout - 1s)).empty()) << i;
    d.update(tasks[0].id, TaskState::starting, {}, "Pulling redis: 1 of 3 layers");
  }
  d.update(tasks[0].id, TaskState::running);
  EXPECT_TRUE(calls_of<calls::Kill>(d.wait_in_touch(2 * launch_timeout)).empty());
}

TEST(LaunchTimeout, AnAnswerToOurOwnQuestionIsNoNews) {
  Dialogue d;
  d.subscribe();
  d.start(make_app("/web"));
  const auto tasks = launched(d.offer(make_offer()));
  d.update(tasks[0].id, TaskState::staging);
  d.wait_in_touch(launch_timeout - 1s);
  d.update(tasks[0].id, TaskState::staging, Reason::reconciliation);
  EXPECT_EQ(calls_of<calls::Kill>(d.wait_in_touch(1s)).size(), 1U);
}

std::vector<std::string> warnings(const Effects& fx) {
  std::vector<std::string> found;
  for (const Call& each : fx.calls) {
    if (const auto* warning = std::get_if<LogWarning>(&each)) found.push_back(warning->text);
  }
  return found;
}

TEST(LaunchTimeout, NamesItselfAndWhatWasWaitedForAndCountsAsAFailure) {
  Dialogue d;
  d.subscribe();
  App app = make_app("/web");
  app.backoff = 40s;
  d.start(app);
  const auto tasks = launched(d.offer(make_offer()));
  d.update(tasks[0].id, TaskState::starting, {}, "Pulling redis: 1 of 3 layers");
  const Effects fx = d.wait_in_touch(launch_timeout);
  EXPECT_EQ(calls_of<calls::Kill>(fx).size(), 1U);
  const std::string why =
      "Killed by --task_launch_timeout: no news for 5mins while its executor was starting it; last news: Pulling "
      "redis: 1 of 3 layers";
  EXPECT_EQ(d.instances(web).at(0).message, why);
  EXPECT_EQ(warnings(fx), std::vector<std::string>{"task " + tasks[0].id.value + ": " + why});
  EXPECT_EQ(d.state.counters.failures, 1U);
  d.update(tasks[0].id, TaskState::killed, {}, "Killed before the container was started");
  EXPECT_EQ(d.state.counters.failures, 1U);
  EXPECT_TRUE(launched(d.offer(make_offer())).empty()) << "the app is delayed";
  d.wait_in_touch(40s);
  EXPECT_EQ(launched(d.offer(make_offer())).size(), 1U);
}

TEST(LaunchTimeout, SaysSoWhenNothingWasHeardAtAll) {
  Dialogue d;
  d.subscribe();
  d.start(make_app("/web"));
  ASSERT_EQ(launched(d.offer(make_offer())).size(), 1U);
  d.wait_in_touch(launch_timeout);
  EXPECT_EQ(d.instances(web).at(0).message,
            "Killed by --task_launch_timeout: no news for 5mins while its executor was waited for; nothing was heard "
            "of it");
}

TEST(LaunchTimeout, DoesNotRunWhileThereCanBeNoNews) {
  Dialogue d;
  d.subscribe();
  d.start(make_app("/web"));
  const auto tasks = launched(d.offer(make_offer()));
  d.say(MesosDisconnected{});
  d.wait(3 * launch_timeout);
  d.subscribe();
  EXPECT_EQ(d.instances(web).at(0).goal, Goal::running);
  EXPECT_TRUE(calls_of<calls::Kill>(d.wait_in_touch(launch_timeout - 1s)).empty());
  EXPECT_EQ(calls_of<calls::Kill>(d.wait_in_touch(1s)).size(), 1U);
}

TEST(LaunchTimeout, BeginsAnewWithAProcess) {
  Dialogue d;
  d.subscribe();
  d.start(make_app("/web"));
  const auto tasks = launched(d.offer(make_offer()));
  d.update(tasks[0].id, TaskState::starting, {}, "Pulling redis: 1 of 3 layers");
  d.now += std::chrono::hours{1};
  d.restart();
  EXPECT_TRUE(calls_of<calls::Kill>(d.subscribe()).empty());
  EXPECT_TRUE(calls_of<calls::Kill>(d.wait_in_touch(launch_timeout - 1s)).empty());
  EXPECT_EQ(d.instances(web).at(0).goal, Goal::running);
}

// --- unreachable ---------------------------------------------------------------------------------------------------

TEST(Unreachable, IsReplacedAtOnceAndSurplusIsKilledOnReturn) {
  Dialogue d;
  d.subscribe();
  const auto tasks = d.run(make_app("/web"));
  d.update(tasks[0], TaskState::unreachable);
  EXPECT_EQ(d.rows.instances.begin()->second.condition, Condition::unreachable_inactive);
  const auto replacement = launched(d.offer(make_offer("O2", "h2")));
  ASSERT_EQ(replacement.size(), 1U);
  d.now += 10s;
  d.update(replacement[0].id, TaskState::running);
  const auto kills = calls_of<calls::Kill>(d.update(tasks[0], TaskState::running));
  ASSERT_EQ(kills.size(), 1U);
  EXPECT_EQ(kills[0].task_id, replacement[0].id) << "the youngest goes";
}

TEST(Unreachable, OfAStoppedAppIsKilledWhenItReturns) {
  Dialogue d;
  d.subscribe();
  const auto tasks = d.run(make_app("/web"));
  d.update(tasks[0], TaskState::unreachable);
  EXPECT_EQ(calls_of<calls::Kill>(d.say(StopApp{.request = 1, .id = web})).size(), 1U);
  EXPECT_EQ(calls_of<calls::Kill>(d.update(tasks[0], TaskState::running)).size(), 1U);
  d.update(tasks[0], TaskState::killed);
  EXPECT_TRUE(d.rows.instances.empty());
}

TEST(Unreachable, IsForgottenWhenMesosForgetsIt) {
  Dialogue d;
  d.subscribe();
  const auto tasks = d.run(make_app("/web"));
  d.update(tasks[0], TaskState::unreachable);
  const auto asked = calls_of<calls::Reconcile>(d.wait_in_touch(600s));
  ASSERT_EQ(asked.size(), 2U) << "implicit, and for what is away";
  d.update(tasks[0], TaskState::gone_by_operator, Reason::reconciliation, "Reconciliation: Task is gone");
  EXPECT_TRUE(d.rows.instances.empty());
}

}  // namespace
}  // namespace windlass::scheduler
