#pragma once
// What the engine knows. The records are in the journal; the rest is of this process and is made again after a restart.

#include "base/prng.hpp"
#include "base/time.hpp"
#include "core/alarms.hpp"
#include "core/persistent_map.hpp"
#include "model/engine_records.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace windlass::engine {

// The stream of an executor's SUBSCRIBE; given by the shell, never used twice.
using ConnectionId = std::uint64_t;

// Set once, from flags.
struct Settings {
  MasterInfo master;  // id comes from the journal
  AgentInfo agent;    // id comes from the journal
  Duration executor_registration_timeout = std::chrono::minutes{1};
  Duration executor_reregistration_timeout = std::chrono::seconds{2};
  Duration executor_shutdown_grace_period = std::chrono::seconds{5};
  Duration allocation_interval = std::chrono::seconds{1};
};

// Resources that a framework does not want to be offered again for a while.
struct RefusedResources {
  std::string role;
  Resources resources;
  TimePoint until;
};

struct Framework {
  FrameworkRecord record;
  std::optional<Uuid> stream = {};  // connected when set
  std::optional<TimePoint> next_heartbeat = {};
  std::set<std::string> suppressed = {};
  std::vector<RefusedResources> refused = {};
  std::map<std::string, std::uint64_t> offers_made = {};  // by role: who had fewer comes first when shares are equal
  [[nodiscard]] bool completed() const { return record.removed.has_value(); }
};

// What an executor's tasks are told when it ends, where the agent knows the reason beforehand.
struct Termination {
  TaskState state = TaskState::failed;
  Reason reason = Reason::executor_terminated;
  std::string message;
};

struct Executor {
  ExecutorRecord record;
  std::optional<ConnectionId> connection = {};
  std::optional<TimePoint> registration_deadline = {};  // until it must subscribe (again); unset before it was started
  std::optional<TimePoint> destroy_at = {};             // end of the shutdown grace period
  std::optional<TimePoint> next_heartbeat = {};
  std::optional<Termination> termination = {};
  bool recovered = false;  // started by an earlier process of this engine
  // Tasks that it was started for or has been given since, until they have ended and that is acknowledged.
  std::set<TaskId> tasks = {};
};

struct Task {
  TaskRecord record;
  std::optional<KillPolicy> kill_policy = {};  // of a KILL that waits for its executor to come back
  std::optional<TimePoint> retry_at = {};      // when the update in flight is sent again
  Duration retry_wait = std::chrono::seconds{10};
};

using TaskKey = std::pair<FrameworkId, TaskId>;
using ExecutorKey = std::pair<FrameworkId, ExecutorId>;
// Names an executor, a framework or a task.
using RecordKey = std::variant<ContainerId, FrameworkId, TaskKey>;

// Thousandths of each scalar, by name; none is zero.
using Amounts = std::map<std::string, std::int64_t>;

// Sums of what is taken of the agent's resources: by tasks that have not ended, by executors, by offers. They are kept
// (accounts.hpp: hold, release), because adding everything up again would make each batch of offers slower with each
// task.
struct Accounts {
  Resources held = {};                                                  // by tasks and executors, allocated to nobody
  Resources offered = {};                                               // likewise
  std::map<std::pair<FrameworkId, std::string>, Amounts> by_role = {};  // both, of a framework in one of its roles
  friend bool operator==(const Accounts&, const Accounts&) = default;
};

struct State {
  Settings settings;

  // In the journal.
  EngineRecord record;
  std::map<FrameworkId, Framework> frameworks;
  std::map<ContainerId, Executor> executors;
  std::map<TaskKey, Task> tasks;

  // Of this process.
  std::map<ExecutorKey, ContainerId> executor_ids = {};  // of `executors`
  std::map<ConnectionId, ContainerId> connections = {};  // likewise
  core::PersistentMap<OfferId, Offer> offers = {};       // none changes once it is made
  std::uint64_t next_offer = 0;     // below record.next_offer, which is written once for many offers
  TimePoint allocation_phase = {};  // batches are whole intervals after it
  std::optional<TimePoint> next_allocation = {};
  std::map<TaskState, std::uint64_t> ended = {};                        // how many tasks came to each terminal state
  core::PersistentMap<std::uint64_t, TaskRecord> completed_tasks = {};  // numbered as they came; newest last
  std::map<FrameworkId, std::deque<std::uint64_t>> completed_of = {};   // numbers of those, at most 1000 each
  std::uint64_t next_completed = 0;

  // Follows from the above, and is kept so that a step costs the same with ten tasks and with a hundred thousand.
  // invariants.hpp says what it must be.
  core::Alarms<RecordKey> alarms = {};  // the soonest time of each record
  Accounts accounts = {};
};

}  // namespace windlass::engine
