// HTTP and TCP of checks, in the network of the task.

#include "base/url.hpp"
#include "docker/probe_parts.hpp"
#include "io/files.hpp"
#include "io/http/client.hpp"
#include "io/nothrow.hpp"
#include "io/process/child.hpp"
#include "io/process/network_namespace.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/this_coro.hpp>

#include <sys/socket.h>

#include <charconv>
#include <cstdlib>
#include <limits>

namespace windlass {

namespace {

using namespace std::chrono_literals;
using asio::ip::tcp;

constexpr int redirects_max = 50;  // as curl
// The probe has its own limit around all of it.
constexpr std::chrono::milliseconds no_limit = 24h * 365;
// A server that is cut off in the middle of its answer complains in its log: so much of the answer is read, unless the
// server takes its time.
constexpr std::size_t body_bytes_max = 64 * 1024;
constexpr auto body_patience = 100ms;
constexpr const char* default_path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

// --- the way ---------------------------------------------------------------------------------------------------------

struct Route {
  std::string host;                    // a numeric address
  std::string network_namespace = {};  // where to go from; empty: here
};

// As Mesos: in the container's network its own loopback (mesos.md 4.5), so that a service is found that listens there
// only.
const char* loopback(AddressFamily family) { return family == AddressFamily::ipv6 ? "::1" : "127.0.0.1"; }

std::string address_of(const ProbeTarget& target, AddressFamily family) {
  for (const ContainerAddress& each : target.addresses) {
    const std::string& address = family == AddressFamily::ipv6 ? each.ipv6 : each.ipv4;
    if (!address.empty()) return address;
  }
  return {};
}

// Why its network cannot be entered; nothing: it can.
std::optional<Error> try_to_enter(const std::string& network_namespace, const ProbeTarget& target) {
  if (!is_in_container(target.pid, target.container)) {
    return Error{Errc::not_found, "the container's process is not on this machine", {}};
  }
  // Tried and not judged by rights: what is allowed depends on capabilities, user namespaces and security modules.
  auto socket = open_socket_in(network_namespace, AF_INET);
  return socket ? std::nullopt : std::optional<Error>{socket.error()};
}

Result<Route> find_route(const ProbeTarget& target, AddressFamily family) {
  // A command task is in our own network.
  if (target.container.empty()) return Route{.host = loopback(family)};
  const std::string network_namespace = "/proc/" + std::to_string(target.pid) + "/ns/net";
  const auto obstacle = try_to_enter(network_namespace, target);
  if (!obstacle) return Route{.host = loopback(family), .network_namespace = network_namespace};
  if (target.host_network) return Route{.host = loopback(family)};
  // The second best: a service on the container's loopback is not reached so, and a network without a way from the host
  // neither (mesos.md 4.5).
  std::string address = address_of(target, family);
  if (!address.empty()) return Route{.host = std::move(address)};
  const std::string kind = family == AddressFamily::ipv6 ? "IPv6" : "IPv4";
  return Error{obstacle->code,
               "cannot enter the container's network (" + obstacle->message + "), and it has no " + kind + " address",
               {}};
}

// Hands a socket over to who will close it.
struct SocketMaker {
  std::string network_namespace;

  Result<int> operator()(int family) const {
    auto socket = open_socket_in(network_namespace, family);
    if (!socket) return socket.error();
    return std::exchange(socket->value, -1);
  }
};

Result<std::uint16_t> port_number(std::uint32_t port) {
  if (port > 0 && port <= std::numeric_limits<std::uint16_t>::max()) return static_cast<std::uint16_t>(port);
  return Error{Errc::invalid, std::to_string(port) + " is not a port", {}};
}

// --- TCP -------------------------------------------------------------------------------------------------------------

asio::awaitable<Result<ProbeResult>> try_tcp(Route route, std::uint16_t port) {
  auto loop = co_await asio::this_coro::executor;
  const tcp::endpoint endpoint{asio::ip::make_address(route.host), port};
  tcp::socket socket{loop};
  if (!route.network_namespace.empty()) {
    auto fd = open_socket_in(route.network_namespace, endpoint.protocol().family());
    if (!fd) co_return fd.error();
    socket.assign(endpoint.protocol(), std::exchange(fd->value, -1));
  }
  auto connected = co_await socket.async_connect(endpoint, nothrow);
  auto& [error] = connected;
  if (!error) co_return ProbeResult{probe_results::Connected{}};
  // Our own limit, and not the task's answer.
  if (error == asio::error::operation_aborted) co_return Error{Errc::cancelled, "given up", {}};
  const Url peer{.host = route.host, .port = port};
  co_return ProbeResult{probe_results::Refused{"connect to " + peer.authority() + ": " + error.message()}};
}

// --- HTTP ------------------------------------------------------------------------------------------------------------

// The one library that would do TLS here is larger than the rest of the executor, so it asks the program that Mesos
// asks too. No settings of the agent's user, no proxies.
std::vector<std::string> curl_arguments(const Url& url) {
  return {"curl",      "-q", "-s", "-S",           "-L", "-k",        "-g",
          "--noproxy", "*",  "-w", "%{http_code}", "-o", "/dev/null", url.to_string()};
}

ProbeResult curl_result(const ChildOutcome& outcome) {
  unsigned status = 0;
  const char* end = outcome.out.data() + outcome.out.size();
  const auto parsed = std::from_chars(outcome.out.data(), end, status);
  // curl exits with 0 whatever the status is, since -f is not given.
  if (outcome.code == 0 && parsed.ec == std::errc{} && parsed.ptr == end) return probe_results::Answered{status};
  const std::string text = outcome.err.substr(0, outcome.err.find_last_not_of(" \r\n") + 1);
  return probe_results::Failed{text.empty() ? "curl exited with status " + std::to_string(outcome.code) : text};
}

asio::awaitable<Result<ProbeResult>> ask_curl(Url url, Route route) {
  const char* path = ::getenv("PATH");
  ProcessSpec spec{.argv = curl_arguments(url),
                   .env = {std::string{"PATH="} + (path == nullptr ? default_path : path)}};
  spec.network_namespace = route.network_namespace;
  auto running = run_child(std::move(spec), {.separate_stderr = true});
  auto outcome = co_await std::move(running);
  if (!outcome && outcome.error().code == Errc::not_found) {
    co_return Error{Errc::unsupported, "checks by HTTPS need curl on the agent, and it is not in its PATH", {}};
  }
  if (!outcome) co_return outcome.error();
  co_return curl_result(*outcome);
}

struct HttpAnswer {
  std::uint32_t status = 0;
  std::string location = {};  // empty: no redirect
};

asio::awaitable<void> drain(StreamingResponse& stream) {
  for (std::size_t total = 0; total < body_bytes_max;) {
    auto reading = stream.read_some(body_patience);
    auto bytes = co_await std::move(reading);
    if (!bytes || bytes->empty()) co_return;
    total += bytes->size();
  }
}

asio::awaitable<Result<HttpAnswer>> get(Url url, Route route) {
  auto loop = co_await asio::this_coro::executor;
  HttpClientOptions options{.idle_connections_max = 0, .connect_timeout = no_limit};
  if (!route.network_namespace.empty()) options.open_socket = SocketMaker{route.network_namespace};
  // A new connection for each look: what a kept one says is not what a client would see that comes now.
  auto client = HttpClient::create(loop, "http://" + url.authority(), std::move(options));
  if (!client) co_return client.error();
  HttpClientRequest request{.target = url.target, .headers = {{"User-Agent", "windlass-executor"}, {"Accept", "*/*"}}};
  auto opening = (*client)->open_stream(std::move(request), no_limit);
  auto stream = co_await std::move(opening);
  if (!stream) co_return stream.error();
  HttpAnswer answer{.status = static_cast<std::uint32_t>(stream->status())};
  const std::string* location = find_header(stream->headers(), "location");
  if (answer.status >= 300 && answer.status < 400 && location != nullptr) answer.location = *location;
  auto draining = drain(*stream);
  co_await std::move(draining);
  co_return answer;
}

asio::awaitable<Result<ProbeResult>> follow(Url url, Route route) {
  // Followed as curl -L does for Mesos (mesos.md 3.7); the last answer's status counts.
  for (int redirects = 0; redirects <= redirects_max; ++redirects) {
    // Also when a redirect leads there; curl follows those after it by itself.
    if (url.scheme == "https") {
      auto asking = ask_curl(url, route);
      auto result = co_await std::move(asking);
      co_return result;
    }
    auto asking = get(url, route);
    auto answer = co_await std::move(asking);
    if (!answer) co_return answer.error();
    if (answer->location.empty()) co_return ProbeResult{probe_results::Answered{answer->status}};
    auto next = resolve_url(url, answer->location);
    if (!next) co_return Error{next.error().code, "redirect: " + next.error().message, {}};
    url = std::move(*next);
  }
  co_return Error{Errc::unavailable, "more than " + std::to_string(redirects_max) + " redirects", {}};
}

}  // namespace

bool is_in_container(int pid, const std::string& container) {
  if (pid <= 0 || container.empty()) return false;
  auto groups = read_file("/proc/" + std::to_string(pid) + "/cgroup");
  return groups && names_container(*groups, container);
}

bool names_container(std::string_view groups, std::string_view container) {
  constexpr std::string_view before = "/-";
  constexpr std::string_view behind = "/.\n";
  for (auto at = groups.find(container); at != std::string_view::npos; at = groups.find(container, at + 1)) {
    const auto end = at + container.size();
    const bool begins = at > 0 && before.find(groups[at - 1]) != std::string_view::npos;
    if (begins && (end == groups.size() || behind.find(groups[end]) != std::string_view::npos)) return true;
  }
  return false;
}

asio::awaitable<ProbeResult> run_http_probe(HttpProbe probe, ProbeTarget target, std::chrono::milliseconds limit) {
  auto port = port_number(probe.port);
  if (!port) co_return probe_results::Failed{port.error().message};
  auto route = find_route(target, probe.family);
  if (!route) co_return probe_results::Failed{route.error().message};
  Url url{.scheme = probe.scheme, .host = route->host, .port = *port};
  if (!probe.path.empty()) url.target = probe.path;
  auto asking = follow(std::move(url), std::move(*route));
  auto limited = within(limit, std::move(asking));
  auto result = co_await std::move(limited);
  co_return result;
}

asio::awaitable<ProbeResult> run_tcp_probe(TcpProbe probe, ProbeTarget target, std::chrono::milliseconds limit) {
  auto port = port_number(probe.port);
  if (!port) co_return probe_results::Failed{port.error().message};
  auto route = find_route(target, probe.family);
  if (!route) co_return probe_results::Failed{route.error().message};
  auto connecting = try_tcp(std::move(*route), *port);
  auto limited = within(limit, std::move(connecting));
  auto result = co_await std::move(limited);
  co_return result;
}

}  // namespace windlass
