#include "sim/simulation.hpp"

#include <gtest/gtest.h>

#include <string>

namespace windlass::sim {
namespace {

using namespace std::chrono_literals;

std::string run_seed(std::uint64_t seed, Duration time) {
  Simulation simulation{seed};
  try {
    simulation.run(time);
  } catch (const Violation& violation) {
    std::string log;
    for (const auto& line : simulation.world().recent()) log += line + "\n";
    return log + violation.what() + "\nfaults: " + to_string(simulation.faults());
  }
  return {};
}

class FixedSeeds : public testing::TestWithParam<std::uint64_t> {};

TEST_P(FixedSeeds, KeepAllPromises) {
  SCOPED_TRACE("repeat: windlass-sim --hours 1 --seed " + std::to_string(GetParam()));
  EXPECT_EQ(run_seed(GetParam(), 1h), "");
}

INSTANTIATE_TEST_SUITE_P(Seeds, FixedSeeds, testing::Range<std::uint64_t>(1, 21));

TEST(Simulation, SameSeedSameLog) {
  auto hash_of = [](std::uint64_t seed) {
    Simulation simulation{seed};
    simulation.run(30min);
    return simulation.world().log_hash();
  };
  const auto first = hash_of(7);
  EXPECT_EQ(first, hash_of(7)) << "the same seed went two ways";
  EXPECT_NE(first, hash_of(8)) << "two seeds went the same way";
}

TEST(Simulation, WithoutFaultsNothingFailsAndNothingIsLaunchedTwice) {
  Cluster cluster{1, {}, no_faults()};
  cluster.start();
  App app;
  app.id = AppId{"/web"};
  app.cmd = "redis";
  app.executor = "/var/lib/mesos/executors/docker";
  app.instances = 10;
  app.cpus = 0.1;
  app.mem = 32;
  cluster.checker.asked(app.id, {std::nullopt, app.instances}, app);
  cluster.scheduler.request(scheduler::StartApp{0, app}, [&](const auto& answer) {
    ASSERT_TRUE(answer.has_value());
    ASSERT_FALSE(answer->error.has_value());
    cluster.checker.answered(app.id, 10);
  });
  cluster.world.run_until(cluster.world.now() + 60s);
  EXPECT_EQ(cluster.checker.why_not_converged(), "");
  EXPECT_EQ(cluster.checker.launches(app.id), 10U);
}

// --- the checker notices what it is there for ---

struct Watched {
  Cluster cluster{1, {}, no_faults()};
  Checker& checker = cluster.checker;
  AgentChecker& agents = cluster.agent_checker;
  Machine& machine = cluster.machine();
  Watched() { cluster.start(); }
};

TaskInfo task_of(const std::string& name, const std::string& resources) {
  TaskInfo task;
  task.id = {name};
  task.resources = *parse_resources(resources);
  return task;
}

TEST(Checker, AppsThatAreLost) {
  Watched watched;
  watched.checker.asked(AppId{"/web"}, {std::nullopt, 2}, App{.id = AppId{"/web"}});
  EXPECT_THROW(watched.checker.answered(AppId{"/web"}, 2), Violation);
}

TEST(Checker, AppsThatNobodyAskedFor) {
  Watched watched;
  SchedulerRows rows;
  rows.commit({scheduler::PutApp{AppId{"/web"}, std::make_shared<const App>(App{.id = AppId{"/web"}})}});
  EXPECT_THROW(watched.checker.scheduler_has_committed(rows), Violation);
}

TEST(Checker, MoreInstancesThanWanted) {
  Watched watched;
  SchedulerRows rows;
  const App app{.id = AppId{"/web"}, .instances = 1};
  watched.checker.asked(app.id, {1}, app);
  rows.commit({scheduler::PutApp{app.id, std::make_shared<const App>(app)}});
  for (const char* id : {"a", "b"}) {
    Instance instance{.id = {id}, .app_id = app.id};
    instance.task_id = {id};
    rows.commit({scheduler::PutInstance{instance.id, std::make_shared<const Instance>(instance)}});
    if (id[0] == 'a') {
      EXPECT_NO_THROW(watched.checker.scheduler_has_committed(rows));
    }
  }
  EXPECT_THROW(watched.checker.scheduler_has_committed(rows), Violation);
}

TEST(Checker, LaunchesThatAreNotSaved) {
  Watched watched;
  calls::Accept accept;
  accept.offer_ids.push_back(OfferId{"o"});
  accept.operations.push_back({.type = calls::operation_launch, .tasks = {task_of("web.instance-1", "cpus:1")}});
  EXPECT_THROW(watched.checker.scheduler_calls(SchedulerRows{}, accept), Violation);
}

TEST(Checker, AcknowledgementsBeforeTheJournal) {
  Watched watched;
  Prng prng{1};
  const TaskStatus status{.task_id = {"t"}, .state = TaskState::running, .uuid = Uuid::random(prng)};
  const calls::Acknowledge acknowledge{{"agent"}, status.task_id, *status.uuid};
  EXPECT_THROW(watched.checker.scheduler_calls({}, acknowledge), Violation) << "it was never sent";
  watched.checker.scheduler_hears(events::Update{status});
  Instance instance{.id = {"i"}, .app_id = {"/web"}, .condition = Condition::staging};
  instance.task_id = status.task_id;
  SchedulerRows rows;
  rows.commit({scheduler::PutInstance{instance.id, std::make_shared<const Instance>(instance)}});
  EXPECT_THROW(watched.checker.scheduler_calls(rows, acknowledge), Violation);
  instance.condition = Condition::running;
  rows.commit({scheduler::PutInstance{instance.id, std::make_shared<const Instance>(instance)}});
  EXPECT_NO_THROW(watched.checker.scheduler_calls(rows, acknowledge));
}

TEST(Checker, UpdatesThatTheEngineLoses) {
  Watched watched;
  Prng prng{1};
  EngineRows rows;
  rows.frameworks[FrameworkId{"f"}] = {};
  TaskRecord record{.framework_id = {"f"}, .info = task_of("t", "cpus:1"), .executor_id = {"e"}};
  record.updates.push_back({.task_id = {"t"}, .state = TaskState::running, .uuid = Uuid::random(prng)});
  rows.tasks[engine::TaskKey{{"f"}, {"t"}}] = record;
  const Uuid uuid = *record.updates.front().uuid;
  record.updates.clear();
  const std::vector<engine::Write> writes = {engine::PutTask{{"f"}, {"t"}, record}};
  EXPECT_THROW(watched.agents.engine_will_commit(rows, writes), Violation);
  watched.agents.master_hears(calls::Acknowledge{{"agent"}, {"t"}, uuid});
  EXPECT_NO_THROW(watched.agents.engine_will_commit(rows, writes));
}

TEST(Checker, PortsAndResourcesGivenTwice) {
  Watched watched;
  watched.agents.executor_hears(watched.machine, 1,
                                executor_events::Launch{task_of("a", "cpus:10;ports:[31000-31001]")});
  EXPECT_THROW(watched.agents.executor_hears(watched.machine, 2,
                                             executor_events::Launch{task_of("b", "cpus:1;ports:[31001-31001]")}),
               Violation);
  watched.agents.executor_ended(2);
  EXPECT_THROW(watched.agents.executor_hears(watched.machine, 3, executor_events::Launch{task_of("c", "cpus:10")}),
               Violation);
  watched.agents.executor_ended(3);
  EXPECT_THROW(watched.agents.executor_hears(watched.machine, 4, executor_events::Launch{task_of("a", "cpus:1")}),
               Violation)
      << "launched twice";
}

TEST(Checker, TwoContainersOfOneTask) {
  Watched watched;
  int running = 0;
  Docker& docker = watched.machine.docker;
  docker.pull(
      "redis", [](int) {}, [](const auto&) {});
  watched.cluster.world.run_until(watched.cluster.world.now() + 10s);
  for (int i = 0; i < 2; ++i) {
    docker.create({.owner = 1, .task = {"t"}, .image = "redis"}, [&](const Result<std::string>& id) {
      docker.start(*id, [&](const auto& error) { running += error ? 0 : 1; });
    });
  }
  EXPECT_THROW(watched.cluster.world.run_until(watched.cluster.world.now() + 10s), Violation);
  EXPECT_LE(running, 1);
}

}  // namespace
}  // namespace windlass::sim
