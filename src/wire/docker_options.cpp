#include "wire/docker_options.hpp"

#include "wire/docker_values.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <string_view>

namespace windlass {

namespace {

using Values = std::vector<std::string>;
using Apply = Result<void> (*)(ContainerSpec& spec, std::string_view value);

enum class Takes { value, nothing };  // nothing: a switch, which also takes =true and =false

// One option of the CLI: it is applied, or it is refused with a reason.
struct Option {
  const char* name;
  char letter;
  Takes takes;
  Apply apply;
  const char* refusal;
};

constexpr bool as_switch(std::string_view value) { return value == "true"; }

template <auto Field>
Result<void> set_text(ContainerSpec& spec, std::string_view value) {
  spec.*Field = std::string{value};
  return {};
}
template <auto Field>
Result<void> add_text(ContainerSpec& spec, std::string_view value) {
  (spec.*Field).emplace_back(value);
  return {};
}
template <auto Field>
Result<void> set_switch(ContainerSpec& spec, std::string_view value) {
  spec.*Field = as_switch(value);
  return {};
}
template <auto Field>
Result<void> set_size(ContainerSpec& spec, std::string_view value) {
  auto bytes = parse_size(value);
  if (!bytes) return bytes.error();
  spec.*Field = *bytes;
  return {};
}
template <auto Field>
Result<void> set_number(ContainerSpec& spec, std::string_view value) {
  auto number = parse_integer(value);
  if (!number) return number.error();
  using Number = typename std::remove_reference_t<decltype(spec.*Field)>::value_type;
  if (static_cast<std::int64_t>(static_cast<Number>(*number)) != *number) {
    return Error{Errc::invalid, "'" + std::string{value} + "' is out of range", {}};
  }
  spec.*Field = static_cast<Number>(*number);
  return {};
}
// name=value into a map; a value is optional only for labels.
template <auto Field, bool value_optional>
Result<void> set_pair(ContainerSpec& spec, std::string_view value) {
  const auto equals = value.find('=');
  if (equals == 0 || value.empty() || (equals == std::string_view::npos && !value_optional)) {
    return Error{Errc::invalid, "'" + std::string{value} + "' is not name=value", {}};
  }
  const std::string name{value.substr(0, equals)};
  (spec.*Field)[name] = equals == std::string_view::npos ? std::string{} : std::string{value.substr(equals + 1)};
  return {};
}

Result<void> apply_env(ContainerSpec& spec, std::string_view value) {
  const auto equals = value.find('=');
  if (value.empty() || equals == 0) return Error{Errc::invalid, "'" + std::string{value} + "' is not NAME=value", {}};
  if (equals == std::string_view::npos) {
    return Error{Errc::unsupported,
                 "'" + std::string{value} + "' has no value: nothing is taken from the executor's own environment",
                 {}};
  }
  set_env(spec, std::string{value.substr(0, equals)}, std::string{value.substr(equals + 1)});
  return {};
}

Result<void> apply_memory_swap(ContainerSpec& spec, std::string_view value) {
  if (value == "-1") {
    spec.memory_swap_bytes = -1;
    return {};
  }
  return set_size<&ContainerSpec::memory_swap_bytes>(spec, value);
}

Result<void> apply_cpus(ContainerSpec& spec, std::string_view value) {
  auto nano = parse_decimal(value, 9);
  if (!nano) return nano.error();
  spec.nano_cpus = *nano;
  return {};
}

Result<void> apply_entrypoint(ContainerSpec& spec, std::string_view value) {
  // --entrypoint "" clears the image's entrypoint; the API writes that as a list of one empty string.
  spec.entrypoint = Values{std::string{value}};
  return {};
}

Result<void> apply_volume(ContainerSpec& spec, std::string_view value) {
  const auto colon = value.find(':');
  if (value.empty() || colon == 0) return Error{Errc::invalid, "'" + std::string{value} + "' names no volume", {}};
  if (colon != std::string_view::npos) {
    spec.binds.emplace_back(value);
    return {};
  }
  if (value.front() != '/') {
    return Error{Errc::invalid, "'" + std::string{value} + "' is not an absolute path in the container", {}};
  }
  spec.anonymous_volumes.emplace_back(value);
  return {};
}

Result<void> apply_mount(ContainerSpec& spec, std::string_view value) {
  auto mount = parse_mount(value);
  if (!mount) return mount.error();
  spec.mounts.push_back(std::move(*mount));
  return {};
}

Result<void> apply_tmpfs(ContainerSpec& spec, std::string_view value) {
  const auto colon = value.find(':');
  if (value.empty() || value.front() != '/') {
    return Error{Errc::invalid, "'" + std::string{value} + "' is not an absolute path in the container", {}};
  }
  spec.tmpfs[std::string{value.substr(0, colon)}] =
      colon == std::string_view::npos ? std::string{} : std::string{value.substr(colon + 1)};
  return {};
}

Result<void> apply_publish(ContainerSpec& spec, std::string_view value) {
  auto bindings = parse_publish(value);
  if (!bindings) return bindings.error();
  for (PortBinding& binding : *bindings) spec.ports.push_back(std::move(binding));
  return {};
}

Result<void> apply_expose(ContainerSpec& spec, std::string_view value) {
  auto ports = parse_expose(value);
  if (!ports) return ports.error();
  for (std::string& port : *ports) spec.exposed.push_back(std::move(port));
  return {};
}

Result<void> apply_network(ContainerSpec& spec, std::string_view value) {
  if (value.empty()) return Error{Errc::invalid, "names no network", {}};
  if (value.find('=') != std::string_view::npos) {
    return Error{Errc::unsupported, "'" + std::string{value} + "': only the name of one network is taken", {}};
  }
  spec.network_mode = std::string{value};
  return {};
}

Result<void> apply_extra_host(ContainerSpec& spec, std::string_view value) {
  const auto separator = value.find_first_of(":=");
  if (separator == 0 || separator == std::string_view::npos || separator + 1 == value.size()) {
    return Error{Errc::invalid, "'" + std::string{value} + "' is not host:ip", {}};
  }
  std::string entry{value};
  entry[separator] = ':';
  spec.extra_hosts.push_back(std::move(entry));
  return {};
}

Result<void> apply_device(ContainerSpec& spec, std::string_view value) {
  auto device = parse_device(value);
  if (!device) return device.error();
  spec.devices.push_back(std::move(*device));
  return {};
}

Result<void> apply_ulimit(ContainerSpec& spec, std::string_view value) {
  auto limit = parse_ulimit(value);
  if (!limit) return limit.error();
  std::erase_if(spec.ulimits, [&](const Ulimit& old) { return old.name == limit->name; });
  spec.ulimits.push_back(std::move(*limit));
  return {};
}

Result<void> apply_security(ContainerSpec& spec, std::string_view value) {
  if (value == "systempaths=unconfined") {
    spec.unmask_system_paths = true;
    return {};
  }
  constexpr std::string_view seccomp = "seccomp=";
  if (value.starts_with(seccomp)) {
    const auto profile = value.substr(seccomp.size());
    if (profile != "unconfined" && profile != "builtin" && !profile.starts_with("{")) {
      return Error{Errc::unsupported, "'" + std::string{value} + "': give the profile's JSON itself, not its file", {}};
    }
  }
  spec.security_options.emplace_back(value);
  return {};
}

Result<void> apply_init(ContainerSpec& spec, std::string_view value) {
  spec.init = as_switch(value);
  return {};
}

// The CLI accepts it and does nothing with it.
Result<void> apply_nothing(ContainerSpec&, std::string_view) { return {}; }

constexpr const char* name_reason = "the executor names containers itself (mesos-<container id>)";
constexpr const char* life_reason = "the executor removes the container when the task has ended";
constexpr const char* restart_reason = "restarting is the framework's decision";
constexpr const char* file_reason = "the executor reads no files for options; use --env or --label";

using Spec = ContainerSpec;
constexpr auto value = Takes::value;
constexpr auto nothing = Takes::nothing;

constexpr auto options = std::to_array<Option>({
    {"add-host", 0, value, apply_extra_host, nullptr},
    {"attach", 'a', value, nullptr, "the executor attaches stdout and stderr itself"},
    {"cap-add", 0, value, add_text<&Spec::cap_add>, nullptr},
    {"cap-drop", 0, value, add_text<&Spec::cap_drop>, nullptr},
    {"cgroup-parent", 0, value, set_text<&Spec::cgroup_parent>, nullptr},
    {"cidfile", 0, value, nullptr, "the executor keeps track of the container itself"},
    {"cpu-period", 0, value, set_number<&Spec::cpu_period_us>, nullptr},
    {"cpu-quota", 0, value, set_number<&Spec::cpu_quota_us>, nullptr},
    {"cpu-shares", 'c', value, set_number<&Spec::cpu_shares>, nullptr},
    {"cpus", 0, value, apply_cpus, nullptr},
    {"cpuset-cpus", 0, value, set_text<&Spec::cpuset_cpus>, nullptr},
    {"cpuset-mems", 0, value, set_text<&Spec::cpuset_mems>, nullptr},
    {"detach", 'd', nothing, nullptr, "the task lasts as long as its container"},
    {"detach-keys", 0, value, nullptr, "nobody is at the container's terminal"},
    {"device", 0, value, apply_device, nullptr},
    {"disable-content-trust", 0, nothing, apply_nothing, nullptr},
    {"dns", 0, value, add_text<&Spec::dns>, nullptr},
    {"dns-opt", 0, value, add_text<&Spec::dns_options>, nullptr},
    {"dns-option", 0, value, add_text<&Spec::dns_options>, nullptr},
    {"dns-search", 0, value, add_text<&Spec::dns_search>, nullptr},
    {"domainname", 0, value, set_text<&Spec::domainname>, nullptr},
    {"entrypoint", 0, value, apply_entrypoint, nullptr},
    {"env", 'e', value, apply_env, nullptr},
    {"env-file", 0, value, nullptr, file_reason},
    {"expose", 0, value, apply_expose, nullptr},
    {"group-add", 0, value, add_text<&Spec::groups>, nullptr},
    {"hostname", 'h', value, set_text<&Spec::hostname>, nullptr},
    {"init", 0, nothing, apply_init, nullptr},
    {"interactive", 'i', nothing, set_switch<&Spec::open_stdin>, nullptr},
    {"ipc", 0, value, set_text<&Spec::ipc_mode>, nullptr},
    {"label", 'l', value, set_pair<&Spec::labels, true>, nullptr},
    {"label-file", 0, value, nullptr, file_reason},
    {"link", 0, value, add_text<&Spec::links>, nullptr},
    {"log-driver", 0, value, set_text<&Spec::log_driver>, nullptr},
    {"log-opt", 0, value, set_pair<&Spec::log_options, false>, nullptr},
    {"memory", 'm', value, set_size<&Spec::memory_bytes>, nullptr},
    {"memory-reservation", 0, value, set_size<&Spec::memory_reservation_bytes>, nullptr},
    {"memory-swap", 0, value, apply_memory_swap, nullptr},
    {"mount", 0, value, apply_mount, nullptr},
    {"name", 0, value, nullptr, name_reason},
    {"net", 0, value, apply_network, nullptr},
    {"network", 0, value, apply_network, nullptr},
    {"oom-kill-disable", 0, nothing, set_switch<&Spec::oom_kill_disable>, nullptr},
    {"oom-score-adj", 0, value, set_number<&Spec::oom_score_adj>, nullptr},
    {"pid", 0, value, set_text<&Spec::pid_mode>, nullptr},
    {"pids-limit", 0, value, set_number<&Spec::pids_limit>, nullptr},
    {"privileged", 0, nothing, set_switch<&Spec::privileged>, nullptr},
    {"publish", 'p', value, apply_publish, nullptr},
    {"publish-all", 'P', nothing, set_switch<&Spec::publish_all>, nullptr},
    {"read-only", 0, nothing, set_switch<&Spec::read_only_root>, nullptr},
    {"restart", 0, value, nullptr, restart_reason},
    {"rm", 0, nothing, nullptr, life_reason},
    {"security-opt", 0, value, apply_security, nullptr},
    {"shm-size", 0, value, set_size<&Spec::shm_bytes>, nullptr},
    {"sig-proxy", 0, nothing, apply_nothing, nullptr},
    {"stop-signal", 0, value, set_text<&Spec::stop_signal>, nullptr},
    {"stop-timeout", 0, value, set_number<&Spec::stop_timeout>, nullptr},
    {"sysctl", 0, value, set_pair<&Spec::sysctls, false>, nullptr},
    {"tmpfs", 0, value, apply_tmpfs, nullptr},
    {"tty", 't', nothing, set_switch<&Spec::tty>, nullptr},
    {"ulimit", 0, value, apply_ulimit, nullptr},
    {"user", 'u', value, set_text<&Spec::user>, nullptr},
    {"uts", 0, value, set_text<&Spec::uts_mode>, nullptr},
    {"volume", 'v', value, apply_volume, nullptr},
    {"volume-driver", 0, value, set_text<&Spec::volume_driver>, nullptr},
    {"volumes-from", 0, value, add_text<&Spec::volumes_from>, nullptr},
    {"workdir", 'w', value, set_text<&Spec::workdir>, nullptr},
});

const Option* find_option(std::string_view name) {
  const auto* found =
      std::find_if(options.begin(), options.end(), [&](const Option& option) { return option.name == name; });
  return found == options.end() ? nullptr : found;
}

const Option* find_option(char letter) {
  const auto* found =
      std::find_if(options.begin(), options.end(), [&](const Option& option) { return option.letter == letter; });
  return found == options.end() ? nullptr : found;
}

Error unknown(const std::string& shown) { return Error{Errc::invalid, "unknown docker option " + shown, {}}; }

// What strconv.ParseBool of the CLI takes.
std::optional<bool> parse_bool(std::string_view text) {
  static const std::set<std::string_view> yes{"1", "t", "T", "true", "TRUE", "True"};
  static const std::set<std::string_view> no{"0", "f", "F", "false", "FALSE", "False"};
  if (yes.contains(text)) return true;
  if (no.contains(text)) return false;
  return std::nullopt;
}

// `shown` is the option as the user wrote it: "-p", "--publish".
Result<void> apply_one(ContainerSpec& spec, const Option& option, const std::string& shown, std::string_view text) {
  if (option.takes == Takes::nothing) {
    const auto chosen = parse_bool(text);
    if (!chosen)
      return Error{Errc::invalid, "docker option " + shown + ": '" + std::string{text} + "' is no boolean", {}};
    text = *chosen ? "true" : "false";
  }
  if (option.apply == nullptr) {
    return Error{Errc::unsupported, "docker option " + shown + " is not possible: " + option.refusal, {}};
  }
  auto applied = option.apply(spec, text);
  if (!applied) return Error{applied.error().code, "docker option " + shown + ": " + applied.error().message, {}};
  return {};
}

// Walks over the list form.
class OptionList {
 public:
  OptionList(ContainerSpec& spec, const Values& list) : spec_{spec}, list_{list} {}

  Result<void> apply() {
    while (next_ < list_.size()) {
      const std::string& word = list_[next_++];
      Result<void> applied;
      if (word.starts_with("--") && word.size() > 2) {
        applied = apply_long(std::string_view{word}.substr(2));
      } else if (word.starts_with("-") && word.size() > 1 && word != "--") {
        applied = apply_cluster(std::string_view{word}.substr(1));
      } else {
        applied = Error{Errc::invalid, "'" + word + "' is not a docker option", {}};
      }
      if (!applied) return applied;
    }
    return {};
  }

 private:
  Result<void> apply_long(std::string_view text) {
    const auto equals = text.find('=');
    const std::string name{text.substr(0, equals)};
    const Option* option = find_option(name);
    if (option == nullptr) return unknown("--" + name);
    if (equals != std::string_view::npos) return put(*option, "--" + name, text.substr(equals + 1));
    if (option->takes == Takes::nothing) return put(*option, "--" + name, "true");
    return put_next(*option, "--" + name);
  }

  // "-it", "-p80:80", "-e=A=b", "-itv /a:/b": switches first, then at most one option with a value.
  Result<void> apply_cluster(std::string_view letters) {
    for (std::size_t i = 0; i < letters.size(); ++i) {
      const std::string shown{'-', letters[i]};
      const Option* option = find_option(letters[i]);
      if (option == nullptr) return unknown(shown);
      const auto rest = letters.substr(i + 1);
      if (rest.starts_with('=')) return put(*option, shown, rest.substr(1));
      if (option->takes == Takes::value) return rest.empty() ? put_next(*option, shown) : put(*option, shown, rest);
      auto applied = put(*option, shown, "true");
      if (!applied) return applied;
    }
    return {};
  }

  Result<void> put_next(const Option& option, const std::string& shown) {
    if (next_ >= list_.size()) return Error{Errc::invalid, "docker option " + shown + " needs a value", {}};
    return put(option, shown, list_[next_++]);
  }

  Result<void> put(const Option& option, const std::string& shown, std::string_view text) {
    if (option.apply == apply_network && network_given_++ > 0) {
      return Error{Errc::unsupported, "docker option " + shown + " is given twice: a task has one network", {}};
    }
    return apply_one(spec_, option, shown, text);
  }

  ContainerSpec& spec_;
  const Values& list_;
  std::size_t next_ = 0;
  int network_given_ = 0;
};

}  // namespace

Result<void> apply_docker_options(ContainerSpec& spec, const Values& list) { return OptionList{spec, list}.apply(); }

Result<void> apply_docker_parameters(ContainerSpec& spec, const std::vector<Parameter>& parameters) {
  bool network_given = false;
  for (const Parameter& parameter : parameters) {
    const Option* option = find_option(parameter.key);
    // Mesos hands every key to the CLI as --key=value; a short letter is a courtesy of ours.
    if (option == nullptr && parameter.key.size() == 1) option = find_option(parameter.key.front());
    const std::string shown = "--" + parameter.key;
    if (option == nullptr) return unknown(shown);
    if (option->apply == apply_network && std::exchange(network_given, true)) continue;
    auto applied = apply_one(spec, *option, shown, parameter.value);
    if (!applied) return applied;
  }
  return {};
}

}  // namespace windlass
