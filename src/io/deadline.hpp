#pragma once
// A time limit that keeps structure: the loser is cancelled and awaited, nothing outlives the caller's frame.
// Include it in .cpp files only.

#include "base/error.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <exception>
#include <utility>

namespace windlass {

namespace asio = boost::asio;

// Errors: those of work, and Errc::timeout when work did not end within the limit (it has ended when this returns).
// REQUIRES: work reports through Result and does not throw; T is default-constructible.
template <class T>
[[nodiscard]] asio::awaitable<Result<T>> with_deadline(std::chrono::milliseconds limit,
                                                       asio::awaitable<Result<T>> work) {
  auto loop = co_await asio::this_coro::executor;
  asio::steady_timer timer{loop, limit};
  auto started = asio::experimental::make_parallel_group(asio::co_spawn(loop, std::move(work), asio::deferred),
                                                         timer.async_wait(asio::deferred));
  auto outcome = co_await std::move(started).async_wait(asio::experimental::wait_for_one(), asio::use_awaitable);
  auto& [order, failure, result, timer_error] = outcome;
  const bool late = order[0] == 1 && !timer_error;
  if (late && (failure || !result)) co_return Error{Errc::timeout, "no answer in time", {}};
  if (failure) std::rethrow_exception(failure);  // also: our own caller was cancelled
  co_return std::move(result);
}

}  // namespace windlass
