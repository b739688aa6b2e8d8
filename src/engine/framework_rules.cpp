#include "engine/framework_rules.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

namespace windlass::engine {
namespace {

// As Mesos (mesos.md 2.4); file systems take no longer names either.
constexpr std::size_t id_length_max = 255;
// The longest that 64 bits of nanoseconds can say.
constexpr double seconds_max = 9223372036.0;

std::vector<std::string> components_of(const std::string& role) {
  std::vector<std::string> components{""};
  for (const char c : role) {
    if (c == '/') {
      components.emplace_back();
    } else {
      components.back() += c;
    }
  }
  return components;
}

std::optional<std::string> component_error(const std::string& role, const std::string& component) {
  if (component == "." || component == ".." || component == "*") {
    return "Role '" + role + "' cannot include '" + component + "' as a component";
  }
  const std::string invalid = "Role component '" + component + "' is invalid because it ";
  if (component.starts_with('-')) return invalid + "starts with a dash";
  // The last character is DEL, which Mesos calls backspace.
  if (component.find_first_of("\t\n\v\f\r \x7f") != std::string::npos) {
    return invalid + "contains backspace or whitespace";
  }
  return std::nullopt;
}

// As Mesos prints a set: "{ a, b }".
std::string braced(const std::set<std::string>& items) {
  std::string text;
  for (const std::string& item : items) text += (text.empty() ? "" : ", ") + item;
  return "{ " + text + " }";
}

// `role` is the older field, `roles` that of MULTI_ROLE frameworks; only one of them may be set (mesos.md 1.10).
std::optional<std::string> roles_error(const FrameworkInfo& info) {
  if (!info.can(Capability::multi_role)) {
    if (!info.roles.empty()) {
      return "'FrameworkInfo.roles' must not be set when the framework is not MULTI_ROLE capable";
    }
    const auto error = role_error(info.role.value_or("*"));
    if (error) return "'FrameworkInfo.role' is not a valid role: " + *error;
    return std::nullopt;
  }
  if (info.role) return "'FrameworkInfo.role' must not be set when the framework is MULTI_ROLE capable";
  std::set<std::string> seen;
  std::set<std::string> twice;
  for (const std::string& role : info.roles) {
    if (!seen.insert(role).second) twice.insert(role);
  }
  if (!twice.empty()) return "'FrameworkInfo.roles' contains duplicate items: " + braced(twice);
  for (const std::string& role : info.roles) {
    if (const auto error = role_error(role)) return "'FrameworkInfo.roles' contains invalid role: " + *error;
  }
  return std::nullopt;
}

const char* text_of(bool value) { return value ? "true" : "false"; }

}  // namespace

std::optional<std::string> role_error(const std::string& role) {
  if (role == "*") return std::nullopt;
  if (role.starts_with('/')) return "Role '" + role + "' cannot start with a slash";
  if (role.ends_with('/')) return "Role '" + role + "' cannot end with a slash";
  if (role.find("//") != std::string::npos) return "Role '" + role + "' cannot contain two adjacent slashes";
  if (role.empty()) return "Role names cannot be the empty string";
  for (const std::string& component : components_of(role)) {
    if (auto error = component_error(role, component)) return error;
  }
  return std::nullopt;
}

// Ids of frameworks and executors become folders in the path of a sandbox: neither "/" nor ".." may get through.
std::optional<std::string> id_error(const std::string& id) {
  if (id.empty()) return "ID must not be empty";
  if (id.size() > id_length_max) return "ID must not be greater than 255 characters";
  if (id == "." || id == "..") return "'" + id + "' is disallowed";
  const bool invalid = std::any_of(id.begin(), id.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f || c == '/' || c == '\\';
  });
  if (invalid) return "'" + id + "' contains invalid characters";
  return std::nullopt;
}

std::optional<std::string> framework_error(const FrameworkInfo& info) {
  if (auto error = roles_error(info)) return error;
  if (!info.id.empty()) {
    if (auto error = id_error(info.id.value)) return error;
  }
  // Written so that NaN is refused, too.
  if (!(std::fabs(info.failover_timeout) < seconds_max)) {
    std::array<char, 40> number{};
    std::snprintf(number.data(), number.size(), "%g", info.failover_timeout);
    return "The framework failover_timeout (" + std::string{number.data()} + ") is invalid";
  }
  return std::nullopt;
}

std::optional<std::string> suppressed_roles_error(const FrameworkInfo& info, const std::vector<std::string>& roles) {
  const auto valid = info.all_roles();
  std::set<std::string> strangers{roles.begin(), roles.end()};
  for (const std::string& role : valid) strangers.erase(role);
  if (strangers.empty()) return std::nullopt;
  return "Suppressed roles " + braced(strangers) + " are not contained in the set of roles";
}

std::optional<std::string> update_error(const FrameworkInfo& old_info, const FrameworkInfo& new_info) {
  if (old_info.principal != new_info.principal) return principal_changed;
  // User and checkpoint are fixed: tasks that run were started with them (mesos.md 2.3).
  if (old_info.user != new_info.user) {
    return "Updating 'FrameworkInfo.user' is unsupported; attempted to update from '" + old_info.user + "' to '" +
           new_info.user + "'";
  }
  if (old_info.checkpoint != new_info.checkpoint) {
    return std::string{"Updating 'FrameworkInfo.checkpoint' is unsupported; attempted to update from '"} +
           text_of(old_info.checkpoint) + "' to '" + text_of(new_info.checkpoint) + "'";
  }
  return std::nullopt;
}

// In Mesos' order. The check for a removed framework is what burns its id (mesos.md 1.10).
std::optional<std::string> subscribe_error(const FrameworkRecord* known, const calls::Subscribe& call) {
  if (auto error = framework_error(call.info)) return error;
  if (known != nullptr && known->removed) return "Framework has been removed";
  if (auto error = suppressed_roles_error(call.info, call.suppressed_roles)) return error;
  if (known != nullptr && known->info.principal != call.info.principal) return principal_changed;
  return std::nullopt;
}

FrameworkId framework_id(const std::string& master_id, std::uint64_t number) {
  std::array<char, 32> text{};
  // Mesos' form (mesos.md 10.2), which people and scripts know from its logs and paths.
  std::snprintf(text.data(), text.size(), "-%04llu", static_cast<unsigned long long>(number));
  return {master_id + text.data()};
}

std::optional<TimePoint> failover_deadline(const FrameworkRecord& record) {
  if (record.removed || !record.disconnected) return std::nullopt;
  // A negative timeout is valid, and means 0: the framework is removed as soon as its stream ends (mesos.md 1.10).
  const std::chrono::duration<double> timeout{std::max(0.0, record.info.failover_timeout)};
  return *record.disconnected + std::chrono::duration_cast<TimePoint::duration>(timeout);
}

// The order and the texts are those of mesos.md 1.3, point 10: 403 is for a framework that has only lost its stream,
// whatever is wrong with an id is 400.
std::optional<CallRefusal> call_refusal(const FrameworkId& id, bool is_known, const std::optional<Uuid>& stream,
                                        const std::optional<std::string>& header) {
  if (!is_known) return CallRefusal{400, "Framework cannot be found"};
  if (!stream) return CallRefusal{403, "Framework is not subscribed"};
  if (!header) return CallRefusal{400, "All non-subscribe calls should include the 'Mesos-Stream-Id' header"};
  if (*header == stream->to_string()) return std::nullopt;
  return CallRefusal{400, "The stream ID '" + *header +
                              "' included in this request didn't match the stream ID currently associated with"
                              " framework ID " +
                              id.value};
}

}  // namespace windlass::engine
