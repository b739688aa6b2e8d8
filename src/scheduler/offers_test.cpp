#include "scheduler/offers.hpp"

#include "scheduler/constraints.hpp"
#include "scheduler/dialogue_testing.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace windlass::scheduler {
namespace {

using Op = ConstraintOperator;

const AppId web{"/web"};

struct Place {
  std::string host;
  std::map<std::string, std::string> attributes = {};
};

Offer offer_at(const Place& place) {
  static int number = 0;
  Offer offer = make_offer("O" + std::to_string(++number), place.host);
  for (const auto& [name, text] : place.attributes) offer.attributes.push_back({.name = name, .text = text});
  return offer;
}

// How many instances of an app with these constraints each place gets, offered one after another.
std::vector<std::size_t> placed(const std::vector<Constraint>& constraints, const std::vector<Place>& places,
                                std::int64_t instances) {
  Dialogue d;
  d.subscribe();
  App app = make_app("/web", instances);
  app.constraints = constraints;
  d.start(app);
  std::vector<std::size_t> counts;
  for (const Place& place : places) counts.push_back(launched(d.offer(offer_at(place))).size());
  return counts;
}

using Counts = std::vector<std::size_t>;

TEST(Offers, AreFilledByOneAcceptWithItsRowsInTheSameStep) {
  Dialogue d;
  d.subscribe();
  d.start(make_app("/web", 3));
  const Effects fx = d.offer(make_offer());
  const auto accepts = calls_of<calls::Accept>(fx);
  ASSERT_EQ(accepts.size(), 1U);
  EXPECT_EQ(accepts[0].offer_ids, std::vector<OfferId>{OfferId{"O1"}});
  EXPECT_EQ(accepts[0].refuse_seconds, 0);
  ASSERT_EQ(accepts[0].operations.size(), 1U);
  EXPECT_EQ(accepts[0].operations[0].type, calls::operation_launch);
  ASSERT_EQ(accepts[0].operations[0].tasks.size(), 3U);
  ASSERT_EQ(fx.writes.size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) {
    const Instance& row = *std::get<PutInstance>(fx.writes[i]).instance;
    const TaskInfo& task = accepts[0].operations[0].tasks[i];
    EXPECT_EQ(row.condition, Condition::provisioned);
    EXPECT_EQ(row.task_id, task.id);
    EXPECT_EQ(row.agent_id, task.agent_id);
    ASSERT_EQ(row.ports.size(), 1U);
    EXPECT_EQ(task.resources.ranges("ports"), (std::vector<Range>{{row.ports[0], row.ports[0]}}));
  }
  EXPECT_TRUE(calls_of<calls::Decline>(fx).empty());
}

TEST(Offers, ThatAreNotWantedAreDeclinedForLong) {
  Dialogue d;
  d.subscribe();
  const Effects fx = d.hear(events::Offers{.offers = {make_offer("O1"), make_offer("O2", "h2")}});
  const auto declines = calls_of<calls::Decline>(fx);
  ASSERT_EQ(declines.size(), 1U);
  EXPECT_EQ(declines[0].offer_ids.size(), 2U);
  EXPECT_EQ(declines[0].refuse_seconds, 120);
  EXPECT_EQ(calls_of<calls::Suppress>(fx).size(), 1U) << "the earlier SUPPRESS was not heard";
}

TEST(Offers, GiveNoMoreThanTheyHave) {
  Dialogue d;
  d.subscribe();
  App app = make_app("/web", 10);
  app.cpus = 0.1;
  app.mem = 100;
  d.start(app);
  EXPECT_EQ(launched(d.offer(make_offer("O1", "h1", 0.3, 1000))).size(), 3U) << "three times 0.1 is 0.3";
  EXPECT_EQ(launched(d.offer(make_offer("O2", "h2", 8, 250))).size(), 2U);
  EXPECT_EQ(launched(d.offer(make_offer("O3", "h3", 0.05, 1000))).size(), 0U);
}

TEST(Offers, TakeNoMoreThanTheLimitOfTasks) {
  Settings settings;
  settings.max_instances_per_offer = 4;
  Dialogue d{settings};
  d.subscribe();
  d.start(make_app("/web", 10));
  EXPECT_EQ(launched(d.offer(make_offer())).size(), 4U);
}

TEST(Offers, AreSharedByTheAppsThatWait) {
  Dialogue d;
  d.subscribe();
  App greedy = make_app("/a", 100);
  greedy.cpus = 1;
  App other = make_app("/b", 1);
  other.cpus = 1;
  d.start(greedy);
  d.start(other);
  std::multiset<std::string> names;
  for (const TaskInfo& task : launched(d.offer(make_offer("O1", "h1", 2)))) names.insert(task.name);
  EXPECT_EQ(names, (std::multiset<std::string>{"a", "b"}));
}

TEST(Offers, UseReservedResourcesFirstAndForeignOnesNever) {
  Settings settings;
  settings.mesos_role = "prod";
  Dialogue d{settings};
  d.subscribe();
  App app = make_app("/web");
  app.cpus = 2;
  d.start(app);
  Offer offer = make_offer("O1", "h1", 1.5);
  Resource reserved = Resource::scalar("cpus", 1);
  reserved.reservation = "prod";
  Resource foreign = Resource::scalar("cpus", 16);
  foreign.reservation = "dev";
  Resource revocable = Resource::scalar("cpus", 16);
  revocable.extra = "revocable";
  for (const Resource& each : {foreign, revocable, reserved}) offer.resources.add(each);
  const auto tasks = launched(d.offer(offer));
  ASSERT_EQ(tasks.size(), 1U);
  EXPECT_EQ(tasks[0].resources.scalar("cpus"), 2);
  for (const Resource& entry : tasks[0].resources.entries()) {
    EXPECT_TRUE(entry.extra.empty());
    EXPECT_NE(entry.reservation, "dev");
    if (entry.name == "cpus" && entry.reservation == "prod") {
      EXPECT_EQ(entry.milli, 1000);
    }
  }
}

TEST(Ports, OfOneOfferAreNeverGivenTwiceAndAscend) {
  Dialogue d;
  d.subscribe();
  App app = make_app("/web", 20);
  app.ports = {{}, {}, {}};
  d.start(app);
  Offer offer = make_offer();
  offer.resources -= Resources{{Resource::make_ranges("ports", {{31000, 32000}})}}.allocated_to("*");
  offer.resources +=
      Resources{{Resource::make_ranges("ports", {{31000, 31010}, {31100, 31130}, {31200, 31220}})}}.allocated_to("*");
  std::set<std::uint16_t> seen;
  const auto tasks = launched(d.offer(offer));
  EXPECT_EQ(tasks.size(), 20U);
  for (const Instance& instance : d.instances(web)) {
    ASSERT_EQ(instance.ports.size(), 3U);
    EXPECT_TRUE(std::is_sorted(instance.ports.begin(), instance.ports.end()));
    for (const std::uint16_t port : instance.ports) EXPECT_TRUE(seen.insert(port).second) << port;
  }
}

TEST(Ports, AreExactWhenRequired) {
  Dialogue d;
  d.subscribe();
  App app = make_app("/web", 2);
  app.ports = {{.port = 31500}};
  app.require_ports = true;
  d.start(app);
  EXPECT_EQ(launched(d.offer(make_offer())).size(), 1U);
  EXPECT_EQ(d.instances(web).at(0).ports, std::vector<std::uint16_t>{31500});
}

TEST(Ports, ThatAreNotThereLeaveTheAppWaiting) {
  Dialogue d;
  d.subscribe();
  d.start(make_app("/web"));
  Offer offer = make_offer();
  offer.resources -= Resources{{Resource::make_ranges("ports", {{31000, 32000}})}}.allocated_to("*");
  EXPECT_TRUE(launched(d.offer(offer)).empty());
  EXPECT_EQ(calls_of<calls::Decline>(d.offer(offer)).size(), 1U);
}

// --- constraints ---------------------------------------------------------------------------------------------------

TEST(Constraints, Unique) {
  EXPECT_EQ(placed({{"hostname", Op::unique}}, {{"h1"}, {"h1"}, {"h2"}, {"h3"}}, 3), (Counts{1, 0, 1, 1}));
  const std::vector<Place> racks{{"h1", {{"rack", "a"}}}, {"h2", {{"rack", "a"}}}, {"h3", {{"rack", "b"}}}, {"h4"}};
  EXPECT_EQ(placed({{"rack", Op::unique}}, racks, 4), (Counts{1, 0, 1, 0})) << "no attribute: no match";
}

TEST(Constraints, Cluster) {
  EXPECT_EQ(placed({{"hostname", Op::cluster, "h2"}}, {{"h1"}, {"h2"}}, 2), (Counts{0, 2}));
  const std::vector<Place> places{{"h1"}, {"h2"}, {"h1"}};
  Dialogue d;
  d.subscribe();
  App app = make_app("/web", 2);
  app.constraints = {{"hostname", Op::cluster}};
  d.start(app);
  EXPECT_EQ(launched(d.offer(make_offer("O1", "h1", 0.15))).size(), 1U);
  EXPECT_EQ(launched(d.offer(make_offer("O2", "h2"))).size(), 0U);
  EXPECT_EQ(launched(d.offer(make_offer("O3", "h1"))).size(), 1U);
}

TEST(Constraints, LikeAndUnlikeMatchTheWholeValue) {
  const std::vector<Place> places{{"web-1"}, {"web-12"}, {"db-1"}};
  EXPECT_EQ(placed({{"hostname", Op::like, "web-\\d"}}, places, 1), (Counts{1, 0, 0}));
  EXPECT_EQ(placed({{"hostname", Op::unlike, "web-.*"}}, places, 1), (Counts{0, 0, 1}));
  EXPECT_EQ(placed({{"rack", Op::unlike, "a"}}, {{"h1", {{"rack", "a"}}}, {"h2"}}, 1), (Counts{0, 1}));
  EXPECT_EQ(placed({{"rack", Op::like, "a"}}, {{"h2"}, {"h1", {{"rack", "a"}}}}, 1), (Counts{0, 1}));
}

TEST(Constraints, PatternsThatTakeForEverDoNotMatch) {
  EXPECT_EQ(placed({{"hostname", Op::like, "(a+)+b"}}, {{std::string(60, 'a')}}, 1), (Counts{0}));
}

TEST(Constraints, GroupBy) {
  const std::vector<Place> racks{{"h1", {{"rack", "a"}}}, {"h2", {{"rack", "b"}}}, {"h3", {{"rack", "c"}}}};
  EXPECT_EQ(placed({{"rack", Op::group_by, "2"}}, racks, 5), (Counts{3, 2, 0}));
  EXPECT_EQ(placed({{"rack", Op::group_by, "3"}}, racks, 6), (Counts{2, 2, 2}));
  // Without a number: a new value is always welcome, a used one when no other has less.
  EXPECT_EQ(placed({{"rack", Op::group_by}}, {racks[0], racks[1], racks[0]}, 5), (Counts{5, 0, 0}));
}

TEST(Constraints, GroupByWithoutNumberEvensOut) {
  Dialogue d;
  d.subscribe();
  App app = make_app("/web", 4);
  app.constraints = {{"hostname", Op::group_by}};
  d.start(app);
  const auto room_for_one = [&](const std::string& host) {
    return launched(d.offer(make_offer("O", host, 0.15))).size();
  };
  EXPECT_EQ(room_for_one("h1"), 1U);
  EXPECT_EQ(room_for_one("h2"), 1U);
  EXPECT_EQ(room_for_one("h2"), 1U);
  EXPECT_EQ(room_for_one("h2"), 0U) << "h1 has less";
  EXPECT_EQ(room_for_one("h1"), 1U);
}

TEST(Constraints, MaxPerAndIs) {
  EXPECT_EQ(placed({{"hostname", Op::max_per, "2"}}, {{"h1"}, {"h2"}}, 5), (Counts{2, 2}));
  const std::vector<Place> racks{{"h1", {{"rack", "a"}}}, {"h2", {{"rack", "b"}}}};
  EXPECT_EQ(placed({{"rack", Op::is, "b"}}, racks, 2), (Counts{0, 2}));
  Offer offer = make_offer();
  offer.attributes = {{.name = "level", .type = AttributeType::scalar, .milli = 2500}};
  Dialogue d;
  d.subscribe();
  App app = make_app("/web");
  app.constraints = {{"level", Op::is, "2.50"}};
  d.start(app);
  EXPECT_EQ(launched(d.offer(offer)).size(), 1U);
}

TEST(Constraints, CountInstancesThatAreEndingAndSurviveARestart) {
  Dialogue d;
  d.subscribe();
  App app = make_app("/web", 2);
  app.constraints = {{"rack", Op::unique}};
  d.start(app);
  const auto tasks = launched(d.offer(offer_at({"h1", {{"rack", "a"}}})));
  ASSERT_EQ(tasks.size(), 1U);
  d.restart();
  d.subscribe();
  EXPECT_TRUE(launched(d.offer(offer_at({"h2", {{"rack", "a"}}}))).empty());
  EXPECT_EQ(launched(d.offer(offer_at({"h3", {{"rack", "b"}}}))).size(), 1U);
}

TEST(Constraints, AreValidated) {
  EXPECT_TRUE(validate(Constraint{"", Op::unique}));
  EXPECT_TRUE(validate(Constraint{"hostname", Op::unique, "x"}));
  EXPECT_TRUE(validate(Constraint{"hostname", Op::like}));
  EXPECT_TRUE(validate(Constraint{"hostname", Op::unlike, "["}));
  EXPECT_TRUE(validate(Constraint{"hostname", Op::group_by, "two"}));
  EXPECT_TRUE(validate(Constraint{"hostname", Op::max_per}));
  EXPECT_TRUE(validate(Constraint{"hostname", Op::is}));
  EXPECT_FALSE(validate(Constraint{"hostname", Op::group_by}));
  EXPECT_FALSE(validate(Constraint{"hostname", Op::cluster}));
}

}  // namespace
}  // namespace windlass::scheduler
