#pragma once
// What the scheduler knows. Apps, instances and the framework id are in the journal; the rest is of this process.

#include "base/time.hpp"
#include "model/app.hpp"
#include "model/framework.hpp"

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
  std::string docker_executor = {};        // the command of windlass-executor, for apps that need Docker
  std::uint16_t local_port_min = 10000;
  std::uint16_t local_port_max = 20000;
  std::string mesos_role = "*";
  std::int64_t max_instances_per_offer = 100;
  Duration decline_offer_duration = std::chrono::seconds{120};
  Duration min_revive_offers_interval = std::chrono::seconds{1};
  Duration reconciliation_interval = std::chrono::minutes{10};
  Duration task_launch_timeout = std::chrono::minutes{5};
  Duration kill_retry_timeout = std::chrono::seconds{30};
};

// When a failing app may be launched again (marathon.md 4.5).
struct Backoff {
  Duration delay = {};
  TimePoint until = {};
  TimePoint forget_at = {};
};

struct State {
  Settings settings;

  // In the journal.
  FrameworkId framework_id;
  std::map<AppId, App> apps;
  std::map<InstanceId, Instance> instances;

  // Of this process.
  bool connected = false;
  bool suppressed = false;
  std::map<std::pair<AppId, TimePoint>, Backoff> backoffs;  // by app and its version
  std::map<TaskId, InstanceId> instance_of_task;
  std::map<AppId, std::set<InstanceId>> instances_of_app;
};

}  // namespace windlass::scheduler
