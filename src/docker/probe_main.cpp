// windlass-probe, for the integration tests: makes one probe of a container and prints what came of it.
//
//   windlass-probe DOCKER_HOST CONTAINER TIMEOUT_MS KIND ARGUMENT...
//     CONTAINER    a name, "-" for a task without a container, "address:NAME" to go to its address only
//     KIND         sh VALUE | exec PROGRAM ARGUMENT... | http PORT PATH [6] | https PORT PATH [6] | tcp PORT [6] |
//     docker

#include "docker/probe.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <cstdio>
#include <cstdlib>
#include <vector>

namespace windlass {
namespace {

using Arguments = std::vector<std::string>;

AddressFamily family_of(const Arguments& arguments, std::size_t at) {
  return arguments.size() > at && arguments[at] == "6" ? AddressFamily::ipv6 : AddressFamily::ipv4;
}

std::uint32_t port_of(const Arguments& arguments) {
  return static_cast<std::uint32_t>(std::strtoul(arguments.at(1).c_str(), nullptr, 10));
}

Probe probe_of(const Arguments& arguments) {
  const std::string& kind = arguments.at(0);
  if (kind == "sh") return Probe{CommandProbe{CommandInfo{.value = arguments.at(1)}}};
  if (kind == "exec") {
    CommandInfo command{.shell = false, .value = arguments.at(1)};
    command.arguments.assign(arguments.begin() + 2, arguments.end());
    return Probe{CommandProbe{command}};
  }
  if (kind == "http" || kind == "https") {
    return Probe{HttpProbe{kind, port_of(arguments), arguments.at(2), family_of(arguments, 3)}};
  }
  if (kind == "tcp") return Probe{TcpProbe{port_of(arguments), family_of(arguments, 2)}};
  return Probe{DockerHealthProbe{}};
}

std::string text_of(const probe_results::Exited& result) {
  return "exited " + std::to_string(result.code) + " " + result.output;
}
std::string text_of(const probe_results::Answered& result) { return "answered " + std::to_string(result.status); }
std::string text_of(const probe_results::Connected&) { return "connected"; }
std::string text_of(const probe_results::Refused& result) { return "refused " + result.why; }
std::string text_of(const probe_results::DockerSays& result) {
  static constexpr const char* names[]{"none", "starting", "healthy", "unhealthy"};
  return std::string{"docker "} + names[static_cast<int>(result.health)];
}
std::string text_of(const probe_results::Failed& result) { return "failed " + result.why; }
std::string text_of(const probe_results::TimedOut&) { return "timed out"; }
std::string text_of(const probe_results::Unknown& result) { return "unknown " + result.why; }

class Tool {
 public:
  explicit Tool(Arguments arguments) : arguments_{std::move(arguments)} {}

  int run() {
    auto client = DockerClient::create(loop_.get_executor(), arguments_.at(0));
    if (!client) return complain(to_string(client.error()));
    client_ = std::move(*client);
    asio::co_spawn(loop_, probe(), [](const std::exception_ptr& error) {
      if (error) std::rethrow_exception(error);
    });
    loop_.run();
    return 0;
  }

 private:
  static int complain(const std::string& text) {
    std::fprintf(stderr, "%s\n", text.c_str());
    return 1;
  }

  asio::awaitable<void> probe() {
    ProbeTarget target;
    std::string name = arguments_.at(1);
    const bool by_address = name.starts_with("address:");
    if (by_address) name.erase(0, 8);
    if (name != "-") {
      auto inspecting = client_->inspect(name);
      auto view = co_await std::move(inspecting);
      if (!view) {
        complain(to_string(view.error()));
        co_return;
      }
      target = probe_target(*view);
    }
    // As on an agent that may not enter the container's network: without a pid there is nothing to enter.
    if (by_address) target.pid = 0;
    if (const char* path = ::getenv("PATH")) target.process.env = {std::string{"PATH="} + path};
    Probe wanted = probe_of({arguments_.begin() + 3, arguments_.end()});
    wanted.timeout = std::chrono::milliseconds{std::strtol(arguments_.at(2).c_str(), nullptr, 10)};
    runner_.emplace(loop_.get_executor(), client_, [](const TaskId&, std::uint64_t, const ProbeResult& result) {
      std::printf("%s\n", std::visit([](const auto& each) { return text_of(each); }, result).c_str());
    });
    runner_->start({"t1"}, 1, std::move(wanted), std::move(target));
  }

  Arguments arguments_;
  asio::io_context loop_{1};
  std::shared_ptr<DockerClient> client_;
  std::optional<ProbeRunner> runner_;
};

}  // namespace
}  // namespace windlass

int main(int argc, char** argv) {
  if (argc < 5) {
    std::fprintf(stderr, "usage: see the beginning of src/docker/probe_main.cpp\n");
    return 2;
  }
  windlass::Tool tool{{argv + 1, argv + argc}};
  return tool.run();
}
