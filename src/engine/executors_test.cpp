#include "engine/engine_testing.hpp"

#include <gtest/gtest.h>

namespace windlass::engine {
namespace {

using namespace std::chrono_literals;

struct Executors : ::testing::Test {
  void SetUp() override {
    world.subscribe(modern_framework());
    world.call(calls::Suppress{});
    world.heard();
  }
  void launch(const TaskInfo& task) {
    world.call(calls::Revive{});
    world.launch({task}, 1000);
    world.call(calls::Suppress{});
    world.heard();
    world.commands();
  }
  World world;
};

TEST_F(Executors, TasksAreSentWhenItHasSubscribed) {
  launch(custom_task(world, "a"));
  EXPECT_EQ(world.start_executor({"x-a"}, 1), "200");
  EXPECT_EQ(world.executor_heard(1), (Texts{"SUBSCRIBED x-a", "LAUNCH a"}));
  TaskInfo second = custom_task(world, "b");
  second.executor = custom_task(world, "a").executor;
  launch(second);
  EXPECT_EQ(world.executor_heard(1), Texts{"LAUNCH b"});
}

TEST_F(Executors, MaySubscribeBeforeItsStartIsReported) {
  launch(custom_task(world, "a"));
  EXPECT_EQ(world.subscribe_executor({"x-a"}, 1), "200");
  world.step(ExecutorStarted{world.executor({"x-a"}).record.container_id, 12, 1, "boot", "/d"});
  EXPECT_EQ(world.executor({"x-a"}).record.pid, 12);
  EXPECT_EQ(world.executor_heard(1), (Texts{"SUBSCRIBED x-a", "LAUNCH a"}));
}

TEST_F(Executors, MustSubscribeSoonAfterTheirStartHoweverLongThatTook) {
  launch(custom_task(world, "a"));
  const ContainerId container = world.executor({"x-a"}).record.container_id;
  world.pass(1h);  // the URIs are large
  EXPECT_EQ(world.commands(), Texts{});
  world.step(ExecutorStarted{container, 12, 1, "boot", "/d"});
  world.pass(59s);
  EXPECT_EQ(world.commands(), Texts{});
  world.pass(1s);
  EXPECT_EQ(world.commands(), Texts{"destroy x-a"});
  world.step(ExecutorExited{container, 9});
  EXPECT_EQ(std::get<events::Update>(world.events.back()).status.message,
            "Executor did not register within 1mins after its start (--executor_registration_timeout)");
}

TEST_F(Executors, AFetchThatMovesIsToldToTheFramework) {
  launch(custom_task(world, "a"));
  const ContainerId container = world.executor({"x-a"}).record.container_id;
  const auto rows = world.rows_written;
  world.step(ExecutorFetching{container, 12'345'678});
  const TaskStatus status = std::get<events::Update>(world.events.back()).status;
  EXPECT_EQ(status.state, TaskState::staging);
  EXPECT_EQ(status.message, "Fetching URIs: 12.3 MB so far");
  EXPECT_FALSE(status.uuid) << "nothing has changed that would have to be acknowledged";
  EXPECT_EQ(world.rows_written, rows);
  world.heard();
  world.call(calls::Kill{{"a"}});
  world.heard();
  world.step(ExecutorFetching{container, 22'345'678});
  world.step(ExecutorFetching{{"nowhere"}, 1});
  EXPECT_EQ(world.heard(), Texts{});
}

TEST_F(Executors, StrangersAreRefused) {
  EXPECT_EQ(world.subscribe_executor({"e"}, 1), "400 Framework cannot be found");
  EXPECT_EQ(world.executor_call({"e"}, executor_calls::Message{"hi"}), "400 Framework cannot be found");
  launch(custom_task(world, "a"));
  EXPECT_EQ(world.subscribe_executor({"e"}, 1), "400 Executor cannot be found");
  EXPECT_EQ(world.executor_call({"x-a"}, executor_calls::Message{"hi"}), "403 Executor is not subscribed");
}

TEST_F(Executors, MessagesBothWays) {
  launch(custom_task(world, "a"));
  world.start_executor({"x-a"}, 1);
  world.executor_heard(1);
  EXPECT_EQ(world.call(calls::Message{world.state.record.agent_id, {"x-a"}, "hello"}), "202");
  EXPECT_EQ(world.call(calls::Message{{"other"}, {"x-a"}, "lost"}), "202");
  EXPECT_EQ(world.call(calls::Message{world.state.record.agent_id, {"other"}, "lost"}), "202");
  EXPECT_EQ(world.executor_heard(1), Texts{"MESSAGE hello"});
  EXPECT_EQ(world.executor_call({"x-a"}, executor_calls::Message{"back"}), "202");
  EXPECT_EQ(world.heard(), Texts{"MESSAGE x-a back"});
}

TEST_F(Executors, OneThatEndsBeforeItRegistersSaysWhy) {
  launch(custom_task(world, "c3"));
  ExecutorExited exited{.container_id = world.state.executors.begin()->first, .wait_status = 127 << 8};
  exited.how = "exited with status 127";
  exited.last_words = "sh: 1: chmod: not found";
  world.heard();
  world.step(exited);
  EXPECT_EQ(world.heard(),
            (Texts{"FAILURE x-c3 32512",
                   "UPDATE c3 TASK_FAILED REASON_EXECUTOR_TERMINATED 'Executor exited with status 127 before it "
                   "registered: sh: 1: chmod: not found'"}));
}

TEST_F(Executors, ANewcomerWhoseTasksAreAllKilledIsDestroyed) {
  launch(custom_task(world, "c3"));
  world.heard();
  world.commands();
  world.call(calls::Kill{{"c3"}, {}, {}});
  EXPECT_EQ(world.commands(), Texts{"destroy x-c3"}) << "what it fetches and starts is of no use to anybody";
}

TEST_F(Executors, ExitFailsItsTasksAfterFailureIsTold) {
  launch(custom_task(world, "c3"));
  world.start_executor({"x-c3"}, 1);
  world.update({"x-c3"}, {"c3"}, TaskState::starting);
  world.acknowledge({"c3"});
  world.heard();
  world.exit({"x-c3"}, 768);
  EXPECT_EQ(world.heard(),
            (Texts{"FAILURE x-c3 768", "UPDATE c3 TASK_FAILED REASON_EXECUTOR_TERMINATED 'Executor terminated'"}));
  const auto& status = std::get<events::Update>(world.events.back()).status;
  EXPECT_EQ(status.source, StatusSource::agent);
  EXPECT_EQ(status.executor_id.value, "x-c3");
  EXPECT_TRUE(status.uuid.has_value());
  EXPECT_FALSE(status.container.has_value());
  EXPECT_TRUE(world.state.executors.empty());
  world.acknowledge({"c3"});
  EXPECT_TRUE(world.state.tasks.empty());
}

TEST_F(Executors, ExitOfACommandExecutorIsNoFailure) {
  launch(command_task(world, "k"));
  world.start_executor({"k"}, 1);
  world.update({"k"}, {"k"}, TaskState::finished);
  world.acknowledge({"k"});
  world.heard();
  world.exit({"k"}, 0);
  EXPECT_EQ(world.heard(), Texts{});
}

TEST_F(Executors, MemoryLimitation) {
  launch(custom_task(world, "a"));
  world.start_executor({"x-a"}, 1);
  world.step(ExecutorExited{.container_id = world.executor({"x-a"}).record.container_id,
                            .wait_status = 9,
                            .memory_limitation = "Memory limit exceeded: Requested: 64MB Maximum Used: 64MB"});
  EXPECT_EQ(world.heard().back(),
            "UPDATE a TASK_FAILED REASON_CONTAINER_LIMITATION_MEMORY 'Memory limit exceeded: Requested: 64MB Maximum "
            "Used: 64MB'");
}

TEST_F(Executors, LaunchFailure) {
  launch(command_task(world, "d2"));
  world.step(ExecutorLaunchFailed{world.executor({"d2"}).record.container_id, "no such user"});
  EXPECT_EQ(world.heard(),
            Texts{"UPDATE d2 TASK_FAILED REASON_CONTAINER_LAUNCH_FAILED 'Failed to launch container: no such user'"});
  EXPECT_TRUE(world.state.executors.empty());
  launch(custom_task(world, "d3"));
  world.step(ExecutorLaunchFailed{world.executor({"x-d3"}).record.container_id, "no"});
  EXPECT_EQ(world.heard(),
            (Texts{"FAILURE x-d3 -1",
                   "UPDATE d3 TASK_FAILED REASON_CONTAINER_LAUNCH_FAILED 'Failed to launch container: no'"}));
}

TEST_F(Executors, KilledBeforeDeliveryThenTheExecutorIsShutDown) {
  launch(custom_task(world, "a"));
  EXPECT_EQ(world.call(calls::Kill{{"a"}}), "202");
  EXPECT_EQ(world.heard(), Texts{"UPDATE a TASK_KILLED REASON_TASK_KILLED_DURING_LAUNCH 'Killed before delivery to "
                                 "the executor'"});
  EXPECT_EQ(world.start_executor({"x-a"}, 1), "200");
  EXPECT_EQ(world.executor_heard(1), Texts{"SHUTDOWN"});
  world.pass(5s);
  EXPECT_EQ(world.commands(), Texts{"destroy x-a"});
}

TEST_F(Executors, ShutdownEscalates) {
  TaskInfo task = custom_task(world, "c4");
  task.executor->shutdown_grace_period = 3s;
  launch(task);
  world.start_executor({"x-c4"}, 1);
  world.update({"x-c4"}, {"c4"}, TaskState::running);
  world.acknowledge({"c4"});
  world.executor_heard(1);
  world.heard();
  EXPECT_EQ(world.call(calls::Shutdown{{"x-c4"}, {"other"}}), "202");
  EXPECT_EQ(world.executor_heard(1), Texts{});
  EXPECT_EQ(world.call(calls::Shutdown{{"x-c4"}, world.state.record.agent_id}), "202");
  EXPECT_EQ(world.call(calls::Shutdown{{"x-c4"}, world.state.record.agent_id}), "202");
  EXPECT_EQ(world.executor_heard(1), Texts{"SHUTDOWN"});
  world.call(calls::Kill{{"c4"}});
  EXPECT_EQ(world.executor_heard(1), Texts{});
  world.pass(2900ms);
  EXPECT_EQ(world.commands(), Texts{});
  world.pass(100ms);
  EXPECT_EQ(world.commands(), Texts{"destroy x-c4"});
  world.exit({"x-c4"}, 9);
  EXPECT_EQ(world.heard(),
            (Texts{"FAILURE x-c4 9", "UPDATE c4 TASK_FAILED REASON_EXECUTOR_TERMINATED 'Executor terminated'"}));
}

TEST_F(Executors, OneThatIsEndingGetsNoTasks) {
  launch(custom_task(world, "a"));
  world.start_executor({"x-a"}, 1);
  world.call(calls::Shutdown{{"x-a"}, world.state.record.agent_id});
  world.executor_heard(1);
  TaskInfo second = custom_task(world, "b");
  second.executor = custom_task(world, "a").executor;
  world.call(calls::Revive{});
  world.heard();
  world.launch({second});
  EXPECT_EQ(world.heard(), Texts{"UPDATE b TASK_DROPPED REASON_EXECUTOR_TERMINATED 'Executor terminating'"});
  EXPECT_EQ(world.executor_heard(1), Texts{});
  EXPECT_EQ(world.subscribe_executor({"x-a"}, 2), "200");
  EXPECT_EQ(world.executor_heard(2), Texts{"SHUTDOWN"});
}

TEST_F(Executors, NewConnectionReplacesTheOld) {
  launch(custom_task(world, "a"));
  world.start_executor({"x-a"}, 1);
  world.update({"x-a"}, {"a"}, TaskState::running);
  world.executor_heard(1);
  EXPECT_EQ(world.subscribe_executor({"x-a"}, 2), "200");
  EXPECT_EQ(world.executor_heard(1), Texts{"(closed)"});
  EXPECT_EQ(world.executor_heard(2), Texts{"SUBSCRIBED x-a"});
  world.step(ExecutorStreamClosed{1});
  world.call(calls::Kill{{"a"}});
  EXPECT_EQ(world.executor_heard(2), Texts{"KILL a"});
}

TEST_F(Executors, TasksThatItNeverGotAreDropped) {
  launch(custom_task(world, "a"));
  TaskInfo second = custom_task(world, "b");
  second.executor = custom_task(world, "a").executor;
  launch(second);
  world.start_executor({"x-a"}, 1);
  world.subscribe_executor({"x-a"}, 2, {.unacknowledged_tasks = {second}});
  EXPECT_EQ(world.heard(), Texts{"UPDATE a TASK_DROPPED REASON_AGENT_RESTARTED 'Task launched during agent restart'"});
}

TEST_F(Executors, UnacknowledgedUpdatesAreTaken) {
  launch(custom_task(world, "a"));
  world.start_executor({"x-a"}, 1);
  world.update({"x-a"}, {"a"}, TaskState::starting, 7);
  world.acknowledge({"a"});
  world.heard();
  TaskStatus known{.task_id = {"a"}, .state = TaskState::starting, .source = StatusSource::executor};
  known.uuid = uuid_of(7);
  TaskStatus fresh{.task_id = {"a"}, .state = TaskState::running, .source = StatusSource::executor};
  fresh.uuid = uuid_of(8);
  world.subscribe_executor({"x-a"}, 2, {.unacknowledged_updates = {known, fresh}});
  EXPECT_EQ(world.heard(), Texts{"UPDATE a TASK_RUNNING"});
  EXPECT_EQ(world.executor_heard(2), (Texts{"SUBSCRIBED x-a", "ACKNOWLEDGED a 7", "ACKNOWLEDGED a 8"}));
}

TEST_F(Executors, StaysWithoutTasksUntilItEnds) {
  launch(custom_task(world, "a"));
  world.start_executor({"x-a"}, 1);
  world.update({"x-a"}, {"a"}, TaskState::finished);
  world.acknowledge({"a"});
  world.executor_heard(1);
  world.pass(1h);
  EXPECT_EQ(world.commands(), Texts{});
  EXPECT_EQ(world.executor_heard(1), (Texts{"HEARTBEAT", "HEARTBEAT"}));
  EXPECT_EQ(world.state.executors.size(), 1U);
}

TEST_F(Executors, StartOfOneThatWasGivenUpIsUndone) {
  world.step(ExecutorStarted{{"no-such-container"}, 12, 1, "boot", "/d"});
  EXPECT_EQ(world.commands(), Texts{"destroy a stranger"});
  world.step(ExecutorExited{{"no-such-container"}, 0});
  EXPECT_EQ(world.heard(), Texts{});
}

}  // namespace
}  // namespace windlass::engine
