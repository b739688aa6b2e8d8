#include "scheduler/commands.hpp"

#include "model/app_rules.hpp"
#include "scheduler/constraints.hpp"

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

namespace windlass::scheduler {
namespace {

Error invalid(FieldError broken) { return {Errc::invalid, std::move(broken.error), std::move(broken.attribute)}; }

// Gives every port of 0 the lowest number that no app has (marathon.md 4.9). The range's end is not part of it
// (marathon.md 1.5).
std::optional<Error> assign_ports(const State& state, App& app) {
  // What the app names itself is not in the index yet, and is not to be given to another of its ports.
  std::set<std::uint16_t> own;
  for (const PortDefinition& port : app.ports) own.insert(port.port);
  const int least = state.settings.local_port_min;
  const int most = state.settings.local_port_max - 1;
  const auto free_from = [&](int next) -> std::optional<std::uint16_t> {
    for (; next <= most; ++next) {
      const auto free =
          state.service_ports.lowest_free(static_cast<std::uint16_t>(next), static_cast<std::uint16_t>(most));
      if (!free || !own.contains(*free)) return free;
      next = *free;
    }
    return std::nullopt;
  };
  int next = least;
  for (PortDefinition& port : app.ports) {
    if (port.port != 0) continue;
    const auto free = free_from(next);
    if (!free) {
      return Error{Errc::internal, "All ports in the range [" + std::to_string(least) + "-" +
                                       std::to_string(state.settings.local_port_max) + ") are already in use"};
    }
    port.port = *free;
    next = *free + 1;
  }
  return std::nullopt;
}

void answer(Turn& turn, RequestId request, std::optional<Error> error = {}) {
  turn.fx.notices.push_back({.request = request, .error = std::move(error)});
}

// As in Marathon's v1, two apps may ask for one service port; whoever makes listeners from /v1/endpoints then gets two.
std::vector<std::string> shared_ports(const State& state, const App& app) {
  std::vector<std::string> warnings;
  for (const PortDefinition& port : app.ports) {
    const std::set<AppId>& others = state.service_ports.apps_of(port.port);
    if (others.empty()) continue;
    warnings.push_back("Service port " + std::to_string(port.port) + " is also the one of app '" +
                       others.begin()->value + "'");
  }
  return warnings;
}

Error unknown_app(const AppId& id) { return {Errc::not_found, "App '" + id.value + "' does not exist"}; }

// Versions of one app are apart, so that each names one definition.
TimePoint version_after(TimePoint now, TimePoint old) { return std::max(now, old + std::chrono::microseconds{1}); }

// The last change of configuration stays: instances need not be replaced, and a delay goes on (marathon.md 4.5).
void set_count(Turn& turn, App app, std::int64_t instances) {
  app.instances = instances;
  app.version = version_after(turn.in.now, app.version);
  app.last_scaling = app.version;
  put_app(turn, app);
}

// Either suffices; with neither, nothing is killed (marathon.md 1.3).
bool matches(const KillTasks& command, const Instance& instance) {
  const bool by_host = command.host && (*command.host == "*" || *command.host == instance.host);
  const bool by_task = command.task_id && *command.task_id == instance.task_id.value;
  return by_host || by_task;
}

}  // namespace

std::optional<Error> validate(const App& app) {
  std::vector<FieldError> broken = broken_rules(app);
  if (!broken.empty()) return invalid(std::move(broken.front()));
  for (const Constraint& constraint : app.constraints) {
    if (auto error = validate(constraint)) return error;
  }
  return std::nullopt;
}

void start_app(Turn& turn, const StartApp& command) {
  if (turn.state.apps.contains(command.app.id)) {
    return answer(turn, command.request,
                  Error{Errc::conflict, "An app with id [" + command.app.id.value + "] already exists."});
  }
  App app = command.app;
  if (auto error = validate(app)) return answer(turn, command.request, std::move(error));
  // Before ports are given out: those that are, nobody else has.
  std::vector<std::string> warnings = shared_ports(turn.state, app);
  if (auto error = assign_ports(turn.state, app)) return answer(turn, command.request, std::move(error));
  app.version = turn.in.now;
  app.last_config_change = turn.in.now;
  app.last_scaling = turn.in.now;
  put_app(turn, app);
  turn.fx.notices.push_back({.request = command.request, .warnings = std::move(warnings)});
}

void stop_app(Turn& turn, const StopApp& command) {
  if (!turn.state.apps.contains(command.id)) return answer(turn, command.request, unknown_app(command.id));
  // Its instances are surplus from now on, and are ended when the app is settled at the end of the step.
  remove_app(turn, command.id);
  answer(turn, command.request);
}

void scale_app(Turn& turn, const ScaleApp& command) {
  const App* app = find_app(turn.state, command.id);
  if (app == nullptr) return answer(turn, command.request, unknown_app(command.id));
  if (auto broken = broken_rule_of_count(command.instances)) {
    return answer(turn, command.request, invalid(std::move(*broken)));
  }
  if (app->instances != command.instances) set_count(turn, *app, command.instances);
  answer(turn, command.request);
}

void kill_tasks(Turn& turn, const KillTasks& command) {
  const App* app = find_app(turn.state, command.app);
  if (app == nullptr) return answer(turn, command.request, unknown_app(command.app));
  std::vector<InstancePtr> killed;
  for (const auto& [key, instance] : turn.state.index.at(command.app).instances) {
    if (instance->goal == Goal::running && matches(command, *instance)) killed.push_back(instance);
  }
  if (command.scale && !killed.empty()) {
    const auto count = static_cast<std::int64_t>(killed.size());
    set_count(turn, *app, std::max<std::int64_t>(0, app->instances - count));
  }
  Answer done{.request = command.request};
  for (const InstancePtr& each : killed) {
    end_instance(turn, each);
    done.killed.push_back(*each);
  }
  turn.fx.notices.push_back(std::move(done));
}

}  // namespace windlass::scheduler
