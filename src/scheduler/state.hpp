#pragma once
// What the scheduler knows. Apps, instances and the framework id are in the journal; the rest is of this process and is
// built again by the event Started.

#include "base/error.hpp"
#include "base/time.hpp"
#include "core/persistent_map.hpp"
#include "model/app.hpp"
#include "model/framework.hpp"
#include "model/task.hpp"
#include "scheduler/demand.hpp"
#include "scheduler/instance_key.hpp"
#include "scheduler/service_ports.hpp"
#include "scheduler/watches.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

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
  // Whose the tasks are; empty: the framework's user. Given with each task, because Mesos keeps the user that a
  // framework registered with, whatever it says later.
  std::string mesos_user = {};
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

// The instances of one app by what they mean for its count. Those that are neither ending nor away are active: their
// goal is to run, and Mesos does not say that they are unreachable.
struct AppIndex {
  core::PersistentMap<InstanceKey, InstancePtr> instances;  // all of them; pictures share it
  std::set<InstanceKey> ending;                             // another goal, and not gone yet: their place is not free
  std::set<InstanceKey> away;                  // unreachable: replaced; if they come back, what is too much is killed
  std::size_t missing = 0;                     // wanted, less active and ending; as of the last step
  std::optional<Waiting> waiting = {};         // while instances are missing
  TimePoint demanded = {};                     // the version of the app whose requirement `waiting->demand` is
  std::map<TimePoint, Backoff> backoffs = {};  // by the app's last change of configuration (scaling keeps it)
  [[nodiscard]] std::size_t active() const { return instances.size() - ending.size() - away.size(); }
  [[nodiscard]] std::size_t occupied() const { return instances.size() - away.size(); }
};

// What readers see of one app. It does not change.
struct AppView {
  AppPtr app;
  core::PersistentMap<InstanceKey, InstancePtr> instances = {};  // by age; also those that are ending
  std::size_t missing = 0;                                       // wanted, and not launched yet
  std::optional<Waiting> waiting = {};                           // while instances are missing
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

  // In the journal, as are the instances (in `index`).
  FrameworkId framework_id;
  std::map<AppId, AppPtr> apps;

  // The connection.
  bool connected = false;
  TimePoint last_heard = {};
  Duration heartbeat_interval = std::chrono::seconds{15};
  bool suppressed = false;
  bool revive_wanted = false;
  std::optional<TimePoint> last_revive = {};
  std::uint64_t offers_at_revive = 0;  // counters.offers at that time
  TimePoint next_implicit = {};        // implicit reconciliation

  // Indexes.
  std::map<AppId, AppIndex> index;  // each app, and those that are removed but have instances
  std::map<std::string, std::set<AppId>, std::less<>> apps_of_path;  // of `index`, by safe path
  ServicePorts service_ports;
  std::map<DemandId, Demand> demands;  // of the apps that miss instances and may launch now
  std::map<Requirement, DemandId> demand_of;
  DemandId last_demand = 0;
  std::set<std::pair<TimePoint, AppId>> delayed;  // they miss instances and may launch from then on
  Watches watches;

  // What readers see: kept up to date by each step, and copied at no cost (scheduler/world.hpp).
  core::PersistentMap<AppId, std::shared_ptr<const AppView>> views;
  core::PersistentMap<DemandId, Funnel> funnels;
  core::PersistentMap<AppId, TimePoint> waiting;  // since when

  Counters counters;
};

// Puts rows of the journal into a state that has none yet. REQUIRES: each is there once, and Started is stepped next.
// Errors: Errc::malformed for an instance whose ids are not of our making.
[[nodiscard]] Result<void> load_rows(State& state, std::vector<AppPtr> apps, std::vector<InstancePtr> instances);

// Mesos says so: it is replaced, and may come back.
bool is_unreachable(const Instance& instance);

// What is known by this id; null when there is nothing.
const App* find_app(const State& state, const AppId& id);
InstancePtr find_instance(const State& state, const TaskId& id);
// The newest row of this instance; null when it is gone.
InstancePtr current_row(const State& state, const Instance& instance);

// CHECKs that rows and indexes agree and that no app has more active instances than wanted. Takes time in proportion to
// all instances: for tests and simulation.
void check_invariants(const State& state);

}  // namespace windlass::scheduler
