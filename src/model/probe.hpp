#pragma once
// One look at a task, for its health check or its general check: what the executor asks, and what comes of it.

#include "base/time.hpp"
#include "model/container_spec.hpp"
#include "model/task.hpp"

#include <cstdint>
#include <string>
#include <variant>

namespace windlass {

// In the task's container, or beside the process of a command task. Its environment is added to the task's.
struct CommandProbe {
  CommandInfo command;
  friend bool operator==(const CommandProbe&, const CommandProbe&) = default;
};
// To the task's own loopback address. Redirects are followed, certificates are not validated.
struct HttpProbe {
  std::string scheme = "http";  // or "https"
  std::uint32_t port = 0;
  std::string path = {};  // with query; empty: "/"
  AddressFamily family = AddressFamily::ipv4;
  friend bool operator==(const HttpProbe&, const HttpProbe&) = default;
};
struct TcpProbe {
  std::uint32_t port = 0;
  AddressFamily family = AddressFamily::ipv4;
  friend bool operator==(const TcpProbe&, const TcpProbe&) = default;
};
// What the HEALTHCHECK of the container's image has found.
struct DockerHealthProbe {
  friend bool operator==(const DockerHealthProbe&, const DockerHealthProbe&) = default;
};

struct Probe {
  std::variant<CommandProbe, HttpProbe, TcpProbe, DockerHealthProbe> what;
  Duration timeout = {};  // 0: unlimited
  friend bool operator==(const Probe&, const Probe&) = default;
};

namespace probe_results {

// 128 + n: signal n ended it. `output` is the end of what it wrote, for people.
struct Exited {
  int code = 0;
  std::string output = {};
  friend bool operator==(const Exited&, const Exited&) = default;
};
struct Answered {
  std::uint32_t status = 0;  // of the last response, when there were redirects
  friend bool operator==(const Answered&, const Answered&) = default;
};
struct Connected {
  friend bool operator==(const Connected&, const Connected&) = default;
};
struct Refused {
  std::string why;
  friend bool operator==(const Refused&, const Refused&) = default;
};
struct DockerSays {
  HealthState health = HealthState::none;
  friend bool operator==(const DockerSays&, const DockerSays&) = default;
};
// It could not be made, and that is the task's fault or the check's: nobody answers HTTP, there is no such program.
struct Failed {
  std::string why;
  friend bool operator==(const Failed&, const Failed&) = default;
};
struct TimedOut {
  friend bool operator==(const TimedOut&, const TimedOut&) = default;
};
// It could not be made, which says nothing about the task: Docker is away.
struct Unknown {
  std::string why;
  friend bool operator==(const Unknown&, const Unknown&) = default;
};

}  // namespace probe_results

using ProbeResult =
    std::variant<probe_results::Unknown, probe_results::Exited, probe_results::Answered, probe_results::Connected,
                 probe_results::Refused, probe_results::DockerSays, probe_results::Failed, probe_results::TimedOut>;

}  // namespace windlass
