#pragma once
// What the executor knows. One variant is the life of each task; each state holds what exists in that state only.
//
//   launch ─▶ planning ─▶ inspecting ⇄ pulling      creating ─▶ attaching ─▶ starting ─▶ running
//     │                       └──────────────────────▲                          │          │ kill
//     └─ command task ─▶ spawning ──────────────────────────────────────────────┴──▶       ▼
//                                                                               │       stopping
//   every state ──ended, failed or killed──▶ reported ──acknowledged──▶ removing ──▶ gone
//
// The tasks of a group wait for each other twice: ready (each has its image) and attached (each has its container).
// Between the two a holder is made: a container that does nothing but own the network that they share.
//
// Beside it runs the link to the agent: unsubscribed ⇄ subscribed, and lost when it has been away for too long.
// The executor leaves when its last task is gone.

#include "base/time.hpp"
#include "executor/checks.hpp"
#include "model/container_spec.hpp"
#include "model/ids.hpp"
#include "model/status.hpp"
#include "model/task.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

namespace windlass::executor {

// From the environment; set once.
struct Settings {
  bool checkpoint = false;  // the framework checkpoints: a lost agent may come back
  Duration recovery_timeout = std::chrono::minutes{15};
  Duration shutdown_grace = std::chrono::seconds{5};
  bool report_docker_health = false;  // the HEALTHCHECK of an image, where the task has no check of its own
  friend bool operator==(const Settings&, const Settings&) = default;
};

// --- the link to the agent -----------------------------------------------------------------------------------------

struct Unsubscribed {
  std::optional<TimePoint> give_up_at = {};  // unset: before the first event
  friend bool operator==(const Unsubscribed&, const Unsubscribed&) = default;
};
struct Subscribed {
  friend bool operator==(const Subscribed&, const Subscribed&) = default;
};
// It will not be heard of again; nobody acknowledges anything.
struct Lost {
  friend bool operator==(const Lost&, const Lost&) = default;
};
using Link = std::variant<Unsubscribed, Subscribed, Lost>;

// What the agent has not acknowledged. A task stays until its first update is acknowledged.
struct Outbox {
  struct Update {
    TaskStatus status;
    bool sent = false;  // in this subscription
    friend bool operator==(const Update&, const Update&) = default;
  };
  std::vector<TaskInfo> tasks = {};
  std::vector<Update> updates = {};
  friend bool operator==(const Outbox&, const Outbox&) = default;
};

// --- the life of a task --------------------------------------------------------------------------------------------

// Why it has to end before it ends by itself.
enum class Cause { kill, shutdown, signal, agent_lost, completion_time, group, health_check };

struct Ending {
  Cause cause = Cause::kill;
  Duration grace = {};
  int signal = 0;           // Cause::signal: which the executor got
  std::string why = {};     // Cause::health_check
  bool may_extend = false;  // a kill policy says the grace: it counts also where an earlier one was shorter
  friend bool operator==(const Ending&, const Ending&) = default;
};

using GroupNumber = int;

struct Job {
  TaskInfo task;
  std::optional<GroupNumber> group = {};
  std::optional<TimePoint> complete_by = {};      // max_completion_time
  std::optional<ContainerStatus> addresses = {};  // once it runs, for the updates that follow
  std::optional<std::int64_t> memory_bytes = {};  // the container's limit
  std::optional<Duration> stop_timeout = {};      // --stop-timeout: its grace where no kill policy says another
  Checks checks = {};
  friend bool operator==(const Job&, const Job&) = default;
};

// What runs: a container, or the process of a command task.
struct Container {
  std::string id;
  std::string stop_signal = "SIGTERM";
  std::string started_at = {};
  friend bool operator==(const Container&, const Container&) = default;
};
struct Process {
  int pid = 0;
  friend bool operator==(const Process&, const Process&) = default;
};
using Runner = std::variant<Container, Process>;

struct Planning {
  Job job;
  friend bool operator==(const Planning&, const Planning&) = default;
};
struct Inspecting {
  Job job;
  ContainerPlan plan;
  bool pulled = false;
  friend bool operator==(const Inspecting&, const Inspecting&) = default;
};
struct Pulling {
  Job job;
  ContainerPlan plan;
  std::string latest = {};   // progress
  std::string data = {};     // the same as JSON
  bool has_news = true;      // that the framework has not been told
  TimePoint report_at = {};  // not before
  int attempts = 1;
  std::uint64_t farthest = 0;              // how much was done at most, in any attempt
  TimePoint advanced_at = {};              // when that was
  TimePoint heard_at = {};                 // the last sign of life
  std::optional<TimePoint> retry_at = {};  // an attempt has failed, the next one follows
  friend bool operator==(const Pulling&, const Pulling&) = default;
};
// Its image is here; the others of its group are waited for.
struct Ready {
  Job job;
  ContainerSpec spec;
  friend bool operator==(const Ready&, const Ready&) = default;
};
// Docker is making the container; an ending waits until it is clear whether there is one.
struct Creating {
  Job job;
  std::string name;
  std::optional<Ending> ending = {};
  friend bool operator==(const Creating&, const Creating&) = default;
};
struct Attaching {
  Job job;
  std::string id;
  friend bool operator==(const Attaching&, const Attaching&) = default;
};
// Could be started; the others of its group are waited for.
struct Attached {
  Job job;
  std::string id;
  friend bool operator==(const Attached&, const Attached&) = default;
};
// Docker is starting it, then is asked what it sees.
struct Starting {
  Job job;
  std::string id;
  std::optional<Ending> ending = {};
  std::optional<TimePoint> look_at = {};
  friend bool operator==(const Starting&, const Starting&) = default;
};
struct Spawning {
  Job job;
  std::optional<Ending> ending = {};
  friend bool operator==(const Spawning&, const Spawning&) = default;
};
struct Running {
  Job job;
  Runner runner;
  std::optional<TimePoint> look_at = {};  // Docker is away: when to ask it again
  friend bool operator==(const Running&, const Running&) = default;
};
struct Stopping {
  Job job;
  Runner runner;
  Ending ending;
  std::optional<TimePoint> force_at = {};  // when SIGKILL follows; unset: it has been sent
  std::optional<TimePoint> retry_at = {};  // when to send the last signal again
  std::optional<TimePoint> look_at = {};
  bool forced = false;  // SIGKILL has been asked for before: Docker may be deaf
  friend bool operator==(const Stopping&, const Stopping&) = default;
};
// It has ended, and its container is being removed before anybody hears of the end: an agent may destroy the executor,
// with all that is in its control groups, as soon as it has the last word on its last task.
struct Clearing {
  TaskStatus status;
  std::string container = {};
  int exit_code = 0;
  std::optional<GroupNumber> group = {};
  bool removed = false;      // or Docker has refused to: the reaper will try again
  TimePoint report_at = {};  // by then the end is told, whatever Docker does
  friend bool operator==(const Clearing&, const Clearing&) = default;
};
// The end has been told; its acknowledgement is waited for.
struct Reported {
  std::string leftover = {};  // the container whose removal is still under way; empty: none
  int exit_code = 0;
  TimePoint leave_at = {};
  friend bool operator==(const Reported&, const Reported&) = default;
};
struct Removing {
  int exit_code = 0;
  TimePoint leave_at = {};
  friend bool operator==(const Removing&, const Removing&) = default;
};
struct Gone {
  int exit_code = 0;
  friend bool operator==(const Gone&, const Gone&) = default;
};

using Life = std::variant<Planning, Inspecting, Pulling, Ready, Creating, Attaching, Attached, Starting, Spawning,
                          Running, Stopping, Clearing, Reported, Removing, Gone>;

// Tasks that begin and end together and share a network.
struct Group {
  std::set<TaskId> members = {};
  bool ending = false;  // one of them could not be launched, failed or was killed
  enum class Holder { none, making, made, removing } holder = Holder::none;
  std::string holder_name = {}, holder_id = {};
  std::vector<ContainerAddress> addresses = {};  // of the holder, and so of all
  std::optional<TimePoint> give_up_at = {};      // removing
  friend bool operator==(const Group&, const Group&) = default;
};

struct State {
  Settings settings = {};

  // Told by the agent with every subscription.
  ContainerId container_id = {};
  bool reports_killing = false;  // the framework knows TASK_KILLING

  Link link = {};
  Outbox outbox = {};
  std::map<TaskId, Life> tasks = {};
  std::map<GroupNumber, Group> groups = {};
  int launched = 0;  // tasks, ever
  GroupNumber next_group = 1;
  std::map<TaskId, TimePoint> early_kills = {};  // a KILL may overtake its LAUNCH; when it came
  bool ending = false;                           // takes no more tasks
  std::optional<TimePoint> leave_at = {};        // no task, or nothing but an acknowledgement to wait for: leaves then
  std::optional<int> exit_code = {};             // the first task's that was not 0, else 0; unset: none has ended
  bool left = false;
  friend bool operator==(const State&, const State&) = default;
};

// The job of the current state, or null.
Job* find_job(Life& life);
const Job* find_job(const Life& life);

}  // namespace windlass::executor
