#include "container/policy_check.hpp"

#include "container/scalars.hpp"

#include <algorithm>
#include <array>
#include <set>

namespace windlass {

namespace {

using Spec = ContainerSpec;
using Policy = ContainerPolicy;
using Right = ContainerRight;

Error not_allowed(const std::string& what) {
  return Error{Errc::forbidden, "The operator of this agent does not allow " + what, {}};
}

bool joins_container(const std::string& mode) { return mode.starts_with("container:"); }

// What Docker gives every container anyway: --cap-add of one of these gives it nothing more.
const std::set<std::string> default_capabilities{
    "CAP_AUDIT_WRITE", "CAP_CHOWN",   "CAP_DAC_OVERRIDE",     "CAP_FOWNER",    "CAP_FSETID",
    "CAP_KILL",        "CAP_MKNOD",   "CAP_NET_BIND_SERVICE", "CAP_NET_RAW",   "CAP_SETFCAP",
    "CAP_SETGID",      "CAP_SETPCAP", "CAP_SETUID",           "CAP_SYS_CHROOT"};

// Options that only take rights away. Any other counts as one that gives rights: what newer Engines invent is denied
// until it is known here.
const std::set<std::string> tightening{"no-new-privileges", "no-new-privileges=true", "no-new-privileges:true",
                                       "seccomp=builtin", "seccomp:builtin"};

// The local driver mounts whatever its options say; these types have nothing of this machine, unless it is bound.
const std::set<std::string> foreign_filesystems{"tmpfs", "nfs", "nfs4", "cifs"};

// The host's path that a volume of the local driver would mount; empty: none. With options
// ("type=none,o=bind,device=/etc") such a volume is a bind mount under another name.
std::string mounted_device(const VolumeOptions& options) {
  const auto option = [&](const char* name) {
    const auto found = options.driver_options.find(name);
    return found == options.driver_options.end() ? std::string{} : found->second;
  };
  const std::string device = option("device");
  const bool bound = option("o").find("bind") != std::string::npos;
  return foreign_filesystems.contains(option("type")) && !bound ? std::string{} : device;
}

Result<void> check_path(const Policy& policy, const std::string& path, const char* option) {
  // Cleaned before it is compared: "/data/../etc" is not below "/data".
  if (path.starts_with('/') && is_below(policy.mounts, docker::clean_path(path))) return {};
  return not_allowed("the host's '" + path + "' in a container (" + option + ")");
}

Result<void> check_mounts(const Spec& spec, const Policy& policy) {
  for (const std::string& bind : spec.binds) {
    const std::string source = bind.substr(0, bind.find(':'));
    if (source.find_first_of("/.~") != 0) continue;  // the name of a volume
    auto checked = check_path(policy, source, "--volume");
    if (!checked) return checked;
  }
  for (const MountSpec& mount : spec.mounts) {
    const bool of_host = mount.type == MountType::bind || mount.type == MountType::npipe;
    const std::string source = of_host ? mount.source : mount.volume ? mounted_device(*mount.volume) : std::string{};
    if (source.empty() && !of_host) continue;
    auto checked = check_path(policy, source, "--mount");
    if (!checked) return checked;
  }
  return {};
}

Result<void> check_devices(const Spec& spec, const Policy& policy) {
  for (const DeviceMapping& device : spec.devices) {
    if (is_below(policy.devices, docker::clean_path(device.host))) continue;
    return not_allowed("the host's device '" + device.host + "' in a container (--device)");
  }
  // CDI can name any device of the host, and brings mounts and hooks along: no list of paths can allow it.
  for (const DeviceRequest& request : spec.device_requests) {
    if (request.driver == "cdi") return not_allowed("devices of the host in a container (--device)");
  }
  // A rule is about device numbers and not paths: with CAP_MKNOD, which is Docker's default, a container makes the
  // node.
  if (!spec.device_cgroup_rules.empty()) return not_allowed("rules about devices (--device-cgroup-rule)");
  return {};
}

Result<void> check_gpus(const Spec& spec, const Policy&) {
  for (const DeviceRequest& request : spec.device_requests) {
    if (request.driver != "cdi") return not_allowed("GPUs in a container (--gpus)");
  }
  return {};
}

Result<void> check_capabilities(const Spec& spec, const Policy& policy) {
  if (policy.capabilities.contains("ALL")) return {};
  for (const std::string& name : spec.cap_add) {
    if (default_capabilities.contains(name) || policy.capabilities.contains(name)) continue;
    return not_allowed("the capability " + name + " (--cap-add)");
  }
  return {};
}

Result<void> check_security(const Spec& spec, const Policy&) {
  if (spec.unmask_system_paths) return not_allowed("unmasked system paths (--security-opt systempaths=unconfined)");
  for (const std::string& option : spec.security_options) {
    if (!tightening.contains(option)) return not_allowed("the security option '" + option + "' (--security-opt)");
  }
  return {};
}

Result<void> check_containers(const Spec& spec, const Policy&) {
  // A container's namespaces are those of the task that runs in it, which may be another framework's.
  if (joins_container(spec.network_mode)) return not_allowed("another container's network (--network)");
  if (joins_container(spec.pid_mode)) return not_allowed("another container's processes (--pid)");
  if (joins_container(spec.ipc_mode)) return not_allowed("another container's IPC (--ipc)");
  if (!spec.volumes_from.empty()) return not_allowed("another container's volumes (--volumes-from)");
  if (!spec.links.empty()) return not_allowed("links to other containers (--link)");
  return {};
}

Result<void> check_privileged(const Spec& spec, const Policy&) {
  if (!spec.privileged) return {};
  return not_allowed("privileged containers (--privileged)");
}

Result<void> check_network(const Spec& spec, const Policy&) {
  // --network may be given more than once, and host may be any of them.
  const bool joins = std::any_of(spec.networks.begin(), spec.networks.end(),
                                 [](const NetworkAttachment& network) { return network.name == "host"; });
  if (spec.network_mode != "host" && !joins) return {};
  return not_allowed("the host's network in a container (--network host)");
}

template <auto Field>
Result<void> check_mode(const Spec& spec, const char* what) {
  if (spec.*Field != "host") return {};
  return not_allowed(what);
}
Result<void> check_pid(const Spec& spec, const Policy&) {
  return check_mode<&Spec::pid_mode>(spec, "the host's processes in a container (--pid host)");
}
Result<void> check_ipc(const Spec& spec, const Policy&) {
  return check_mode<&Spec::ipc_mode>(spec, "the host's IPC in a container (--ipc host)");
}
Result<void> check_uts(const Spec& spec, const Policy&) {
  return check_mode<&Spec::uts_mode>(spec, "the host's UTS namespace in a container (--uts host)");
}
Result<void> check_userns(const Spec& spec, const Policy&) {
  return check_mode<&Spec::userns_mode>(spec, "the host's users in a container (--userns host)");
}
Result<void> check_cgroupns(const Spec& spec, const Policy&) {
  return check_mode<&Spec::cgroupns_mode>(spec, "the host's control groups in a container (--cgroupns host)");
}

Result<void> check_runtime(const Spec& spec, const Policy&) {
  if (!spec.runtime.empty()) return not_allowed("the runtime '" + spec.runtime + "' (--runtime)");
  if (!spec.annotations.empty()) return not_allowed("annotations for the runtime (--annotation)");
  return {};
}

struct RightCheck {
  Right right;
  Result<void> (*check)(const Spec& spec, const Policy& policy);
};

constexpr auto right_checks = std::to_array<RightCheck>({
    {Right::privileged, check_privileged},
    {Right::mounts, check_mounts},
    {Right::network, check_network},
    {Right::pid, check_pid},
    {Right::ipc, check_ipc},
    {Right::uts, check_uts},
    {Right::userns, check_userns},
    {Right::cgroupns, check_cgroupns},
    {Right::devices, check_devices},
    {Right::gpus, check_gpus},
    {Right::capabilities, check_capabilities},
    {Right::security, check_security},
    {Right::containers, check_containers},
    {Right::runtime, check_runtime},
});

}  // namespace

Result<void> check_policy(const ContainerSpec& spec, const ContainerPolicy& policy, const std::string& own_cgroup) {
  // In the order of the flag's help, so that a container with several faults is always refused for the same one.
  for (const RightCheck& each : right_checks) {
    if (!policy.denied.contains(each.right)) continue;
    auto checked = each.check(spec, policy);
    if (!checked) return checked;
  }
  // Apart from the table: the executor itself sets a parent, which is not the container's wish.
  if (policy.denied.contains(Right::cgroup_parent) && spec.cgroup_parent != own_cgroup) {
    return not_allowed("the control group '" + spec.cgroup_parent + "' (--cgroup-parent)");
  }
  return {};
}

}  // namespace windlass
