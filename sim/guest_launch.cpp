#include "sim/guest_launch.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <utility>

namespace windlass::sim {

using namespace std::chrono_literals;

namespace {

constexpr double executor_cpus = 0.1;
constexpr double executor_mem = 32;
constexpr std::size_t shared_executors = 3;
constexpr std::uint32_t health_port = 80;
constexpr std::array<const char*, 7> programs = {"serve", "serve", "batch", "stubborn", "private", "sick", "slow"};
constexpr std::array<CheckType, 3> check_types = {CheckType::command, CheckType::http, CheckType::tcp};

// So much of it, of whatever reservation.
bool take_scalar(Resources& free, const std::string& name, double amount, Resources& taken) {
  std::int64_t missing = to_milli(amount);
  Resources got;
  for (Resource each : free.entries()) {
    if (each.name != name || missing == 0) continue;
    each.milli = std::min(each.milli, missing);
    missing -= each.milli;
    got.add(each);
  }
  if (missing > 0) return false;
  free -= got;
  taken += got;
  return true;
}

bool take_ports(Resources& free, std::size_t wanted, Resources& taken) {
  Resources got;
  for (Resource each : free.entries()) {
    if (each.name != "ports") continue;
    std::vector<Range> ranges;
    for (const Range& range : each.ranges) {
      for (auto port = range.begin; port <= range.end && wanted > 0; ++port, --wanted) ranges.push_back({port, port});
    }
    each.ranges = merge(std::move(ranges));
    if (!each.ranges.empty()) got.add(each);
  }
  if (wanted > 0) return false;
  free -= got;
  taken += got;
  return true;
}

std::optional<Resources> take(Resources& free, double cpus, double mem, std::size_t ports) {
  Resources rest = free;
  Resources taken;
  const bool fits =
      take_scalar(rest, "cpus", cpus, taken) && take_scalar(rest, "mem", mem, taken) && take_ports(rest, ports, taken);
  if (!fits) return {};
  free = rest;
  return taken;
}

CommandInfo command_of(const std::string& value) {
  CommandInfo command;
  command.value = value;
  return command;
}

template <class Check>
void ask(Check& check, CheckType type, const GuestWish& wish) {
  check.type = type;
  if (type == CheckType::command) check.command = command_of("look");
  if (type == CheckType::http) check.http = HttpCheck{.port = health_port, .path = "/health"};
  if (type == CheckType::tcp) check.tcp = TcpCheck{.port = health_port};
  check.delay = 1s;
  check.interval = wish.interval;
  check.timeout = wish.timeout;
}

void add_checks(TaskInfo& task, const GuestWish& wish) {
  if (wish.health != CheckType::unknown) {
    HealthCheck check;
    ask(check, wish.health, wish);
    check.grace_period = wish.grace_period;
    check.consecutive_failures = wish.failures;
    task.health_check = check;
  }
  if (wish.check != CheckType::unknown) {
    CheckInfo check;
    ask(check, wish.check, wish);
    task.check = check;
  }
}

ContainerInfo docker_container(const GuestWish& wish, const Resources& resources) {
  ContainerInfo container;
  container.docker = DockerInfo{.image = wish.program, .network = NetworkMode::bridge};
  for (const auto port : resources.ports()) container.docker->port_mappings.push_back({port, 80, "tcp"});
  return container;
}

ContainerInfo mesos_container(const GuestWish& wish, const Resources& resources) {
  ContainerInfo container;
  container.type = ContainerType::mesos;
  MesosContainer details;
  details.image = MesosImage{.name = wish.program};
  if (wish.bridge) {
    container.network_names = {""};
    for (const auto port : resources.ports()) details.port_mappings.push_back({port, 80, "tcp"});
  }
  container.mesos = details;
  return container;
}

ExecutorInfo executor_of(const std::string& name, const FrameworkId& framework, const Resources& resources) {
  ExecutorInfo executor;
  executor.id = {name};
  executor.type = ExecutorType::custom;
  executor.framework_id = framework;
  executor.command = command_of("/usr/libexec/windlass-executor");
  executor.resources = resources;
  return executor;
}

// What it runs, without its resources and its executor.
void add_work(TaskInfo& task, const GuestWish& wish) {
  switch (wish.kind) {
    case GuestKind::process: {
      ContainerInfo container;
      container.type = ContainerType::mesos;
      task.container = container;
      [[fallthrough]];
    }
    case GuestKind::command: task.command = command_of(wish.program); return;
    case GuestKind::docker:
      task.container = docker_container(wish, task.resources);
      task.command = CommandInfo{.shell = false};
      return;
    case GuestKind::mesos:
      task.container = mesos_container(wish, task.resources);
      task.command = CommandInfo{.shell = false};
      return;
    case GuestKind::executor: task.container = docker_container(wish, task.resources); return;
    case GuestKind::group: task.container = mesos_container(wish, task.resources); return;
  }
}

std::optional<TaskInfo> task_of(const GuestWish& wish, const std::string& name, const Offer& offered, Resources& free) {
  auto resources = take(free, wish.cpus, wish.mem, wish.ports);
  if (!resources) return {};
  TaskInfo task;
  task.id = {name};
  task.name = name;
  task.agent_id = offered.agent_id;
  task.resources = *resources;
  if (wish.kill_grace) task.kill_policy = KillPolicy{wish.kill_grace};
  add_work(task, wish);
  add_checks(task, wish);
  return task;
}

CheckType random_check(World& world) { return check_types[world.prng().below(check_types.size())]; }

}  // namespace

std::optional<GuestKind> guest_kind(const std::string& word) {
  static const std::map<std::string, GuestKind> kinds = {
      {"command", GuestKind::command}, {"process", GuestKind::process},   {"docker", GuestKind::docker},
      {"mesos", GuestKind::mesos},     {"executor", GuestKind::executor}, {"group", GuestKind::group}};
  const auto found = kinds.find(word);
  if (found == kinds.end()) return {};
  return found->second;
}

GuestWish random_wish(World& world, std::size_t number) {
  GuestWish wish;
  wish.kind = static_cast<GuestKind>(world.prng().below(6));
  wish.name = "guest-" + std::to_string(number);
  wish.program = programs[world.prng().below(programs.size())];
  wish.count = wish.kind == GuestKind::group ? 1 + world.prng().below(3) : 1;
  wish.executor = "guest-executor-" + std::to_string(world.prng().below(shared_executors));
  wish.ports = world.prng().below(2);
  wish.bridge = world.chance(1, 2);
  if (world.chance(1, 2)) wish.health = random_check(world);
  if (world.chance(1, 2)) wish.check = random_check(world);
  if (wish.check == wish.health) wish.check = CheckType::unknown;
  wish.interval = world.between(1s, 30s);
  wish.timeout = world.between(1s, 20s);
  wish.grace_period = world.chance(1, 3) ? Duration{} : world.between(1s, 60s);
  wish.failures = 1 + static_cast<std::uint32_t>(world.prng().below(4));
  if (world.chance(1, 3)) wish.kill_grace = world.between(0s, 30s);
  return wish;
}

std::optional<calls::Operation> launch_of(const GuestWish& wish, const FrameworkId& framework, const Offer& offered,
                                          Resources& free) {
  if (wish.host && *wish.host != offered.hostname) return {};
  Resources rest = free;
  calls::Operation operation;
  operation.type = wish.kind == GuestKind::group ? calls::operation_launch_group : calls::operation_launch;
  const bool many = wish.kind == GuestKind::group;
  for (std::size_t i = 1; i <= wish.count; ++i) {
    auto task = task_of(wish, many ? wish.name + "-" + std::to_string(i) : wish.name, offered, rest);
    if (!task) return {};
    operation.tasks.push_back(std::move(*task));
  }
  if (wish.kind == GuestKind::executor || many) {
    // Its resources are the same each time, never reserved ones: it may live already, and is told by all it is said to
    // be.
    Resources unreserved;
    for (const Resource& each : rest.entries()) {
      if (each.reservation.empty()) unreserved.add(each);
    }
    const auto resources = take(unreserved, executor_cpus, executor_mem, 0);
    if (!resources) return {};
    rest -= *resources;
    const std::string name = many ? "guest-group-" + wish.name : wish.executor;
    const ExecutorInfo executor = executor_of(name, framework, *resources);
    if (many) {
      operation.executor = executor;
    } else {
      operation.tasks.front().executor = executor;
    }
  }
  free = rest;
  return operation;
}

std::vector<TaskId> tasks_of(const calls::Operation& operation) {
  std::vector<TaskId> ids;
  for (const TaskInfo& task : operation.tasks) ids.push_back(task.id);
  return ids;
}

}  // namespace windlass::sim
