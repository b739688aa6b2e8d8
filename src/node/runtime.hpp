#pragma once
// The only place with order: take what waits, step each, persist, act, tell. One Runtime for each pure core.
//
//   inbox ──▶ step ──▶ journal (one transaction) ──▶ act(calls) ──▶ tell(notices)
//                          └── fails: the process ends; a restart replays from the journal
//
// Core is a struct of types and functions:
//   State, Event, Effects; Effects step(State&, const Event&, TimePoint, Prng&); Event time_passed();
//   std::vector<Row> rows(Effects&)   what to commit
// What waits and what is due is decided by core/loop.hpp, which the simulation drives too. Include it in .cpp files
// only.

#include "base/prng.hpp"
#include "base/time.hpp"
#include "core/loop.hpp"
#include "io/log.hpp"
#include "io/offload.hpp"
#include "store/journal.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace windlass {

namespace asio = boost::asio;

// A batch may take many times as long to step. Whoever else waits for the loop, readers above all, gets it in between.
constexpr Duration step_slice = std::chrono::milliseconds{2};

template <class Core>
class Runtime {
 public:
  using State = typename Core::State;
  using Event = typename Core::Event;
  using Effects = typename Core::Effects;
  using Act = std::function<void(Effects effects)>;

  // `act` does the calls and then the notices of one batch; it runs on the loop and does not throw.
  Runtime(asio::any_io_executor loop, std::string name, Journal& journal, State state, std::uint64_t seed, Act act)
      : name_{std::move(name)},
        journal_{journal},
        act_{std::move(act)},
        state_{std::move(state)},
        prng_{seed},
        loop_{[this](const Event& event) { return Core::step(state_, event, clock_.now(), prng_); },
              Core::time_passed()},
        alarm_{loop} {}

  void post(Event event) {
    loop_.post(std::move(event));
    alarm_.cancel();
  }

  // Runs until cancelled. Ends the process when a commit fails: what was not written must not be acted on.
  asio::awaitable<void> run() {
    while (true) {
      if (!loop_.has_work(clock_.now())) {
        set_alarm();
        auto waited = co_await alarm_.async_wait(asio::as_tuple(asio::use_awaitable));
        static_cast<void>(waited);
        continue;
      }
      has_pending_changes_ = true;
      loop_.begin_batch(clock_.now());
      TimePoint pause_at = after(clock_.now(), step_slice);
      while (loop_.step_next()) {
        if (clock_.now() < pause_at) continue;
        auto yielding = asio::post(alarm_.get_executor(), asio::use_awaitable);
        co_await std::move(yielding);
        pause_at = after(clock_.now(), step_slice);
      }
      Effects effects = loop_.end_batch();
      if (loop_.is_spinning()) log_error("asks to be woken at once, again and again", {{"core", name_}});
      std::vector<Row> rows = Core::rows(effects);
      if (!rows.empty()) {
        auto commit = [this, &rows] { return Committed{journal_.commit(rows)}; };
        auto committing = offload(pool_, std::move(commit));
        auto committed = co_await std::move(committing);
        if (!committed.outcome) die(committed.outcome.error());
      }
      has_pending_changes_ = false;
      act_(std::move(effects));
    }
  }

  // REQUIRES: on the loop. What readers see; copy what is kept.
  [[nodiscard]] const State& state() const { return state_; }
  // The state may have changes that are not durable yet: nobody may be told of them.
  [[nodiscard]] bool has_pending_changes() const { return has_pending_changes_; }
  [[nodiscard]] TimePoint now() const { return clock_.now(); }
  [[nodiscard]] Prng& prng() { return prng_; }

 private:
  struct Committed {
    Result<void> outcome;
  };

  void set_alarm() {
    using Steady = std::chrono::steady_clock;
    const std::optional<TimePoint> wake_at = loop_.wake_at();
    if (!wake_at) {
      alarm_.expires_at(Steady::time_point::max());
      return;
    }
    alarm_.expires_after(std::max<Steady::duration>(Steady::duration::zero(), *wake_at - clock_.now()));
  }

  [[noreturn]] void die(const Error& error) {
    log_error("journal failed, ending", {{"core", name_}, {"error", to_string(error)}});
    std::_Exit(70);
  }

  // Set once by the constructor.
  const std::string name_;
  Journal& journal_;
  const Act act_;
  const Clock clock_{};

  // Touched only on the loop thread; state_ also not while a step runs.
  State state_;
  Prng prng_;
  core::Loop<Event, Effects> loop_;
  bool has_pending_changes_ = false;
  asio::steady_timer alarm_;

  asio::thread_pool pool_{1};  // the journal's thread
};

}  // namespace windlass
