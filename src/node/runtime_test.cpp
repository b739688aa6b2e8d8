#include "node/runtime.hpp"

#include "node/pending_answers.hpp"

#include <gtest/gtest.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <chrono>
#include <string>
#include <vector>

namespace windlass {
namespace {

using namespace std::chrono_literals;

// A core that writes each number it hears and then says it.
struct EchoCore {
  struct State {
    int sum = 0;
  };
  using Event = int;
  struct Effects {
    std::vector<Row> writes;
    std::vector<int> calls;
    std::vector<int> notices;
    std::optional<TimePoint> wake_at;
  };
  static constexpr int woken = -1;
  static constexpr int slow = 1000;  // takes longer than a slice

  static Effects step(State& state, const Event& event, TimePoint now, Prng&) {
    Effects effects;
    const auto until = std::chrono::steady_clock::now() + step_slice;
    while (event == slow && std::chrono::steady_clock::now() <= until) {
    }
    if (event != woken) {
      state.sum += event;
      effects.writes.push_back({"numbers", std::to_string(event), "x"});
      effects.wake_at = now + 5ms;
    }
    effects.calls.push_back(event);
    return effects;
  }
  static Event time_passed() { return woken; }
  static std::vector<Row> rows(const Effects& effects) { return effects.writes; }
};

struct Fixture {
  MemoryJournal journal;
  asio::io_context loop;
  std::vector<std::vector<int>> acted;
  std::size_t commits_when_acted = 0;
  Runtime<EchoCore> runtime{loop.get_executor(), "echo", journal, {}, 1, [this](EchoCore::Effects effects) {
                              commits_when_acted = journal.commits();
                              acted.push_back(effects.calls);
                            }};

  // Until so many batches have been acted on, or for 10 s. A loop without work would not wait.
  void run_until_acted(std::size_t batches) {
    asio::co_spawn(loop, runtime.run(), [](const std::exception_ptr&) {});
    const auto work = asio::make_work_guard(loop);
    const auto until = std::chrono::steady_clock::now() + 10s;
    while (acted.size() < batches && std::chrono::steady_clock::now() < until) loop.run_one_for(10ms);
  }
};

TEST(RuntimeTest, WhatWaitsIsOneCommitAndActsComeAfterIt) {
  Fixture fixture;
  for (int i = 1; i <= 3; ++i) fixture.runtime.post(i);
  fixture.run_until_acted(1);
  ASSERT_FALSE(fixture.acted.empty());
  EXPECT_EQ(fixture.acted[0], (std::vector<int>{1, 2, 3}));
  EXPECT_EQ(fixture.commits_when_acted, 1u);
  EXPECT_EQ(fixture.runtime.state().sum, 6);
}

TEST(RuntimeTest, WakesTheCoreWhenItAskedForIt) {
  Fixture fixture;
  fixture.runtime.post(1);
  fixture.run_until_acted(2);
  ASSERT_EQ(fixture.acted.size(), 2u);
  EXPECT_EQ(fixture.acted[1], std::vector<int>{EchoCore::woken});
}

// Readers do not wait for a batch that takes long: they have the loop between its steps, and see nothing of it.
TEST(RuntimeTest, OthersHaveTheLoopBetweenTheStepsOfALongBatch) {
  Fixture fixture;
  for (int i = 0; i < 4; ++i) fixture.runtime.post(EchoCore::slow);
  int sum = 0;
  std::size_t acted = 1;
  bool pending = false;
  asio::co_spawn(fixture.loop, fixture.runtime.run(), [](const std::exception_ptr&) {});
  asio::post(fixture.loop, [&] {
    sum = fixture.runtime.state().sum;
    acted = fixture.acted.size();
    pending = fixture.runtime.has_pending_changes();
  });
  const auto until = std::chrono::steady_clock::now() + 10s;
  while (fixture.acted.empty() && std::chrono::steady_clock::now() < until) fixture.loop.run_one_for(10ms);
  EXPECT_EQ(sum, EchoCore::slow);
  EXPECT_EQ(acted, 0u);
  EXPECT_TRUE(pending);
  ASSERT_FALSE(fixture.acted.empty());
  EXPECT_EQ(fixture.acted[0].size(), 4u) << "one batch all the same";
  EXPECT_EQ(fixture.journal.commits(), 1u);
}

TEST(RuntimeDeathTest, AFailedCommitEndsTheProcessBeforeAnythingIsSaid) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        Fixture fixture;
        fixture.journal.fail_next(Errc::disk);
        fixture.runtime.post(1);
        fixture.run_until_acted(1);
        std::_Exit(fixture.acted.empty() ? 1 : 2);
      },
      testing::ExitedWithCode(70), "journal failed");
}

TEST(PendingAnswersTest, AnswersReachTheirWaiterAndOthersTimeOut) {
  asio::io_context loop;
  PendingAnswers<std::string> answers{loop.get_executor()};
  const auto first = answers.next_id();
  const auto second = answers.next_id();
  std::optional<std::string> heard;
  bool timed_out = false;
  asio::co_spawn(loop, answers.wait(first, 10s),
                 [&](const std::exception_ptr&, std::optional<std::string> answer) { heard = answer; });
  asio::co_spawn(loop, answers.wait(second, 10ms),
                 [&](const std::exception_ptr&, const std::optional<std::string>& answer) { timed_out = !answer; });
  loop.poll();
  answers.answer(first, "done");
  loop.run();
  EXPECT_EQ(heard, "done");
  EXPECT_TRUE(timed_out);
  answers.answer(second, "too late");
}

}  // namespace
}  // namespace windlass
