#pragma once
// What the Mesos agent tells an executor in its environment (mesos.md 3.2).

#include "base/error.hpp"
#include "base/time.hpp"
#include "model/ids.hpp"

#include <map>
#include <string>
#include <vector>

namespace windlass {

using Environment = std::map<std::string, std::string>;

struct AgentEnvironment {
  std::string endpoint;  // for HttpClient: "127.0.0.1:5051", or "unix:///path" of MESOS_DOMAIN_SOCKET
  FrameworkId framework_id;
  ExecutorId executor_id;
  std::string sandbox;  // MESOS_DIRECTORY: on the host
  bool checkpoint = false;
  Duration recovery_timeout = std::chrono::minutes{15};
  Duration subscription_backoff_max = std::chrono::seconds{2};
  Duration shutdown_grace_period = std::chrono::seconds{5};
  std::string token;  // MESOS_EXECUTOR_AUTHENTICATION_TOKEN; empty: none
  std::string docker_host = "unix:///var/run/docker.sock";
};

// Our own agent says here where Docker listens, or, empty, that it listens at the default socket. Unlike DOCKER_HOST it
// is not replaced by a framework's variable of that name.
inline constexpr const char* agent_docker_host = "WINDLASS_DOCKER_HOST";

// Where Docker listens: by our agent's word, else by DOCKER_HOST, else at the default socket.
std::string read_docker_host(const Environment& variables);

// MESOS_AGENT_ENDPOINT, or the address in MESOS_SLAVE_PID; MESOS_DIRECTORY, or MESOS_SANDBOX.
// Errors: Errc::invalid naming every variable that is missing or not understood.
[[nodiscard]] Result<AgentEnvironment> read_agent_environment(const Environment& variables);

// The path for HostConfig.CgroupParent, from the text of /proc/self/cgroup: the executor's own group, when the agent
// has made one for this container (its last part is the container's id). Empty: Docker's default. In version 2 a group
// with processes cannot have limited children, so that only Mesos' form ".../<id>/leaf" counts.
std::string own_cgroup(const std::string& proc_cgroup, const ContainerId& container_id);

}  // namespace windlass
