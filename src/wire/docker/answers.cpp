#include "wire/docker/answers.hpp"

#include "wire/docker/json_fields.hpp"
#include "wire/json/reader.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace windlass {

namespace {

using docker_json::find;
using docker_json::flag_at;
using docker_json::number_at;
using docker_json::read_object;
using docker_json::text_at;
using docker_json::text_of;
namespace json = boost::json;

// The text goes into the message of a task's status, and so to every reader of the framework's state.
constexpr std::size_t error_text_max = 2048;
// Go's zero time: how Docker writes "not yet".
constexpr std::string_view never = "0001-01-01";

std::optional<ContainerAddress> address_in(const std::string& name, const json::value& network) {
  ContainerAddress address{.network = name};
  address.ipv4 = text_at(network, "IPAddress");
  address.ipv6 = text_at(network, "GlobalIPv6Address");
  // The networks "host" and "none" are listed without an address.
  if (address.ipv4.empty() && address.ipv6.empty()) return std::nullopt;
  return address;
}

std::string network_mode_in(const json::value& container) {
  const auto* host_config = find(container, "HostConfig");
  return host_config == nullptr ? std::string{} : text_at(*host_config, "NetworkMode");
}

// Newer Engines say "none" for an image without HEALTHCHECK, older ones nothing at all.
HealthState health_in(const json::value& state) {
  const auto* health = find(state, "Health");
  const std::string status = health == nullptr ? std::string{} : text_at(*health, "Status");
  if (status == "starting") return HealthState::starting;
  if (status == "healthy") return HealthState::healthy;
  return status == "unhealthy" ? HealthState::unhealthy : HealthState::none;
}

// Old Engines have the bridge's address in NetworkSettings itself, newer ones only in Networks.
std::vector<ContainerAddress> addresses_in(const json::value& container) {
  std::vector<ContainerAddress> addresses;
  const auto* settings = find(container, "NetworkSettings");
  if (settings == nullptr) return addresses;
  std::string mode = network_mode_in(container);
  // The network that "default" stands for is listed under its real name.
  if (mode == "default") mode = "bridge";
  const auto* networks = find(*settings, "Networks");
  if (networks != nullptr && networks->is_object()) {
    for (const auto& [name, network] : networks->get_object()) {
      auto address = address_in(std::string{name.begin(), name.end()}, network);
      if (!address) continue;
      // NetworkMode's network first: its address is the one that Mesos reports (mesos.md 4.1).
      addresses.insert(address->network == mode ? addresses.begin() : addresses.end(), *address);
    }
  }
  if (addresses.empty()) {
    if (auto address = address_in(mode, *settings)) addresses.push_back(*address);
  }
  return addresses;
}

// The first word of an image's command; empty when it has an entrypoint, or neither.
std::string program_in(const json::value& config) {
  const auto* entrypoint = find(config, "Entrypoint");
  const auto* command = find(config, "Cmd");
  if (entrypoint != nullptr && entrypoint->is_array() && !entrypoint->get_array().empty()) return {};
  const bool has_words = command != nullptr && command->is_array() && !command->get_array().empty();
  return has_words ? text_of(&command->get_array().front()) : std::string{};
}

}  // namespace

Result<std::string> read_created_id(std::string_view text) {
  auto created = read_object(text, "answer to create");
  if (!created) return created.error();
  std::string id = text_at(*created, "Id");
  if (id.empty()) return Error{Errc::malformed, "Docker's answer to create has no Id", {}};
  return id;
}

Result<DockerImage> read_image(std::string_view text) {
  auto value = read_object(text, "image inspect");
  if (!value) return value.error();
  DockerImage image{.id = text_at(*value, "Id")};
  // Config, not ContainerConfig: Engines since API 1.45 have no such field, and Mesos fails there (mesos.md 4.3).
  const auto* config = find(*value, "Config");
  if (config != nullptr) image.program = program_in(*config);
  const auto* exposed = config == nullptr ? nullptr : find(*config, "ExposedPorts");
  if (exposed == nullptr || !exposed->is_object()) return image;
  for (const auto& [key, unused] : exposed->get_object()) {
    const std::string_view port{key.data(), key.size()};
    const auto slash = port.find('/');
    // The seed contract pairs TCP ports only (mesos.md 8.1).
    if (slash != std::string_view::npos && port.substr(slash) != "/tcp") continue;
    std::uint16_t number = 0;
    auto [end, error] = std::from_chars(port.data(), port.data() + std::min(slash, port.size()), number);
    if (error == std::errc{} && number != 0) image.exposed_tcp_ports.push_back(number);
  }
  // They come as the keys of an object; the contract pairs them in ascending order (mesos.md 8.1).
  std::sort(image.exposed_tcp_ports.begin(), image.exposed_tcp_ports.end());
  return image;
}

Result<ContainerView> read_container(std::string_view text) {
  auto value = read_object(text, "container inspect");
  if (!value) return value.error();
  const auto* state = find(*value, "State");
  if (state == nullptr || !state->is_object()) return Error{Errc::malformed, "Docker's inspect has no State", {}};
  ContainerView view{.id = text_at(*value, "Id")};
  const std::string started = text_at(*state, "StartedAt");
  const auto* config = find(*value, "Config");
  view.stop_signal = config == nullptr ? std::string{} : text_at(*config, "StopSignal");
  // What `docker stop` sends where neither image nor options say another.
  if (view.stop_signal.empty()) view.stop_signal = "SIGTERM";
  view.running = flag_at(*state, "Running");
  view.started = !started.empty() && !started.starts_with(never);
  if (view.started) view.started_at = started;
  view.exit_code = static_cast<int>(number_at(*state, "ExitCode"));
  view.oom_killed = flag_at(*state, "OOMKilled");
  view.error = text_at(*state, "Error");
  view.pid = static_cast<int>(number_at(*state, "Pid"));
  view.host_network = network_mode_in(*value) == "host";
  view.health = health_in(*state);
  view.addresses = addresses_in(*value);
  // Where the storage driver tells it: the folder of what the container has written (docker/container_account.hpp).
  const auto* driver = find(*value, "GraphDriver");
  const auto* folders = driver == nullptr ? nullptr : find(*driver, "Data");
  if (folders != nullptr) view.upper_dir = text_at(*folders, "UpperDir");
  // The text as it came: `data` of TASK_RUNNING hands it on unchanged.
  view.document = std::string{text.substr(0, text.find_last_not_of(" \r\n\t") + 1)};
  return view;
}

Result<std::vector<LabelledContainer>> read_container_list(std::string_view text, const std::string& label) {
  auto list = read_json(text);
  if (!list || !list->is_array()) return Error{Errc::malformed, "Docker's list of containers is not a JSON array", {}};
  std::vector<LabelledContainer> found;
  for (const auto& entry : list->get_array()) {
    const auto* labels = entry.is_object() ? find(entry, "Labels") : nullptr;
    // The query has a filter already. What it lets through is removed, and so it is looked at once more.
    if (labels == nullptr || find(*labels, label) == nullptr) continue;
    found.push_back({text_at(entry, "Id"), text_at(*labels, label)});
  }
  return found;
}

Result<ExecView> read_exec(std::string_view text) {
  auto value = read_object(text, "exec inspect");
  if (!value) return value.error();
  const auto* code = find(*value, "ExitCode");
  ExecView view{.running = flag_at(*value, "Running"), .pid = static_cast<int>(number_at(*value, "Pid"))};
  // While it runs there may be a 0 here, which is no exit code.
  if (!view.running && code != nullptr && code->is_number()) {
    view.exit_code = static_cast<int>(number_at(*value, "ExitCode"));
  }
  return view;
}

Result<ContainerEnd> read_wait(std::string_view text) {
  auto value = read_object(text, "answer to wait");
  if (!value) return value.error();
  ContainerEnd end{.exit_code = static_cast<int>(number_at(*value, "StatusCode"))};
  // Podman tells here that the container was removed, beside a code of 0 (executor/container_end.hpp).
  if (const auto* error = find(*value, "Error")) end.error = text_at(*error, "Message");
  return end;
}

std::string read_error_text(std::string_view body) {
  auto value = read_json(body);
  std::string text = value ? text_at(*value, "message") : std::string{};
  if (text.empty()) text = std::string{body};
  text.resize(std::min(text.size(), error_text_max));
  text.resize(text.find_last_not_of(" \r\n\t") + 1);
  return text;
}

}  // namespace windlass
