#pragma once
// Every coroutine that runs beside others is spawned here: it has a name, an end, and someone who reads its error.

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace windlass {

namespace asio = boost::asio;

// The text of an exception, for logs. REQUIRES: error is not null.
[[nodiscard]] std::string describe(const std::exception_ptr& error);

// Used on the loop thread only. It may be destroyed while tasks run (they then run on, unread); join() first.
class TaskScope {
 public:
  // Told on the loop, after a task ended by an exception. A task that ends by operation_aborted after cancel_all() has
  // not failed.
  using OnFailure = std::function<void(const std::string& name, std::exception_ptr error)>;

  TaskScope(asio::any_io_executor loop, OnFailure on_failure);

  // Starts the task at the loop's next turn. After cancel_all() the task is cancelled at its first co_await.
  void spawn(std::string name, asio::awaitable<void> task);
  // Emits the terminal cancellation signal to every task; each later co_await of theirs throws.
  void cancel_all();
  // Returns when no task runs any more. Waits without a limit of its own.
  [[nodiscard]] asio::awaitable<void> join();

  [[nodiscard]] std::size_t running() const;
  // The names of what runs, for logs about a shutdown that takes long.
  [[nodiscard]] std::vector<std::string> names() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace windlass
