#include "node/picture.hpp"

#include "scheduler/dialogue_testing.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace windlass {
namespace {

using namespace std::chrono_literals;

// A clock that goes on by `cost` whenever it is asked: so long it takes to make a picture.
struct PictureTest : testing::Test {
  Duration cost{};
  TimePoint now{};
  Picture picture{[this] {
    now += std::chrono::duration_cast<TimePoint::duration>(cost);
    return now;
  }};
  scheduler::State state;

  void count(std::uint64_t launches) { state.counters.launches = launches; }
  [[nodiscard]] std::uint64_t seen() const { return picture.world()->counters.launches; }
};

TEST_F(PictureTest, IsEmptyBeforeTheFirstBatch) { EXPECT_TRUE(picture.world()->apps.empty()); }

TEST_F(PictureTest, ShowsEachBatchWhileThatIsCheap) {
  for (const std::uint64_t launches : {1U, 2U, 3U}) {
    count(launches);
    EXPECT_FALSE(picture.take(state, {}, false));
    EXPECT_EQ(seen(), launches);
  }
}

TEST_F(PictureTest, PutsOffWhatIsDearButNotForLong) {
  cost = 10ms;
  count(1);
  EXPECT_FALSE(picture.take(state, {}, false));
  count(2);
  const auto later = picture.take(state, {}, false);
  ASSERT_TRUE(later);
  EXPECT_EQ(seen(), 1U);
  EXPECT_LE(*later - now, 90ms);
  picture.refresh(state);
  EXPECT_EQ(seen(), 2U);
}

TEST_F(PictureTest, WhoeverIsAnsweredSeesIt) {
  cost = 10ms;
  EXPECT_FALSE(picture.take(state, {}, false));
  count(2);
  EXPECT_FALSE(picture.take(state, {}, true));
  EXPECT_EQ(seen(), 2U);
}

TEST_F(PictureTest, WritesThatWerePutOffAreNotForgotten) {
  scheduler::Dialogue dialogue;
  EXPECT_FALSE(picture.take(dialogue.state, {}, false));
  cost = 10ms;
  EXPECT_FALSE(picture.take(dialogue.state, {}, true));
  const auto first = dialogue.say(scheduler::StartApp{1, scheduler::make_app("/a", 1)});
  EXPECT_TRUE(picture.take(dialogue.state, first.writes, false));
  const auto second = dialogue.say(scheduler::StartApp{2, scheduler::make_app("/b", 1)});
  EXPECT_TRUE(picture.take(dialogue.state, second.writes, false));
  EXPECT_TRUE(picture.world()->apps.empty());
  picture.refresh(dialogue.state);
  EXPECT_EQ(picture.world()->apps.size(), 2U);
}

}  // namespace
}  // namespace windlass
