#include "scheduler/step.hpp"

#include "scheduler/dialogue_testing.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace windlass::scheduler {
namespace {

using namespace std::chrono_literals;

const AppId web{"/web"};

Errc error_code(const Effects& fx) { return fx.notices.at(0).error.value().code; }

// --- apps ----------------------------------------------------------------------------------------------------------

TEST(StartApp, IsWrittenBeforeItIsAnswered) {
  Dialogue d;
  const Effects fx = d.start(make_app("/web"));
  ASSERT_EQ(fx.writes.size(), 1U);
  EXPECT_EQ(std::get<PutApp>(fx.writes[0]).app->version, d.now);
  ASSERT_EQ(fx.notices.size(), 1U);
  EXPECT_EQ(fx.notices[0], (Answer{.request = 1}));
}

TEST(StartApp, TwiceIsAConflictAndChangesNothing) {
  Dialogue d;
  d.start(make_app("/web", 2));
  const Effects fx = d.start(make_app("/web", 7));
  EXPECT_EQ(error_code(fx), Errc::conflict);
  EXPECT_TRUE(fx.writes.empty());
  EXPECT_EQ(d.state.apps.at(web)->instances, 2);
}

TEST(StartApp, RefusesWhatCannotBeRun) {
  struct Case {
    const char* where;
    void (*spoil)(App&);
  };
  const std::vector<Case> cases{
      {"id", [](App& app) { app.id = AppId{"/"}; }},
      {"id", [](App& app) { app.id = AppId{"/" + std::string(200, 'x')}; }},
      {"id", [](App& app) { app.id = AppId{"/a\nb"}; }},
      {"instances", [](App& app) { app.instances = -1; }},
      {"instances", [](App& app) { app.instances = 1'000'001; }},
      {"cpus", [](App& app) { app.cpus = 0; }},
      {"cpus", [](App& app) { app.cpus = std::numeric_limits<double>::quiet_NaN(); }},
      {"mem", [](App& app) { app.mem = -1; }},
      {"mem", [](App& app) { app.mem = std::numeric_limits<double>::infinity(); }},
      {"disk", [](App& app) { app.disk = -0.5; }},
      {"ports",
       [](App& app) {
         app.ports = {{.port = 80}, {.port = 80}};
       }},
      {"cmd", [](App& app) { app.cmd.reset(); }},
      {"constraints",
       [](App& app) {
         app.constraints = {{"hostname", ConstraintOperator::like, "("}};
       }},
  };
  for (const Case& each : cases) {
    Dialogue d;
    App app = make_app("/web");
    each.spoil(app);
    const Effects fx = d.start(app);
    ASSERT_TRUE(fx.notices.at(0).error) << each.where;
    EXPECT_EQ(fx.notices[0].error->code, Errc::invalid);
    EXPECT_EQ(fx.notices[0].error->where, each.where);
    EXPECT_TRUE(fx.writes.empty());
  }
}

TEST(ServicePorts, AreTheLowestFreeOnes) {
  Dialogue d;
  App first = make_app("/a");
  first.ports = {{.port = 0}, {.port = 10001}, {.port = 0}};
  d.start(first);
  d.start(make_app("/b"));
  const App a = *d.state.apps.at(AppId{"/a"});
  EXPECT_EQ(a.ports[0].port, 10000);
  EXPECT_EQ(a.ports[1].port, 10001);
  EXPECT_EQ(a.ports[2].port, 10002);
  EXPECT_EQ(d.state.apps.at(AppId{"/b"})->ports[0].port, 10003);
  d.say(StopApp{.request = 2, .id = AppId{"/a"}});
  d.start(make_app("/c"));
  EXPECT_EQ(d.state.apps.at(AppId{"/c"})->ports[0].port, 10000);
}

TEST(ServicePorts, RunOut) {
  Settings settings;
  settings.local_port_min = 10000;
  settings.local_port_max = 10001;
  Dialogue d{settings};
  d.start(make_app("/a"));
  d.start(make_app("/b"));
  const Effects fx = d.start(make_app("/c"));
  EXPECT_EQ(fx.notices.at(0).error->message, "All ports in the range [10000-10001) are already in use");
  EXPECT_FALSE(d.state.apps.contains(AppId{"/c"}));
}

TEST(Commands, OnUnknownAppsAreNotFound) {
  Dialogue d;
  EXPECT_EQ(error_code(d.say(StopApp{.request = 1, .id = web})), Errc::not_found);
  EXPECT_EQ(error_code(d.say(ScaleApp{.request = 1, .id = web, .instances = 1})), Errc::not_found);
  EXPECT_EQ(error_code(d.say(KillTasks{.request = 1, .app = web, .host = "*"})), Errc::not_found);
}

TEST(ScaleApp, RefusesNegativeCounts) {
  Dialogue d;
  d.start(make_app("/web", 2));
  EXPECT_EQ(error_code(d.say(ScaleApp{.request = 1, .id = web, .instances = -1})), Errc::invalid);
  EXPECT_EQ(d.state.apps.at(web)->instances, 2);
}

TEST(ScaleApp, KeepsTheConfigurationAndChangesTheVersion) {
  Dialogue d;
  d.start(make_app("/web", 2));
  const App before = *d.state.apps.at(web);
  d.say(ScaleApp{.request = 1, .id = web, .instances = 3});
  const App after = *d.state.apps.at(web);
  EXPECT_GT(after.version, before.version);
  EXPECT_EQ(after.last_config_change, before.last_config_change);
  EXPECT_EQ(after.last_scaling, after.version);
}

TEST(ScaleApp, DownKillsTheYoungestAndNeverMore) {
  Dialogue d;
  d.subscribe();
  const auto tasks = d.run(make_app("/web", 3));
  const Effects fx = d.say(ScaleApp{.request = 1, .id = web, .instances = 1});
  const auto kills = calls_of<calls::Kill>(fx);
  ASSERT_EQ(kills.size(), 2U);
  EXPECT_EQ(kills[0].task_id, tasks[2]);
  EXPECT_EQ(kills[1].task_id, tasks[1]);
  EXPECT_TRUE(calls_of<calls::Kill>(d.say(ScaleApp{.request = 2, .id = web, .instances = 1})).empty());
}

TEST(ScaleApp, DownPrefersWhatDoesNotRunYet) {
  Dialogue d;
  d.subscribe();
  d.start(make_app("/web", 2));
  const auto tasks = launched(d.offer(make_offer()));
  d.now += 5s;
  d.update(tasks[1].id, TaskState::running);
  const auto kills = calls_of<calls::Kill>(d.say(ScaleApp{.request = 1, .id = web, .instances = 1}));
  ASSERT_EQ(kills.size(), 1U);
  EXPECT_EQ(kills[0].task_id, tasks[0].id);
}

TEST(StopApp, KeepsInstancesUntilMesosSaysThatTheyAreGone) {
  Dialogue d;
  d.subscribe();
  const auto tasks = d.run(make_app("/web", 2));
  const Effects fx = d.say(StopApp{.request = 1, .id = web});
  EXPECT_EQ(calls_of<calls::Kill>(fx).size(), 2U);
  EXPECT_EQ(d.rows.instances.size(), 2U);
  d.restart();
  EXPECT_EQ(calls_of<calls::Kill>(d.subscribe()).size(), 2U) << "asked again by the next process";
  d.update(tasks[0], TaskState::killed);
  d.update(tasks[1], TaskState::killed);
  EXPECT_TRUE(d.rows.instances.empty());
  EXPECT_TRUE(d.state.index.empty());
}

TEST(StopApp, ThenStartWaitsForTheOldInstancesToGo) {
  Dialogue d;
  d.subscribe();
  const auto tasks = d.run(make_app("/web"));
  d.say(StopApp{.request = 1, .id = web});
  d.start(make_app("/web"));
  EXPECT_TRUE(launched(d.offer(make_offer())).empty());
  d.update(tasks[0], TaskState::killed);
  EXPECT_EQ(launched(d.offer(make_offer())).size(), 1U);
}

// --- kills ---------------------------------------------------------------------------------------------------------

TEST(KillTasks, WithoutScaleReplacesAfterTheEnd) {
  Dialogue d;
  d.subscribe();
  const auto tasks = d.run(make_app("/web", 2));
  const Effects fx = d.say(KillTasks{.request = 1, .app = web, .task_id = tasks[0].value});
  ASSERT_EQ(fx.notices.at(0).killed.size(), 1U);
  EXPECT_EQ(fx.notices[0].killed[0].task_id, tasks[0]);
  EXPECT_EQ(calls_of<calls::Kill>(fx).at(0).task_id, tasks[0]);
  EXPECT_TRUE(launched(d.offer(make_offer())).empty()) << "never more alive than wanted";
  d.update(tasks[0], TaskState::killed);
  EXPECT_EQ(launched(d.offer(make_offer())).size(), 1U);
}

TEST(KillTasks, WithScaleDoesNotReplace) {
  Dialogue d;
  d.subscribe();
  const auto tasks = d.run(make_app("/web", 3));
  const Effects fx = d.say(KillTasks{.request = 1, .app = web, .host = "h1", .scale = true});
  EXPECT_EQ(fx.notices.at(0).killed.size(), 3U);
  EXPECT_EQ(calls_of<calls::Kill>(fx).size(), 3U);
  EXPECT_EQ(d.state.apps.at(web)->instances, 0);
  for (const TaskId& task : tasks) d.update(task, TaskState::killed);
  EXPECT_TRUE(launched(d.offer(make_offer())).empty());
}

TEST(KillTasks, ByOtherHostOrByNothingKillsNothing) {
  Dialogue d;
  d.subscribe();
  d.run(make_app("/web", 2));
  EXPECT_TRUE(d.say(KillTasks{.request = 1, .app = web}).notices.at(0).killed.empty());
  EXPECT_TRUE(d.say(KillTasks{.request = 1, .app = web, .host = "h2"}).notices.at(0).killed.empty());
  EXPECT_EQ(d.say(KillTasks{.request = 1, .app = web, .host = "*"}).notices.at(0).killed.size(), 2U);
  EXPECT_TRUE(d.say(KillTasks{.request = 1, .app = web, .host = "*"}).notices.at(0).killed.empty()) << "being killed";
}

TEST(Kills, AreRepeatedUntilTheTaskIsOver) {
  Dialogue d;
  d.subscribe();
  const auto tasks = d.run(make_app("/web"));
  d.say(ScaleApp{.request = 1, .id = web, .instances = 0});
  EXPECT_TRUE(calls_of<calls::Kill>(d.wait_in_touch(29s)).empty());
  EXPECT_EQ(calls_of<calls::Kill>(d.wait_in_touch(1s)).size(), 1U);
  EXPECT_EQ(calls_of<calls::Kill>(d.wait_in_touch(30s)).size(), 1U);
  d.update(tasks[0], TaskState::killed);
  EXPECT_TRUE(calls_of<calls::Kill>(d.wait_in_touch(30s)).empty());
}

TEST(Launch, ThatTakesTooLongIsKilledAndReplaced) {
  Dialogue d;
  d.subscribe();
  d.start(make_app("/web"));
  const auto tasks = launched(d.offer(make_offer()));
  d.update(tasks[0].id, TaskState::staging);
  EXPECT_TRUE(calls_of<calls::Kill>(d.wait_in_touch(299s)).empty());
  EXPECT_EQ(calls_of<calls::Kill>(d.wait_in_touch(1s)).size(), 1U);
  d.update(tasks[0].id, TaskState::killed);
  EXPECT_TRUE(launched(d.offer(make_offer())).empty()) << "it has failed: the next launch is delayed";
  d.wait_in_touch(1s);
  EXPECT_EQ(launched(d.offer(make_offer())).size(), 1U);
}

// --- the subscription ----------------------------------------------------------------------------------------------

TEST(Kill, IsRepeatedOncePerStepHoweverShortTheTimeout) {
  Settings settings;
  settings.kill_retry_timeout = Duration::zero();
  Dialogue dialogue{settings};
  dialogue.subscribe();
  dialogue.run(make_app("/web", 2));
  dialogue.say(StopApp{.request = 2, .id = AppId{"/web"}});
  const Effects again = dialogue.wait_in_touch(std::chrono::seconds{1});
  EXPECT_EQ(calls_of<calls::Kill>(again).size(), 2u) << "one for each task, and the step ends";
}

TEST(Subscription, WritesTheFrameworkIdOnce) {
  Dialogue d;
  const Effects first = d.subscribe("F1");
  EXPECT_EQ(std::get<PutFrameworkId>(first.writes.at(0)).id, FrameworkId{"F1"});
  d.say(MesosDisconnected{});
  EXPECT_TRUE(d.subscribe("F1").writes.empty());
}

TEST(Subscription, SuppressesWhenNothingWaitsAndRevivesWhenSomethingDoes) {
  Dialogue d;
  EXPECT_EQ(calls_of<calls::Suppress>(d.subscribe()).size(), 1U);
  EXPECT_EQ(calls_of<calls::Revive>(d.start(make_app("/web"))).size(), 1U);
  const Effects fx = d.offer(make_offer());
  EXPECT_EQ(calls_of<calls::Accept>(fx).size(), 1U);
  EXPECT_EQ(calls_of<calls::Suppress>(fx).size(), 1U);
  d.restart();
  EXPECT_EQ(calls_of<calls::Suppress>(d.subscribe()).size(), 1U);
  d.say(MesosDisconnected{});
  d.start(make_app("/more"));
  EXPECT_EQ(calls_of<calls::Revive>(d.subscribe()).size(), 1U);
}

TEST(Subscription, RevivesAtMostOnceInTheInterval) {
  Settings settings;
  settings.min_revive_offers_interval = 1s;
  Dialogue d{settings};
  d.subscribe();
  EXPECT_EQ(calls_of<calls::Revive>(d.start(make_app("/a"))).size(), 1U);
  const Effects second = d.start(make_app("/b"));
  EXPECT_TRUE(calls_of<calls::Revive>(second).empty());
  EXPECT_EQ(second.wake_at, d.now + 1s);
  EXPECT_EQ(calls_of<calls::Revive>(d.wait(1s)).size(), 1U);
  EXPECT_TRUE(calls_of<calls::Revive>(d.wait(1s)).empty()) << "the demand is the same";
  EXPECT_EQ(calls_of<calls::Revive>(d.wait(60s)).size(), 1U) << "the call may have been lost";
}

TEST(Subscription, RevivesLessOftenTheMoreOffersThatBrings) {
  Dialogue d;
  d.subscribe();
  const auto start_and_decline = [&d](const char* id, int agents) {
    d.start(make_app(id));
    std::vector<Offer> offers;
    for (int i = 0; i < agents; ++i) offers.push_back(make_offer("o" + std::to_string(i), "h" + std::to_string(i)));
    d.say(MesosEvent{events::Offers{.offers = offers}});
  };
  start_and_decline("/a", 1000);
  EXPECT_EQ(d.start(make_app("/b")).wake_at, d.now + 250ms);
  EXPECT_EQ(calls_of<calls::Revive>(d.wait(250ms)).size(), 1U);
  start_and_decline("/c", 5000);
  EXPECT_EQ(d.start(make_app("/d")).wake_at, d.now + 1s);
  EXPECT_EQ(calls_of<calls::Revive>(d.wait(1s)).size(), 1U);
  start_and_decline("/e", 1);
  EXPECT_EQ(d.start(make_app("/f")).wake_at, d.now + 50ms) << "the configured interval at least";
}

TEST(Subscription, MakesNoCallsWithoutConnection) {
  Dialogue d;
  d.subscribe();
  d.run(make_app("/web", 2));
  d.say(MesosDisconnected{});
  EXPECT_TRUE(d.say(ScaleApp{.request = 1, .id = web, .instances = 0}).calls.empty());
  EXPECT_TRUE(d.wait(30s).calls.empty());
  EXPECT_EQ(calls_of<calls::Kill>(d.subscribe()).size(), 2U) << "made again after it";
}

TEST(Subscription, AsksForEveryTaskAndAgainWithGrowingDelays) {
  Dialogue d;
  d.subscribe();
  const auto tasks = d.run(make_app("/web", 3));
  d.restart();
  auto asked = calls_of<calls::Reconcile>(d.subscribe());
  ASSERT_EQ(asked.size(), 1U);
  EXPECT_EQ(asked[0].tasks.size(), 3U);
  EXPECT_EQ(asked[0].tasks[0].agent_id, AgentId{"A-h1"});
  d.update(tasks[0], TaskState::running, Reason::reconciliation);
  asked = calls_of<calls::Reconcile>(d.wait_in_touch(10s));
  ASSERT_EQ(asked.size(), 1U);
  EXPECT_EQ(asked[0].tasks.size(), 2U);
  EXPECT_TRUE(calls_of<calls::Reconcile>(d.wait_in_touch(10s)).empty());
  d.update(tasks[1], TaskState::running, Reason::reconciliation);
  asked = calls_of<calls::Reconcile>(d.wait_in_touch(10s));
  ASSERT_EQ(asked.size(), 1U);
  EXPECT_EQ(asked[0].tasks.size(), 1U);
  d.update(tasks[2], TaskState::running, Reason::reconciliation);
  EXPECT_TRUE(calls_of<calls::Reconcile>(d.wait_in_touch(500s)).empty());
}

TEST(Subscription, ReconcilesImplicitlyAtIntervals) {
  Dialogue d;
  d.subscribe();
  const auto asked = calls_of<calls::Reconcile>(d.wait_in_touch(600s));
  ASSERT_EQ(asked.size(), 1U);
  EXPECT_TRUE(asked[0].tasks.empty());
}

TEST(Subscription, EndsWhenTheMasterIsSilent) {
  Dialogue d;
  const Effects fx = d.subscribe();
  EXPECT_EQ(fx.wake_at, d.now + 75s);
  EXPECT_FALSE(resubscribes(d.wait(74s)));
  d.hear(events::Heartbeat{});
  EXPECT_FALSE(resubscribes(d.wait(74s)));
  EXPECT_TRUE(resubscribes(d.wait(1s)));
  EXPECT_FALSE(resubscribes(d.wait(75s))) << "once; the shell goes on trying";
}

TEST(Subscription, BeginsAnewWhenTheFrameworkWasRemoved) {
  Dialogue d;
  d.subscribe("F1");
  d.run(make_app("/web", 2));
  const Effects fx = d.hear(events::Error{"Framework has been removed"});
  EXPECT_TRUE(resubscribes(fx));
  EXPECT_TRUE(d.rows.framework_id.empty());
  EXPECT_TRUE(d.rows.instances.empty());
  d.subscribe("F2");
  EXPECT_EQ(d.rows.framework_id, FrameworkId{"F2"});
  EXPECT_EQ(launched(d.offer(make_offer())).size(), 2U);
}

TEST(Subscription, OtherErrorsKeepTheFramework) {
  Dialogue d;
  d.subscribe("F1");
  d.run(make_app("/web", 2));
  EXPECT_TRUE(resubscribes(d.hear(events::Error{"Framework failed over"})));
  EXPECT_EQ(d.rows.framework_id, FrameworkId{"F1"});
  EXPECT_EQ(d.rows.instances.size(), 2U);
}

// --- crashes -------------------------------------------------------------------------------------------------------

TEST(Crash, BetweenCommitAndCallStartsNothingTwice) {
  Dialogue d;
  d.subscribe();
  d.start(make_app("/web"));
  const auto tasks = launched(d.offer(make_offer()));  // written; the process dies before the call leaves
  ASSERT_EQ(tasks.size(), 1U);
  d.restart();
  const auto asked = calls_of<calls::Reconcile>(d.subscribe());
  ASSERT_EQ(asked.size(), 1U);
  EXPECT_EQ(asked[0].tasks.at(0).task_id, tasks[0].id);
  EXPECT_TRUE(launched(d.offer(make_offer())).empty()) << "it may run: Mesos has not said otherwise";
  d.update(tasks[0].id, TaskState::gone, Reason::reconciliation, "Reconciliation: Task is unknown to the agent");
  EXPECT_TRUE(launched(d.offer(make_offer())).empty()) << "backs off first";
  d.wait(1s);
  EXPECT_EQ(launched(d.offer(make_offer())).size(), 1U);
}

TEST(Crash, OfTheMasterBeforeItTookTheLaunchIsFoundOut) {
  Dialogue d;
  d.subscribe();
  d.start(make_app("/web"));
  const auto tasks = launched(d.offer(make_offer()));
  const auto asked = calls_of<calls::Reconcile>(d.wait_in_touch(30s));
  ASSERT_EQ(asked.size(), 1U) << "no news for a while: does Mesos know it?";
  EXPECT_EQ(asked[0].tasks.at(0).task_id, tasks[0].id);
  d.update(tasks[0].id, TaskState::unknown, Reason::reconciliation, "Reconciliation: Task is unknown");
  EXPECT_EQ(launched(d.offer(make_offer())).size(), 1U);
}

}  // namespace
}  // namespace windlass::scheduler
