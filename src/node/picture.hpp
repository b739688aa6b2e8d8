#pragma once
// The picture that readers see, kept up to date. Making it takes time in proportion to the apps that have changed, all
// their instances included; so under load it is made less often: never for more than a tenth of the time, unless
// somebody who is answered must find what he has changed. Used on the loop thread only.

#include "base/time.hpp"
#include "scheduler/world.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace windlass {

class Picture {
 public:
  using Now = std::function<TimePoint()>;
  explicit Picture(Now now) : now_{std::move(now)} {}

  [[nodiscard]] std::shared_ptr<const scheduler::World> world() const { return world_; }

  // After a batch, whose writes these are. must_show: an answer of this batch promises that readers see it. Returns
  // when to call refresh(), unless take() is called again before; nothing: readers see all of it.
  [[nodiscard]] std::optional<TimePoint> take(const scheduler::State& state, std::vector<scheduler::Write> writes,
                                              bool must_show);
  // What was put off. REQUIRES: state is that of the last take().
  void refresh(const scheduler::State& state);

 private:
  const Now now_;
  std::shared_ptr<const scheduler::World> world_ = std::make_shared<const scheduler::World>();
  bool is_first_ = true;
  std::vector<scheduler::Write> pending_;  // not in world_ yet
  TimePoint next_;                         // not before, unless it must be
};

}  // namespace windlass
