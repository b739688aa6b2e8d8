#include "engine/engine_testing.hpp"

#include <gtest/gtest.h>

namespace windlass::engine {
namespace {

using namespace std::chrono_literals;

constexpr const char* all = "ports:[31000-32000]; cpus:4; mem:8192; disk:10000";

Texts greeting(const std::string& id, int offer) {
  return {"SUBSCRIBED " + id, "HEARTBEAT", "OFFERS M-O" + std::to_string(offer) + " * " + all};
}

TEST(Frameworks, FirstSubscriptionGetsAnIdAndAnOffer) {
  World world;
  world.subscribe(modern_framework());
  EXPECT_EQ(world.heard(), greeting("M-0000", 0));
  const auto& subscribed = std::get<events::Subscribed>(world.events.front());
  EXPECT_EQ(subscribed.heartbeat_interval_seconds, 15.0);
  EXPECT_EQ(subscribed.master.id, world.state.record.master_id);
  EXPECT_EQ(world.state.record.agent_id.value, world.state.record.master_id + "-S0");
}

TEST(Frameworks, HeartbeatsComeEvery15Seconds) {
  World world;
  world.subscribe(modern_framework());
  world.heard();
  world.pass(14900ms);
  EXPECT_EQ(world.heard(), Texts{});
  world.pass(100ms);
  EXPECT_EQ(world.heard(), Texts{"HEARTBEAT"});
  world.pass(30s);
  EXPECT_EQ(world.heard(), (Texts{"HEARTBEAT", "HEARTBEAT"}));
}

TEST(Frameworks, UnknownIdIsTakenAsItIs) {
  World world;
  world.subscribe(modern_framework(), {"nope"});
  EXPECT_EQ(world.heard(), greeting("nope", 0));
}

TEST(Frameworks, RefusedSubscriptionIsAnErrorOnItsStream) {
  World world;
  FrameworkInfo info = modern_framework();
  info.role = "a";
  world.subscribe(info);
  EXPECT_EQ(world.heard(),
            Texts{"ERROR 'FrameworkInfo.role' must not be set when the framework is MULTI_ROLE capable"});
  world.subscribe(modern_framework(), {}, {"other"});
  EXPECT_EQ(world.heard(), Texts{"ERROR Suppressed roles { other } are not contained in the set of roles"});
  EXPECT_TRUE(world.state.frameworks.empty());
}

TEST(Frameworks, SecondSubscriptionWinsAndOffersAreWithdrawnWithoutRescind) {
  World world;
  const Uuid first = world.subscribe(modern_framework());
  world.heard();
  world.subscribe(modern_framework(), world.framework_id);
  EXPECT_EQ(world.heard(), (Texts{"ERROR Framework failed over", "SUBSCRIBED M-0000", "HEARTBEAT"}));
  world.step(FrameworkStreamClosed{first});  // the old one: of no interest
  world.pass(1s);
  EXPECT_EQ(world.heard(), Texts{std::string{"OFFERS M-O1 * "} + all});
}

TEST(Frameworks, ReturnsAfterADisconnection) {
  World world;
  world.subscribe(modern_framework());
  world.step(FrameworkStreamClosed{*world.stream});
  EXPECT_TRUE(world.state.offers.empty());
  EXPECT_EQ(world.call(calls::Revive{}), "403 Framework is not subscribed");
  world.pass(3599s);
  world.heard();
  world.subscribe(modern_framework(), world.framework_id);
  EXPECT_EQ(world.heard(), greeting("M-0000", 1));
  world.pass(2h);
  EXPECT_EQ(world.call(calls::Request{}), "202");
}

TEST(Frameworks, IsRemovedWhenItStaysAwayAndItsIdIsBurnt) {
  World world;
  world.subscribe(modern_framework());
  world.step(FrameworkStreamClosed{*world.stream});
  world.pass(3600s);
  EXPECT_EQ(world.call(calls::Revive{}), "400 Framework cannot be found");
  world.heard();
  world.subscribe(modern_framework(), world.framework_id);
  EXPECT_EQ(world.heard(), Texts{"ERROR Framework has been removed"});
}

TEST(Frameworks, WithoutFailoverTimeoutItIsRemovedWithItsStream) {
  World world;
  FrameworkInfo info = modern_framework();
  info.failover_timeout = 0;
  world.subscribe(info);
  world.launch({custom_task(world, "t")});
  world.start_executor({"x-t"}, 1);
  world.executor_heard(1);
  world.step(FrameworkStreamClosed{*world.stream});
  EXPECT_EQ(world.executor_heard(1), Texts{"SHUTDOWN"});
  EXPECT_TRUE(world.state.tasks.empty());
  EXPECT_EQ(world.call(calls::Revive{}), "400 Framework cannot be found");
}

TEST(Frameworks, UserAndCheckpointStayPrincipalMayNotChange) {
  World world;
  world.subscribe(modern_framework());
  FrameworkInfo changed = modern_framework();
  changed.user = "other";
  changed.checkpoint = false;
  changed.name = "renamed";
  world.subscribe(changed, world.framework_id);
  const FrameworkInfo& info = world.state.frameworks.at(world.framework_id).record.info;
  EXPECT_EQ(info.user, "root");
  EXPECT_TRUE(info.checkpoint);
  EXPECT_EQ(info.name, "renamed");
  world.heard();
  changed.principal = "someone";
  world.subscribe(changed, world.framework_id);
  EXPECT_EQ(world.heard(), Texts{"ERROR Changing framework's principal is not allowed."});
}

TEST(Frameworks, SuppressedRolesAreThoseOfTheNewestSubscription) {
  World world;
  world.subscribe(modern_framework(), {}, {"*"});
  EXPECT_EQ(world.heard(), (Texts{"SUBSCRIBED M-0000", "HEARTBEAT"}));
  world.pass(10s);
  EXPECT_EQ(world.heard(), Texts{});
  world.subscribe(modern_framework(), world.framework_id);
  EXPECT_EQ(world.heard(), (Texts{"ERROR Framework failed over", "SUBSCRIBED M-0000", "HEARTBEAT",
                                  std::string{"OFFERS M-O0 * "} + all}));
}

TEST(Frameworks, ChecksOfACall) {
  World world;
  world.subscribe(modern_framework());
  const std::string stream = world.stream->to_string();
  EXPECT_EQ(world.call_as({"nope"}, stream, calls::Teardown{}), "400 Framework cannot be found");
  EXPECT_EQ(world.call_as(world.framework_id, std::nullopt, calls::Teardown{}),
            "400 All non-subscribe calls should include the 'Mesos-Stream-Id' header");
  EXPECT_EQ(world.call_as(world.framework_id, "nope", calls::Teardown{}),
            "400 The stream ID 'nope' included in this request didn't match the stream ID currently associated with "
            "framework ID M-0000");
  EXPECT_EQ(world.call(calls::Unsupported{"RECONCILE_OPERATIONS"}), "501");
  EXPECT_EQ(world.call(calls::Request{}), "202");
}

TEST(Frameworks, TeardownShutsExecutorsDownAndSaysNothingOfTasks) {
  World world;
  world.subscribe(modern_framework());
  world.launch({custom_task(world, "t")});
  world.start_executor({"x-t"}, 1);
  world.heard();
  world.executor_heard(1);
  EXPECT_EQ(world.call(calls::Teardown{}), "202");
  EXPECT_EQ(world.heard(), Texts{"(closed)"});
  EXPECT_EQ(world.executor_heard(1), Texts{"SHUTDOWN"});
  EXPECT_EQ(world.call(calls::Acknowledge{}), "400 Framework cannot be found");
  ASSERT_EQ(world.state.completed_tasks.size(), 1U);
  EXPECT_EQ(world.state.completed_tasks.begin()->second.state, TaskState::killed);

  // Until the executor has ended, nobody else gets what its task may still use.
  world.commands();
  world.subscribe(modern_framework());
  EXPECT_EQ(world.heard().back(), "OFFERS M-O1 * ports:[31000-32000]; cpus:3.8; mem:8128; disk:10000");
  world.pass(5s);
  EXPECT_EQ(world.commands(), Texts{"destroy x-t"});
}

TEST(Frameworks, UpdateFramework) {
  World world;
  world.subscribe(modern_framework());
  world.heard();
  FrameworkInfo info = modern_framework();
  info.id = world.framework_id;
  info.name = "renamed";
  info.roles = {"web"};
  EXPECT_EQ(world.call(calls::UpdateFramework{info, {}}), "200");
  EXPECT_EQ(world.heard(), (Texts{"RESCIND M-O0", std::string{"OFFERS M-O1 web "} + all}));

  info.user = "other";
  EXPECT_EQ(world.call(calls::UpdateFramework{info, {}}),
            "400 FrameworkInfo update is not valid: Updating 'FrameworkInfo.user' is unsupported; attempted to update "
            "from 'root' to 'other'");
  info.user = "root";
  info.checkpoint = false;
  EXPECT_EQ(world.call(calls::UpdateFramework{info, {}}),
            "400 FrameworkInfo update is not valid: Updating 'FrameworkInfo.checkpoint' is unsupported; attempted to "
            "update from 'true' to 'false'");
  info.roles = {"a b"};
  EXPECT_EQ(world.call(calls::UpdateFramework{info, {}}),
            "400 Supplied FrameworkInfo is not valid: 'FrameworkInfo.roles' contains invalid role: Role component "
            "'a b' is invalid because it contains backspace or whitespace");
}

TEST(Frameworks, OnlyTheNewest50RemovedAreRemembered) {
  World world;
  for (int i = 0; i < 52; ++i) {
    world.subscribe(modern_framework());
    world.pass(1ms);
    world.call(calls::Teardown{});
  }
  EXPECT_EQ(world.state.frameworks.size(), 50U);
  EXPECT_FALSE(world.state.frameworks.contains({world.state.record.master_id + "-0001"}));
  EXPECT_TRUE(world.state.frameworks.contains({world.state.record.master_id + "-0002"}));
}

}  // namespace
}  // namespace windlass::engine
