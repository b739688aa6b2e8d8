#pragma once
// When to look at what again: at most one time for each key, the soonest at hand. A core that keeps its times here
// need not go through all that it knows to say when it is to be woken.

#include "base/time.hpp"

#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

namespace windlass::core {

template <class Key>
class Alarms {
 public:
  // No time: nothing is due for this key any more.
  void set(const Key& key, std::optional<TimePoint> time) {
    const auto known = times_.find(key);
    if (known != times_.end()) {
      if (time == known->second) return;
      order_.erase({known->second, key});
      if (!time) {
        times_.erase(known);
        return;
      }
      known->second = *time;
    } else {
      if (!time) return;
      times_.emplace(key, *time);
    }
    order_.emplace(*time, key);
  }

  // When the first is due.
  [[nodiscard]] std::optional<TimePoint> next() const {
    return order_.empty() ? std::nullopt : std::optional{order_.begin()->first};
  }

  // Those that are due, the earliest first. They are taken out: a key that is set for now again meanwhile waits for the
  // next call, so that no wait, however short, can keep a step from ending.
  std::vector<Key> take_due(TimePoint now) {
    std::vector<Key> due;
    while (!order_.empty() && order_.begin()->first <= now) {
      due.push_back(order_.begin()->second);
      times_.erase(due.back());
      order_.erase(order_.begin());
    }
    return due;
  }

  friend bool operator==(const Alarms& left, const Alarms& right) { return left.times_ == right.times_; }

 private:
  std::map<Key, TimePoint> times_;
  std::set<std::pair<TimePoint, Key>> order_;  // of `times_`
};

}  // namespace windlass::core
