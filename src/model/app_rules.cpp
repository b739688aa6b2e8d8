#include "model/app_rules.hpp"

#include "model/image_name.hpp"

#include <algorithm>
#include <set>
#include <string_view>

namespace windlass {
namespace {

using Broken = std::optional<std::string>;

// Far below where thousandths no longer fit into 64 bits (to_milli).
constexpr double amount_max = 1e9;

std::string at_least(const std::string& least) { return "must be greater than or equal to " + least; }
std::string at_most(const std::string& most) { return "must be less than or equal to " + most; }
std::string must_match(std::string_view pattern) { return "must match \"" + std::string{pattern} + "\""; }

Broken of_id(const std::string& id) {
  if (id.size() < 2 || id.front() != '/') return "may not be empty";
  if (id.size() > app_id_bytes_max) return "length must be between 1 and " + std::to_string(app_id_bytes_max - 1);
  // The id becomes a part of task ids, in which Mesos refuses these (mesos.md 2.4).
  const bool control = std::any_of(
      id.begin(), id.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f || c == '\\'; });
  if (control) return "contains characters that Mesos does not take";
  return std::nullopt;
}

Broken of_amount(double value, double least, const char* least_text) {
  // Written so that NaN breaks the rule.
  if (!(value >= least)) return at_least(least_text);
  if (!(value <= amount_max)) return at_most("1000000000");
  return std::nullopt;
}

Broken of_count(std::int64_t instances) {
  if (instances < 0) return at_least("0");
  if (instances > instances_max) return at_most(std::to_string(instances_max));
  return std::nullopt;
}

Broken of_command(const App& app) {
  if (!app.cmd && app.args.empty() && !app.seed_container) return "may not be empty";
  return std::nullopt;
}

// Marathon's pattern (marathon.md 1.2), by hand: its dot takes no line break.
Broken of_executor(const std::string& executor) {
  const bool path =
      executor.size() > 1 && executor[0] == '/' && executor[1] != '/' && executor.find('\n') == std::string::npos;
  if (executor.empty() || executor == "//cmd" || path) return std::nullopt;
  return must_match("(^//cmd$)|(^/[^/].*$)|");
}

// What an environment block cannot hold: names end at the first =, and texts at a byte 0.
Broken of_env(const std::map<std::string, std::string>& env) {
  for (const auto& [name, value] : env) {
    if (name.empty() || name.find('=') != std::string::npos || name.find('\0') != std::string::npos) {
      return "has a variable without a usable name";
    }
    if (value.find('\0') != std::string::npos) return "the value of " + name + " has a byte 0";
  }
  return std::nullopt;
}

Broken of_uris(const std::vector<Uri>& uris) {
  const bool empty = std::any_of(uris.begin(), uris.end(), [](const Uri& uri) { return uri.value.empty(); });
  if (empty) return "may not be empty";
  return std::nullopt;
}

Broken of_ports(const std::vector<PortDefinition>& ports) {
  if (ports.size() > ports_max) return "size must be between 0 and " + std::to_string(ports_max);
  std::set<std::uint16_t> seen;
  for (const PortDefinition& port : ports) {
    if (port.port != 0 && !seen.insert(port.port).second) return "Ports must be unique.";
  }
  return std::nullopt;
}

Broken of_image(const std::string& image) {
  if (!image.starts_with(image_scheme) || image.size() == image_scheme.size()) return must_match("^docker:///.+$");
  const auto name = parse_image_name(image);
  if (!name) return name.error().message;
  return std::nullopt;
}

}  // namespace

std::vector<FieldError> broken_rules(const App& app) {
  std::vector<FieldError> errors;
  const auto check = [&](const char* field, Broken broken) {
    if (broken) errors.push_back({field, std::move(*broken)});
  };
  check("id", of_id(app.id.value));
  check("cmd", of_command(app));
  check("env", of_env(app.env));
  check("instances", of_count(app.instances));
  check("cpus", of_amount(app.cpus, 0.001, "0.001"));
  check("mem", of_amount(app.mem, 0, "0"));
  check("disk", of_amount(app.disk, 0, "0"));
  check("taskRateLimit", of_amount(app.task_rate_limit, 0, "0"));
  check("executor", of_executor(app.executor));
  check("uris", of_uris(app.fetch));
  check("ports", of_ports(app.ports));
  if (app.seed_container) check("container.image", of_image(app.seed_container->image));
  return errors;
}

std::optional<FieldError> broken_rule_of_count(std::int64_t instances) {
  auto broken = of_count(instances);
  if (!broken) return std::nullopt;
  return FieldError{"instances", std::move(*broken)};
}

}  // namespace windlass
