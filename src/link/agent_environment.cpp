#include "link/agent_environment.hpp"

#include "base/url.hpp"

#include <algorithm>
#include <string_view>

namespace windlass {

namespace {

constexpr std::string_view leaf = "/leaf";

// Collects what is wrong, so that the user hears of all of it at once.
class Reader {
 public:
  explicit Reader(const Environment& variables) : variables_{variables} {}

  [[nodiscard]] std::string optional(const std::string& name) const {
    const auto found = variables_.find(name);
    return found == variables_.end() ? std::string{} : found->second;
  }
  std::string required(const std::string& name) {
    std::string value = optional(name);
    if (value.empty()) complain(name + " is not set");
    return value;
  }
  void duration(const std::string& name, Duration& value) {
    const std::string text = optional(name);
    if (text.empty()) return;
    auto parsed = parse_mesos_duration(text);
    if (parsed) {
      value = *parsed;
    } else {
      complain(name + "='" + text + "' is not a duration like 5secs");
    }
  }
  void complain(const std::string& text) { problems_ += (problems_.empty() ? "" : "; ") + text; }
  [[nodiscard]] const std::string& problems() const { return problems_; }

 private:
  const Environment& variables_;
  std::string problems_;
};

// "slave(1)@10.0.0.1:5051" -> "10.0.0.1:5051".
std::string address_of_pid(const std::string& pid) {
  const auto place = parse_authority(pid);
  return place && !place->user.empty() ? place->to_string() : std::string{};
}

// An agent that names its domain socket wants its executors there (mesos.md 1.5). Of the other two Mesos sets both
// (mesos.md 3.2); MESOS_AGENT_ENDPOINT needs no taking apart.
std::string read_endpoint(Reader& reader) {
  const std::string socket = reader.optional("MESOS_DOMAIN_SOCKET");
  if (!socket.empty()) return "unix://" + socket;
  std::string endpoint = reader.optional("MESOS_AGENT_ENDPOINT");
  if (endpoint.empty()) endpoint = address_of_pid(reader.optional("MESOS_SLAVE_PID"));
  if (endpoint.empty()) reader.complain("MESOS_AGENT_ENDPOINT (or MESOS_SLAVE_PID) is not set");
  return endpoint;
}

}  // namespace

// An empty WINDLASS_DOCKER_HOST counts: it says that Docker is at the default socket, whatever DOCKER_HOST a framework
// has put into the executor's environment.
std::string read_docker_host(const Environment& variables) {
  const Reader reader{variables};
  const char* name = variables.contains(agent_docker_host) ? agent_docker_host : "DOCKER_HOST";
  const std::string said = reader.optional(name);
  return said.empty() ? AgentEnvironment{}.docker_host : said;
}

Result<AgentEnvironment> read_agent_environment(const Environment& variables) {
  Reader reader{variables};
  AgentEnvironment agent;
  agent.endpoint = read_endpoint(reader);
  agent.framework_id.value = reader.required("MESOS_FRAMEWORK_ID");
  agent.executor_id.value = reader.required("MESOS_EXECUTOR_ID");
  // The path on the host, which is what Docker has to mount. MESOS_SANDBOX may be the path inside of an image (mesos.md
  // 3.2).
  agent.sandbox = reader.optional("MESOS_DIRECTORY");
  if (agent.sandbox.empty()) agent.sandbox = reader.required("MESOS_SANDBOX");
  agent.checkpoint = reader.optional("MESOS_CHECKPOINT") == "1";
  // The first two are set for checkpointing frameworks only (mesos.md 3.2); for others the defaults stand.
  reader.duration("MESOS_RECOVERY_TIMEOUT", agent.recovery_timeout);
  reader.duration("MESOS_SUBSCRIPTION_BACKOFF_MAX", agent.subscription_backoff_max);
  reader.duration("MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD", agent.shutdown_grace_period);
  agent.token = reader.optional("MESOS_EXECUTOR_AUTHENTICATION_TOKEN");
  agent.docker_host = read_docker_host(variables);
  if (!reader.problems().empty()) return Error{Errc::invalid, reader.problems(), {}};
  return agent;
}

std::string own_cgroup(const std::string& proc_cgroup, const ContainerId& container_id) {
  if (container_id.empty()) return {};
  const std::string end = "/" + container_id.value;
  std::string_view rest = proc_cgroup;
  while (!rest.empty()) {
    const auto line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    const auto first = line.find(':');
    const auto second = first == std::string_view::npos ? first : line.find(':', first + 1);
    if (second == std::string_view::npos) continue;
    auto path = line.substr(second + 1);
    // "0::/path" is version 2: no controllers between the colons.
    const bool version_2 = second == first + 1;
    if (version_2) {
      if (!path.ends_with(leaf)) continue;
      path.remove_suffix(leaf.size());
    }
    if (path.ends_with(end)) return std::string{path};
  }
  return {};
}

}  // namespace windlass
