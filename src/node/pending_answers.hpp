#pragma once
// HTTP requests that wait for the core to answer. Used on the loop thread only; include it in .cpp files only.

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <utility>

namespace windlass {

namespace asio = boost::asio;

template <class Answer>
class PendingAnswers {
 public:
  explicit PendingAnswers(asio::any_io_executor loop) : loop_{std::move(loop)} {}

  // The id to put into the event. wait() must follow before the loop turns.
  std::uint64_t next_id() { return ++last_id_; }

  // None: the limit passed first, or the caller was cancelled. The event may still take effect then.
  asio::awaitable<std::optional<Answer>> wait(std::uint64_t id, std::chrono::milliseconds limit) {
    auto waiting = std::make_shared<Waiting>(loop_);
    waiting_[id] = waiting;
    waiting->timer.expires_after(limit);
    auto timer = waiting->timer.async_wait(asio::as_tuple(asio::use_awaitable));
    auto waited = co_await std::move(timer);
    (void)waited;
    waiting_.erase(id);
    co_return std::move(waiting->answer);
  }

  // Without effect when nobody waits for that id any more.
  void answer(std::uint64_t id, Answer answer) {
    const auto found = waiting_.find(id);
    if (found == waiting_.end()) return;
    found->second->answer = std::move(answer);
    found->second->timer.cancel();
  }

 private:
  struct Waiting {
    explicit Waiting(const asio::any_io_executor& loop) : timer{loop} {}
    asio::steady_timer timer;
    std::optional<Answer> answer;
  };

  asio::any_io_executor loop_;
  std::uint64_t last_id_ = 0;
  std::map<std::uint64_t, std::shared_ptr<Waiting>> waiting_;
};

}  // namespace windlass
