#include "scheduler/watches.hpp"

#include "base/check.hpp"

#include <algorithm>
#include <map>
#include <memory_resource>
#include <set>
#include <utility>

namespace windlass::scheduler {

struct Watches::Store {
  std::pmr::unsynchronized_pool_resource pool;
  std::pmr::map<InstanceKey, Watch> watches{&pool};
  std::pmr::set<std::pair<TimePoint, InstanceKey>> timers{&pool};
};

TimePoint Watch::earliest() const {
  TimePoint next = TimePoint::max();
  for (const auto& time : {reconcile_at, kill_at, overdue_at}) {
    if (time) next = std::min(next, *time);
  }
  return next;
}

Watches::Watches() : store_{std::make_unique<Store>()} {}
Watches::~Watches() = default;
Watches::Watches(Watches&& other) noexcept = default;
Watches& Watches::operator=(Watches&& other) noexcept = default;

Watch* Watches::find(InstanceKey key) {
  const auto found = store_->watches.find(key);
  return found == store_->watches.end() ? nullptr : &found->second;
}

Watch& Watches::watch(InstanceKey key, const InstancePtr& instance) {
  Watch& watch = store_->watches[key];
  watch.instance = instance;
  return watch;
}

void Watches::arm(InstanceKey key, Watch& watch) {
  const TimePoint next = watch.earliest();
  if (next == TimePoint::max()) return forget(key);
  if (watch.armed == next) return;
  // Finds nothing when the watch was not armed: max() is never among the timers.
  store_->timers.erase({watch.armed, key});
  store_->timers.emplace(next, key);
  watch.armed = next;
}

void Watches::forget(InstanceKey key) {
  const auto found = store_->watches.find(key);
  if (found == store_->watches.end()) return;
  store_->timers.erase({found->second.armed, key});
  store_->watches.erase(found);
  if (store_->watches.empty()) store_->pool.release();  // the only time at which a pool can give anything back
}

std::optional<TimePoint> Watches::next() const {
  if (store_->timers.empty()) return std::nullopt;
  return store_->timers.begin()->first;
}

std::vector<InstanceKey> Watches::take_due(TimePoint now) {
  std::vector<InstanceKey> due;
  while (!store_->timers.empty() && store_->timers.begin()->first <= now) {
    due.push_back(store_->timers.begin()->second);
    // The watch itself stays: whoever acts on it needs to know which of its times has come, and arms it again.
    store_->watches.at(due.back()).armed = TimePoint::max();
    store_->timers.erase(store_->timers.begin());
  }
  return due;
}

void Watches::check() const {
  CHECK(store_->watches.size() == store_->timers.size());
  for (const auto& [time, key] : store_->timers) {
    const Watch& watch = store_->watches.at(key);
    CHECK(watch.armed == time && watch.earliest() == time);
  }
}

std::vector<std::pair<InstanceKey, InstancePtr>> Watches::all() const {
  std::vector<std::pair<InstanceKey, InstancePtr>> all;
  for (const auto& [key, watch] : store_->watches) all.emplace_back(key, watch.instance);
  return all;
}

}  // namespace windlass::scheduler
