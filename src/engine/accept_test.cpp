#include "engine/engine_testing.hpp"

#include <gtest/gtest.h>

namespace windlass::engine {
namespace {

using namespace std::chrono_literals;

std::string invalid(const std::string& id, const std::string& text) {
  return "UPDATE " + id + " TASK_ERROR REASON_TASK_INVALID '" + text + "'";
}

struct Accept : ::testing::Test {
  void SetUp() override {
    world.subscribe(modern_framework());
    world.heard();
  }
  // What the framework hears of this one task, which must not be launched.
  Texts refused(const TaskInfo& task) {
    EXPECT_EQ(world.launch({task}), "202");
    Texts heard = world.heard();
    EXPECT_TRUE(world.state.tasks.empty());
    world.pass(1s);
    world.heard();
    return heard;
  }
  World world;
};

TEST_F(Accept, LaunchesACustomExecutorOnce) {
  TaskInfo first = custom_task(world, "a");
  TaskInfo second = custom_task(world, "b");
  second.executor = first.executor;
  EXPECT_EQ(world.launch({first, second}), "202");
  EXPECT_EQ(world.heard(), Texts{});
  EXPECT_EQ(world.commands(), Texts{"launch x-a"});
  const LaunchExecutor& launch = world.launches.at(0);
  EXPECT_EQ(launch.user, "root");
  EXPECT_FALSE(launch.is_command);
  EXPECT_EQ(launch.executor.framework_id, world.framework_id);
  EXPECT_EQ(launch.executor.resources.to_string(), "cpus(allocated: *):0.1; mem(allocated: *):32");
  world.pass(1s);
  EXPECT_EQ(world.heard(), Texts{"OFFERS M-O1 * ports:[31000-32000]; cpus:3.7; mem:8096; disk:10000 +x-a"});
}

TEST_F(Accept, MakesAnExecutorForACommand) {
  TaskInfo task = command_task(world, "c");
  task.command->value = "sleep 1000000000";
  task.command->user = "nobody";
  task.command->uris = {{.value = "http://x/y.tgz"}};
  task.command->environment = {{"A", "1"}};
  task.kill_policy = KillPolicy{3s};
  world.launch({task});
  const LaunchExecutor& launch = world.launches.at(0);
  EXPECT_TRUE(launch.is_command);
  EXPECT_EQ(launch.executor.id.value, "c");
  EXPECT_EQ(launch.executor.name, "Command Executor (Task: c) (Command: sh -c 'sleep 100000...')");
  EXPECT_EQ(launch.executor.source, "c");
  EXPECT_EQ(launch.executor.resources.allocated_to("").to_string(), "cpus:0.1; mem:32");
  EXPECT_EQ(launch.executor.shutdown_grace_period, 5s);
  EXPECT_EQ(launch.user, "nobody");
  EXPECT_EQ(launch.uris.size(), 1U);
  EXPECT_TRUE(launch.environment.empty());
  world.pass(1s);  // its own resources come on top, and it is not named in offers
  EXPECT_EQ(world.heard(), Texts{"OFFERS M-O1 * ports:[31000-32000]; cpus:3.9; mem:8160; disk:10000"});
}

TEST_F(Accept, TasksAreRefusedOneByOne) {
  TaskInfo both = custom_task(world, "bad1");
  both.command = CommandInfo{.value = "x"};
  TaskInfo none = command_task(world, "bad5");
  none.command.reset();
  TaskInfo empty = command_task(world, "bad3");
  empty.resources = {};
  TaskInfo large = command_task(world, "bad4");
  large.resources = resources_of("cpus:1000;mem:32");
  TaskInfo container = command_task(world, "bad6");
  container.defect = "Task's `ContainerInfo` is invalid: DockerInfo 'docker' is not set for DOCKER typed ContainerInfo";
  TaskInfo elsewhere = command_task(world, "bad7");
  elsewhere.agent_id = {"other"};
  EXPECT_EQ(world.launch({both, command_task(world, "bad/2"), empty, large, none, container, elsewhere,
                          command_task(world, "good")}),
            "202");
  const std::string one = "Task should have at least one (but not both) of CommandInfo or ExecutorInfo present";
  EXPECT_EQ(world.heard(),
            (Texts{invalid("bad1", one), invalid("bad/2", "'bad/2' contains invalid characters"),
                   invalid("bad3", "Task uses no resources"),
                   invalid("bad4",
                           "Total resources cpus(allocated: *):1000; mem(allocated: *):32 required by task and its "
                           "executor is more than available ports(allocated: *):[31000-32000]; cpus(allocated: *):4; "
                           "mem(allocated: *):8192; disk(allocated: *):10000"),
                   invalid("bad5", one), invalid("bad6", container.defect),
                   invalid("bad7", "Task uses invalid agent other while agent M-S0 is expected")}));
  EXPECT_EQ(world.commands(), Texts{"launch good"});
  const auto& status = std::get<events::Update>(world.events.back()).status;
  EXPECT_EQ(status.source, StatusSource::master);
  EXPECT_EQ(status.agent_id.value, "other");
  EXPECT_FALSE(status.uuid.has_value());
  EXPECT_EQ(status.timestamp, world.now);
}

TEST_F(Accept, DuplicateTaskId) {
  world.launch({command_task(world, "dup"), command_task(world, "dup")});
  EXPECT_EQ(world.heard(), Texts{invalid("dup", "Task has duplicate ID: dup")});
  EXPECT_EQ(world.state.tasks.size(), 1U);
}

TEST_F(Accept, ExecutorRules) {
  TaskInfo task = custom_task(world, "t");
  task.executor->id = {".."};
  EXPECT_EQ(refused(task), Texts{invalid("t", "'..' is disallowed")});
  task = custom_task(world, "t");
  task.executor->framework_id = {"other"};
  EXPECT_EQ(refused(task),
            Texts{invalid("t", "ExecutorInfo has an invalid FrameworkID (Actual: other vs Expected: M-0000)")});
  task = custom_task(world, "t");
  task.executor->type = ExecutorType::default_executor;
  EXPECT_EQ(refused(task), Texts{invalid("t", "'ExecutorInfo.command' must not be set for 'DEFAULT' executor")});
  task.executor->command.reset();
  EXPECT_EQ(refused(task), Texts{invalid("t", "'ExecutorInfo.type' must be 'CUSTOM'")});
  task.executor->type = ExecutorType::custom;
  EXPECT_EQ(refused(task), Texts{invalid("t", "'ExecutorInfo.command' must be set for 'CUSTOM' executor")});
  task.executor->type = ExecutorType::unknown;
  EXPECT_EQ(refused(task), Texts{invalid("t", "'ExecutorInfo.command' must be set")});
  task = custom_task(world, "t");
  task.executor->shutdown_grace_period = -1s;
  EXPECT_EQ(refused(task), Texts{invalid("t", "ExecutorInfo's 'shutdown_grace_period' must be non-negative")});
  task = custom_task(world, "t");
  task.resources = resources_of("cpus:1;ports:[31000-31001]");
  task.executor->resources = resources_of("ports:[31001-31001]");
  EXPECT_EQ(refused(task), Texts{invalid("t",
                                         "There are overlapping resources in the task resources cpus(allocated: *):1; "
                                         "ports(allocated: *):[31000-31001] and executor resources "
                                         "ports(allocated: *):[31001-31001]")});
}

TEST_F(Accept, AnExecutorIsTheSameForAllItsTasks) {
  TaskInfo second = custom_task(world, "b");
  second.executor = custom_task(world, "a").executor;
  second.executor->name = "other";
  world.launch({custom_task(world, "a"), second});
  EXPECT_EQ(world.heard(),
            Texts{invalid("b", "ExecutorInfo is not compatible with existing ExecutorInfo with same ExecutorID")});
}

TEST_F(Accept, InvalidOffers) {
  const OfferId offer = world.newest_offer();
  const calls::Operation launch{.type = calls::operation_launch, .tasks = {command_task(world, "t")}};
  const auto lost = [](const std::string& why) {
    return Texts{"UPDATE t TASK_DROPPED REASON_INVALID_OFFERS 'Task launched with invalid offers: " + why + "'"};
  };
  EXPECT_EQ(world.call(calls::Accept{{}, {launch}, 0}), "202");
  EXPECT_EQ(world.heard(), lost("No offers specified"));
  EXPECT_EQ(world.call(calls::Accept{{{"nope"}}, {launch}, 0}), "202");
  EXPECT_EQ(world.heard(), lost("Offer nope is no longer valid"));
  EXPECT_TRUE(world.state.offers.contains(offer));
  EXPECT_EQ(world.call(calls::Accept{{offer, offer}, {launch}, 0}), "202");
  EXPECT_EQ(world.heard(), lost("Duplicate offer M-O0 in offer list"));
}

TEST_F(Accept, OffersThatAreNamedInAnInvalidCallAreSpent) {
  const OfferId offer = world.newest_offer();
  world.call(calls::Accept{{offer, {"nope"}}, {}, 0});
  EXPECT_TRUE(world.state.offers.empty());
  world.pass(1s);
  EXPECT_EQ(world.heard(), Texts{"OFFERS M-O1 * ports:[31000-32000]; cpus:4; mem:8192; disk:10000"});
}

TEST_F(Accept, AStrangersOfferIsNotTaken) {
  const OfferId offer = world.newest_offer();
  world.subscribe(modern_framework());
  world.heard();
  const calls::Operation launch{.type = calls::operation_launch, .tasks = {command_task(world, "t")}};
  world.call(calls::Accept{{offer}, {launch}, 0});
  const auto& status = std::get<events::Update>(world.events.back()).status;
  const std::string master = world.state.record.master_id;
  EXPECT_EQ(status.message, "Task launched with invalid offers: Offer " + offer.value + " has invalid framework " +
                                master + "-0000 while framework " + master + "-0001 is expected");
  EXPECT_TRUE(world.state.offers.contains(offer));
}

TEST_F(Accept, WithoutOperationsItIsADecline) {
  world.call(calls::Accept{{world.newest_offer()}, {}, 3});
  EXPECT_EQ(world.state.frameworks.at(world.framework_id).refused.size(), 1U);
  world.pass(2s);
  EXPECT_EQ(world.heard(), Texts{});
  world.pass(1s);
  EXPECT_EQ(world.heard().size(), 1U);
}

TEST_F(Accept, SeveralOffersAreOneBasket) {
  world.launch({command_task(world, "a")});
  world.start_executor({"a"}, 1);
  world.pass(1s);  // O1: the rest
  world.update({"a"}, {"a"}, TaskState::finished);
  world.pass(1s);  // O2: what a had
  world.heard();
  ASSERT_EQ(world.state.offers.size(), 2U);
  std::vector<OfferId> ids;
  for (const auto& [id, offer] : world.state.offers) ids.push_back(id);
  TaskInfo large = command_task(world, "b");
  large.resources = resources_of("cpus:4;mem:8192");
  world.call(calls::Accept{ids, {{.type = calls::operation_launch, .tasks = {large}}}, 0});
  EXPECT_EQ(world.heard(), Texts{});
  EXPECT_TRUE(world.state.tasks.contains({world.framework_id, {"b"}}));
}

TEST_F(Accept, OtherOperationsAreDroppedAndGroupsRefused) {
  calls::Operation reserve{.type = 2};
  calls::Operation group{.type = calls::operation_launch_group, .tasks = {command_task(world, "g1")}};
  group.tasks.push_back(command_task(world, "g2"));
  calls::Operation with_id{.type = calls::operation_launch, .has_id = true, .tasks = {command_task(world, "t")}};
  world.call(calls::Accept{{world.newest_offer()}, {reserve, group, with_id}, 0});
  const std::string why = " TASK_ERROR REASON_TASK_GROUP_INVALID 'Task groups are not supported by this agent'";
  EXPECT_EQ(world.heard(), (Texts{"UPDATE g1" + why, "UPDATE g2" + why,
                                  invalid("t", "The `id` field cannot be set on LAUNCH operations")}));
  EXPECT_TRUE(world.state.tasks.empty());
}

TEST(AcceptOld, RolesAreFilledInAndStatesTranslated) {
  World world;
  world.subscribe(old_framework());
  world.heard();
  world.launch({custom_task(world, "v1")});
  world.start_executor({"x-v1"}, 1);
  const auto& task = world.state.tasks.at({world.framework_id, {"v1"}}).record;
  EXPECT_EQ(task.info.resources.to_string(), "cpus(allocated: *):0.1; mem(allocated: *):32");
  EXPECT_EQ(task.info.executor->resources.to_string(), "cpus(allocated: *):0.1; mem(allocated: *):32");
  const calls::Operation launch{.type = calls::operation_launch, .tasks = {command_task(world, "t")}};
  world.call(calls::Accept{{{"nope"}}, {launch}, 0});
  EXPECT_EQ(world.heard(), Texts{"UPDATE t TASK_LOST REASON_INVALID_OFFERS 'Task launched with invalid offers: "
                                 "Offer nope is no longer valid'"});
}

}  // namespace
}  // namespace windlass::engine
