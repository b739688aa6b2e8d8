#include "scheduler/watches.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace windlass::scheduler {
namespace {

using namespace std::chrono_literals;

constexpr InstanceKey one{.high = 0, .low = 1};
constexpr InstanceKey two{.high = 0, .low = 2};

TimePoint at(std::chrono::seconds time) { return TimePoint{time}; }

TEST(Watches, ComeAtTheEarliestOfTheirTimes) {
  Watches watches;
  EXPECT_FALSE(watches.next());
  Watch& first = watches.watch(one, nullptr);
  first.kill_at = at(30s);
  first.overdue_at = at(20s);
  watches.arm(one, first);
  Watch& second = watches.watch(two, nullptr);
  second.reconcile_at = at(10s);
  watches.arm(two, second);
  watches.check();
  EXPECT_EQ(watches.next(), at(10s));
  EXPECT_TRUE(watches.take_due(at(9s)).empty());
  EXPECT_EQ(watches.take_due(at(25s)), (std::vector{two, one}));
  EXPECT_FALSE(watches.next());
}

// However short a wait, the step that it ends in takes it once.
TEST(Watches, OneThatIsArmedForNowWaitsForTheNextTime) {
  Watches watches;
  Watch& watch = watches.watch(one, nullptr);
  watch.kill_at = at(1s);
  watches.arm(one, watch);
  EXPECT_EQ(watches.take_due(at(1s)), std::vector{one});
  watches.arm(one, watch);
  EXPECT_EQ(watches.next(), at(1s));
  EXPECT_EQ(watches.take_due(at(1s)), std::vector{one});
}

TEST(Watches, WithoutATimeAreDropped) {
  Watches watches;
  Watch& watch = watches.watch(one, nullptr);
  watch.overdue_at = at(5s);
  watches.arm(one, watch);
  watch.overdue_at.reset();
  watches.arm(one, watch);
  EXPECT_EQ(watches.find(one), nullptr);
  EXPECT_FALSE(watches.next());
  watches.forget(one);  // nor does it matter that there is none
  watches.check();
}

TEST(Watches, MoveWithTheirMemory) {
  Watches from;
  Watch& watch = from.watch(one, nullptr);
  watch.kill_at = at(1s);
  from.arm(one, watch);
  Watches to;
  to.watch(two, nullptr).kill_at = at(2s);
  to = std::move(from);
  to.check();
  EXPECT_EQ(to.next(), at(1s));
  EXPECT_EQ(to.find(two), nullptr);
  to.forget(one);
  EXPECT_TRUE(to.all().empty());
}

}  // namespace
}  // namespace windlass::scheduler
