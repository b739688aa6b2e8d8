#pragma once
// What tasks are watched for: news of them, their end after a KILL, their start. Most tasks that run are watched for
// nothing, and are not here.

#include "base/time.hpp"
#include "scheduler/instance_key.hpp"

#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace windlass::scheduler {

// What one task is watched for.
struct Watch {
  InstancePtr instance;                        // its row, or an older one: for its ids
  std::optional<TimePoint> reconcile_at = {};  // no news of it since we asked: ask Mesos again
  Duration reconcile_delay = {};
  std::optional<TimePoint> kill_at = {};     // send KILL again
  std::optional<TimePoint> overdue_at = {};  // neither running nor heard of until then: kill it
  TimePoint armed = TimePoint::max();        // that of Watches: when it comes; max() while it does not

  // Of the times above; max() if there is none.
  [[nodiscard]] TimePoint earliest() const;
};

// The watches by task and by time. Each is armed: it comes with take_due() at its earliest time.
//
// Watches come and go with every start, between records that stay. They lie in memory of their own, or else they would
// leave gaps that nothing else fits into: an eighth of what a running instance takes.
class Watches {
 public:
  Watches();
  ~Watches();
  Watches(Watches&& other) noexcept;
  Watches& operator=(Watches&& other) noexcept;

  // nullptr: it is not watched. Pointers and references are valid until it is dropped.
  [[nodiscard]] Watch* find(InstanceKey key);
  // The watch of this task, a new one if it has none. It is to be armed next.
  Watch& watch(InstanceKey key, const InstancePtr& instance);
  // After its times have changed. Drops it when none is left. REQUIRES: `watch` is that of `key`.
  void arm(InstanceKey key, Watch& watch);
  void forget(InstanceKey key);

  // The earliest time of all.
  [[nodiscard]] std::optional<TimePoint> next() const;
  // The tasks whose time has come. They are disarmed first: one that is armed for now again waits for the next step, so
  // that no setting, however short, can keep this step from ending.
  std::vector<InstanceKey> take_due(TimePoint now);

  // CHECKs that each watch is armed, and at its earliest time.
  void check() const;
  // By task; for checks.
  [[nodiscard]] std::vector<std::pair<InstanceKey, InstancePtr>> all() const;

 private:
  struct Store;
  std::unique_ptr<Store> store_;
};

}  // namespace windlass::scheduler
