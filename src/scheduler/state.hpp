#pragma once
// What the scheduler knows. Apps, instances and the framework id are in the journal; the rest is of this process and is
// built again by the event Started.

#include "base/time.hpp"
#include "model/app.hpp"
#include "model/framework.hpp"
#include "model/task.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

namespace windlass::scheduler {

// Set once, from flags (marathon.md 5; same names).
struct Settings {
  std::string default_executor = "//cmd";  // --executor
  // The path of windlass-executor on the agents, for apps with a container but without an executor of their own. Empty:
  // their tasks are given to the agent's own Docker support (TaskInfo.container).
  std::string docker_executor = {};
  std::uint16_t local_port_min = 10000;
  std::uint16_t local_port_max = 20000;
  std::string mesos_role = "*";
  std::int64_t max_instances_per_offer = 100;
  Duration decline_offer_duration = std::chrono::seconds{120};
  Duration min_revive_offers_interval = std::chrono::milliseconds{50};  // 0: every new demand asks for offers at once
  Duration reconciliation_interval = std::chrono::minutes{10};
  Duration task_launch_timeout = std::chrono::minutes{5};
  Duration kill_retry_timeout = std::chrono::seconds{30};
  // TaskInfo.data for tasks that have an executor (wire/marathon/v1.hpp: write_v1_app). The core builds no JSON.
  std::string (*task_data)(const App&) = nullptr;
  // An app's container.options as DockerInfo.parameters (container/options.hpp: as_docker_parameters). The core knows
  // no option of Docker's but the network and --privileged, which DockerInfo has fields for.
  std::vector<Parameter> (*docker_parameters)(const std::vector<std::string>& options) = nullptr;
};

// When a failing app may be launched again (marathon.md 4.5).
struct Backoff {
  Duration delay = {};
  TimePoint until = {};
  TimePoint forget_at = {};  // from then on the next failure counts as a first one
};

// The instances of one app by what they mean for its count. Every instance is in exactly one of the sets.
struct AppIndex {
  std::set<InstanceId> active;                  // goal running, and Mesos does not say that they are unreachable
  std::set<InstanceId> ending;                  // another goal, and not gone yet: their place is not free
  std::set<InstanceId> away;                    // unreachable: replaced; if they come back, what is too much is killed
  std::size_t missing = 0;                      // wanted, less active and ending; as of the last step
  std::optional<TimePoint> delayed_until = {};  // its entry in State::delayed
  [[nodiscard]] std::size_t occupied() const { return active.size() + ending.size(); }
  [[nodiscard]] bool empty() const { return active.empty() && ending.empty() && away.empty(); }
};

// What one task is watched for; its earliest time is in State::timers.
struct Watch {
  std::optional<TimePoint> reconcile_at = {};  // no news of it since we asked: ask Mesos again
  Duration reconcile_delay = {};
  std::optional<TimePoint> kill_at = {};     // send KILL again
  std::optional<TimePoint> overdue_at = {};  // not running until then: kill it
  std::optional<TimePoint> armed = {};       // its entry in State::timers
};

struct Counters {
  std::uint64_t offers = 0;
  std::uint64_t offers_declined = 0;
  std::uint64_t launches = 0;
  std::uint64_t kills = 0;
  std::uint64_t status_updates = 0;
  std::uint64_t failures = 0;  // instances that ended without being told to
  std::uint64_t subscriptions = 0;
  friend bool operator==(const Counters&, const Counters&) = default;
};

struct State {
  Settings settings;

  // In the journal.
  FrameworkId framework_id;
  std::map<AppId, App> apps;
  std::map<InstanceId, Instance> instances;

  // The connection.
  bool connected = false;
  TimePoint last_heard = {};
  Duration heartbeat_interval = std::chrono::seconds{15};
  bool suppressed = false;
  bool revive_wanted = false;
  std::optional<TimePoint> last_revive = {};
  TimePoint next_implicit = {};  // implicit reconciliation

  // Failing apps, by app and the time of its last change of configuration (scaling keeps it).
  std::map<std::pair<AppId, TimePoint>, Backoff> backoffs;

  // Indexes.
  std::map<TaskId, InstanceId> instance_of_task;
  std::map<AppId, AppIndex> index;
  std::map<std::uint16_t, std::size_t> service_ports;  // how many apps have it
  std::set<AppId> ready;                               // they miss instances and may launch now
  std::set<std::pair<TimePoint, AppId>> delayed;       // they miss instances and may launch from then on
  std::map<TaskId, Watch> watches;                     // only tasks that are watched for something
  std::set<std::pair<TimePoint, TaskId>> timers;

  Counters counters;
};

// CHECKs that rows and indexes agree and that no app has more active instances than wanted. Takes time in proportion to
// all instances: for tests and simulation.
void check_invariants(const State& state);

}  // namespace windlass::scheduler
