#pragma once
// The loop of a shell around its pure core, as the real shells have it: take what waits, step each event, save, act,
// tell, set the alarm. It never takes the next batch before the last one is done.

#include "sim/world.hpp"

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace windlass::sim {

constexpr std::size_t batch_max = 64;
constexpr int idle_wakes_max = 1000;  // a core that asks so often in a row to be woken at once does nothing else

// Effects has `wake_at`; append(Effects&, Effects) adds the second's work to the first's and is found by ADL or here.
template <class Event, class Effects>
class CoreLoop {
 public:
  struct Hooks {
    std::function<Effects(const Event&)> step;
    std::function<void(Effects&, Effects)> append;
    // Saves and acts, and calls `done` when the next batch may begin; or never, when the process ends.
    std::function<void(Effects, std::function<void()> done)> carry_out;
    Event time_passed;
  };

  CoreLoop(World& world, std::string name, Hooks hooks)
      : world_(world), name_(std::move(name)), hooks_(std::move(hooks)) {}

  void post(Event event) {
    inbox_.push_back(std::move(event));
    if (!busy_) begin();
  }

 private:
  // What runs later finds out whether the loop still exists.
  std::function<void()> guarded(std::function<void()> what) {
    return [alive = std::weak_ptr<char>(alive_), what = std::move(what)] {
      if (!alive.expired()) what();
    };
  }

  void begin() {
    busy_ = true;
    world_.after(world_.between(std::chrono::microseconds{10}, std::chrono::microseconds{200}),
                 guarded([this] { run_batch(); }));
  }

  void run_batch() {
    Effects all;
    const std::size_t count = std::min(inbox_.size(), batch_max);
    bool only_time = count > 0;
    for (std::size_t i = 0; i < count; ++i) {
      Event event = std::move(inbox_.front());
      inbox_.pop_front();
      only_time = only_time && event.index() == hooks_.time_passed.index();
      Effects fx = hooks_.step(event);
      world_.count_step();
      wake_at_ = fx.wake_at;
      hooks_.append(all, std::move(fx));
    }
    watch_for_spinning(only_time);
    hooks_.carry_out(std::move(all), guarded([this] { end_batch(); }));
  }

  void end_batch() {
    busy_ = false;
    arm();
    if (!inbox_.empty()) begin();
  }

  void watch_for_spinning(bool only_time) {
    const bool again_at_once = only_time && wake_at_ && *wake_at_ <= world_.now();
    idle_wakes_ = again_at_once ? idle_wakes_ + 1 : 0;
    if (idle_wakes_ > idle_wakes_max) world_.fail(name_ + " asks to be woken at once, again and again");
  }

  // One alarm is under way at a time; it looks again when it rings.
  void arm() {
    if (!wake_at_ || (alarm_ && *alarm_ <= *wake_at_)) return;
    const TimePoint at = std::max(*wake_at_, world_.now());
    alarm_ = at;
    world_.after(at - world_.now(), guarded([this, at] {
                   if (alarm_ != at) return;
                   alarm_.reset();
                   if (wake_at_ && *wake_at_ <= world_.now()) {
                     wake_at_.reset();
                     post(hooks_.time_passed);
                   } else if (!busy_) {
                     arm();
                   }
                 }));
  }

  World& world_;
  std::string name_;
  Hooks hooks_;
  std::deque<Event> inbox_;
  bool busy_ = false;
  std::optional<TimePoint> wake_at_;
  std::optional<TimePoint> alarm_;
  int idle_wakes_ = 0;
  std::shared_ptr<char> alive_ = std::make_shared<char>();
};

}  // namespace windlass::sim
