#pragma once
// What a user wants: an App (marathon.md 3), and what there is of it: its Instances. The v1 API is a view of this.
// A field's place in BOOST_DESCRIBE_STRUCT is its tag in the journal: new ones go to the end, and what a field is made
// with does not change (wire/record/record.hpp).

#include "base/time.hpp"
#include "model/framework.hpp"
#include "model/status.hpp"
#include "model/task.hpp"

#include <boost/describe.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace windlass {

enum class ConstraintOperator { unique, cluster, like, group_by, unlike, max_per, is };
BOOST_DESCRIBE_ENUM(ConstraintOperator, unique, cluster, like, group_by, unlike, max_per, is)

struct Constraint {
  std::string field;  // "hostname" or an attribute's name
  ConstraintOperator op = ConstraintOperator::unique;
  std::optional<std::string> value = {};
  auto operator<=>(const Constraint&) const = default;
};
BOOST_DESCRIBE_STRUCT(Constraint, (), (field, op, value))

// A service port, and what kind of host port an instance gets for it.
struct PortDefinition {
  std::uint16_t port = 0;  // the service port; 0 only before the scheduler has assigned one
  std::string protocol = "tcp";
  std::string name = {};
  friend bool operator==(const PortDefinition&, const PortDefinition&) = default;
};
BOOST_DESCRIBE_STRUCT(PortDefinition, (), (port, protocol, name))

// `container` as v1 has it since 0.4: handed to the seed executor in TaskInfo.data.
struct SeedContainer {
  std::string image;                      // "docker:///repository/image"
  std::vector<std::string> options = {};  // docker run options
  friend bool operator==(const SeedContainer&, const SeedContainer&) = default;
};
BOOST_DESCRIBE_STRUCT(SeedContainer, (), (image, options))

struct App {
  AppId id;
  TimePoint version = {};  // when this definition was made; unique per app
  std::optional<std::string> cmd = {};
  std::vector<std::string> args = {};
  std::map<std::string, std::string> env = {};
  std::int64_t instances = 1;
  double cpus = 1.0;
  double mem = 128.0;         // MB
  double disk = 0.0;          // MB
  std::string executor = {};  // "", "//cmd" or a path
  std::vector<Constraint> constraints = {};
  std::vector<Uri> fetch = {};
  std::vector<PortDefinition> ports = {};
  bool require_ports = false;
  std::optional<SeedContainer> seed_container = {};
  std::map<std::string, std::string> labels = {};
  Duration backoff = std::chrono::seconds{1};
  double backoff_factor = 1.15;
  Duration max_launch_delay = std::chrono::seconds{300};
  double task_rate_limit = 1.0;  // v1 0.2.x; kept and shown, without effect
  TimePoint last_config_change = {};
  TimePoint last_scaling = {};
  friend bool operator==(const App&, const App&) = default;
};
BOOST_DESCRIBE_STRUCT(App, (),
                      (id, version, cmd, args, env, instances, cpus, mem, disk, executor, constraints, fetch, ports,
                       require_ports, seed_container, labels, backoff, backoff_factor, max_launch_delay,
                       task_rate_limit, last_config_change, last_scaling))

// What we want of an instance.
enum class Goal { running, stopped, decommissioned };
BOOST_DESCRIBE_ENUM(Goal, running, stopped, decommissioned)

// What we see of it (marathon.md 2.11, 4.7).
enum class Condition {
  scheduled,    // wanted, no offer yet
  provisioned,  // sent to Mesos, nothing heard
  staging,
  starting,
  running,
  unreachable,
  unreachable_inactive,
  killing,
  killed,
  failed,
  finished,
  error,
  dropped,
  gone,
  unknown,
};
BOOST_DESCRIBE_ENUM(Condition, scheduled, provisioned, staging, starting, running, unreachable, unreachable_inactive,
                    killing, killed, failed, finished, error, dropped, gone, unknown)

struct Instance {
  InstanceId id;
  AppId app_id;
  TimePoint app_version = {};
  Goal goal = Goal::running;
  Condition condition = Condition::scheduled;
  TimePoint since = {};  // when `condition` began
  std::uint32_t incarnation = 1;
  // Set once it was sent to Mesos:
  TaskId task_id = {};
  AgentId agent_id = {};
  std::string host = {};                               // as endpoints show it
  std::vector<std::uint16_t> ports = {};               // host ports, one for each of the app's ports
  std::map<std::string, std::string> attributes = {};  // the agent's, for constraints
  std::optional<TimePoint> staged_at = {};
  std::optional<TimePoint> started_at = {};
  std::optional<bool> healthy = {};
  std::string message = {};  // of the newest status
  friend bool operator==(const Instance&, const Instance&) = default;
};
BOOST_DESCRIBE_STRUCT(Instance, (),
                      (id, app_id, app_version, goal, condition, since, incarnation, task_id, agent_id, host, ports,
                       attributes, staged_at, started_at, healthy, message))

}  // namespace windlass
