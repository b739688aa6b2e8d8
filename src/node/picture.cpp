#include "node/picture.hpp"

#include <iterator>
#include <utility>

namespace windlass {

namespace {

constexpr int rest = 9;  // times as long as it took to make the last one

}  // namespace

std::optional<TimePoint> Picture::take(const scheduler::State& state, std::vector<scheduler::Write> writes,
                                       bool must_show) {
  pending_.insert(pending_.end(), std::make_move_iterator(writes.begin()), std::make_move_iterator(writes.end()));
  if (!must_show && now_() < next_) return next_;
  refresh(state);
  return std::nullopt;
}

void Picture::refresh(const scheduler::State& state) {
  const TimePoint began = now_();
  scheduler::Effects effects;
  effects.writes = std::exchange(pending_, {});
  world_ = is_first_ ? scheduler::make_world(state) : scheduler::update_world(*world_, state, effects);
  is_first_ = false;
  const TimePoint ended = now_();
  next_ = ended + rest * (ended - began);
}

}  // namespace windlass
