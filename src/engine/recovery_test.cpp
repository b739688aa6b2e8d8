#include "engine/engine_testing.hpp"

#include <gtest/gtest.h>

namespace windlass::engine {
namespace {

using namespace std::chrono_literals;

// A framework with the task a, running in x-a.
struct Recovery : ::testing::Test {
  void begin(const FrameworkInfo& info) {
    world.subscribe(info);
    world.launch({custom_task(world, "a")}, 1000);
    world.start_executor({"x-a"}, 1);
    world.update({"x-a"}, {"a"}, TaskState::running, 7);
    forget();
  }
  void forget() {
    world.heard();
    world.executor_heard(1);
    world.commands();
  }
  World world;
};

TEST_F(Recovery, IdsStay) {
  begin(modern_framework());
  const EngineRecord before = world.state.record;
  world.restart();
  EXPECT_EQ(world.state.record.master_id, before.master_id);
  EXPECT_EQ(world.state.record.agent_id, before.agent_id);
  world.subscribe(modern_framework());
  EXPECT_EQ(world.heard().front(), "SUBSCRIBED M-0001");
}

TEST_F(Recovery, ExecutorComesBackAndTheUpdateIsSentAgain) {
  begin(modern_framework());
  world.restart();
  EXPECT_EQ(world.executor_call({"x-a"}, executor_calls::Message{"early"}), "403 Executor is not subscribed");
  world.pass(1s);
  EXPECT_EQ(world.subscribe_executor({"x-a"}, 2), "200");
  EXPECT_EQ(world.executor_heard(2), Texts{"SUBSCRIBED x-a"});
  world.subscribe(modern_framework(), world.framework_id);
  EXPECT_EQ(world.heard(), (Texts{"SUBSCRIBED M-0000", "HEARTBEAT",
                                  "OFFERS M-O1000 * ports:[31000-32000]; cpus:3.8; mem:8128; disk:10000 +x-a",
                                  "UPDATE a TASK_RUNNING"}));
  EXPECT_EQ(std::get<events::Update>(world.events.back()).status.uuid, uuid_of(7));
  world.pass(5s);
  EXPECT_EQ(world.commands(), Texts{});
  EXPECT_EQ(world.update({"x-a"}, {"a"}, TaskState::finished), "202");
}

TEST_F(Recovery, ExecutorThatStaysAwayIsDestroyed) {
  begin(modern_framework());
  world.acknowledge({"a"});
  world.restart();
  world.subscribe(modern_framework(), world.framework_id);
  world.heard();
  world.pass(1900ms);
  EXPECT_EQ(world.commands(), Texts{});
  world.pass(100ms);
  EXPECT_EQ(world.commands(), Texts{"destroy x-a"});
  world.heard();
  world.exit({"x-a"}, std::nullopt);
  EXPECT_EQ(world.heard(), (Texts{"FAILURE x-a -1",
                                  "UPDATE a TASK_GONE REASON_EXECUTOR_REREGISTRATION_TIMEOUT 'Executor did not "
                                  "reregister within 2secs (--executor_reregistration_timeout)'"}));
}

TEST_F(Recovery, OldFrameworksHearThatTheTaskIsLost) {
  begin(old_framework());
  world.acknowledge({"a"});
  world.restart();
  world.subscribe(old_framework(), world.framework_id);
  world.pass(2s);
  world.exit({"x-a"}, std::nullopt);
  EXPECT_EQ(world.heard().back(),
            "UPDATE a TASK_LOST REASON_EXECUTOR_REREGISTRATION_TIMEOUT 'Executor did not "
            "reregister within 2secs (--executor_reregistration_timeout)'");
}

TEST_F(Recovery, ExecutorsOfFrameworksWithoutCheckpointAreKilled) {
  FrameworkInfo info = modern_framework();
  info.checkpoint = false;
  begin(info);
  world.acknowledge({"a"});
  world.restart();
  EXPECT_EQ(world.commands(), Texts{"destroy x-a"});
  world.subscribe(info, world.framework_id);
  world.exit({"x-a"}, std::nullopt);
  EXPECT_EQ(world.heard().back(), "UPDATE a TASK_GONE REASON_AGENT_RESTARTED 'Executor was killed at agent restart'");
}

TEST_F(Recovery, ExecutorThatWasNotYetStartedIsStarted) {
  world.subscribe(modern_framework());
  world.launch({custom_task(world, "a")});
  const ContainerId container = world.executor({"x-a"}).record.container_id;
  EXPECT_EQ(world.commands(), Texts{"launch x-a"});
  world.restart();
  EXPECT_EQ(world.commands(), Texts{"launch x-a"});
  EXPECT_EQ(world.launches.back().container_id, container);
  world.pass(59s);
  EXPECT_EQ(world.commands(), Texts{});
  EXPECT_EQ(world.start_executor({"x-a"}, 2), "200");
  EXPECT_EQ(world.executor_heard(2), (Texts{"SUBSCRIBED x-a", "LAUNCH a"}));
}

TEST_F(Recovery, TaskWhoseLaunchWasLostWithTheProcessIsDropped) {
  world.subscribe(modern_framework());
  world.launch({custom_task(world, "a")}, 1000);
  world.start_executor({"x-a"}, 1);
  world.restart();
  world.subscribe(modern_framework(), world.framework_id);
  world.heard();
  world.subscribe_executor({"x-a"}, 2);
  EXPECT_EQ(world.heard(), Texts{"UPDATE a TASK_DROPPED REASON_AGENT_RESTARTED 'Task launched during agent restart'"});
}

TEST_F(Recovery, FailoverClockRunsOn) {
  begin(modern_framework());
  world.step(FrameworkStreamClosed{*world.stream});
  world.pass(3000s);
  world.restart();
  world.subscribe_executor({"x-a"}, 2);
  world.executor_heard(2);
  world.pass(599s);
  EXPECT_EQ(world.executor_heard(2), Texts{});
  world.pass(1s);
  EXPECT_EQ(world.executor_heard(2), Texts{"SHUTDOWN"});
  EXPECT_TRUE(world.state.tasks.empty());
}

TEST_F(Recovery, FailoverClockBeginsWithTheRestartForThoseThatWereConnected) {
  begin(modern_framework());
  world.restart();
  world.subscribe_executor({"x-a"}, 2);
  world.pass(3599s);
  EXPECT_EQ(world.call(calls::Request{}), "403 Framework is not subscribed");
  world.pass(1s);
  EXPECT_EQ(world.call(calls::Request{}), "400 Framework cannot be found");
}

TEST_F(Recovery, RemovedIdsStayBurntAndTheirExecutorsEnd) {
  begin(modern_framework());
  world.call(calls::Teardown{});
  world.restart();
  world.commands();
  world.heard();
  world.subscribe_executor({"x-a"}, 2);
  EXPECT_EQ(world.executor_heard(2), Texts{"SHUTDOWN"});
  world.subscribe(modern_framework(), world.framework_id);
  EXPECT_EQ(world.heard(), Texts{"ERROR Framework has been removed"});
  world.subscribe(modern_framework());
  EXPECT_EQ(world.heard().back(), "OFFERS M-O1000 * ports:[31000-32000]; cpus:3.8; mem:8128; disk:10000");
  world.pass(5s);
  EXPECT_EQ(world.commands(), Texts{"destroy x-a"});
}

TEST_F(Recovery, FewerResourcesThanAreUsed) {
  begin(modern_framework());
  world.restart();
  world.state.settings.agent.resources = resources_of("cpus(web):0.1;mem:40;ports:[1-2]");
  world.subscribe(modern_framework(), world.framework_id);
  EXPECT_EQ(world.heard(), (Texts{"SUBSCRIBED M-0000", "HEARTBEAT", "UPDATE a TASK_RUNNING"}));
}

TEST_F(Recovery, LoadingGivesTheRecordsAgain) {
  begin(modern_framework());
  const auto tasks = world.state.tasks;
  const auto executors = world.state.executors;
  world.restart();
  ASSERT_EQ(world.state.tasks.size(), tasks.size());
  for (const auto& [key, task] : tasks) EXPECT_EQ(world.state.tasks.at(key).record, task.record);
  for (const auto& [id, executor] : executors) EXPECT_EQ(world.state.executors.at(id).record, executor.record);
}

}  // namespace
}  // namespace windlass::engine
