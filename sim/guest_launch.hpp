#pragma once
// What a guest launches: everything that our scheduler never does.

#include "model/framework.hpp"
#include "model/scheduler_api.hpp"
#include "sim/world.hpp"

#include <optional>
#include <string>
#include <vector>

namespace windlass::sim {

enum class GuestKind {
  command,   // a command and nothing else
  process,   // the same, in a container of type MESOS without an image
  docker,    // a container of type DOCKER
  mesos,     // a container of type MESOS with an image
  executor,  // containers in an executor that the framework names, together with others
  group,     // LAUNCH_GROUP: containers that begin and end together
};
// "command"; none for other words.
std::optional<GuestKind> guest_kind(const std::string& word);

// One thing that it wants to run.
struct GuestWish {
  GuestKind kind = GuestKind::command;
  std::string name;               // of the task, or of each of a group: "a" is a-1 and a-2 then
  std::string program = "serve";  // or the image
  std::size_t count = 1;          // of the tasks of a group
  std::string executor = {};      // of GuestKind::executor
  std::optional<std::string> host = {};
  double cpus = 0.1;
  double mem = 32;
  std::size_t ports = 0;
  bool bridge = false;                    // a network of its own, or of its group; only of type MESOS
  CheckType health = CheckType::unknown;  // unknown: none
  CheckType check = CheckType::unknown;   // never of the health check's type
  Duration interval = std::chrono::seconds{10};
  Duration timeout = std::chrono::seconds{5};
  Duration grace_period = std::chrono::seconds{10};
  std::uint32_t failures = 3;  // in a row
  std::optional<Duration> kill_grace = {};
};

GuestWish random_wish(World& world, std::size_t number);

// The operation that launches it, with what it takes out of the offer; none: it does not fit.
// REQUIRES: offered.resources are allocated to one role.
std::optional<calls::Operation> launch_of(const GuestWish& wish, const FrameworkId& framework, const Offer& offered,
                                          Resources& free);

// The tasks that an operation launches.
std::vector<TaskId> tasks_of(const calls::Operation& operation);

}  // namespace windlass::sim
