#include "scheduler/world.hpp"

#include "scheduler/dialogue_testing.hpp"

#include <gtest/gtest.h>

#include <functional>

namespace windlass::scheduler {
namespace {

TEST(World, HasWhatThereIs) {
  Dialogue d;
  EXPECT_TRUE(d.world->apps.empty());
  d.subscribe();
  EXPECT_TRUE(d.world->connected);
  EXPECT_EQ(d.world->framework_id.value, "F1");
  const auto tasks = d.run(make_app("/a_b", 3));
  d.run(make_app("/a/b", 2));
  EXPECT_EQ(d.world->apps.size(), 2U);
  EXPECT_EQ(d.world->apps.at(AppId{"/a_b"})->instances.size(), 3U);
  d.update(tasks[0], TaskState::failed);
  EXPECT_EQ(d.world->apps.at(AppId{"/a_b"})->instances.size(), 2U);
  EXPECT_EQ(d.world->apps.at(AppId{"/a_b"})->missing, 1U);
  EXPECT_EQ(d.world->apps.at(AppId{"/a/b"})->instances.size(), 2U) << "its tasks are named alike";
  EXPECT_EQ(d.world->counters.failures, 1U);
  d.say(StopApp{.request = 1, .id = AppId{"/a/b"}});
  EXPECT_FALSE(d.world->apps.contains(AppId{"/a/b"}));
  d.start(make_app("/a/b", 1));
  EXPECT_EQ(d.world->apps.at(AppId{"/a/b"})->instances.size(), 2U) << "the old ones are ending";
  d.restart();
  EXPECT_EQ(d.world->apps.size(), 2U);
  EXPECT_EQ(d.world->apps.at(AppId{"/a/b"})->instances.size(), 2U);
}

TEST(World, SharesWhatHasNotChangedAndLeavesOldPicturesAlone) {
  Dialogue d;
  d.subscribe();
  const auto tasks = d.run(make_app("/a", 2));
  d.run(make_app("/b", 2));
  const auto before = d.world;
  d.update(tasks[0], TaskState::failed);
  const AppId a{"/a"};
  const AppId b{"/b"};
  EXPECT_EQ(before->apps.at(b), d.world->apps.at(b));
  EXPECT_EQ(before->apps.at(a)->instances.size(), 2U);
  ASSERT_EQ(d.world->apps.at(a)->instances.size(), 1U);
  const auto& [key, left] = *d.world->apps.at(a)->instances.begin();
  EXPECT_EQ(before->apps.at(a)->instances.at(key), left) << "not copied";
}

Funnel funnel_of(const Dialogue& d, const char* app) { return wait_report(*d.world, AppId{app}).value().funnel; }

TEST(World, SaysWhatAnAppWaitsFor) {
  Dialogue d;
  d.subscribe();
  EXPECT_EQ(wait_report(*d.world, AppId{"/web"}), std::nullopt);
  App web = make_app("/web", 3);
  web.cpus = 2;
  d.start(web);
  const TimePoint since = d.now;
  d.now += std::chrono::seconds{5};
  d.offer(make_offer("O1", "h1", 1));
  d.offer(make_offer("O2", "h2", 16, 1));
  d.offer(make_offer("O3", "h3", 3));
  const auto report = wait_report(*d.world, AppId{"/web"});
  ASSERT_TRUE(report);
  EXPECT_EQ(report->since, since);
  EXPECT_EQ(report->missing, 2U);
  EXPECT_EQ(report->delayed_until, std::nullopt);
  EXPECT_EQ(report->funnel.offers, 3U);
  EXPECT_EQ(report->funnel.count_of(Refusal::insufficient_cpus), 1U) << "the third has served";
  EXPECT_EQ(report->funnel.count_of(Refusal::insufficient_memory), 1U);
  EXPECT_EQ(d.world->waiting.at(AppId{"/web"}), since);
  d.offer(make_offer("O4"));
  EXPECT_EQ(wait_report(*d.world, AppId{"/web"}), std::nullopt);
  EXPECT_TRUE(d.world->waiting.empty());
  EXPECT_TRUE(d.world->funnels.empty());
}

TEST(World, EachReasonIsCounted) {
  struct Case {
    Refusal refusal;
    std::function<void(App&)> change;
  };
  const std::vector<Case> cases{
      {Refusal::insufficient_cpus, [](App& app) { app.cpus = 17; }},
      {Refusal::insufficient_memory, [](App& app) { app.mem = 20'000; }},
      {Refusal::insufficient_disk, [](App& app) { app.disk = 20'000; }},
      {Refusal::insufficient_ports, [](App& app) { app.ports = {{80}}, app.require_ports = true; }},
      {Refusal::insufficient_ports, [](App& app) { app.ports.resize(4); }},
      {Refusal::unfulfilled_constraint,
       [](App& app) {
         app.constraints = {{"rack", ConstraintOperator::is, "r1"}};
       }},
      {Refusal::unfulfilled_constraint,
       [](App& app) {
         app.constraints = {{"hostname", ConstraintOperator::max_per, "0"}};
       }},
  };
  for (const Case& each : cases) {
    Dialogue d;
    d.subscribe();
    App app = make_app("/web");
    each.change(app);
    d.start(app);
    Offer offer = make_offer("O1");
    offer.resources -= Resources{{Resource::make_ranges("ports", {{31'003, 32'000}})}}.allocated_to("*");
    d.offer(offer);
    d.offer(offer);
    EXPECT_EQ(funnel_of(d, "/web").offers, 2U);
    EXPECT_EQ(funnel_of(d, "/web").count_of(each.refusal), 2U) << to_string(each.refusal);
  }
}

TEST(World, AppsThatAskForTheSameAreCountedApart) {
  Dialogue d;
  d.subscribe();
  App large = make_app("/a");
  large.cpus = 100;
  d.start(large);
  d.offer(make_offer("O1"));
  large.id = {"/b"};
  d.start(large);
  EXPECT_EQ(d.state.demands.size(), 1U);
  EXPECT_EQ(funnel_of(d, "/b").offers, 0U);
  d.offer(make_offer("O2"));
  EXPECT_EQ(funnel_of(d, "/a").count_of(Refusal::insufficient_cpus), 2U);
  EXPECT_EQ(funnel_of(d, "/b").count_of(Refusal::insufficient_cpus), 1U);
  d.say(StopApp{.request = 1, .id = AppId{"/a"}});
  EXPECT_EQ(funnel_of(d, "/b").count_of(Refusal::insufficient_cpus), 1U);
}

TEST(World, WhileAnAppIsDelayedNoOfferCounts) {
  Dialogue d;
  d.subscribe();
  const auto tasks = d.run(make_app("/web"));
  d.update(tasks[0], TaskState::failed);
  const auto report = wait_report(*d.world, AppId{"/web"});
  ASSERT_TRUE(report);
  EXPECT_EQ(report->delayed_until, d.now + std::chrono::seconds{1});
  d.offer(make_offer("O2"));
  EXPECT_EQ(funnel_of(d, "/web").offers, 0U);
  d.wait(std::chrono::seconds{1});
  EXPECT_EQ(wait_report(*d.world, AppId{"/web"})->delayed_until, std::nullopt);
  d.offer(make_offer("O3", "h1", 0));
  EXPECT_EQ(funnel_of(d, "/web").offers, 1U);
  EXPECT_EQ(funnel_of(d, "/web").count_of(Refusal::insufficient_cpus), 1U);
}

}  // namespace
}  // namespace windlass::scheduler
