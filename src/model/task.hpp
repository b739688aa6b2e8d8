#pragma once
// What a framework asks for: TaskInfo and what hangs from it (mesos.md 2.4, 4.2).

#include "base/heap_optional.hpp"
#include "base/time.hpp"
#include "model/ids.hpp"
#include "model/resources.hpp"

#include <boost/describe.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace windlass {

struct Label {
  std::string key;
  std::string value;
  auto operator<=>(const Label&) const = default;
};

struct EnvironmentVariable {
  std::string name;
  std::string value;
  auto operator<=>(const EnvironmentVariable&) const = default;
};

// A file that the fetcher brings into the sandbox (mesos.md 3.9).
struct Uri {
  std::string value;
  bool executable = false;
  bool extract = true;
  bool cache = false;
  std::string output_file = {};
  friend bool operator==(const Uri&, const Uri&) = default;
};
BOOST_DESCRIBE_STRUCT(Uri, (), (value, executable, extract, cache, output_file))

struct CommandInfo {
  bool shell = true;
  std::optional<std::string> value = {};
  std::vector<std::string> arguments = {};
  std::vector<EnvironmentVariable> environment = {};
  std::vector<Uri> uris = {};
  std::optional<std::string> user = {};
  friend bool operator==(const CommandInfo&, const CommandInfo&) = default;
};

enum class NetworkMode { host = 1, bridge = 2, none = 3, user = 4 };  // DockerInfo.Network

struct PortMapping {
  std::uint32_t host_port = 0;
  std::uint32_t container_port = 0;
  std::string protocol = {};  // "tcp", "udp"; empty: tcp
  friend bool operator==(const PortMapping&, const PortMapping&) = default;
};

struct Parameter {
  std::string key;
  std::string value;
  friend bool operator==(const Parameter&, const Parameter&) = default;
};

struct DockerInfo {
  std::string image;
  std::optional<NetworkMode> network = {};  // Mesos treats "unset" as HOST
  std::vector<PortMapping> port_mappings = {};
  bool privileged = false;
  std::vector<Parameter> parameters = {};
  bool force_pull_image = false;
  std::string volume_driver = {};
  friend bool operator==(const DockerInfo&, const DockerInfo&) = default;
};

enum class VolumeMode { rw = 1, ro = 2 };

struct Volume {
  std::string container_path;
  VolumeMode mode = VolumeMode::rw;
  std::optional<std::string> host_path = {};
  bool has_image = false;                        // Volume.image, which Docker containers cannot mount
  bool has_source = false;                       // Volume.source of whatever type
  std::optional<std::string> sandbox_path = {};  // Volume.Source.SandboxPath, of the task's own sandbox
  std::string docker_driver = {};                // Volume.Source.DockerVolume
  std::string docker_name = {};
  std::vector<Parameter> docker_options = {};
  friend bool operator==(const Volume&, const Volume&) = default;
};

enum class ContainerType { docker = 1, mesos = 2 };

// Who a task is to the registry of its image.
struct RegistryUser {
  std::string name;
  std::string password;
  friend bool operator==(const RegistryUser&, const RegistryUser&) = default;
};

// ContainerInfo.MesosInfo.image
struct MesosImage {
  bool is_docker = true;  // else it is an Appc image
  std::string name;
  bool cached = true;                              // false: it is fetched though it is there
  std::string registry_config = {};                // text of a Docker client's configuration; empty: none
  std::optional<RegistryUser> registry_user = {};  // counts where there is no configuration
  friend bool operator==(const MesosImage&, const MesosImage&) = default;
};

// RLimitInfo.RLimit; neither: unlimited.
struct ProcessLimit {
  std::string name;  // "nofile", as `docker run --ulimit` has it
  std::optional<std::uint64_t> soft = {};
  std::optional<std::uint64_t> hard = {};
  friend bool operator==(const ProcessLimit&, const ProcessLimit&) = default;
};

// What only containers of type MESOS have.
struct MesosContainer {
  std::optional<MesosImage> image = {};
  std::vector<PortMapping> port_mappings = {};                // of all network_infos
  std::optional<std::vector<std::string>> capabilities = {};  // these and no others: "NET_ADMIN"
  std::vector<ProcessLimit> limits = {};
  std::optional<std::uint32_t> shm_megabytes = {};
  bool shares_pid_namespace = false;
  bool shares_ipc_namespace = false;
  bool seccomp_unconfined = false;
  std::string seccomp_profile = {};
  bool tty = false;
  friend bool operator==(const MesosContainer&, const MesosContainer&) = default;
};

struct ContainerInfo {
  ContainerType type = ContainerType::docker;
  std::optional<DockerInfo> docker = {};
  std::vector<Volume> volumes = {};
  std::string hostname = {};
  std::vector<std::string> network_names = {};  // NetworkInfo.name of each network_infos entry
  HeapOptional<MesosContainer> mesos = {};      // of type MESOS
  friend bool operator==(const ContainerInfo&, const ContainerInfo&) = default;
};

// Without anything that only a container could give, type MESOS means a process of the machine.
[[nodiscard]] inline bool is_plain_process(const ContainerInfo& container) {
  const bool has_image = container.mesos && container.mesos->image;
  return container.type == ContainerType::mesos && !has_image && container.volumes.empty() &&
         container.network_names.empty();
}

struct KillPolicy {
  std::optional<Duration> grace_period = {};
  friend bool operator==(const KillPolicy&, const KillPolicy&) = default;
};

enum class CheckType { unknown = 0, command = 1, http = 2, tcp = 3 };

enum class AddressFamily { ipv4 = 1, ipv6 = 2 };  // NetworkInfo.Protocol

struct HttpCheck {
  std::uint32_t port = 0;
  std::optional<std::string> path = {};
  std::optional<std::string> scheme = {};    // "http", "https"; a general check has none and uses http
  std::vector<std::uint32_t> statuses = {};  // carried, but of no meaning (as in Mesos)
  std::optional<AddressFamily> family = {};  // unset: IPv4; a general check has none
  friend bool operator==(const HttpCheck&, const HttpCheck&) = default;
};

struct TcpCheck {
  std::uint32_t port = 0;
  std::optional<AddressFamily> family = {};  // as above
  friend bool operator==(const TcpCheck&, const TcpCheck&) = default;
};

// Decides whether a task is healthy, and ends it after too many failures (mesos.md 3.7).
struct HealthCheck {
  CheckType type = CheckType::unknown;
  std::optional<CommandInfo> command = {};
  std::optional<HttpCheck> http = {};
  std::optional<TcpCheck> tcp = {};
  Duration delay = std::chrono::seconds{15};
  Duration interval = std::chrono::seconds{10};
  Duration timeout = std::chrono::seconds{20};  // 0: unlimited
  Duration grace_period = std::chrono::seconds{10};
  std::uint32_t consecutive_failures = 3;
  friend bool operator==(const HealthCheck&, const HealthCheck&) = default;
};

// A general check: its result is reported, nothing follows from it.
struct CheckInfo {
  CheckType type = CheckType::unknown;
  std::optional<CommandInfo> command = {};
  std::optional<HttpCheck> http = {};  // port and path only
  std::optional<TcpCheck> tcp = {};    // port only
  Duration delay = std::chrono::seconds{15};
  Duration interval = std::chrono::seconds{10};
  Duration timeout = std::chrono::seconds{20};  // 0: unlimited
  friend bool operator==(const CheckInfo&, const CheckInfo&) = default;
};

enum class ExecutorType { unknown = 0, default_executor = 1, custom = 2 };

struct ExecutorInfo {
  ExecutorId id;
  ExecutorType type = ExecutorType::unknown;
  FrameworkId framework_id = {};
  std::optional<CommandInfo> command = {};
  std::optional<ContainerInfo> container = {};
  Resources resources = {};
  std::string name = {};
  std::string source = {};
  std::optional<Duration> shutdown_grace_period = {};
  std::string raw = {};  // as received (protobuf), passed on

  friend bool operator==(const ExecutorInfo&, const ExecutorInfo&) = default;
};

struct TaskInfo {
  TaskId id;
  std::string name;
  AgentId agent_id;
  Resources resources = {};
  std::optional<ExecutorInfo> executor = {};
  std::optional<CommandInfo> command = {};
  std::optional<ContainerInfo> container = {};
  std::string data = {};
  std::vector<Label> labels = {};
  std::optional<KillPolicy> kill_policy = {};
  std::optional<Duration> max_completion_time = {};
  std::map<std::string, double> limits = {};  // "cpus", "mem"; may be infinite
  HeapOptional<HealthCheck> health_check = {};
  HeapOptional<CheckInfo> check = {};
  // What is wrong with it that only its protobuf form shows (mesos.md 2.6 rules 4-11, first failing); empty: nothing.
  std::string defect = {};
  // As received (protobuf). The wire sends it on with `resources`, `agent_id` and executor.framework_id as they are
  // here; empty for tasks that we make ourselves, which are sent from the fields above.
  std::string raw = {};

  friend bool operator==(const TaskInfo&, const TaskInfo&) = default;
};

}  // namespace windlass
