#include "engine/engine_testing.hpp"

#include <gtest/gtest.h>

namespace windlass::engine {
namespace {

using namespace std::chrono_literals;

constexpr const char* all = "ports:[31000-32000]; cpus:4; mem:8192; disk:10000";

std::string offers(int number, const std::string& resources = all) {
  return "OFFERS M-O" + std::to_string(number) + " * " + resources;
}

calls::Decline decline(const World& world, double seconds) { return {{world.newest_offer()}, seconds}; }

TEST(Offers, DeclinedResourcesComeAgainAfterTheirTime) {
  World world;
  world.subscribe(modern_framework());
  world.heard();
  EXPECT_EQ(world.call(decline(world, 3)), "202");
  world.pass(2900ms);
  EXPECT_EQ(world.heard(), Texts{});
  world.pass(1100ms);
  EXPECT_EQ(world.heard(), Texts{offers(1)});
}

TEST(Offers, DeclineWithoutRefusalComesAgainInTheNextBatch) {
  World world;
  world.subscribe(modern_framework());
  world.heard();
  world.pass(300ms);
  world.call(decline(world, 0));
  world.pass(699ms);
  EXPECT_EQ(world.heard(), Texts{});
  world.pass(1ms);
  EXPECT_EQ(world.heard(), Texts{offers(1)});
}

TEST(Offers, ShortRefusalLastsAtLeastAnInterval) {
  World world;
  world.subscribe(modern_framework());
  world.heard();
  world.pass(500ms);
  world.call(decline(world, 0.001));
  world.pass(1400ms);
  EXPECT_EQ(world.heard(), Texts{});
  world.pass(100ms);
  EXPECT_EQ(world.heard(), Texts{offers(1)});
}

TEST(Offers, NegativeRefusalIsTheDefaultAndHugeOnesEndAfterAYear) {
  World world;
  world.subscribe(modern_framework());
  world.heard();
  world.call(decline(world, -1));
  world.pass(4900ms);
  EXPECT_EQ(world.heard(), Texts{});
  world.pass(100ms);
  EXPECT_EQ(world.heard(), Texts{offers(1)});
  world.call(decline(world, 1e300));
  const TimePoint until = world.state.frameworks.at(world.framework_id).refused.at(0).until;
  EXPECT_EQ(until - world.now, std::chrono::hours{24 * 365});
}

TEST(Offers, MoreThanWasRefusedIsOfferedAtOnce) {
  World world;
  world.subscribe(modern_framework());
  world.launch({command_task(world, "t")});
  world.pass(1s);
  world.heard();
  world.call(decline(world, 1000));
  world.pass(10s);
  EXPECT_EQ(world.heard(), Texts{});
  world.start_executor({"t"}, 1);
  world.update({"t"}, {"t"}, TaskState::finished);
  world.heard();
  world.pass(1s);
  EXPECT_EQ(world.heard(), Texts{offers(2)});
}

TEST(Offers, ReviveForgetsRefusalsAndOffersAtOnce) {
  World world;
  world.subscribe(modern_framework());
  world.heard();
  world.call(decline(world, 1000));
  EXPECT_EQ(world.call(calls::Revive{}), "202");
  EXPECT_EQ(world.heard(), Texts{offers(1)});
}

TEST(Offers, SuppressedRolesGetNoneUntilRevived) {
  World world;
  world.subscribe(modern_framework());
  world.heard();
  EXPECT_EQ(world.call(calls::Suppress{}), "202");
  world.call(decline(world, 0));
  world.pass(5s);
  EXPECT_EQ(world.heard(), Texts{});
  EXPECT_EQ(world.call(calls::Revive{{"*", "nope"}}), "202");  // one role that is not its own: all of it is dropped
  EXPECT_EQ(world.heard(), Texts{});
  world.call(calls::Revive{{"*"}});
  EXPECT_EQ(world.heard(), Texts{offers(1)});
}

TEST(Offers, StrangersOffersCannotBeDeclined) {
  World world;
  world.subscribe(modern_framework());
  const OfferId offer = world.newest_offer();
  world.subscribe(modern_framework());
  EXPECT_EQ(world.call(calls::Decline{{offer, {"nope"}}, 0}), "202");
  EXPECT_TRUE(world.state.offers.contains(offer));
}

TEST(Offers, AllThatIsFreeGoesToWhoHasLeast) {
  World world;
  world.subscribe(modern_framework());
  world.launch({command_task(world, "t")}, 0);
  world.pass(100ms);
  world.subscribe(modern_framework());
  EXPECT_EQ(world.heard().back(), offers(1, "ports:[31000-32000]; cpus:3.9; mem:8160; disk:10000"));
  const auto& offer = world.state.offers.begin()->second;
  EXPECT_EQ(offer.framework_id, world.framework_id);
  // Now it holds most: what it gives back goes to the other.
  world.call(decline(world, 2));
  world.pass(1s);
  EXPECT_NE(world.state.offers.begin()->second.framework_id, world.framework_id);
}

TEST(Offers, EqualSharesTakeTurns) {
  World world;
  world.subscribe(modern_framework());
  const FrameworkId first = world.framework_id;
  const Uuid first_stream = *world.stream;
  world.subscribe(modern_framework());
  const FrameworkId second = world.framework_id;
  const Uuid second_stream = *world.stream;
  for (int round = 0; round < 4; ++round) {
    ASSERT_EQ(world.state.offers.size(), 1U);
    const Offer offer = world.state.offers.begin()->second;
    EXPECT_EQ(offer.framework_id, round % 2 == 0 ? first : second);
    const Uuid stream = round % 2 == 0 ? first_stream : second_stream;
    world.call_as(offer.framework_id, stream.to_string(), calls::Decline{{offer.id}, 0});
    world.pass(1s);
  }
}

TEST(Offers, ReservedResourcesAreForTheirRoleAndThoseBelowIt) {
  World world;
  world.state.settings.agent.resources = resources_of("cpus:1;mem:100;cpus(web):2;mem(web):200");
  FrameworkInfo info = modern_framework();
  info.roles = {"db", "web/a"};
  world.subscribe(info);
  EXPECT_EQ(world.heard().back(),
            "OFFERS M-O0 db cpus:1; mem:100 M-O1 web/a cpus(reservations: [(STATIC,web)]):2; "
            "mem(reservations: [(STATIC,web)]):200");
}

TEST(Offers, CrumbsAreNotOffered) {
  World world;
  world.state.settings.agent.resources = resources_of("cpus:0.009;mem:31;disk:10000");
  world.subscribe(modern_framework());
  EXPECT_EQ(world.heard(), (Texts{"SUBSCRIBED M-0000", "HEARTBEAT"}));
}

TEST(Offers, GpusAreForThoseWhoAskForThem) {
  World world;
  world.state.settings.agent.resources = resources_of("cpus:1;mem:100;gpus:2");
  FrameworkInfo info = modern_framework();
  world.subscribe(info);
  EXPECT_EQ(world.heard().back(), "HEARTBEAT");
  info.capabilities.insert(Capability::gpu_resources);
  world.subscribe(info);
  EXPECT_EQ(world.heard().back(), "OFFERS M-O0 * cpus:1; mem:100; gpus:2");
}

TEST(Offers, OldFrameworksAreMarked) {
  World world;
  world.subscribe(old_framework());
  const auto event = std::get<events::Offers>(world.events.back());
  EXPECT_TRUE(event.old_style);
  EXPECT_TRUE(event.unrefined);
  world.subscribe(modern_framework());
  world.call_as(event.offers[0].framework_id, uuid_of(101).to_string(), calls::Decline{{event.offers[0].id}, 1000});
  world.pass(1s);
  EXPECT_FALSE(std::get<events::Offers>(world.events.back()).old_style);
  EXPECT_FALSE(std::get<events::Offers>(world.events.back()).unrefined);
}

TEST(Offers, NumbersAreReservedInBlocks) {
  World world;
  world.subscribe(modern_framework());
  const std::size_t rows = world.rows_written;
  for (int i = 0; i < 100; ++i) {
    world.call(decline(world, 0));
    world.pass(1s);
  }
  EXPECT_EQ(world.rows_written, rows);
  EXPECT_EQ(world.state.next_offer, 101U);
  EXPECT_EQ(world.state.record.next_offer, 1000U);
  world.restart();
  world.heard();
  world.subscribe(modern_framework(), world.framework_id);
  EXPECT_EQ(world.heard().back(), offers(1000));
}

}  // namespace
}  // namespace windlass::engine
