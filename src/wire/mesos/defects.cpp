// Rules 4 to 11 of mesos.md 2.6, as far as only the protobuf form of a task shows whether they hold.

#include "wire/mesos/convert.hpp"

#include <cmath>
#include <cstdint>

namespace windlass::convert {
namespace {

std::string kill_policy_defect(const pb::TaskInfo& task) {
  if (task.kill_policy().grace_period().nanoseconds() < 0) {
    return "Task's 'kill_policy.grace_period' must be non-negative";
  }
  if (task.max_completion_time().nanoseconds() < 0) return "Task's `max_completion_time` must be non-negative";
  return {};
}

std::string command_defect(const pb::CommandInfo& command) {
  for (const auto& variable : command.environment().variables()) {
    const bool secret = variable.type() == pb::Environment::Variable::SECRET;
    if (!secret && !variable.has_value()) {
      return "Environment variable '" + variable.name() + "' must have a value set";
    }
    if (secret && !variable.has_secret()) {
      return "Environment variable '" + variable.name() + "' of type 'SECRET' must have a secret set";
    }
  }
  return {};
}

std::string path_defect(const std::string& path, const char* kind) {
  if (path.starts_with('/')) return {};
  return "The path '" + path + "' of " + kind + " must start with '/'";
}

std::string probe_command_defect(const pb::CommandInfo& command, const char* what, const char* owner) {
  if (!command.has_value()) {
    return std::string{what} + " must contain " + (command.shell() ? "'shell command'" : "'executable path'");
  }
  const std::string defect = command_defect(command);
  return defect.empty() ? defect : std::string{owner} + " `CommandInfo` is invalid: " + defect;
}

// Refuses what is negative; as !(x >= 0), so that NaN is refused too.
std::string times_defect(double delay, double grace_period, double interval, double timeout) {
  if (!(delay >= 0.0)) return "Expecting 'delay_seconds' to be non-negative";
  if (!(grace_period >= 0.0)) return "Expecting 'grace_period_seconds' to be non-negative";
  if (!(interval >= 0.0)) return "Expecting 'interval_seconds' to be non-negative";
  if (!(timeout >= 0.0)) return "Expecting 'timeout_seconds' to be non-negative";
  return {};
}

std::string probe_defect(const pb::CheckInfo& check) {
  switch (check.type()) {
    case pb::CheckInfo::COMMAND:
      if (!check.has_command()) return "Expecting 'command' to be set for COMMAND check";
      return probe_command_defect(check.command().command(), "Command check", "Check's");
    case pb::CheckInfo::HTTP:
      if (!check.has_http()) return "Expecting 'http' to be set for HTTP check";
      return check.http().has_path() ? path_defect(check.http().path(), "HTTP check") : std::string{};
    case pb::CheckInfo::TCP: return check.has_tcp() ? "" : "Expecting 'tcp' to be set for TCP check";
    case pb::CheckInfo::UNKNOWN: break;
  }
  return "'UNKNOWN' is not a valid check type";
}

std::string check_defect(const pb::CheckInfo& check) {
  if (!check.has_type()) return "CheckInfo must specify 'type'";
  const std::string defect = probe_defect(check);
  if (!defect.empty()) return defect;
  return times_defect(check.delay_seconds(), 0, check.interval_seconds(), check.timeout_seconds());
}

std::string http_health_defect(const pb::HealthCheck::HTTPCheckInfo& http) {
  if (http.has_scheme() && http.scheme() != "http" && http.scheme() != "https") {
    return "Unsupported HTTP health check scheme: '" + http.scheme() + "'";
  }
  return http.has_path() ? path_defect(http.path(), "HTTP health check") : std::string{};
}

std::string health_probe_defect(const pb::HealthCheck& check, CheckType type) {
  switch (type) {
    case CheckType::command:
      if (!check.has_command()) return "Expecting 'command' to be set for COMMAND health check";
      return probe_command_defect(check.command(), "Command health check", "Health check's");
    case CheckType::http:
      if (!check.has_http()) return "Expecting 'http' to be set for HTTP health check";
      return http_health_defect(check.http());
    case CheckType::tcp: return check.has_tcp() ? "" : "Expecting 'tcp' to be set for TCP health check";
    case CheckType::unknown: break;
  }
  return "'UNKNOWN' is not a valid health check type";
}

// The type may be missing where it follows from the rest, as from() knows (mesos.md 2.6).
std::string health_check_defect(const pb::HealthCheck& check) {
  const CheckType type = from(check).type;
  if (!check.has_type() && type == CheckType::unknown) return "HealthCheck must specify 'type'";
  const std::string defect = health_probe_defect(check, type);
  if (!defect.empty()) return defect;
  return times_defect(check.delay_seconds(), check.grace_period_seconds(), check.interval_seconds(),
                      check.timeout_seconds());
}

std::string resource_defect(const pb::Resource& resource) {
  if (resource.name().empty()) return "Empty resource name";
  switch (resource.type()) {
    case pb::Value::SCALAR: {
      if (!resource.has_scalar() || resource.has_ranges() || resource.has_set()) return "Invalid scalar resource";
      const double value = resource.scalar().value();
      // 9e12: as thousandths it still fits into a double's whole numbers, and so into the model's.
      if (!std::isfinite(value) || value < 0 || value > 9e12) return "Invalid scalar resource: value is out of range";
      // Whole ones only (mesos.md 2.2).
      if (resource.name() == "gpus" && value != std::floor(value))
        return "The 'gpus' resource must be an unsigned integer";
      return {};
    }
    case pb::Value::RANGES:
      if (resource.has_scalar() || !resource.has_ranges() || resource.has_set()) return "Invalid ranges resource";
      for (const auto& range : resource.ranges().range()) {
        if (range.begin() > range.end()) return "Invalid ranges resource: begin is above end";
      }
      return {};
    case pb::Value::SET:
      if (resource.has_scalar() || resource.has_ranges() || !resource.has_set()) return "Invalid set resource";
      return {};
    default: return "Unsupported resource type";
  }
}

template <class Repeated>
std::string resources_defect(const Repeated& resources, const char* owner) {
  for (const auto& resource : resources) {
    const std::string defect = resource_defect(resource);
    if (!defect.empty()) {
      return std::string{owner} + " uses invalid resources: Resource '" + resource.name() + "' is invalid: " + defect;
    }
  }
  return {};
}

std::string container_defect(const pb::ContainerInfo& container) {
  if (container.type() == pb::ContainerInfo::DOCKER) {
    if (!container.has_docker()) return "DockerInfo 'docker' is not set for DOCKER typed ContainerInfo";
    for (const auto& parameter : container.docker().parameters()) {
      // A Mesos agent finds its containers again by the names that it gives them.
      if (parameter.key() == "name") return "Parameter in DockerInfo must not be 'name'";
    }
  }
  for (const auto& volume : container.volumes()) {
    // None is as wrong as two (mesos.md 2.6).
    const int sources = (volume.has_host_path() ? 1 : 0) + (volume.has_image() ? 1 : 0) + (volume.has_source() ? 1 : 0);
    if (sources != 1) return "Only one of 'host_path', 'image' or 'source' has to be set for a volume";
  }
  return {};
}

std::string limits_defect(const pb::TaskInfo& task) {
  for (const auto& [name, limit] : task.limits()) {
    if (name != "cpus" && name != "mem") return "Only cpus and mem may be included in a task's resource limits";
    // A sum, because reserved and unreserved resources of a name are entries of their own.
    double requested = 0;
    for (const auto& resource : task.resources()) {
      if (resource.name() == name) requested += resource.scalar().value();
    }
    // Infinity passes, and stands for no limit (mesos.md 0.2).
    if (!(limit.value() >= requested)) {
      return std::string{name == "cpus" ? "The cpu limit must be greater than or equal to the cpu request"
                                        : "The memory limit must be greater than or equal to the memory request"};
    }
  }
  return {};
}

}  // namespace

std::string task_defect(const pb::TaskInfo& task) {
  // The order counts: a framework is told of the first rule that is broken (mesos.md 2.6).
  std::string defect = kill_policy_defect(task);
  if (defect.empty() && task.has_check()) {
    defect = check_defect(task.check());
    if (!defect.empty()) defect = "Task uses invalid check: " + defect;
  }
  if (defect.empty() && task.has_health_check()) {
    defect = health_check_defect(task.health_check());
    if (!defect.empty()) defect = "Task uses invalid health check: " + defect;
  }
  if (defect.empty()) defect = resources_defect(task.resources(), "Task");
  if (defect.empty() && task.has_command()) {
    defect = command_defect(task.command());
    if (!defect.empty()) defect = "Task's `CommandInfo` is invalid: " + defect;
  }
  if (defect.empty() && task.has_container()) {
    defect = container_defect(task.container());
    if (!defect.empty()) defect = "Task's `ContainerInfo` is invalid: " + defect;
  }
  if (defect.empty()) defect = limits_defect(task);
  // The executor's come last, with the rules about executors (mesos.md 2.6).
  if (defect.empty() && task.has_executor()) defect = resources_defect(task.executor().resources(), "Executor");
  return defect;
}

}  // namespace windlass::convert
