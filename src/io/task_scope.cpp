#include "io/task_scope.hpp"

#include "io/connection.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/system_error.hpp>

#include <list>

namespace windlass {

std::string describe(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& e) {
    return e.what();
  } catch (...) {
    return "an exception of unknown type";
  }
}

namespace {

// Asio reports a cancellation to a coroutine as this exception.
bool is_abort(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const boost::system::system_error& e) {
    return e.code() == asio::error::operation_aborted;
  } catch (...) {
    return false;
  }
}

struct Entry {
  std::string name;
  asio::cancellation_signal stop;
  bool done = false;
};

}  // namespace

struct TaskScope::State {
  State(asio::any_io_executor executor, OnFailure failure)
      : loop{executor}, on_failure{std::move(failure)}, idle{executor, asio::steady_timer::time_point::max()} {}

  asio::any_io_executor loop;
  OnFailure on_failure;
  asio::steady_timer idle;  // never expires; cancelled whenever a task has ended

  std::list<Entry> entries;  // a list: cancellation slots need stable addresses
  std::size_t running = 0;
  std::size_t used_up = 0;  // entries that are done and not swept yet
  bool cancelled = false;

  // Not from within a task's own end: its signal is still in use there.
  void sweep() {
    if (used_up == 0) return;
    entries.remove_if([](const Entry& entry) { return entry.done; });
    used_up = 0;
  }

  void end(Entry& entry, const std::exception_ptr& error) {
    // First: it may spawn, and with that sweep, while this entry is still in use.
    if (error && !(cancelled && is_abort(error)) && on_failure) on_failure(entry.name, error);
    --running;
    ++used_up;
    entry.done = true;
    idle.cancel();
  }
};

TaskScope::TaskScope(asio::any_io_executor loop, OnFailure on_failure)
    : state_{std::make_shared<State>(std::move(loop), std::move(on_failure))} {}

void TaskScope::spawn(std::string name, asio::awaitable<void> task) {
  // Sweeping walks the list, so it waits until half of it is used up.
  if (state_->used_up > 64 && state_->used_up > state_->running) state_->sweep();
  Entry& entry = state_->entries.emplace_back();
  entry.name = std::move(name);
  ++state_->running;
  // It owns the state, not the scope: a scope may be destroyed while its tasks run.
  auto on_end = [state = state_, &entry](std::exception_ptr error) { state->end(entry, error); };
  asio::co_spawn(state_->loop, std::move(task), asio::bind_cancellation_slot(entry.stop.slot(), std::move(on_end)));
  // One that is spawned during a shutdown must not miss a signal that was sent before it was there.
  if (state_->cancelled) entry.stop.emit(asio::cancellation_type::terminal);
}

// A copy of the pointer: what the signals set off may destroy this scope.
void TaskScope::cancel_all() {
  auto state = state_;
  state->cancelled = true;
  for (Entry& entry : state->entries) {
    if (!entry.done) entry.stop.emit(asio::cancellation_type::terminal);
  }
}

asio::awaitable<void> TaskScope::join() {
  auto state = state_;
  // A loop: the timer is cancelled by each task that ends, and a task may have spawned others before it did.
  while (state->running > 0) {
    auto ended = co_await state->idle.async_wait(nothrow);
    static_cast<void>(ended);
  }
  state->sweep();
}

std::size_t TaskScope::running() const { return state_->running; }

std::vector<std::string> TaskScope::names() const {
  std::vector<std::string> result;
  for (const Entry& entry : state_->entries) {
    if (!entry.done) result.push_back(entry.name);
  }
  return result;
}

}  // namespace windlass
