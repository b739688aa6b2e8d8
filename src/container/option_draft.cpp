#include "container/option_draft.hpp"

#include "base/text.hpp"
#include "container/scalars.hpp"
#include "container/values.hpp"

#include <algorithm>
#include <chrono>
#include <set>
#include <utility>

namespace windlass::docker {

namespace {

// The executor's own secret, which no option hands on.
constexpr std::string_view secret_variable = "MESOS_EXECUTOR_AUTHENTICATION_TOKEN";

Error conflict(const std::string& text) { return Error{Errc::invalid, "docker options " + text, {}}; }

std::optional<std::string> look_up(const OptionDraft& draft, const std::string& name) {
  const auto found = draft.sources.environment.find(name);
  if (found == draft.sources.environment.end() || name == secret_variable) return std::nullopt;
  return found->second;
}

Result<std::vector<FileLine>> read_lines(const OptionDraft& draft, const char* option, const std::string& path) {
  auto text = read_option_file(draft, path);
  if (!text) return Error{text.error().code, std::string{"docker option "} + option + ": " + text.error().message, {}};
  auto lines = parse_key_value_file(*text);
  if (!lines) {
    return Error{
        Errc::invalid, std::string{"docker option "} + option + ": '" + path + "': " + lines.error().message, {}};
  }
  return lines;
}

// Files first and then the options, wherever they stand: so does the CLI, and a later value replaces an earlier one.
Result<void> finish_env(OptionDraft& draft) {
  for (const std::string& path : draft.env_files) {
    auto lines = read_lines(draft, "--env-file", path);
    if (!lines) return lines.error();
    for (const auto& [name, value] : *lines) {
      // A name alone takes the value that the environment has, and is left out where it has none.
      const auto known = value ? value : look_up(draft, name);
      if (known) set_env(draft.spec, name, *known);
    }
  }
  for (const std::string& entry : draft.env) {
    const auto pair = cut(entry, '=');
    const auto value = pair ? std::optional{pair->second} : look_up(draft, entry);
    if (value) {
      set_env(draft.spec, pair ? pair->first : entry, *value);
    } else {
      // A name without a value anywhere goes to the Engine as it is, which takes the image's variable of that name
      // away.
      unset_env(draft.spec, entry);
    }
  }
  return {};
}

Result<void> finish_labels(OptionDraft& draft) {
  for (const std::string& path : draft.label_files) {
    auto lines = read_lines(draft, "--label-file", path);
    if (!lines) return lines.error();
    for (const auto& [name, value] : *lines) {
      if (value) draft.spec.labels[name] = *value;
    }
  }
  for (const std::string& entry : draft.labels) {
    auto pair = cut(entry, '=').value_or(std::pair{entry, std::string{}});
    draft.spec.labels[pair.first] = std::move(pair.second);
  }
  return {};
}

// Takes over a wish that may be said in one place only.
Result<void> merge(std::string& field, const std::string& wish, const char* option) {
  if (wish.empty()) return {};
  if (!field.empty()) return conflict(std::string{option} + " and the same in --network exclude each other");
  field = wish;
  return {};
}
Result<void> merge(std::vector<std::string>& field, const std::vector<std::string>& wish, const char* option) {
  if (wish.empty()) return {};
  if (!field.empty()) return conflict(std::string{option} + " and the same in --network exclude each other");
  field = wish;
  return {};
}

// The CLI merges --ip and its like into the first network, and refuses what both say.
Result<void> merge_wishes(NetworkAttachment& network, const OptionDraft& draft) {
  const NetworkAttachment& wish = draft.first_network;
  auto merged = merge(network.aliases, wish.aliases, "--network-alias");
  if (merged) merged = merge(network.ipv4, wish.ipv4, "--ip");
  if (merged) merged = merge(network.ipv6, wish.ipv6, "--ip6");
  if (merged) merged = merge(network.link_local_ips, wish.link_local_ips, "--link-local-ip");
  if (!merged) return merged;
  if (!network.mac_address.empty() && !draft.spec.mac_address.empty()) {
    return conflict("--mac-address and the same in --network exclude each other");
  }
  // A user's network has its links itself; those of Docker's bridge are in HostConfig, where finish_networks() puts
  // all.
  if (is_user_network(network.name)) {
    network.links.insert(network.links.end(), draft.links.begin(), draft.links.end());
  }
  return {};
}

Result<void> check_network(const NetworkAttachment& network) {
  if (trim(network.name).empty()) return Error{Errc::invalid, "docker option --network names no network", {}};
  // Docker resolves aliases only in networks that a user has made, and refuses them elsewhere.
  if (!is_user_network(network.name) && !network.aliases.empty()) {
    return Error{
        Errc::invalid,
        "docker option --network-alias: only networks that a user made have aliases, not '" + network.name + "'",
        {}};
  }
  return {};
}

Result<void> finish_networks(OptionDraft& draft) {
  ContainerSpec& spec = draft.spec;
  std::vector<NetworkAttachment> networks = std::move(draft.networks);
  if (networks.empty()) {
    networks = spec.networks;
    const std::string own = spec.network_mode.empty() ? "default" : spec.network_mode;
    if (networks.empty()) networks.push_back({.name = own});
  } else {
    spec.network_mode = networks.front().name;
  }
  auto merged = merge_wishes(networks.front(), draft);
  if (!merged) return merged;
  std::set<std::string> names;
  const bool user_made = is_user_network(networks.front().name);
  for (const NetworkAttachment& network : networks) {
    auto checked = check_network(network);
    if (!checked) return checked;
    if (!names.insert(network.name).second) return conflict("--network: '" + network.name + "' is given twice");
    if (is_user_network(network.name) != user_made) {
      return conflict("--network: Docker's own networks and others cannot be joined at once");
    }
  }
  spec.links.insert(spec.links.end(), draft.links.begin(), draft.links.end());
  // A network of which nothing but the name is said needs no entry of its own: NetworkMode names it.
  const bool plain = networks.size() == 1 && networks.front() == NetworkAttachment{.name = networks.front().name};
  spec.networks = plain ? std::vector<NetworkAttachment>{} : std::move(networks);
  return {};
}

Result<void> finish_health(OptionDraft& draft) {
  const DockerHealth& health = draft.health;
  const bool wanted = health != DockerHealth{};
  if (draft.no_health) {
    if (wanted) return conflict("--no-healthcheck and --health-* exclude each other");
    // How the API says "no healthcheck, whatever the image has".
    draft.spec.health = DockerHealth{.test = {"NONE"}};
    return {};
  }
  if (!wanted) return {};
  using namespace std::chrono_literals;
  const char* negative = nullptr;
  if (health.interval < 0ns) negative = "--health-interval";
  if (health.timeout < 0ns) negative = "--health-timeout";
  if (health.retries < 0) negative = "--health-retries";
  if (health.start_period < 0ns) negative = "--health-start-period";
  if (health.start_interval < 0ns) negative = "--health-start-interval";
  if (negative != nullptr) return Error{Errc::invalid, std::string{"docker option "} + negative + " is negative", {}};
  draft.spec.health = health;
  return {};
}

void normalize_capabilities(std::vector<std::string>& names) {
  // The CLI sorts them and drops doubles, and `docker inspect` has to show the same.
  std::set<std::string> unique;
  for (const std::string& name : names) unique.insert(normalize_capability(name));
  names.assign(unique.begin(), unique.end());
}

}  // namespace

Result<std::string> read_option_file(const OptionDraft& draft, const std::string& path) {
  // Where nobody can read files for us, as in a program without a sandbox, the option is refused and not ignored.
  if (draft.sources.read_file == nullptr) return Error{Errc::unsupported, "no files can be read here", {}};
  auto text = draft.sources.read_file(draft.sources.directory, path);
  if (!text) return Error{Errc::invalid, "'" + path + "' cannot be read: " + text.error().message, {}};
  return text;
}

Result<void> finish_options(OptionDraft& draft) {
  ContainerSpec& spec = draft.spec;
  auto done = finish_env(draft);
  if (done) done = finish_labels(draft);
  if (done) done = finish_networks(draft);
  if (done) done = finish_health(draft);
  if (!done) return done;
  if (spec.log_driver == "none" && !spec.log_options.empty()) {
    return conflict("--log-opt and --log-driver none exclude each other");
  }
  normalize_capabilities(spec.cap_add);
  normalize_capabilities(spec.cap_drop);
  // The CLI's order, so that `docker inspect` shows the same.
  std::sort(spec.ulimits.begin(), spec.ulimits.end(), [](const Ulimit& a, const Ulimit& b) { return a.name < b.name; });
  return {};
}

}  // namespace windlass::docker
