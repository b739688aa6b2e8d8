#include "node/wait_log.hpp"

#include "scheduler/dialogue_testing.hpp"

#include <gtest/gtest.h>

namespace windlass {
namespace {

using namespace std::chrono_literals;
using scheduler::make_app;
using scheduler::make_offer;

struct WaitLogTest : testing::Test {
  scheduler::Dialogue d;
  WaitLog log;

  void SetUp() override { d.subscribe(); }
  std::vector<WaitLine> lines() { return log.take_due(*d.world, d.now); }
  [[nodiscard]] std::string reason(const char* app) const {
    return wait_reason(*d.world, scheduler::wait_report(*d.world, AppId{app}).value());
  }
};

TEST_F(WaitLogTest, AnAppThatWaitsIsToldAfterTenSecondsThenMoreAndMoreRarely) {
  App app = make_app("/web", 2);
  app.cpus = 100;
  d.start(app);
  d.offer(make_offer());
  EXPECT_TRUE(lines().empty());
  d.now += 9s;
  EXPECT_TRUE(lines().empty());
  d.now += 1s;
  EXPECT_EQ(lines(), (std::vector<WaitLine>{{AppId{"/web"}, 10s, 2, "1 of 1 offer: InsufficientCpus"}}));
  EXPECT_TRUE(lines().empty());
  d.now += 9s;
  EXPECT_TRUE(lines().empty());
  d.now += 1s;
  ASSERT_EQ(lines().size(), 1U);
  d.now += 19s;
  EXPECT_TRUE(lines().empty());
  d.now += 1s;
  EXPECT_EQ(lines().at(0).waited, 40s);
}

TEST_F(WaitLogTest, OneThatIsServedAndWaitsAgainBeginsAnew) {
  d.start(make_app("/web"));
  d.now += 10s;
  EXPECT_EQ(lines().size(), 1U);
  const TaskId task = scheduler::launched(d.offer(make_offer())).at(0).id;
  EXPECT_TRUE(lines().empty());
  d.update(task, TaskState::running);
  d.update(task, TaskState::failed);
  EXPECT_TRUE(lines().empty());
  d.now += 10s;
  EXPECT_EQ(lines().at(0).waited, 10s);
}

TEST_F(WaitLogTest, NotAllAreToldAtOnce) {
  for (int number = 100; number < 150; ++number) d.start(make_app("/web" + std::to_string(number)));
  d.now += 10s;
  EXPECT_EQ(lines().size(), wait_lines_max);
  EXPECT_EQ(lines().at(0).app.value, "/web120");
  EXPECT_EQ(lines().size(), 10U);
  EXPECT_TRUE(lines().empty());
}

TEST_F(WaitLogTest, TheReasonIsInWords) {
  App app = make_app("/web");
  app.cpus = 10;
  d.start(app);
  EXPECT_EQ(reason("/web"), "no offers have come");
  d.offer(make_offer("O1", "h1", 1));
  d.offer(make_offer("O2", "h1", 10, 1));
  d.offer(make_offer("O3", "h1", 10, 1));
  EXPECT_EQ(reason("/web"), "2 of 3 offers: InsufficientMemory, 1 of 3 offers: InsufficientCpus");
  d.say(scheduler::MesosDisconnected{});
  EXPECT_EQ(reason("/web"), "not connected to Mesos");
  d.subscribe();
  d.say(scheduler::StopApp{.request = 1, .id = app.id});
  const auto tasks = d.run(app);
  d.update(tasks.at(0), TaskState::failed);
  EXPECT_EQ(reason("/web").substr(0, 40), "it has failed, and is started again at 2");
  app.id = {"/large"};
  app.instances = 3;
  app.cpus = 8;
  d.start(app);
  d.offer(make_offer("O4", "h1", 8));
  EXPECT_EQ(reason("/large"), "each offer was used up");
}

}  // namespace
}  // namespace windlass
