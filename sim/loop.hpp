#pragma once
// A core's loop (core/loop.hpp) in the simulated world: it takes simulated time to begin a batch and to save it, and
// never takes the next batch before the last one has been carried out.

#include "core/loop.hpp"
#include "sim/world.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace windlass::sim {

template <class Event, class Effects>
class CoreLoop {
 public:
  struct Hooks {
    std::function<Effects(const Event&)> step;
    // Saves and acts, and calls `done` when the next batch may begin; or never, when the process ends.
    std::function<void(Effects, std::function<void()> done)> carry_out;
    Event time_passed;
  };

  CoreLoop(World& world, std::string name, Hooks hooks)
      : world_(world),
        name_(std::move(name)),
        carry_out_(std::move(hooks.carry_out)),
        loop_(counted(world, std::move(hooks.step)), std::move(hooks.time_passed)) {}

  void post(Event event) {
    loop_.post(std::move(event));
    if (!busy_) begin();
  }

 private:
  static std::function<Effects(const Event&)> counted(World& world, std::function<Effects(const Event&)> step) {
    return [&world, step = std::move(step)](const Event& event) {
      world.count_step();
      return step(event);
    };
  }

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
    Effects all = loop_.step_batch(world_.now());
    if (loop_.is_spinning()) world_.fail(name_ + " asks to be woken at once, again and again");
    carry_out_(std::move(all), guarded([this] { end_batch(); }));
  }

  void end_batch() {
    busy_ = false;
    if (loop_.has_work(world_.now())) return begin();
    arm();
  }

  // One alarm is under way at a time; it looks again when it rings.
  void arm() {
    const std::optional<TimePoint> wake_at = loop_.wake_at();
    if (!wake_at || (alarm_ && *alarm_ <= *wake_at)) return;
    const TimePoint at = std::max(*wake_at, world_.now());
    alarm_ = at;
    world_.after(at - world_.now(), guarded([this, at] {
                   if (alarm_ != at) return;
                   alarm_.reset();
                   if (busy_) return;  // end_batch looks
                   if (loop_.has_work(world_.now())) return begin();
                   arm();
                 }));
  }

  World& world_;
  const std::string name_;
  const std::function<void(Effects, std::function<void()> done)> carry_out_;
  core::Loop<Event, Effects> loop_;
  bool busy_ = false;
  std::optional<TimePoint> alarm_;
  std::shared_ptr<char> alive_ = std::make_shared<char>();
};

}  // namespace windlass::sim
