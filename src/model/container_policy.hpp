#pragma once
// What the operator of an agent lets containers have of the machine. Empty: everything that Docker can give.

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace windlass {

enum class ContainerRight {
  privileged,     // --privileged
  mounts,         // paths of the host
  network,        // the host's network
  pid,            // the host's processes
  ipc,            // the host's shared memory and semaphores
  uts,            // the host's name
  userns,         // the host's users where the Engine maps them
  cgroupns,       // the host's view of control groups
  devices,        // devices of the host, and rules about them
  gpus,           // --gpus
  capabilities,   // more than Docker gives by itself
  security,       // --security-opt other than to tighten
  containers,     // namespaces, volumes and links of other containers
  cgroup_parent,  // another control group than the executor's
  runtime,        // another runtime than the Engine's own, annotations for it
};

// "privileged", "cgroup_parent": as flags name it.
std::string to_string(ContainerRight right);
[[nodiscard]] std::optional<ContainerRight> container_right(std::string_view name);
// In the order of the enumeration.
const std::vector<ContainerRight>& all_container_rights();

struct ContainerPolicy {
  std::set<ContainerRight> denied = {};
  // What is allowed although its right is denied.
  std::set<std::string> mounts = {};        // absolute paths, each with all that is below
  std::set<std::string> devices = {};       // the same: "/dev/fuse", "/dev/dri"
  std::set<std::string> capabilities = {};  // "CAP_NET_ADMIN"
  friend bool operator==(const ContainerPolicy&, const ContainerPolicy&) = default;
};

// The path is one of these or below one of them. REQUIRES: it has no ".." and no "//".
[[nodiscard]] bool is_below(const std::set<std::string>& allowed, const std::string& path);

// Allows what both allow: nobody can take back what somebody else has denied.
[[nodiscard]] ContainerPolicy both(const ContainerPolicy& one, const ContainerPolicy& other);

}  // namespace windlass
