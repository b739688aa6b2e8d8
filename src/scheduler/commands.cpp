#include "scheduler/commands.hpp"

#include "scheduler/constraints.hpp"

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

namespace windlass::scheduler {
namespace {

// Task ids are "<app>.instance-<uuid>._app.<n>", executor ids "marathon-<task>", and Mesos takes 255 bytes.
constexpr std::size_t app_id_bytes_max = 180;
constexpr std::int64_t instances_max = 1'000'000;
constexpr double amount_max = 1e9;

Error invalid(std::string where, std::string message) { return {Errc::invalid, std::move(message), std::move(where)}; }

std::optional<Error> validate_id(const AppId& id) {
  if (id.value.size() < 2 || id.value.front() != '/') return invalid("id", "may not be empty");
  if (id.value.size() > app_id_bytes_max) {
    return invalid("id", "length must be between 1 and " + std::to_string(app_id_bytes_max - 1));
  }
  const bool control = std::any_of(id.value.begin(), id.value.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f || c == '\\';
  });
  if (control) return invalid("id", "contains characters that Mesos does not take");
  return std::nullopt;
}

std::optional<Error> validate_amount(const char* field, double value, double least, const char* least_text) {
  if (!(value >= least)) return invalid(field, std::string{"must be greater than or equal to "} + least_text);
  if (!(value <= amount_max)) return invalid(field, "must be less than or equal to 1000000000");
  return std::nullopt;
}

std::optional<Error> validate_count(std::int64_t instances) {
  if (instances < 0) return invalid("instances", "must be greater than or equal to 0");
  if (instances > instances_max) {
    return invalid("instances", "must be less than or equal to " + std::to_string(instances_max));
  }
  return std::nullopt;
}

std::optional<Error> validate_ports(const App& app) {
  std::set<std::uint16_t> seen;
  for (const PortDefinition& port : app.ports) {
    if (port.port != 0 && !seen.insert(port.port).second) return invalid("ports", "Ports must be unique.");
  }
  return std::nullopt;
}

// Gives every port of 0 the lowest number that no app has.
std::optional<Error> assign_ports(const State& state, App& app) {
  std::set<std::uint16_t> own;
  for (const PortDefinition& port : app.ports) own.insert(port.port);
  int next = state.settings.local_port_min;
  for (PortDefinition& port : app.ports) {
    if (port.port != 0) continue;
    const auto used = [&](int number) {
      const auto candidate = static_cast<std::uint16_t>(number);
      return state.service_ports.contains(candidate) || own.contains(candidate);
    };
    while (next <= state.settings.local_port_max && used(next)) ++next;
    if (next > state.settings.local_port_max) {
      return Error{Errc::internal, "All ports in the range [" + std::to_string(state.settings.local_port_min) + "-" +
                                       std::to_string(state.settings.local_port_max) + ") are already in use"};
    }
    port.port = static_cast<std::uint16_t>(next++);
  }
  return std::nullopt;
}

void answer(Turn& turn, RequestId request, std::optional<Error> error = {}) {
  turn.fx.notices.push_back({request, std::move(error), {}});
}

Error unknown_app(const AppId& id) { return {Errc::not_found, "App '" + id.value + "' does not exist"}; }

// Versions of one app are apart, so that each names one definition.
TimePoint version_after(TimePoint now, TimePoint old) { return std::max(now, old + std::chrono::microseconds{1}); }

void set_count(Turn& turn, App app, std::int64_t instances) {
  app.instances = instances;
  app.version = version_after(turn.in.now, app.version);
  app.last_scaling = app.version;
  put_app(turn, app);
}

bool matches(const KillTasks& command, const Instance& instance) {
  const bool by_host = command.host && (*command.host == "*" || *command.host == instance.host);
  const bool by_task = command.task_id && *command.task_id == instance.task_id.value;
  return by_host || by_task;
}

}  // namespace

std::optional<Error> validate(const App& app) {
  if (auto error = validate_id(app.id)) return error;
  if (auto error = validate_count(app.instances)) return error;
  if (auto error = validate_amount("cpus", app.cpus, 0.001, "0.001")) return error;
  if (auto error = validate_amount("mem", app.mem, 0, "0")) return error;
  if (auto error = validate_amount("disk", app.disk, 0, "0")) return error;
  if (auto error = validate_ports(app)) return error;
  for (const Constraint& constraint : app.constraints) {
    if (auto error = validate(constraint)) return error;
  }
  if (!app.cmd && app.args.empty() && !app.seed_container) return invalid("cmd", "may not be empty");
  return std::nullopt;
}

void start_app(Turn& turn, const StartApp& command) {
  if (turn.state.apps.contains(command.app.id)) {
    return answer(turn, command.request,
                  Error{Errc::conflict, "An app with id [" + command.app.id.value + "] already exists."});
  }
  App app = command.app;
  if (auto error = validate(app)) return answer(turn, command.request, std::move(error));
  if (auto error = assign_ports(turn.state, app)) return answer(turn, command.request, std::move(error));
  app.version = turn.in.now;
  app.last_config_change = turn.in.now;
  app.last_scaling = turn.in.now;
  put_app(turn, app);
  answer(turn, command.request);
}

void stop_app(Turn& turn, const StopApp& command) {
  if (!turn.state.apps.contains(command.id)) return answer(turn, command.request, unknown_app(command.id));
  remove_app(turn, command.id);
  answer(turn, command.request);
}

void scale_app(Turn& turn, const ScaleApp& command) {
  const App* app = find_app(turn.state, command.id);
  if (app == nullptr) return answer(turn, command.request, unknown_app(command.id));
  if (auto error = validate_count(command.instances)) return answer(turn, command.request, std::move(error));
  if (app->instances != command.instances) set_count(turn, *app, command.instances);
  answer(turn, command.request);
}

void kill_tasks(Turn& turn, const KillTasks& command) {
  const App* app = find_app(turn.state, command.app);
  if (app == nullptr) return answer(turn, command.request, unknown_app(command.app));
  std::vector<Instance> killed;
  const AppIndex& index = turn.state.index.at(command.app);
  for (const auto* place : {&index.active, &index.away}) {
    for (const InstanceId& id : *place) {
      const Instance& instance = turn.state.instances.at(id);
      if (instance.goal == Goal::running && matches(command, instance)) killed.push_back(instance);
    }
  }
  if (command.scale && !killed.empty()) {
    const auto count = static_cast<std::int64_t>(killed.size());
    set_count(turn, *app, std::max<std::int64_t>(0, app->instances - count));
  }
  for (const Instance& each : killed) end_instance(turn, each.id);
  turn.fx.notices.push_back({command.request, {}, std::move(killed)});
}

}  // namespace windlass::scheduler
