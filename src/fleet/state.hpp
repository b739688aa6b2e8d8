#pragma once
// What a fleet knows: many pretended agents behind one master. The records are in the journal; the rest is of this
// process and is made again after a restart.

#include "base/prng.hpp"
#include "base/time.hpp"
#include "core/alarms.hpp"
#include "model/engine_records.hpp"

#include <boost/describe.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace windlass::fleet {

// Set once, from flags.
struct Settings {
  MasterInfo master;  // id comes from the journal
  AgentInfo agent;    // what all agents are like; id and hostname get a number for each
  std::size_t agents = 0;
  Duration task_delay = Duration::zero();  // from LAUNCH to TASK_RUNNING
  Duration allocation_interval = std::chrono::seconds{1};
};

// A status that the framework has not acknowledged. Places in BOOST_DESCRIBE_STRUCT are the journal's tags.
struct PendingUpdate {
  TaskState state = TaskState::staging;
  TimePoint time = {};
  Uuid uuid = {};
  std::string message = {};
  friend bool operator==(const PendingUpdate&, const PendingUpdate&) = default;
};
BOOST_DESCRIBE_STRUCT(PendingUpdate, (), (state, time, uuid, message))

struct TaskRecord {
  FrameworkId framework_id;
  TaskId id;
  std::uint32_t agent = 0;  // its number
  ExecutorId executor_id = {};
  std::string role = {};
  Resources resources = {};  // of the task and its executor, allocated to `role`
  TaskState state = TaskState::staging;
  TimePoint changed = {};                  // when it came into this state
  std::deque<PendingUpdate> updates = {};  // the first is the one in flight
  friend bool operator==(const TaskRecord&, const TaskRecord&) = default;
};
BOOST_DESCRIBE_STRUCT(TaskRecord, (), (framework_id, id, agent, executor_id, role, resources, state, changed, updates))

using TaskNumber = std::uint64_t;

struct Task {
  TaskRecord record;
  TaskNumber number = 0;  // of this process; alarms name it so
  std::optional<TimePoint> start_at = {};
  std::optional<TimePoint> retry_at = {};  // when the update in flight is sent again
  Duration retry_wait = std::chrono::seconds{10};
};

struct Framework {
  FrameworkRecord record;
  std::optional<Uuid> stream = {};  // connected when set
  std::optional<TimePoint> next_heartbeat = {};
  std::set<std::string> suppressed = {};
  std::map<std::string, std::uint64_t> revivals = {};  // by role: refusals from before the last one are void
  std::map<TaskId, Task> tasks = {};
  std::map<TaskState, std::uint64_t> counts = {};  // its tasks by state; of those that ended, since this process began
  [[nodiscard]] bool completed() const { return record.removed.has_value(); }
};

// A framework in one of its roles.
using Holder = std::pair<FrameworkId, std::string>;

// Resources of an agent that a framework does not want to be offered again for a while.
struct RefusedResources {
  Holder holder;
  Resources resources;
  TimePoint until;
  std::uint64_t revival = 0;
};

struct Agent {
  AgentId id;
  std::string hostname;
  Resources used = {};  // by tasks that have not ended
  std::optional<OfferId> offer = {};
  std::vector<RefusedResources> refused = {};
};

// All that was free of one agent.
struct OpenOffer {
  std::uint32_t agent = 0;
  Holder holder;
  Resources resources;  // allocated to the role
};

// Thousandths.
struct Amounts {
  std::int64_t cpus = 0;
  std::int64_t mem = 0;
  friend bool operator==(const Amounts&, const Amounts&) = default;
};

struct State {
  Settings settings;

  // In the journal; a framework's tasks are rows of their own.
  EngineRecord record;
  std::map<FrameworkId, Framework> frameworks;

  // Of this process.
  std::vector<Agent> agents = {};
  std::set<std::uint32_t> idle = {};  // agents without an open offer
  std::map<OfferId, OpenOffer> offers = {};
  std::uint64_t next_offer = 0;  // below record.next_offer, which is written once for many offers
  std::optional<TimePoint> next_allocation = {};
  std::map<Holder, Amounts> held = {};        // by tasks and offers
  std::map<TaskNumber, Task*> numbered = {};  // all tasks; a map's nodes stay where they are
  TaskNumber next_number = 0;
  core::Alarms<TaskNumber> alarms = {};
};

}  // namespace windlass::fleet
