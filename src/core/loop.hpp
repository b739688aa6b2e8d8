#pragma once
// The half of the loop around a core that does no I/O: what waits, what is due, what one batch of steps comes to. The
// programs (node/runtime.hpp, windlass_executor/shell.cpp) and the simulation (sim/loop.hpp) all drive this one object,
// and so what the simulation shows holds for them.
//
//   post ──▶ inbox ──┐
//                    ├──▶ step_batch: time that is due, then what waits ──▶ one Effects, to be carried out
//   wake_at is due ──┘
//
// Time is stepped inside each batch, not only when the inbox is empty: under a steady stream of events a core would
// otherwise send no kill again, miss no heartbeat and end no wait.

#include "base/time.hpp"

#include <algorithm>
#include <cstddef>
#include <deque>
#include <functional>
#include <iterator>
#include <optional>
#include <utility>

namespace windlass::core {

// Events stepped before one commit. Larger: fewer commits under load, longer until the first of them is answered.
constexpr std::size_t batch_max = 256;
// Likewise rows to write: an event may come to a thousand of them, and nothing else is done before they are made.
constexpr std::size_t batch_writes_max = 500;
// A core that asks so many times in a row to be woken at once, and hears nothing else meanwhile, has a defect.
constexpr std::size_t idle_wakes_max = 1000;
// It is then woken this much later each time, so that it neither takes the processor nor shuts everybody else out.
constexpr Duration spin_pause = std::chrono::milliseconds{100};

// Adds what a later step does to what earlier ones do. The last step says when to wake the core.
template <class Effects>
void append(Effects& all, Effects more) {
  const auto move_to_end = [](auto& from, auto& to) {
    to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
  };
  if constexpr (requires { more.writes; }) move_to_end(more.writes, all.writes);
  move_to_end(more.calls, all.calls);
  if constexpr (requires { more.notices; }) move_to_end(more.notices, all.notices);
  if constexpr (requires { more.changes; }) move_to_end(more.changes, all.changes);
  all.wake_at = more.wake_at;
}

// Effects has `calls` and `wake_at`, and may have `writes`, `notices` and `changes`.
template <class Event, class Effects>
class Loop {
 public:
  using Step = std::function<Effects(const Event&)>;

  // `step` changes the state; `time_passed` is the event that tells a core to look at the clock.
  Loop(Step step, Event time_passed) : step_{std::move(step)}, time_passed_{std::move(time_passed)} {}

  void post(Event event) { inbox_.push_back(std::move(event)); }

  // Something waits, or time is due.
  [[nodiscard]] bool has_work(TimePoint now) const { return !inbox_.empty() || is_due(now); }

  // One batch. REQUIRES: has_work(now); the effects of the batch before have been carried out.
  Effects step_batch(TimePoint now) {
    begin_batch(now);
    while (step_next()) {
    }
    return end_batch();
  }

  // The same in pieces, for a driver that has something else to do between two steps. What is posted meanwhile waits
  // for the next batch.
  void begin_batch(TimePoint now) {
    batch_ = Batch{.now = now, .left = std::min(inbox_.size(), batch_max), .time_is_due = is_due(now)};
    idle_wakes_ = batch_.left == 0 ? idle_wakes_ + 1 : 0;
  }
  // False: the batch is at its end, and nothing was stepped.
  bool step_next() {
    if (std::exchange(batch_.time_is_due, false)) {
      take(time_passed_);
      return true;
    }
    if (batch_.left == 0 || is_full(batch_.effects)) return false;
    --batch_.left;
    const Event event = std::move(inbox_.front());
    inbox_.pop_front();
    take(event);
    return true;
  }
  Effects end_batch() {
    if (!is_due(batch_.now)) {
      idle_wakes_ = 0;
    } else if (is_spinning()) {
      wake_at_ = after(batch_.now, spin_pause);
    }
    return std::exchange(batch_, {}).effects;
  }

  // When there is work again, though nobody posts.
  [[nodiscard]] std::optional<TimePoint> wake_at() const { return wake_at_; }
  // The core asks to be woken at once, again and again: a defect. It is held back, and whoever drives it should say so.
  [[nodiscard]] bool is_spinning() const { return idle_wakes_ > idle_wakes_max; }

 private:
  struct Batch {
    TimePoint now = {};
    std::size_t left = 0;  // events of the inbox
    bool time_is_due = false;
    Effects effects = {};
  };

  [[nodiscard]] static bool is_full(const Effects& all) {
    if constexpr (requires { all.writes; }) return all.writes.size() >= batch_writes_max;
    return false;
  }
  [[nodiscard]] bool is_due(TimePoint now) const { return wake_at_ && *wake_at_ <= now; }
  void take(const Event& event) {
    append(batch_.effects, step_(event));
    wake_at_ = batch_.effects.wake_at;
  }

  // Set once by the constructor.
  const Step step_;
  const Event time_passed_;

  std::deque<Event> inbox_;
  Batch batch_;  // in the making
  std::optional<TimePoint> wake_at_;
  std::size_t idle_wakes_ = 0;  // batches in a row that were nothing but time, each asking for the next at once
};

}  // namespace windlass::core
