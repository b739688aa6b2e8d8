#include "engine/engine_testing.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace windlass::engine {
namespace {

using namespace std::chrono_literals;

const TaskStatus& last_status(const World& world) { return std::get<events::Update>(world.events.back()).status; }

// A framework with the task c1, whose executor x-c1 has subscribed with connection 1.
struct Tasks : ::testing::Test {
  void SetUp() override {
    world.subscribe(modern_framework());
    world.launch({custom_task(world, "c1")}, 1000);
    world.start_executor({"x-c1"}, 1);
    forget();
  }
  void forget() {
    world.heard();
    world.executor_heard(1);
    world.commands();
  }
  World world;
};

TEST_F(Tasks, UpdateGoesToTheFrameworkAndTheExecutorHearsThatItIsKept) {
  EXPECT_EQ(world.update({"x-c1"}, {"c1"}, TaskState::starting, 7), "202");
  EXPECT_EQ(world.heard(), Texts{"UPDATE c1 TASK_STARTING"});
  EXPECT_EQ(world.executor_heard(1), Texts{"ACKNOWLEDGED c1 7"});
  const TaskStatus& status = last_status(world);
  EXPECT_EQ(status.agent_id, world.state.record.agent_id);
  EXPECT_TRUE(status.executor_id.empty());
  EXPECT_EQ(status.uuid, uuid_of(7));
  ASSERT_TRUE(status.container.has_value());
  EXPECT_EQ(status.container->container_id, world.executor({"x-c1"}).record.container_id);
  EXPECT_EQ(status.container->executor_pid, 4711U);
  ASSERT_EQ(status.container->networks.size(), 1U);
  // Without a protocol, as Mesos sends it; its JSON shows the default.
  EXPECT_EQ(status.container->networks[0].addresses, std::vector<IpAddress>{{.address = "127.0.0.1"}});
}

TEST_F(Tasks, TheRecordIsWrittenInTheStepThatAcknowledges) {
  TaskStatus status{.task_id = {"c1"}, .state = TaskState::running, .source = StatusSource::executor};
  status.uuid = uuid_of(9);
  const Effects effects =
      world.step(ExecutorCallReceived{1, {world.framework_id, {"x-c1"}, executor_calls::Update{status}}});
  ASSERT_EQ(effects.writes.size(), 1U);
  const auto& row = std::get<PutTask>(effects.writes[0]);
  EXPECT_EQ(row.record->updates.front().uuid, uuid_of(9));
  EXPECT_EQ(effects.calls.size(), 2U);
}

TEST_F(Tasks, NetworksOfTheExecutorStay) {
  TaskStatus status{.task_id = {"c1"}, .state = TaskState::running, .source = StatusSource::executor};
  status.uuid = uuid_of(9);
  status.container = ContainerStatus{.networks = {{.addresses = {{"172.17.0.2"}}}}};
  world.executor_call({"x-c1"}, executor_calls::Update{status});
  EXPECT_EQ(last_status(world).container->networks, status.container->networks);
}

TEST_F(Tasks, OneUpdateAtATime) {
  world.update({"x-c1"}, {"c1"}, TaskState::starting);
  world.update({"x-c1"}, {"c1"}, TaskState::running);
  world.update({"x-c1"}, {"c1"}, TaskState::finished);
  EXPECT_EQ(world.heard(), Texts{"UPDATE c1 TASK_STARTING"});
  world.acknowledge({"c1"});
  EXPECT_EQ(world.heard(), Texts{"UPDATE c1 TASK_RUNNING"});
  world.acknowledge({"c1"});
  EXPECT_EQ(world.heard(), Texts{"UPDATE c1 TASK_FINISHED"});
  world.acknowledge({"c1"});
  EXPECT_EQ(world.heard(), Texts{});
  EXPECT_TRUE(world.state.tasks.empty());
  ASSERT_EQ(world.state.completed_tasks.size(), 1U);
  EXPECT_EQ(world.state.completed_tasks.begin()->second.statuses.size(), 3U);
}

TEST_F(Tasks, RepeatedAfter10SecondsThen20UpTo10Minutes) {
  world.call(calls::Suppress{});
  world.update({"x-c1"}, {"c1"}, TaskState::starting);
  const TimePoint begin = world.now;
  std::vector<std::int64_t> times;
  world.heard();
  for (int second = 1; second <= 2500; ++second) {
    world.pass(1s);
    for (const std::string& text : world.heard()) {
      if (text == "UPDATE c1 TASK_STARTING") times.push_back((world.now - begin) / 1s);
    }
  }
  EXPECT_EQ(times, (std::vector<std::int64_t>{10, 30, 70, 150, 310, 630, 1230, 1830, 2430}));
}

TEST_F(Tasks, WaitBeginsAgainWithTheNextUpdate) {
  world.update({"x-c1"}, {"c1"}, TaskState::starting);
  world.update({"x-c1"}, {"c1"}, TaskState::running);
  world.pass(31s);
  world.acknowledge({"c1"});
  world.heard();
  world.pass(9s);
  const Texts before = world.heard();
  EXPECT_EQ(std::count(before.begin(), before.end(), "UPDATE c1 TASK_RUNNING"), 0);
  world.pass(1s);
  EXPECT_EQ(world.heard().back(), "UPDATE c1 TASK_RUNNING");
}

TEST_F(Tasks, WrongAcknowledgementsAreIgnored) {
  world.update({"x-c1"}, {"c1"}, TaskState::starting, 7);
  world.update({"x-c1"}, {"c1"}, TaskState::running, 8);
  world.heard();
  const AgentId agent = world.state.record.agent_id;
  EXPECT_EQ(world.call(calls::Acknowledge{agent, {"c1"}, uuid_of(8)}), "202");
  EXPECT_EQ(world.call(calls::Acknowledge{agent, {"nope"}, uuid_of(7)}), "202");
  EXPECT_EQ(world.call(calls::Acknowledge{{"other"}, {"c1"}, uuid_of(7)}), "202");
  EXPECT_EQ(world.heard(), Texts{});
  EXPECT_EQ(world.call(calls::Acknowledge{agent, {"c1"}, uuid_of(7)}), "202");
  EXPECT_EQ(world.heard(), Texts{"UPDATE c1 TASK_RUNNING"});
}

TEST_F(Tasks, RepeatedUpdateIsAcknowledgedWithoutADuplicate) {
  world.update({"x-c1"}, {"c1"}, TaskState::starting, 7);
  world.acknowledge({"c1"});
  world.update({"x-c1"}, {"c1"}, TaskState::running, 8);
  world.acknowledge({"c1"});
  forget();
  EXPECT_EQ(world.update({"x-c1"}, {"c1"}, TaskState::starting, 7), "202");
  EXPECT_EQ(world.update({"x-c1"}, {"c1"}, TaskState::running, 8), "202");
  EXPECT_EQ(world.update({"x-c1"}, {"unknown"}, TaskState::running, 9), "202");
  EXPECT_EQ(world.heard(), Texts{});
  EXPECT_EQ(world.executor_heard(1), (Texts{"ACKNOWLEDGED c1 7", "ACKNOWLEDGED c1 8", "ACKNOWLEDGED unknown 9"}));
}

TEST_F(Tasks, UpdatesWaitForAFrameworkThatIsAway) {
  world.step(FrameworkStreamClosed{*world.stream});
  world.update({"x-c1"}, {"c1"}, TaskState::starting);
  world.pass(60s);
  EXPECT_EQ(world.heard(), Texts{});
  world.subscribe(modern_framework(), world.framework_id);
  EXPECT_EQ(world.heard(), (Texts{"SUBSCRIBED M-0000", "HEARTBEAT",
                                  "OFFERS M-O1 * ports:[31000-32000]; cpus:3.8; mem:8128; disk:10000 +x-c1",
                                  "UPDATE c1 TASK_STARTING"}));
  world.pass(10s);
  EXPECT_EQ(world.heard(), Texts{"UPDATE c1 TASK_STARTING"});
}

TEST_F(Tasks, ResourcesAreFreeWithTheTerminalStateNotWithItsAcknowledgement) {
  world.update({"x-c1"}, {"c1"}, TaskState::starting);
  world.update({"x-c1"}, {"c1"}, TaskState::finished);
  world.heard();
  world.pass(1s);
  EXPECT_EQ(world.heard(), Texts{"OFFERS M-O1 * ports:[31000-32000]; cpus:3.9; mem:8160; disk:10000 +x-c1"});
}

TEST_F(Tasks, TerminalStateStays) {
  world.update({"x-c1"}, {"c1"}, TaskState::failed);
  world.update({"x-c1"}, {"c1"}, TaskState::running);
  EXPECT_EQ(world.state.tasks.at({world.framework_id, {"c1"}}).record.state, TaskState::failed);
}

TEST_F(Tasks, UpdatesThatNobodyTakesAreLimited) {
  for (int i = 0; i < 300; ++i) world.update({"x-c1"}, {"c1"}, TaskState::running);
  world.update({"x-c1"}, {"c1"}, TaskState::finished);
  const auto& updates = world.state.tasks.at({world.framework_id, {"c1"}}).record.updates;
  EXPECT_EQ(updates.size(), 100U);
  EXPECT_EQ(updates.back().state, TaskState::finished);
}

TEST_F(Tasks, ExplicitReconciliation) {
  TaskStatus running{.task_id = {"c1"}, .state = TaskState::running, .source = StatusSource::executor};
  running.uuid = uuid_of(9);
  running.data = "much";
  running.healthy = true;
  running.labels = {{"a", "b"}};
  world.executor_call({"x-c1"}, executor_calls::Update{running});
  world.heard();
  EXPECT_EQ(world.call(calls::Reconcile{
                {{{"c1"}, world.state.record.agent_id}, {{"nope"}, world.state.record.agent_id}, {{"nope2"}}}}),
            "202");
  EXPECT_EQ(world.heard(),
            (Texts{"UPDATE c1 TASK_RUNNING REASON_RECONCILIATION 'Reconciliation: Latest task state'",
                   "UPDATE nope TASK_GONE REASON_RECONCILIATION 'Reconciliation: Task is unknown to the agent'",
                   "UPDATE nope2 TASK_UNKNOWN REASON_RECONCILIATION 'Reconciliation: Task is unknown'"}));
  const auto& known = std::get<events::Update>(world.events.at(world.events.size() - 3)).status;
  EXPECT_EQ(known.executor_id.value, "x-c1");
  EXPECT_EQ(known.source, StatusSource::master);
  EXPECT_EQ(known.healthy, true);
  EXPECT_TRUE(known.container.has_value());
  EXPECT_FALSE(known.data || known.uuid);
  EXPECT_TRUE(known.labels.empty());
  EXPECT_TRUE(last_status(world).agent_id.empty());
}

TEST_F(Tasks, ReconciliationTellsTheStateThatWasSentLast) {
  world.update({"x-c1"}, {"c1"}, TaskState::starting);
  world.update({"x-c1"}, {"c1"}, TaskState::running);
  world.heard();
  world.call(calls::Reconcile{});
  EXPECT_EQ(world.heard(), Texts{"UPDATE c1 TASK_STARTING REASON_RECONCILIATION 'Reconciliation: Latest task state'"});
}

TEST_F(Tasks, Kill) {
  world.update({"x-c1"}, {"c1"}, TaskState::running);
  forget();
  EXPECT_EQ(world.call(calls::Kill{{"c1"}, AgentId{"other"}}), "202");
  EXPECT_EQ(world.executor_heard(1), Texts{});
  EXPECT_EQ(world.call(calls::Kill{{"c1"}, world.state.record.agent_id, KillPolicy{1s}}), "202");
  EXPECT_EQ(world.call(calls::Kill{{"c1"}}), "202");
  EXPECT_EQ(world.executor_heard(1), (Texts{"KILL c1 1secs", "KILL c1"}));
  EXPECT_EQ(world.call(calls::Kill{{"nope"}}), "202");
  EXPECT_EQ(world.heard(), Texts{"UPDATE nope TASK_UNKNOWN REASON_RECONCILIATION 'Reconciliation: Task is unknown'"});
  world.update({"x-c1"}, {"c1"}, TaskState::killed);
  world.executor_heard(1);
  world.call(calls::Kill{{"c1"}});
  EXPECT_EQ(world.executor_heard(1), Texts{});
}

TEST_F(Tasks, KillWaitsForAnExecutorThatIsAway) {
  world.update({"x-c1"}, {"c1"}, TaskState::running);
  world.step(ExecutorStreamClosed{1});
  world.call(calls::Kill{{"c1"}, std::nullopt, KillPolicy{2s}});
  world.subscribe_executor({"x-c1"}, 2);
  EXPECT_EQ(world.executor_heard(2), (Texts{"SUBSCRIBED x-c1", "KILL c1 2secs"}));
  world.subscribe_executor({"x-c1"}, 3);
  EXPECT_EQ(world.executor_heard(3), Texts{"SUBSCRIBED x-c1"});
}

TEST_F(Tasks, CommandTasksAreReportedWithTheirExecutorAndReconciledWithout) {
  world.call(calls::Revive{});
  world.launch({command_task(world, "k")});
  world.start_executor({"k"}, 2);
  world.update({"k"}, {"k"}, TaskState::running);
  EXPECT_EQ(last_status(world).executor_id.value, "k");
  world.call(calls::Reconcile{{{{"k"}, std::nullopt}}});
  EXPECT_TRUE(last_status(world).executor_id.empty());
}

TEST(TasksOld, LostInsteadOfGoneAndUnknown) {
  World world;
  world.subscribe(old_framework());
  world.heard();
  world.call(calls::Reconcile{{{{"zz"}, world.state.record.agent_id}, {{"yy"}}}});
  EXPECT_EQ(world.heard(),
            (Texts{"UPDATE zz TASK_LOST REASON_RECONCILIATION 'Reconciliation: Task is unknown to the agent'",
                   "UPDATE yy TASK_LOST REASON_RECONCILIATION 'Reconciliation: Task is unknown'"}));
}

TEST(TasksCompleted, OnlyTheNewest1000OfAFrameworkAreKept) {
  World world;
  world.subscribe(modern_framework());
  for (int i = 0; i < 1002; ++i) {
    const std::string id = "t" + std::to_string(i);
    TaskInfo task = custom_task(world, id);
    task.executor->id = {"x"};
    ASSERT_EQ(world.launch({task}), "202");
    if (i == 0) world.start_executor({"x"}, 1);
    world.update({"x"}, {id}, TaskState::finished, 1);
    world.acknowledge({id});
    world.call(calls::Revive{});
  }
  EXPECT_EQ(world.state.completed_tasks.size(), 1000U);
  EXPECT_EQ(world.state.completed_tasks.begin()->second.info.id.value, "t2");
}

}  // namespace
}  // namespace windlass::engine
