#include "model/container_policy.hpp"

#include <algorithm>
#include <array>

namespace windlass {

namespace {

constexpr auto right_names =
    std::to_array<const char*>({"privileged", "mounts", "network", "pid", "ipc", "uts", "userns", "cgroupns", "devices",
                                "gpus", "capabilities", "security", "containers", "cgroup_parent", "runtime"});

using Names = std::set<std::string>;

// The exceptions for one right: where only one of the two denies it, only that one's count.
Names both_exceptions(ContainerRight right, const ContainerPolicy& one, const Names& names,
                      const ContainerPolicy& other, const Names& other_names, bool paths) {
  if (!one.denied.contains(right)) return other_names;
  if (!other.denied.contains(right)) return names;
  Names common;
  const auto covered = [&](const Names& list, const std::string& name) {
    return paths ? is_below(list, name) : list.contains(name);
  };
  for (const std::string& name : names) {
    if (covered(other_names, name)) common.insert(name);
  }
  for (const std::string& name : other_names) {
    if (covered(names, name)) common.insert(name);
  }
  return common;
}

}  // namespace

std::string to_string(ContainerRight right) { return right_names[static_cast<std::size_t>(right)]; }

std::optional<ContainerRight> container_right(std::string_view name) {
  const auto* found = std::find(right_names.begin(), right_names.end(), name);
  if (found == right_names.end()) return std::nullopt;
  return static_cast<ContainerRight>(found - right_names.begin());
}

const std::vector<ContainerRight>& all_container_rights() {
  static const std::vector<ContainerRight> all = [] {
    std::vector<ContainerRight> rights;
    for (std::size_t i = 0; i < right_names.size(); ++i) rights.push_back(static_cast<ContainerRight>(i));
    return rights;
  }();
  return all;
}

bool is_below(const std::set<std::string>& allowed, const std::string& path) {
  return std::any_of(allowed.begin(), allowed.end(),
                     [&](const std::string& top) { return top == "/" || path == top || path.starts_with(top + "/"); });
}

ContainerPolicy both(const ContainerPolicy& one, const ContainerPolicy& other) {
  ContainerPolicy policy{.denied = one.denied};
  policy.denied.insert(other.denied.begin(), other.denied.end());
  policy.mounts = both_exceptions(ContainerRight::mounts, one, one.mounts, other, other.mounts, true);
  policy.devices = both_exceptions(ContainerRight::devices, one, one.devices, other, other.devices, true);
  policy.capabilities =
      both_exceptions(ContainerRight::capabilities, one, one.capabilities, other, other.capabilities, false);
  return policy;
}

}  // namespace windlass
