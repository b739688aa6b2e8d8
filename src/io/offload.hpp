#pragma once
// Blocking work (SQLite, fetching, DNS files) runs on a pool thread and comes back to the loop as a value.
// Include it in .cpp files only.

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <exception>
#include <type_traits>
#include <utility>

namespace windlass {

namespace asio = boost::asio;

// A named function object instead of a capturing lambda: STYLE 26.
template <class Work>
struct OffloadStart {
  using Value = std::invoke_result_t<Work&>;

  template <class Handler>
  void operator()(Handler handler, asio::thread_pool* pool, asio::any_io_executor loop, Work work) const {
    auto guard = asio::make_work_guard(loop);
    asio::post(*pool, [handler = std::move(handler), guard = std::move(guard), work = std::move(work)]() mutable {
      std::exception_ptr error;
      Value value{};
      try {
        value = work();
      } catch (...) {
        error = std::current_exception();
      }
      auto loop = guard.get_executor();
      asio::post(loop, [handler = std::move(handler), error, value = std::move(value)]() mutable {
        std::move(handler)(error, std::move(value));
      });
    });
  }
};

// Runs work() on the pool; rethrows what it throws. Cancelling the caller does not interrupt work: the caller goes on,
// cancelled, when work has ended. The pool must outlive the call, and the loop the pool, whose thread still holds the
// loop for a moment after the value has come back.
// REQUIRES: work returns a default-constructible value and touches nothing that the loop thread touches.
template <class Work>
[[nodiscard]] asio::awaitable<std::invoke_result_t<Work&>> offload(asio::thread_pool& pool, Work work) {
  using Value = std::invoke_result_t<Work&>;
  auto loop = co_await asio::this_coro::executor;
  OffloadStart<Work> start;
  auto waiting = asio::async_initiate<const asio::use_awaitable_t<>, void(std::exception_ptr, Value)>(
      start, asio::use_awaitable, &pool, loop, std::move(work));
  auto value = co_await std::move(waiting);
  co_return value;
}

}  // namespace windlass
