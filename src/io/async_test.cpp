// TaskScope, with_deadline, offload.
#include "io/deadline.hpp"
#include "io/loop_testing.hpp"
#include "io/offload.hpp"
#include "io/task_scope.hpp"

#include <stdexcept>
#include <thread>

namespace windlass {
namespace {

using std::chrono::milliseconds;

asio::awaitable<void> sleep_for(milliseconds duration) {
  auto loop = co_await asio::this_coro::executor;
  asio::steady_timer timer{loop, duration};
  co_await timer.async_wait(asio::use_awaitable);
}

asio::awaitable<void> count_after(milliseconds duration, int& counter) {
  co_await sleep_for(duration);
  ++counter;
}

asio::awaitable<void> fail_with(std::string text) {
  co_await sleep_for(milliseconds{1});
  throw std::runtime_error(text);
}

TEST(TaskScope, JoinWaitsForAllTasks) {
  asio::io_context loop;
  TaskScope scope{loop.get_executor(), nullptr};
  int counter = 0;
  for (int i = 1; i <= 200; ++i) scope.spawn("task", count_after(milliseconds{i % 5}, counter));
  EXPECT_EQ(scope.running(), 200U);
  run_until_done(loop, scope.join());
  EXPECT_EQ(counter, 200);
  EXPECT_EQ(scope.running(), 0U);
}

TEST(TaskScope, ReportsTheNameAndTheErrorOfAFailure) {
  asio::io_context loop;
  std::string seen;
  TaskScope scope{loop.get_executor(), [&](const std::string& name, std::exception_ptr error) {
                    seen += name + ": " + describe(error) + ";";
                  }};
  scope.spawn("bad", fail_with("broken"));
  int counter = 0;
  scope.spawn("good", count_after(milliseconds{2}, counter));
  EXPECT_EQ(scope.names(), (std::vector<std::string>{"bad", "good"}));
  run_until_done(loop, scope.join());
  EXPECT_EQ(seen, "bad: broken;");
  EXPECT_EQ(counter, 1);
}

TEST(TaskScope, AFailureHandlerMaySpawnTheNextTask) {
  asio::io_context loop;
  TaskScope* at = nullptr;
  int failures = 0, counter = 0;
  TaskScope scope{loop.get_executor(), [&](const std::string&, std::exception_ptr) {
                    if (++failures < 200) at->spawn("again", fail_with("again"));
                  }};
  at = &scope;
  scope.spawn("first", fail_with("first"));
  scope.spawn("other", count_after(milliseconds{1}, counter));
  run_until_done(loop, scope.join());
  EXPECT_EQ(failures, 200);
}

TEST(TaskScope, CancelAllEndsTasksWithoutCallingThemFailed) {
  asio::io_context loop;
  int failures = 0, counter = 0;
  TaskScope scope{loop.get_executor(), [&](const std::string&, std::exception_ptr) { ++failures; }};
  scope.spawn("sleeper", count_after(std::chrono::hours{1}, counter));
  loop.poll();
  scope.cancel_all();
  scope.spawn("late", count_after(std::chrono::hours{1}, counter));
  run_until_done(loop, scope.join());
  EXPECT_EQ(failures, 0);
  EXPECT_EQ(counter, 0);
}

TEST(TaskScope, MayBeDestroyedBeforeItsTasks) {
  asio::io_context loop;
  int counter = 0;
  {
    TaskScope scope{loop.get_executor(), nullptr};
    scope.spawn("survivor", count_after(milliseconds{1}, counter));
  }
  loop.run();
  EXPECT_EQ(counter, 1);
}

asio::awaitable<Result<std::string>> answer_after(milliseconds duration, bool& ended) {
  struct Mark {
    bool& flag;
    ~Mark() { flag = true; }
  };
  const Mark mark{ended};
  auto loop = co_await asio::this_coro::executor;
  asio::steady_timer timer{loop, duration};
  auto waited = co_await timer.async_wait(nothrow);
  auto& [error] = waited;
  if (error) co_return Error{Errc::cancelled, "interrupted", {}};
  co_return std::string{"answer"};
}

asio::awaitable<void> check_deadlines() {
  bool ended = false;
  auto in_time = co_await with_deadline(std::chrono::minutes{1}, answer_after(milliseconds{1}, ended));
  EXPECT_TRUE(in_time);
  EXPECT_EQ(*in_time, "answer");

  ended = false;
  auto late = co_await with_deadline(milliseconds{5}, answer_after(std::chrono::hours{1}, ended));
  EXPECT_FALSE(late);
  EXPECT_EQ(late.error().code, Errc::timeout);
  EXPECT_TRUE(ended) << "the work outlived its deadline";
}

TEST(Deadline, GivesTheAnswerOrATimeoutAndNothingOutlivesIt) {
  asio::io_context loop;
  run_until_done(loop, check_deadlines());
}

asio::awaitable<void> wait_within_deadline(bool& ended) {
  auto result = co_await with_deadline(std::chrono::hours{1}, answer_after(std::chrono::hours{1}, ended));
  EXPECT_FALSE(result);
}

TEST(Deadline, PassesItsCallersCancellationOn) {
  asio::io_context loop;
  bool ended = false;
  TaskScope scope{loop.get_executor(), nullptr};
  scope.spawn("waiter", wait_within_deadline(ended));
  loop.poll();
  EXPECT_FALSE(ended);
  scope.cancel_all();
  run_until_done(loop, scope.join());
  EXPECT_TRUE(ended);
}

struct Square {
  int value;
  std::thread::id* ran_on;
  Result<int> operator()() {
    *ran_on = std::this_thread::get_id();
    if (value < 0) throw std::runtime_error("negative");
    return value * value;
  }
};

asio::awaitable<void> check_offload(asio::thread_pool& pool) {
  std::thread::id ran_on;
  auto squared = co_await offload(pool, Square{7, &ran_on});
  EXPECT_EQ(squared.value(), 49);
  EXPECT_NE(ran_on, std::this_thread::get_id());
  std::string message;
  try {
    auto never = co_await offload(pool, Square{-1, &ran_on});
    static_cast<void>(never);
  } catch (const std::runtime_error& error) {
    message = error.what();
  }
  EXPECT_EQ(message, "negative");
}

TEST(Offload, RunsOnThePoolAndComesBackWithTheValueOrTheException) {
  asio::io_context loop;
  asio::thread_pool pool{1};
  run_until_done(loop, check_offload(pool));
}

}  // namespace
}  // namespace windlass
