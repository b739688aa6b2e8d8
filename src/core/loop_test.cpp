#include "core/loop.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <vector>

namespace windlass::core {
namespace {

using namespace std::chrono_literals;

constexpr int woken = -1;
constexpr TimePoint start{std::chrono::hours{12}};

struct TestEffects {
  std::vector<int> writes;
  std::vector<int> calls;
  std::vector<int> notices;
  std::optional<TimePoint> wake_at;
};

// A core that writes, calls and says each number that it hears, and wants to be woken when the test says.
struct Fixture {
  std::optional<TimePoint> wanted;
  Loop<int, TestEffects> loop{[this](const int& event) {
                                return TestEffects{{event}, {event * 10}, {event * 100}, wanted};
                              },
                              woken};
};

TEST(CoreLoop, TheEffectsOfABatchAreInTheOrderOfItsEvents) {
  Fixture fixture;
  for (int i = 1; i <= 3; ++i) fixture.loop.post(i);
  ASSERT_TRUE(fixture.loop.has_work(start));
  const TestEffects all = fixture.loop.step_batch(start);
  EXPECT_EQ(all.writes, (std::vector<int>{1, 2, 3}));
  EXPECT_EQ(all.calls, (std::vector<int>{10, 20, 30}));
  EXPECT_EQ(all.notices, (std::vector<int>{100, 200, 300}));
  EXPECT_FALSE(fixture.loop.has_work(start));
}

TEST(CoreLoop, WhatComesBetweenTwoStepsWaitsForTheNextBatch) {
  Fixture fixture;
  fixture.loop.post(1);
  fixture.loop.post(2);
  fixture.loop.begin_batch(start);
  EXPECT_TRUE(fixture.loop.step_next());
  fixture.loop.post(3);
  EXPECT_TRUE(fixture.loop.step_next());
  EXPECT_FALSE(fixture.loop.step_next());
  EXPECT_EQ(fixture.loop.end_batch().writes, (std::vector<int>{1, 2}));
  EXPECT_EQ(fixture.loop.step_batch(start).writes, std::vector<int>{3});
}

TEST(CoreLoop, ABatchEnds) {
  Fixture fixture;
  for (std::size_t i = 0; i < batch_max + 1; ++i) fixture.loop.post(1);
  EXPECT_EQ(fixture.loop.step_batch(start).writes.size(), batch_max);
  EXPECT_EQ(fixture.loop.step_batch(start).writes.size(), 1u);
}

TEST(CoreLoop, ABatchEndsWhenItWritesMuch) {
  Loop<int, TestEffects> loop{[](const int& event) {
                                return TestEffects{std::vector<int>(batch_writes_max / 2, event), {}, {}, {}};
                              },
                              woken};
  for (int i = 1; i <= 3; ++i) loop.post(i);
  EXPECT_EQ(loop.step_batch(start).writes.back(), 2);
  EXPECT_EQ(loop.step_batch(start).writes.front(), 3);
  EXPECT_FALSE(loop.has_work(start));
}

TEST(CoreLoop, TimeIsSteppedThoughEventsNeverStop) {
  Fixture fixture;
  fixture.wanted = start + 1s;
  fixture.loop.post(1);
  fixture.loop.post(2);
  EXPECT_EQ(fixture.loop.step_batch(start).writes, (std::vector<int>{1, 2}));
  fixture.loop.post(3);
  EXPECT_EQ(fixture.loop.step_batch(start + 999ms).writes, std::vector<int>{3});
  fixture.loop.post(4);
  EXPECT_EQ(fixture.loop.step_batch(start + 1s).writes, (std::vector<int>{woken, 4}));
}

TEST(CoreLoop, ADueTimeIsWorkOfItsOwn) {
  Fixture fixture;
  fixture.wanted = start + 1s;
  fixture.loop.post(1);
  fixture.loop.step_batch(start);
  EXPECT_FALSE(fixture.loop.has_work(start));
  EXPECT_EQ(fixture.loop.wake_at(), start + 1s);
  fixture.wanted.reset();
  ASSERT_TRUE(fixture.loop.has_work(start + 2s));
  EXPECT_EQ(fixture.loop.step_batch(start + 2s).writes, std::vector<int>{woken});
  EXPECT_FALSE(fixture.loop.has_work(start + 3s));
}

TEST(CoreLoop, ACoreThatSpinsIsHeldBack) {
  Fixture fixture;
  fixture.wanted = start;
  fixture.loop.post(1);
  fixture.loop.step_batch(start);
  for (std::size_t i = 0; i < idle_wakes_max; ++i) {
    ASSERT_TRUE(fixture.loop.has_work(start));
    fixture.loop.step_batch(start);
    ASSERT_FALSE(fixture.loop.is_spinning());
  }
  fixture.loop.step_batch(start);
  EXPECT_TRUE(fixture.loop.is_spinning());
  EXPECT_FALSE(fixture.loop.has_work(start)) << "so that others get their turn";
  EXPECT_TRUE(fixture.loop.has_work(after(start, spin_pause)));
  fixture.wanted.reset();
  fixture.loop.step_batch(after(start, spin_pause));
  EXPECT_FALSE(fixture.loop.is_spinning()) << "it asks for nothing any more";
}

}  // namespace
}  // namespace windlass::core
