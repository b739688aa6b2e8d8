#include "wire/docker/container_body.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <array>
#include <utility>

namespace windlass {

namespace {

namespace json = boost::json;

constexpr std::string_view cdi_driver = "cdi";

// Since or until when the Engine's API has what.
constexpr DockerApiVersion platform_at_create{41};
constexpr DockerApiVersion mac_address_in_network{44};

// What is empty is left out: to the Engine that is "as you have it", while an empty value may be a value.
void put(json::object& object, const char* key, const std::string& text) {
  if (!text.empty()) object[key] = text;
}
template <class Number>
void put(json::object& object, const char* key, const std::optional<Number>& number) {
  if (number) object[key] = *number;
}
void put_true(json::object& object, const char* key, bool flag) {
  if (flag) object[key] = true;
}
json::array to_array(const std::vector<std::string>& list) {
  json::array array;
  for (const std::string& item : list) array.emplace_back(item);
  return array;
}
void put(json::object& object, const char* key, const std::vector<std::string>& list) {
  if (!list.empty()) object[key] = to_array(list);
}
json::object to_object(const std::map<std::string, std::string>& map) {
  json::object object;
  for (const auto& [key, value] : map) object[key] = value;
  return object;
}
void put(json::object& object, const char* key, const std::map<std::string, std::string>& map) {
  if (!map.empty()) object[key] = to_object(map);
}

std::string port_key(const PortBinding& binding) {
  return std::to_string(binding.container_port) + "/" + binding.protocol;
}

void put_ports(json::object& body, json::object& host, const ContainerSpec& spec) {
  json::object exposed;
  json::object bindings;
  for (const std::string& port : spec.exposed) exposed[port] = json::object{};
  for (const PortBinding& binding : spec.ports) {
    const std::string key = port_key(binding);
    // A port that is published is exposed as well, as with the CLI.
    exposed[key] = json::object{};
    if (!bindings.contains(key)) bindings[key] = json::array{};
    bindings[key].get_array().push_back(json::object{{"HostIp", binding.host_ip}, {"HostPort", binding.host_port}});
  }
  if (!exposed.empty()) body["ExposedPorts"] = std::move(exposed);
  if (!bindings.empty()) host["PortBindings"] = std::move(bindings);
  put_true(host, "PublishAllPorts", spec.publish_all);
}

json::object to_json(const NetworkAttachment& network) {
  json::object object;
  put(object, "Aliases", network.aliases);
  put(object, "Links", network.links);
  put(object, "MacAddress", network.mac_address);
  put(object, "DriverOpts", network.driver_options);
  if (network.gateway_priority != 0) object["GwPriority"] = network.gateway_priority;
  json::object addresses;
  put(addresses, "IPv4Address", network.ipv4);
  put(addresses, "IPv6Address", network.ipv6);
  put(addresses, "LinkLocalIPs", network.link_local_ips);
  if (!addresses.empty()) object["IPAMConfig"] = std::move(addresses);
  return object;
}

// The API's word for what Docker takes when nothing is said.
std::string network_mode(const ContainerSpec& spec) {
  return spec.network_mode.empty() ? std::string{"default"} : spec.network_mode;
}

// Newer Engines want the container's MAC address where it belongs, in its network.
void put_networks(json::object& body, json::object& host, const ContainerSpec& spec, DockerApiVersion version) {
  host["NetworkMode"] = network_mode(spec);
  std::vector<NetworkAttachment> networks = spec.networks;
  if (version < mac_address_in_network) {
    put(body, "MacAddress", spec.mac_address);
  } else if (!spec.mac_address.empty()) {
    if (networks.empty()) networks.push_back({.name = network_mode(spec)});
    networks.front().mac_address = spec.mac_address;
  }
  if (networks.empty()) return;
  json::object endpoints;
  for (const NetworkAttachment& network : networks) endpoints[network.name] = to_json(network);
  body["NetworkingConfig"] = json::object{{"EndpointsConfig", std::move(endpoints)}};
}

void put_names(json::object& host, const ContainerSpec& spec) {
  put(host, "Dns", spec.dns);
  put(host, "DnsSearch", spec.dns_search);
  put(host, "DnsOptions", spec.dns_options);
  put(host, "ExtraHosts", spec.extra_hosts);
  put(host, "Links", spec.links);
}

json::object to_json(const BindOptions& options) {
  json::object object;
  put(object, "Propagation", options.propagation);
  put_true(object, "NonRecursive", options.non_recursive);
  put_true(object, "ReadOnlyNonRecursive", options.read_only_non_recursive);
  put_true(object, "ReadOnlyForceRecursive", options.read_only_force_recursive);
  return object;
}

json::object to_json(const VolumeOptions& options) {
  json::object driver;
  put(driver, "Name", options.driver);
  put(driver, "Options", options.driver_options);
  json::object object{{"DriverConfig", std::move(driver)}};
  put_true(object, "NoCopy", options.no_copy);
  put(object, "Subpath", options.subpath);
  put(object, "Labels", options.labels);
  return object;
}

json::object to_json(const TmpfsOptions& options) {
  json::object object;
  if (options.bytes != 0) object["SizeBytes"] = options.bytes;
  if (options.mode != 0) object["Mode"] = options.mode;
  return object;
}

json::object to_json(const MountSpec& mount) {
  static constexpr auto types = std::to_array<const char*>({"bind", "volume", "tmpfs", "image", "npipe", "cluster"});
  json::object object{{"Type", types[static_cast<std::size_t>(mount.type)]}, {"Target", mount.target}};
  put(object, "Source", mount.source);
  put_true(object, "ReadOnly", mount.read_only);
  put(object, "Consistency", mount.consistency);
  if (mount.bind) object["BindOptions"] = to_json(*mount.bind);
  if (mount.volume) object["VolumeOptions"] = to_json(*mount.volume);
  if (mount.tmpfs) object["TmpfsOptions"] = to_json(*mount.tmpfs);
  if (mount.image) {
    json::object image;
    put(image, "Subpath", mount.image->subpath);
    object["ImageOptions"] = std::move(image);
  }
  return object;
}

void put_files(json::object& body, json::object& host, const ContainerSpec& spec) {
  put(host, "Binds", spec.binds);
  if (!spec.anonymous_volumes.empty()) {
    json::object volumes;
    for (const std::string& target : spec.anonymous_volumes) volumes[target] = json::object{};
    body["Volumes"] = std::move(volumes);
  }
  if (!spec.mounts.empty()) {
    json::array mounts;
    for (const MountSpec& mount : spec.mounts) mounts.push_back(to_json(mount));
    host["Mounts"] = std::move(mounts);
  }
  put(host, "VolumesFrom", spec.volumes_from);
  put(host, "VolumeDriver", spec.volume_driver);
  put(host, "Tmpfs", spec.tmpfs);
  put(host, "StorageOpt", spec.storage_options);
  put_true(host, "ReadonlyRootfs", spec.read_only_root);
}

json::object to_json(const DeviceRequest& request) {
  json::array capabilities;
  for (const auto& all_of : request.capabilities) capabilities.push_back(to_array(all_of));
  json::object object{{"Driver", request.driver}, {"Count", request.count}};
  put(object, "DeviceIDs", request.ids);
  if (!capabilities.empty()) object["Capabilities"] = std::move(capabilities);
  // As the CLI sends them: GPUs with their options, even if there are none, and CDI devices without.
  if (request.driver != cdi_driver) object["Options"] = to_object(request.options);
  return object;
}

void put_devices(json::object& host, const ContainerSpec& spec) {
  json::array devices;
  for (const DeviceMapping& device : spec.devices) {
    devices.push_back(json::object{
        {"PathOnHost", device.host}, {"PathInContainer", device.container}, {"CgroupPermissions", device.permissions}});
  }
  if (!devices.empty()) host["Devices"] = std::move(devices);
  put(host, "DeviceCgroupRules", spec.device_cgroup_rules);
  json::array requests;
  for (const DeviceRequest& request : spec.device_requests) requests.push_back(to_json(request));
  if (!requests.empty()) host["DeviceRequests"] = std::move(requests);
}

void put_rights(json::object& host, const ContainerSpec& spec) {
  put_true(host, "Privileged", spec.privileged);
  put(host, "CapAdd", spec.cap_add);
  put(host, "CapDrop", spec.cap_drop);
  put(host, "SecurityOpt", spec.security_options);
  // Empty lists, since leaving them out means Docker's own.
  if (spec.unmask_system_paths) {
    host["MaskedPaths"] = json::array{};
    host["ReadonlyPaths"] = json::array{};
  }
  put(host, "GroupAdd", spec.groups);
  put(host, "IpcMode", spec.ipc_mode);
  put(host, "PidMode", spec.pid_mode);
  put(host, "UTSMode", spec.uts_mode);
  put(host, "UsernsMode", spec.userns_mode);
  put(host, "CgroupnsMode", spec.cgroupns_mode);
  put(host, "Sysctls", spec.sysctls);
  put(host, "Annotations", spec.annotations);
  put(host, "Runtime", spec.runtime);
  put(host, "Isolation", spec.isolation);
}

void put_cpu(json::object& host, const ContainerSpec& spec) {
  put(host, "CpuShares", spec.cpu_shares);
  put(host, "CpuQuota", spec.cpu_quota_us);
  put(host, "CpuPeriod", spec.cpu_period_us);
  put(host, "CpuRealtimePeriod", spec.cpu_rt_period_us);
  put(host, "CpuRealtimeRuntime", spec.cpu_rt_runtime_us);
  put(host, "NanoCpus", spec.nano_cpus);
  put(host, "CpusetCpus", spec.cpuset_cpus);
  put(host, "CpusetMems", spec.cpuset_mems);
}

void put_memory(json::object& host, const ContainerSpec& spec) {
  put(host, "Memory", spec.memory_bytes);
  put(host, "MemoryReservation", spec.memory_reservation_bytes);
  put(host, "MemorySwap", spec.memory_swap_bytes);
  put(host, "MemorySwappiness", spec.memory_swappiness);
  put(host, "ShmSize", spec.shm_bytes);
  put_true(host, "OomKillDisable", spec.oom_kill_disable);
  put(host, "OomScoreAdj", spec.oom_score_adj);
}

void put(json::object& object, const char* key, const char* value_key, const std::vector<DeviceLimit>& limits) {
  json::array array;
  for (const DeviceLimit& limit : limits) array.push_back(json::object{{"Path", limit.path}, {value_key, limit.value}});
  if (!array.empty()) object[key] = std::move(array);
}

void put_limits(json::object& host, const ContainerSpec& spec) {
  put(host, "PidsLimit", spec.pids_limit);
  put(host, "CgroupParent", spec.cgroup_parent);
  put(host, "BlkioWeight", spec.blkio_weight);
  put(host, "BlkioWeightDevice", "Weight", spec.blkio_weight_devices);
  put(host, "BlkioDeviceReadBps", "Rate", spec.device_read_bps);
  put(host, "BlkioDeviceWriteBps", "Rate", spec.device_write_bps);
  put(host, "BlkioDeviceReadIOps", "Rate", spec.device_read_iops);
  put(host, "BlkioDeviceWriteIOps", "Rate", spec.device_write_iops);
  json::array limits;
  for (const Ulimit& limit : spec.ulimits) {
    limits.push_back(json::object{{"Name", limit.name}, {"Soft", limit.soft}, {"Hard", limit.hard}});
  }
  if (!limits.empty()) host["Ulimits"] = std::move(limits);
}

json::object to_json(const DockerHealth& health) {
  json::object object;
  put(object, "Test", health.test);
  // Times are nanoseconds, as in all of Go's JSON, and 0 leaves what the image says.
  const auto put_time = [&](const char* key, std::chrono::nanoseconds time) {
    if (time.count() != 0) object[key] = time.count();
  };
  put_time("Interval", health.interval);
  put_time("Timeout", health.timeout);
  put_time("StartPeriod", health.start_period);
  put_time("StartInterval", health.start_interval);
  if (health.retries != 0) object["Retries"] = health.retries;
  return object;
}

// With an open stdin the container's process reads until the first client that was attached to it goes.
void put_process(json::object& body, const ContainerSpec& spec) {
  put(body, "User", spec.user);
  put(body, "WorkingDir", spec.workdir);
  put(body, "StopSignal", spec.stop_signal);
  put(body, "StopTimeout", spec.stop_timeout);
  put_true(body, "Tty", spec.tty);
  put_true(body, "AttachStdin", spec.open_stdin);
  put_true(body, "OpenStdin", spec.open_stdin);
  put_true(body, "StdinOnce", spec.open_stdin);
  put(body, "Env", spec.env);
  put(body, "Cmd", spec.command);
  // Also a list of one empty word, which clears the image's entrypoint.
  if (spec.entrypoint) body["Entrypoint"] = to_array(*spec.entrypoint);
  if (spec.health) body["Healthcheck"] = to_json(*spec.health);
}

// --- what an Engine must know of ------------------------------------------------------------------------------------

// An option that came with a later API than the oldest that is spoken. An older Engine would ignore it, or refuse it
// without naming it.
struct Need {
  std::string_view option;
  DockerApiVersion first;
  bool asked;
};

bool asks_for_new_ipc(const ContainerSpec& spec) {
  return spec.ipc_mode == "private" || spec.ipc_mode == "shareable" || spec.ipc_mode == "none";
}

std::vector<Need> needs_of_mounts(const ContainerSpec& spec) {
  const auto any = [&](auto wants) { return std::any_of(spec.mounts.begin(), spec.mounts.end(), wants); };
  using Mount = const MountSpec&;
  return {
      {"--mount consistency", {28}, any([](Mount m) { return !m.consistency.empty(); })},
      {"--mount bind-recursive=disabled", {40}, any([](Mount m) { return m.bind && m.bind->non_recursive; })},
      {"--mount type=cluster", {42}, any([](Mount m) { return m.type == MountType::cluster; })},
      {"--mount bind-recursive=readonly", {44}, any([](Mount m) {
         return m.bind && m.bind->read_only_force_recursive;
       })},
      {"--mount volume-subpath", {45}, any([](Mount m) { return m.volume && !m.volume->subpath.empty(); })},
      {"--mount type=image", {48}, any([](Mount m) { return m.type == MountType::image; })},
  };
}

std::vector<Need> needs_of_networks(const ContainerSpec& spec) {
  const auto any = [&](auto wants) { return std::any_of(spec.networks.begin(), spec.networks.end(), wants); };
  using Network = const NetworkAttachment&;
  const bool sctp = std::any_of(spec.ports.begin(), spec.ports.end(),
                                [](const PortBinding& port) { return port.protocol == "sctp"; });
  return {
      {"--publish of SCTP", {37}, sctp},
      {"--network given twice", {44}, spec.networks.size() > 1},
      {"--network mac-address", mac_address_in_network, any([](Network n) { return !n.mac_address.empty(); })},
      {"--network gw-priority", {48}, any([](Network n) { return n.gateway_priority != 0; })},
  };
}

std::vector<Need> needs_of_others(const ContainerSpec& spec) {
  const bool gpus = std::any_of(spec.device_requests.begin(), spec.device_requests.end(),
                                [](const DeviceRequest& request) { return request.driver != cdi_driver; });
  return {
      {"--device-cgroup-rule", {28}, !spec.device_cgroup_rules.empty()},
      {"--health-start-period", {29}, spec.health && spec.health->start_period.count() != 0},
      {"--platform", {32}, !spec.platform.empty()},
      {"--ipc private, shareable or none", {32}, asks_for_new_ipc(spec)},
      {"--gpus", {40}, gpus},
      {"--cgroupns", {41}, !spec.cgroupns_mode.empty()},
      {"--annotation", {43}, !spec.annotations.empty()},
      {"--health-start-interval", {44}, spec.health && spec.health->start_interval.count() != 0},
  };
}

}  // namespace

Result<void> check_api_version(const ContainerSpec& spec, DockerApiVersion version) {
  for (const auto& needs : {needs_of_others(spec), needs_of_mounts(spec), needs_of_networks(spec)}) {
    for (const Need& need : needs) {
      if (!need.asked || version >= need.first) continue;
      return Error{Errc::unsupported,
                   "docker option " + std::string{need.option} + " needs Docker API " + need.first.to_string() +
                       ", this Docker Engine speaks " + version.to_string(),
                   {}};
    }
  }
  return {};
}

std::string create_platform(const ContainerSpec& spec, DockerApiVersion version) {
  // Older Engines take the platform at the pull only, which has brought the right image then.
  return version < platform_at_create ? std::string{} : spec.platform;
}

std::string encode_container_spec(const ContainerSpec& spec, DockerApiVersion version) {
  // As the CLI says it of a container whose output it attaches to.
  json::object body{{"Image", spec.image}, {"AttachStdout", true}, {"AttachStderr", true}};
  // Docker must not start it again: an end is the task's end, and what comes after it is the framework's decision.
  json::object host{{"RestartPolicy", json::object{{"Name", "no"}}}};
  put(body, "Hostname", spec.hostname);
  put(body, "Domainname", spec.domainname);
  put(body, "Labels", spec.labels);
  put_process(body, spec);
  put(host, "Init", spec.init);
  put_ports(body, host, spec);
  put_networks(body, host, spec, version);
  put_names(host, spec);
  put_files(body, host, spec);
  put_devices(host, spec);
  put_rights(host, spec);
  put_cpu(host, spec);
  put_memory(host, spec);
  put_limits(host, spec);
  if (!spec.log_driver.empty() || !spec.log_options.empty()) {
    host["LogConfig"] = json::object{{"Type", spec.log_driver}, {"Config", to_object(spec.log_options)}};
  }
  body["HostConfig"] = std::move(host);
  return json::serialize(body);
}

std::string encode_exec(const ExecSpec& spec) {
  json::object body{{"AttachStdout", true}, {"AttachStderr", true}, {"Cmd", to_array(spec.argv)}};
  put(body, "Env", spec.env);
  put(body, "User", spec.user);
  return json::serialize(body);
}

// Not detached: the stream that follows has the command's output, and ends with it. No terminal, since nobody is at it.
std::string encode_exec_start() { return json::serialize(json::object{{"Detach", false}, {"Tty", false}}); }

}  // namespace windlass
