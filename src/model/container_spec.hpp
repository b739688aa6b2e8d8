#pragma once
// What a Docker container is asked to be (ContainerSpec), and what Docker says of images and containers.
// Planner and `docker run` options fill a ContainerSpec; wire/docker/container_body makes the Engine API's JSON of it.

#include "model/ids.hpp"
#include "model/statistics.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace windlass {

struct PortBinding {
  std::uint16_t container_port = 0;
  std::string protocol = "tcp";  // tcp, udp, sctp
  std::string host_ip = {};
  std::string host_port = {};  // "31000", a range "8000-9000", or empty: Docker chooses
  friend bool operator==(const PortBinding&, const PortBinding&) = default;
};

enum class MountType { bind, volume, tmpfs, image, npipe, cluster };

struct BindOptions {
  std::string propagation = {};
  bool non_recursive = false;
  bool read_only_non_recursive = false;
  bool read_only_force_recursive = false;
  friend bool operator==(const BindOptions&, const BindOptions&) = default;
};

struct VolumeOptions {
  bool no_copy = false;
  std::string subpath = {};
  std::map<std::string, std::string> labels = {};
  std::string driver = {};
  std::map<std::string, std::string> driver_options = {};
  friend bool operator==(const VolumeOptions&, const VolumeOptions&) = default;
};

struct TmpfsOptions {
  std::int64_t bytes = 0;  // 0: no limit
  std::uint32_t mode = 0;  // 0: 1777
  friend bool operator==(const TmpfsOptions&, const TmpfsOptions&) = default;
};

struct ImageOptions {
  std::string subpath = {};
  friend bool operator==(const ImageOptions&, const ImageOptions&) = default;
};

// One --mount. Binds of the short form are strings in ContainerSpec.binds, as the Engine takes them. Options belong to
// the type of their name.
struct MountSpec {
  MountType type = MountType::volume;
  std::string source = {};
  std::string target;
  bool read_only = false;
  std::string consistency = {};
  std::optional<BindOptions> bind = {};
  std::optional<VolumeOptions> volume = {};
  std::optional<TmpfsOptions> tmpfs = {};
  std::optional<ImageOptions> image = {};
  friend bool operator==(const MountSpec&, const MountSpec&) = default;
};

struct DeviceMapping {
  std::string host;
  std::string container;
  std::string permissions = "rwm";
  friend bool operator==(const DeviceMapping&, const DeviceMapping&) = default;
};

// GPUs (--gpus) and CDI devices.
struct DeviceRequest {
  std::string driver = {};
  std::int64_t count = 0;  // -1: all
  std::vector<std::string> ids = {};
  std::vector<std::vector<std::string>> capabilities = {};
  std::map<std::string, std::string> options = {};
  friend bool operator==(const DeviceRequest&, const DeviceRequest&) = default;
};

// What a block device is limited to: a rate, or a weight.
struct DeviceLimit {
  std::string path;
  std::uint64_t value = 0;
  friend bool operator==(const DeviceLimit&, const DeviceLimit&) = default;
};

struct Ulimit {
  std::string name;
  std::int64_t soft = 0;
  std::int64_t hard = 0;
  friend bool operator==(const Ulimit&, const Ulimit&) = default;
};

// One network that the container joins, and how.
struct NetworkAttachment {
  std::string name;
  std::vector<std::string> aliases = {};
  std::vector<std::string> links = {};
  std::string ipv4 = {};
  std::string ipv6 = {};
  std::vector<std::string> link_local_ips = {};
  std::string mac_address = {};
  std::map<std::string, std::string> driver_options = {};
  std::int64_t gateway_priority = 0;
  friend bool operator==(const NetworkAttachment&, const NetworkAttachment&) = default;
};

// Docker's own health check. {"NONE"} as test: the image's is off. Zero: as the image or the daemon has it.
struct DockerHealth {
  std::vector<std::string> test = {};
  std::chrono::nanoseconds interval{0};
  std::chrono::nanoseconds timeout{0};
  std::chrono::nanoseconds start_period{0};
  std::chrono::nanoseconds start_interval{0};
  std::int64_t retries = 0;
  friend bool operator==(const DockerHealth&, const DockerHealth&) = default;
};

enum class PullPolicy { missing, always, never };

// Empty strings, empty lists and unset optionals mean: as the image or the daemon has it.
struct ContainerSpec {
  // Who it is.
  std::string name;
  std::string image;
  std::map<std::string, std::string> labels = {};
  std::map<std::string, std::string> annotations = {};
  std::string hostname = {};
  std::string domainname = {};
  std::string platform = {};  // "linux/arm64": which variant of the image
  PullPolicy pull = PullPolicy::missing;
  bool quiet_pull = false;  // frameworks do not hear how far a pull is

  // What runs.
  std::optional<std::vector<std::string>> entrypoint = {};
  std::vector<std::string> command = {};
  std::vector<std::string> env = {};  // "NAME=value", or "NAME": not even the image's; each name once
  std::string user = {};
  std::vector<std::string> groups = {};
  std::string workdir = {};
  bool tty = false;
  bool open_stdin = false;
  std::optional<bool> init = {};
  std::string stop_signal = {};
  std::optional<int> stop_timeout = {};
  std::optional<DockerHealth> health = {};
  std::string runtime = {};
  std::string isolation = {};

  // Network.
  std::string network_mode = {};
  std::vector<NetworkAttachment> networks = {};  // the one of network_mode first; empty: that one, with its defaults
  std::string mac_address = {};                  // in the network of network_mode
  std::vector<PortBinding> ports = {};
  std::vector<std::string> exposed = {};  // "80/tcp"
  bool publish_all = false;
  std::vector<std::string> dns = {};
  std::vector<std::string> dns_search = {};
  std::vector<std::string> dns_options = {};
  std::vector<std::string> extra_hosts = {};
  std::vector<std::string> links = {};

  // Files.
  std::vector<std::string> binds = {};              // "source:target:options"
  std::vector<std::string> anonymous_volumes = {};  // targets
  std::vector<MountSpec> mounts = {};
  std::vector<std::string> volumes_from = {};
  std::string volume_driver = {};
  std::map<std::string, std::string> tmpfs = {};  // target -> options
  bool read_only_root = false;

  // Rights and namespaces.
  bool privileged = false;
  std::vector<std::string> cap_add = {};
  std::vector<std::string> cap_drop = {};
  std::vector<std::string> security_options = {};
  bool unmask_system_paths = false;
  std::vector<DeviceMapping> devices = {};
  std::vector<std::string> device_cgroup_rules = {};
  std::vector<DeviceRequest> device_requests = {};
  std::string ipc_mode = {};
  std::string pid_mode = {};
  std::string uts_mode = {};
  std::string userns_mode = {};
  std::string cgroupns_mode = {};
  std::map<std::string, std::string> sysctls = {};

  // Limits.
  std::optional<std::int64_t> memory_bytes = {};
  std::optional<std::int64_t> memory_reservation_bytes = {};
  std::optional<std::int64_t> memory_swap_bytes = {};  // -1: unlimited
  std::optional<std::int64_t> memory_swappiness = {};
  std::optional<std::int64_t> shm_bytes = {};
  std::optional<std::int64_t> cpu_shares = {};
  std::optional<std::int64_t> cpu_quota_us = {};
  std::optional<std::int64_t> cpu_period_us = {};
  std::optional<std::int64_t> cpu_rt_period_us = {};
  std::optional<std::int64_t> cpu_rt_runtime_us = {};
  std::optional<std::int64_t> nano_cpus = {};
  std::string cpuset_cpus = {};
  std::string cpuset_mems = {};
  bool oom_kill_disable = false;
  std::optional<int> oom_score_adj = {};
  std::optional<std::int64_t> pids_limit = {};
  std::vector<Ulimit> ulimits = {};
  std::optional<std::uint16_t> blkio_weight = {};
  std::vector<DeviceLimit> blkio_weight_devices = {};
  std::vector<DeviceLimit> device_read_bps = {};
  std::vector<DeviceLimit> device_write_bps = {};
  std::vector<DeviceLimit> device_read_iops = {};
  std::vector<DeviceLimit> device_write_iops = {};
  std::map<std::string, std::string> storage_options = {};
  std::string cgroup_parent = {};

  // Logging by the daemon (the executor's own copy goes to the sandbox).
  std::string log_driver = {};
  std::map<std::string, std::string> log_options = {};

  friend bool operator==(const ContainerSpec&, const ContainerSpec&) = default;
};

// Sets or replaces one variable; keeps the place of its first appearance.
void set_env(ContainerSpec& spec, const std::string& name, const std::string& value);
// The container does not get the variable, even if its image has it.
void unset_env(ContainerSpec& spec, const std::string& name);
// Set or unset.
[[nodiscard]] bool has_env(const ContainerSpec& spec, const std::string& name);

// The registry that an image comes from: "registry.example:5000", or "docker.io".
std::string registry_of(const std::string& image);

// A ContainerSpec, and what is still to be done when the image is known.
struct ContainerPlan {
  ContainerSpec spec;
  bool force_pull = false;
  bool never_pull = false;           // an image that is not there is an error
  std::string registry_config = {};  // the task's own configuration of Docker's client; empty: none
  // Type MESOS: when the image has no entrypoint, its own program runs and the task's arguments are passed to that.
  bool keeps_program = false;
  // Seed contract: allocated host ports that pair with the image's EXPOSEd ports, in this order.
  std::vector<std::uint16_t> ports_to_pair = {};
  std::vector<std::string> warnings = {};  // for the sandbox's stderr
  friend bool operator==(const ContainerPlan&, const ContainerPlan&) = default;
};

// Docker's image inspect.
struct DockerImage {
  std::string id = {};
  std::vector<std::uint16_t> exposed_tcp_ports = {};  // ascending
  std::string program = {};                           // the first word of its command; empty: it has an entrypoint
  friend bool operator==(const DockerImage&, const DockerImage&) = default;
};

struct ContainerAddress {
  std::string network;
  std::string ipv4 = {};
  std::string ipv6 = {};
  friend bool operator==(const ContainerAddress&, const ContainerAddress&) = default;
};

// State.Health.Status: what the HEALTHCHECK of the image has found.
enum class HealthState { none, starting, healthy, unhealthy };

// Docker's container inspect.
struct ContainerView {
  std::string id = {};
  int pid = 0;  // of its first process, as the daemon sees it; 0: it does not run
  bool running = false;
  bool started = false;          // StartedAt is a time: it runs or has run
  std::string started_at = {};   // StartedAt as Docker wrote it: another one is another start; empty: never
  std::string stop_signal = {};  // "SIGTERM" unless image or options say otherwise
  int exit_code = 0;
  bool oom_killed = false;
  std::string error = {};  // State.Error
  bool host_network = false;
  HealthState health = HealthState::none;
  // The network of NetworkMode first. Only networks that gave it an address.
  std::vector<ContainerAddress> addresses = {};
  std::string upper_dir = {};  // what it has written into its own layer; empty: the storage driver has no such folder
  std::string document = {};   // the JSON object as Docker sent it
  friend bool operator==(const ContainerView&, const ContainerView&) = default;
};

// A command in a running container.
struct ExecSpec {
  std::vector<std::string> argv;
  std::vector<std::string> env = {};  // "NAME=value", added to the container's
  std::string user = {};              // empty: the container's
  friend bool operator==(const ExecSpec&, const ExecSpec&) = default;
};

// Docker's exec inspect.
struct ExecView {
  bool running = false;
  std::optional<int> exit_code = {};
  int pid = 0;  // as Docker's machine counts; 0: it is not told
  friend bool operator==(const ExecView&, const ExecView&) = default;
};

// How a container ended.
struct ContainerEnd {
  int exit_code = 0;
  bool oom_killed = false;            // as Docker says
  std::optional<OomEvents> oom = {};  // as the kernel says; it counts for more
  std::string error = {};             // what Docker says went wrong; empty: nothing
  friend bool operator==(const ContainerEnd&, const ContainerEnd&) = default;
};

}  // namespace windlass
