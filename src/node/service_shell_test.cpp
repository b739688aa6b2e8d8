// What a service may show and say while its journal is still writing.
#include "node/service_shell.hpp"

#include "io/loop_testing.hpp"

#include <gtest/gtest.h>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstdint>
#include <future>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace windlass {
namespace {

using namespace std::chrono_literals;

// A core that keeps a sum, writes it, and answers with it.
struct SumCore {
  struct State {
    int sum = 0;
  };
  struct Add {
    std::uint64_t request = 0;
    int number = 0;
  };
  using Event = std::variant<Add>;
  struct Answer {
    std::uint64_t request = 0;
    int sum = 0;
  };
  struct Effects {
    std::vector<Row> writes;
    std::vector<Answer> calls;  // none; the loop gathers them
    std::vector<Answer> notices;
    std::optional<TimePoint> wake_at;
  };

  static Effects step(State& state, const Event& event, TimePoint, Prng&) {
    const Add& add = std::get<Add>(event);
    state.sum += add.number;
    return {.writes = {{"sums", "sum", std::to_string(state.sum)}},
            .calls = {},
            .notices = {{add.request, state.sum}},
            .wake_at = {}};
  }
  static Event time_passed() { return Add{}; }
  static std::vector<Row> rows(const Effects& effects) { return effects.writes; }
};

// A disk that takes its time: a commit goes on when the test says so.
class GatedJournal final : public MemoryJournal {
 public:
  explicit GatedJournal(std::shared_future<void> gate) : gate_{std::move(gate)} {}
  Result<void> commit(const std::vector<Row>& rows) override {
    gate_.wait();
    return MemoryJournal::commit(rows);
  }

 private:
  std::shared_future<void> gate_;
};

asio::awaitable<void> ask(ServiceShell<SumCore>& shell, int number, std::optional<SumCore::Answer>& out) {
  auto asking = shell.ask(SumCore::Add{.number = number}, 10s);
  auto answer = co_await std::move(asking);
  out = answer;
}

asio::awaitable<void> end(ServiceShell<SumCore>& shell) {
  auto stopping = shell.stop();
  co_await std::move(stopping);
}

TEST(ServiceShell, WhatIsNotDurableIsNeitherShownNorAnsweredAndTheLoopGoesOn) {
  asio::io_context loop;
  std::promise<void> gate;
  int picture = 0;
  ServiceShell<SumCore>* made = nullptr;
  ServiceShell<SumCore> shell{
      {loop.get_executor(), "sum", std::make_unique<GatedJournal>(gate.get_future().share()), {}, 1},
      [&](SumCore::Effects&) { picture = made->state().sum; }};
  made = &shell;
  shell.start(SumCore::Add{.number = 1});
  std::optional<SumCore::Answer> answer;
  shell.spawn("ask", ask(shell, 2, answer));
  // Requests are served all the while: the loop does not wait for the disk.
  const auto until = std::chrono::steady_clock::now() + 10s;
  while (!shell.has_pending_changes() && std::chrono::steady_clock::now() < until) loop.run_one_for(10ms);
  ASSERT_TRUE(shell.has_pending_changes());
  int ticks = 0;
  asio::steady_timer timer{loop, 1ms};
  timer.async_wait([&](const boost::system::error_code&) { ++ticks; });
  while (ticks == 0 && std::chrono::steady_clock::now() < until) loop.run_one_for(10ms);
  EXPECT_EQ(ticks, 1);
  EXPECT_GT(shell.state().sum, 0) << "the core is ahead";
  EXPECT_EQ(picture, 0) << "and nobody sees it";
  EXPECT_FALSE(answer);

  gate.set_value();
  while (!answer && std::chrono::steady_clock::now() < until) loop.run_one_for(10ms);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->sum, 3);
  EXPECT_EQ(picture, 3);
  run_until_done(loop, end(shell));
}

}  // namespace
}  // namespace windlass
