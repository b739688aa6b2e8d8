#include "container/options.hpp"

#include "base/text.hpp"
#include "container/mounts.hpp"
#include "container/option_draft.hpp"
#include "container/scalars.hpp"
#include "container/values.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

namespace windlass::docker {

namespace {

using Spec = ContainerSpec;
using Draft = OptionDraft;
using Text = std::string_view;
using Apply = Result<void> (*)(Draft& draft, Text value);

enum class Takes { value, nothing };  // nothing: a switch, which also takes =true and =false

// One option of the CLI: it is applied, or it is refused with a reason, unless its value asks for what is so anyway.
struct Option {
  const char* name;
  char letter;
  Takes takes;
  Apply apply;
  const char* refusal = nullptr;
  const char* harmless = nullptr;
};

// --- single fields ---------------------------------------------------------------------------------------------------

template <auto Field>
Result<void> set_text(Draft& draft, Text value) {
  draft.spec.*Field = std::string{value};
  return {};
}
template <auto Field>
Result<void> add_text(Draft& draft, Text value) {
  (draft.spec.*Field).emplace_back(value);
  return {};
}
template <auto Field>
Result<void> hold_text(Draft& draft, Text value) {
  (draft.*Field).emplace_back(value);
  return {};
}
template <auto Field>
Result<void> set_wish(Draft& draft, Text value) {
  draft.first_network.*Field = std::string{value};
  return {};
}
template <auto Field>
Result<void> add_wish(Draft& draft, Text value) {
  (draft.first_network.*Field).emplace_back(value);
  return {};
}
template <auto Field>
Result<void> set_switch(Draft& draft, Text value) {
  // apply_one() has made "true" or "false" of it.
  draft.spec.*Field = value == "true";
  return {};
}
template <auto Field>
Result<void> set_size(Draft& draft, Text value) {
  auto bytes = parse_size(value);
  if (!bytes) return bytes.error();
  draft.spec.*Field = *bytes;
  return {};
}
template <auto Field>
Result<void> set_number(Draft& draft, Text value) {
  // A base prefix is allowed: the CLI's numbers are those of Go's source.
  auto number = parse_integer(value);
  if (!number) return number.error();
  using Number = typename std::remove_reference_t<decltype(draft.spec.*Field)>::value_type;
  if (*number < std::numeric_limits<Number>::min() || *number > std::numeric_limits<Number>::max()) {
    return bad_value(value, "is out of range");
  }
  draft.spec.*Field = static_cast<Number>(*number);
  return {};
}
template <auto Field>
Result<void> set_time(Draft& draft, Text value) {
  auto time = parse_duration(value);
  if (!time) return time.error();
  draft.health.*Field = *time;
  return {};
}
// What `parse` makes of the value is appended to the field.
template <auto Field, auto parse>
Result<void> add_parsed(Draft& draft, Text value) {
  auto parsed = parse(value);
  if (!parsed) return parsed.error();
  (draft.spec.*Field).push_back(std::move(*parsed));
  return {};
}
template <auto Field, auto parse>
Result<void> append_parsed(Draft& draft, Text value) {
  auto parsed = parse(value);
  if (!parsed) return parsed.error();
  for (auto& each : *parsed) (draft.spec.*Field).push_back(std::move(each));
  return {};
}
// name=value into a map.
template <auto Field, bool value_optional>
Result<void> set_pair(Draft& draft, Text value) {
  auto pair = cut(value, '=');
  if (!pair && !value_optional) return bad_value(value, "is not name=value");
  if (!pair) pair = std::pair{std::string{value}, std::string{}};
  (draft.spec.*Field)[pair->first] = std::move(pair->second);
  return {};
}
// One of the given words, or "": as the daemon has it.
template <auto Field, const auto& words>
Result<void> set_word(Draft& draft, Text value) {
  if (!value.empty() && std::find(words.begin(), words.end(), value) == words.end()) {
    std::string all;
    for (const Text word : words) all += (all.empty() ? "" : ", ") + std::string{word};
    return bad_value(value, "is not possible here: " + all);
  }
  draft.spec.*Field = std::string{value};
  return {};
}
constexpr std::array<Text, 1> host_only{"host"};
constexpr std::array<Text, 2> host_or_private{"host", "private"};

// --- options of their own -------------------------------------------------------------------------------------------

// Only held: which value counts is known when all files and options have been read (finish_env).
Result<void> apply_env(Draft& draft, Text value) {
  if (value.empty() || value.front() == '=') return bad_value(value, "is not NAME=value");
  draft.env.emplace_back(value);
  return {};
}

Result<void> apply_label(Draft& draft, Text value) {
  auto name = value.substr(0, value.find('='));
  name.remove_prefix(std::min(name.find_first_not_of(" \t"), name.size()));
  if (name.empty()) return bad_value(value, "has no name");
  if (name.find_first_of(" \t") != Text::npos) return bad_value(value, "has blanks in its name");
  draft.labels.emplace_back(value);
  return {};
}

// -1 is "unlimited", and the only negative size that there is.
Result<void> apply_memory_swap(Draft& draft, Text value) {
  if (value != "-1") return set_size<&Spec::memory_swap_bytes>(draft, value);
  draft.spec.memory_swap_bytes = -1;
  return {};
}

Result<void> apply_swappiness(Draft& draft, Text value) {
  auto number = parse_integer(value);
  if (!number) return number.error();
  // -1 leaves it to the machine.
  if (*number < -1 || *number > 100) return bad_value(value, "is not from 0 to 100");
  draft.spec.memory_swappiness = *number;
  return {};
}

Result<void> apply_blkio_weight(Draft& draft, Text value) {
  auto number = parse_unsigned(value, std::numeric_limits<std::uint16_t>::max());
  if (!number) return number.error();
  draft.spec.blkio_weight = static_cast<std::uint16_t>(*number);
  return {};
}

Result<void> apply_cpus(Draft& draft, Text value) {
  auto nano = parse_cpus(value);
  if (!nano) return nano.error();
  draft.spec.nano_cpus = *nano;
  return {};
}

// --entrypoint "" clears the image's entrypoint; the API writes that as a list of one empty string.
Result<void> apply_entrypoint(Draft& draft, Text value) {
  draft.spec.entrypoint = std::vector<std::string>{std::string{value}};
  return {};
}

// The CLI keeps volumes in a set: one that is given twice would be a duplicate mount point to the Engine.
void add_once(std::vector<std::string>& list, const std::string& text) {
  if (std::find(list.begin(), list.end(), text) == list.end()) list.push_back(text);
}

Result<void> apply_volume(Draft& draft, Text value) {
  auto volume = parse_volume(value, draft.sources.directory);
  if (!volume) return volume.error();
  add_once(volume->anonymous ? draft.spec.anonymous_volumes : draft.spec.binds, volume->text);
  return {};
}

Result<void> apply_mount(Draft& draft, Text value) {
  auto mount = parse_mount(value, draft.sources.directory);
  if (!mount) return mount.error();
  draft.spec.mounts.push_back(std::move(*mount));
  return {};
}

Result<void> apply_tmpfs(Draft& draft, Text value) {
  auto pair = cut(value, ':').value_or(std::pair{std::string{value}, std::string{}});
  draft.spec.tmpfs[pair.first] = std::move(pair.second);
  return {};
}

// Held: wishes such as --ip belong to the first one, and may stand before it.
Result<void> apply_network(Draft& draft, Text value) {
  auto network = parse_network(value);
  if (!network) return network.error();
  draft.networks.push_back(std::move(*network));
  return {};
}

Result<void> apply_mac_address(Draft& draft, Text value) {
  if (!value.empty() && !is_mac_address(trim(value))) return bad_value(value, "is not a MAC address");
  draft.spec.mac_address = std::string{value};
  return {};
}

Result<void> apply_link(Draft& draft, Text value) {
  if (value.empty() || split(value, ':').size() > 2) return bad_value(value, "is not container[:alias]");
  draft.links.emplace_back(value);
  return {};
}

Result<void> apply_dns(Draft& draft, Text value) {
  // Kept in its canonical form, as the CLI sends it: `docker inspect` shows what was sent.
  auto address = parse_ip(trim(value));
  if (!address) return bad_value(value, "is not an IP address");
  draft.spec.dns.push_back(std::move(*address));
  return {};
}

Result<void> apply_device(Draft& draft, Text value) {
  // All CDI devices of a container are one request to the Engine, with a list of ids.
  if (is_cdi_device(value)) {
    auto& requests = draft.spec.device_requests;
    auto found = std::find_if(requests.begin(), requests.end(), [](const auto& each) { return each.driver == "cdi"; });
    if (found == requests.end()) found = requests.insert(requests.end(), DeviceRequest{.driver = "cdi"});
    found->ids.emplace_back(value);
    return {};
  }
  return add_parsed<&Spec::devices, parse_device>(draft, value);
}

Result<void> apply_device_cgroup_rule(Draft& draft, Text value) {
  if (!is_device_cgroup_rule(value)) return bad_value(value, "is not a rule: type major:minor mode");
  draft.spec.device_cgroup_rules.emplace_back(value);
  return {};
}

// CDI devices come after GPUs, wherever they stand.
Result<void> apply_gpus(Draft& draft, Text value) {
  auto request = parse_gpus(value);
  if (!request) return request.error();
  auto& requests = draft.spec.device_requests;
  const auto cdi =
      std::find_if(requests.begin(), requests.end(), [](const auto& each) { return each.driver == "cdi"; });
  requests.insert(cdi, std::move(*request));
  return {};
}

Result<void> apply_ulimit(Draft& draft, Text value) {
  auto limit = parse_ulimit(value);
  if (!limit) return limit.error();
  // The last one of a name counts, as with the CLI.
  std::erase_if(draft.spec.ulimits, [&](const Ulimit& old) { return old.name == limit->name; });
  draft.spec.ulimits.push_back(std::move(*limit));
  return {};
}

Result<void> apply_sysctl(Draft& draft, Text value) {
  auto pair = cut(value, '=');
  // Others belong to the whole machine; runc refuses them when the container starts, and the CLI before.
  if (!pair || !is_namespaced_sysctl(pair->first)) return bad_value(value, "is not a sysctl that a container can set");
  draft.spec.sysctls[pair->first] = std::move(pair->second);
  return {};
}

// A profile is the daemon's own, a file, or, since a task often has no file, its JSON.
Result<std::string> seccomp_profile(const Draft& draft, const std::string& profile) {
  auto text = profile.starts_with('{') ? Result<std::string>{profile} : read_option_file(draft, profile);
  if (!text) return text;
  // The Engine takes a profile only as text, without the file, and the CLI sends it without blanks.
  auto compact = compact_json(*text);
  if (!compact) return Error{Errc::invalid, "the seccomp profile " + compact.error().message, {}};
  return "seccomp=" + *compact;
}

Result<void> apply_security(Draft& draft, Text value) {
  // The CLI's word; the API has two lists of paths instead, which become empty.
  if (value == "systempaths=unconfined") {
    draft.spec.unmask_system_paths = true;
    return {};
  }
  auto pair = cut(value, '=');
  // The old form, "label:disable".
  if (!pair && value != "no-new-privileges") pair = cut(value, ':');
  const std::string name = pair ? pair->first : std::string{value};
  if (name != "no-new-privileges" && (!pair || pair->second.empty())) return bad_value(value, "is not name=value");
  std::string option{value};
  if (name == "seccomp" && pair->second != "unconfined" && pair->second != "builtin") {
    auto profile = seccomp_profile(draft, pair->second);
    if (!profile) return profile.error();
    option = std::move(*profile);
  }
  draft.spec.security_options.push_back(std::move(option));
  return {};
}

Result<void> apply_storage(Draft& draft, Text value) { return set_pair<&Spec::storage_options, false>(draft, value); }

// A container's own namespace, the host's, or another container's.
Result<void> apply_pid(Draft& draft, Text value) {
  constexpr Text container = "container:";
  const bool joins = value.starts_with(container) && value.size() > container.size();
  if (!value.empty() && value != "host" && !joins) return bad_value(value, "is neither host nor container:<name>");
  draft.spec.pid_mode = std::string{value};
  return {};
}

Result<void> apply_platform(Draft& draft, Text value) {
  auto platform = parse_platform(value);
  if (!platform) return platform.error();
  draft.spec.platform = std::move(*platform);
  return {};
}

Result<void> apply_pull(Draft& draft, Text value) {
  if (value == "always") {
    draft.spec.pull = PullPolicy::always;
  } else if (value == "never") {
    draft.spec.pull = PullPolicy::never;
  } else if (value == "missing" || value.empty()) {
    draft.spec.pull = PullPolicy::missing;
  } else {
    return bad_value(value, "is none of always, missing and never");
  }
  return {};
}

// Set also when it is false: the daemon's own default may be true.
Result<void> apply_init(Draft& draft, Text value) {
  draft.spec.init = value == "true";
  return {};
}

Result<void> apply_health_command(Draft& draft, Text value) {
  draft.health.test.clear();
  // An empty command is none: the image's own test stays.
  if (!value.empty()) draft.health.test = {"CMD-SHELL", std::string{value}};
  return {};
}

Result<void> apply_health_retries(Draft& draft, Text value) {
  auto number = parse_integer(value);
  if (!number) return number.error();
  draft.health.retries = *number;
  return {};
}

Result<void> apply_no_health(Draft& draft, Text value) {
  draft.no_health = value == "true";
  return {};
}

// --- the table ------------------------------------------------------------------------------------------------------

// Refused, with the reason: what makes sense only for a person at a terminal or on Windows, and what would take from
// the executor what it is there for.
constexpr const char* attach_reason = "the executor attaches stdout and stderr itself";
constexpr const char* id_reason = "the executor keeps track of the container itself";
constexpr const char* name_reason = "the executor names containers itself (mesos-<container id>)";
constexpr const char* life_reason = "the executor removes the container when the task has ended";
constexpr const char* detach_reason = "the task lasts as long as its container";
constexpr const char* terminal_reason = "nobody is at the container's terminal";
constexpr const char* restart_reason = "restarting is the framework's decision";
constexpr const char* trust_reason = "the executor does not check signatures of images";
constexpr const char* signal_reason = "the executor's own signals end its task";
constexpr const char* kernel_memory_reason =
    "neither Docker, from API 1.42 on, nor Linux limits it any more; use --memory";
constexpr const char* socket_reason = "it hands the executor's registry credentials to the container; use --volume";
constexpr const char* windows_reason = "it exists on Windows only";

constexpr auto value = Takes::value;
constexpr auto nothing = Takes::nothing;

// Sorted by name, as `docker run --help` prints them, so that the two lists can be compared.
constexpr auto table = std::to_array<Option>({
    {"add-host", 0, value, add_parsed<&Spec::extra_hosts, parse_extra_host>},
    {"annotation", 0, value, set_pair<&Spec::annotations, true>},
    {"attach", 'a', value, nullptr, attach_reason},
    {"blkio-weight", 0, value, apply_blkio_weight},
    {"blkio-weight-device", 0, value, add_parsed<&Spec::blkio_weight_devices, parse_device_weight>},
    {"cap-add", 0, value, add_text<&Spec::cap_add>},
    {"cap-drop", 0, value, add_text<&Spec::cap_drop>},
    {"cgroup-parent", 0, value, set_text<&Spec::cgroup_parent>},
    {"cgroupns", 0, value, set_word<&Spec::cgroupns_mode, host_or_private>},
    {"cidfile", 0, value, nullptr, id_reason, ""},
    {"cpu-count", 0, value, nullptr, windows_reason},
    {"cpu-percent", 0, value, nullptr, windows_reason},
    {"cpu-period", 0, value, set_number<&Spec::cpu_period_us>},
    {"cpu-quota", 0, value, set_number<&Spec::cpu_quota_us>},
    {"cpu-rt-period", 0, value, set_number<&Spec::cpu_rt_period_us>},
    {"cpu-rt-runtime", 0, value, set_number<&Spec::cpu_rt_runtime_us>},
    {"cpu-shares", 'c', value, set_number<&Spec::cpu_shares>},
    {"cpus", 0, value, apply_cpus},
    {"cpuset-cpus", 0, value, set_text<&Spec::cpuset_cpus>},
    {"cpuset-mems", 0, value, set_text<&Spec::cpuset_mems>},
    {"detach", 'd', nothing, nullptr, detach_reason, "false"},
    {"detach-keys", 0, value, nullptr, terminal_reason, ""},
    {"device", 0, value, apply_device},
    {"device-cgroup-rule", 0, value, apply_device_cgroup_rule},
    {"device-read-bps", 0, value, add_parsed<&Spec::device_read_bps, parse_device_bps>},
    {"device-read-iops", 0, value, add_parsed<&Spec::device_read_iops, parse_device_iops>},
    {"device-write-bps", 0, value, add_parsed<&Spec::device_write_bps, parse_device_bps>},
    {"device-write-iops", 0, value, add_parsed<&Spec::device_write_iops, parse_device_iops>},
    {"disable-content-trust", 0, nothing, nullptr, trust_reason, "true"},
    {"dns", 0, value, apply_dns},
    {"dns-opt", 0, value, add_text<&Spec::dns_options>},
    {"dns-option", 0, value, add_text<&Spec::dns_options>},
    {"dns-search", 0, value, add_parsed<&Spec::dns_search, parse_dns_search>},
    {"domainname", 0, value, set_text<&Spec::domainname>},
    {"entrypoint", 0, value, apply_entrypoint},
    {"env", 'e', value, apply_env},
    {"env-file", 0, value, hold_text<&Draft::env_files>},
    {"expose", 0, value, append_parsed<&Spec::exposed, parse_expose>},
    {"gpus", 0, value, apply_gpus},
    {"group-add", 0, value, add_text<&Spec::groups>},
    {"health-cmd", 0, value, apply_health_command},
    {"health-interval", 0, value, set_time<&DockerHealth::interval>},
    {"health-retries", 0, value, apply_health_retries},
    {"health-start-interval", 0, value, set_time<&DockerHealth::start_interval>},
    {"health-start-period", 0, value, set_time<&DockerHealth::start_period>},
    {"health-timeout", 0, value, set_time<&DockerHealth::timeout>},
    {"help", 0, nothing, nullptr, terminal_reason, "false"},
    {"hostname", 'h', value, set_text<&Spec::hostname>},
    {"init", 0, nothing, apply_init},
    {"interactive", 'i', nothing, set_switch<&Spec::open_stdin>},
    {"io-maxbandwidth", 0, value, nullptr, windows_reason},
    {"io-maxiops", 0, value, nullptr, windows_reason},
    {"ip", 0, value, set_wish<&NetworkAttachment::ipv4>},
    {"ip6", 0, value, set_wish<&NetworkAttachment::ipv6>},
    {"ipc", 0, value, set_text<&Spec::ipc_mode>},
    {"isolation", 0, value, set_text<&Spec::isolation>},
    {"kernel-memory", 0, value, nullptr, kernel_memory_reason},
    {"label", 'l', value, apply_label},
    {"label-file", 0, value, hold_text<&Draft::label_files>},
    {"link", 0, value, apply_link},
    {"link-local-ip", 0, value, add_wish<&NetworkAttachment::link_local_ips>},
    {"log-driver", 0, value, set_text<&Spec::log_driver>},
    {"log-opt", 0, value, set_pair<&Spec::log_options, true>},
    {"mac-address", 0, value, apply_mac_address},
    {"memory", 'm', value, set_size<&Spec::memory_bytes>},
    {"memory-reservation", 0, value, set_size<&Spec::memory_reservation_bytes>},
    {"memory-swap", 0, value, apply_memory_swap},
    {"memory-swappiness", 0, value, apply_swappiness},
    {"mount", 0, value, apply_mount},
    {"name", 0, value, nullptr, name_reason},
    {"net", 0, value, apply_network},
    {"net-alias", 0, value, add_wish<&NetworkAttachment::aliases>},
    {"network", 0, value, apply_network},
    {"network-alias", 0, value, add_wish<&NetworkAttachment::aliases>},
    {"no-healthcheck", 0, nothing, apply_no_health},
    {"oom-kill-disable", 0, nothing, set_switch<&Spec::oom_kill_disable>},
    {"oom-score-adj", 0, value, set_number<&Spec::oom_score_adj>},
    {"pid", 0, value, apply_pid},
    {"pids-limit", 0, value, set_number<&Spec::pids_limit>},
    {"platform", 0, value, apply_platform},
    {"privileged", 0, nothing, set_switch<&Spec::privileged>},
    {"publish", 'p', value, append_parsed<&Spec::ports, parse_publish>},
    {"publish-all", 'P', nothing, set_switch<&Spec::publish_all>},
    {"pull", 0, value, apply_pull},
    {"quiet", 'q', nothing, set_switch<&Spec::quiet_pull>},
    {"read-only", 0, nothing, set_switch<&Spec::read_only_root>},
    {"restart", 0, value, nullptr, restart_reason, "no"},
    {"rm", 0, nothing, nullptr, life_reason, "false"},
    {"runtime", 0, value, set_text<&Spec::runtime>},
    {"security-opt", 0, value, apply_security},
    {"shm-size", 0, value, set_size<&Spec::shm_bytes>},
    {"sig-proxy", 0, nothing, nullptr, signal_reason, "true"},
    {"stop-signal", 0, value, set_text<&Spec::stop_signal>},
    {"stop-timeout", 0, value, set_number<&Spec::stop_timeout>},
    {"storage-opt", 0, value, apply_storage},
    {"sysctl", 0, value, apply_sysctl},
    {"tmpfs", 0, value, apply_tmpfs},
    {"tty", 't', nothing, set_switch<&Spec::tty>},
    {"ulimit", 0, value, apply_ulimit},
    {"use-api-socket", 0, nothing, nullptr, socket_reason, "false"},
    {"user", 'u', value, set_text<&Spec::user>},
    {"userns", 0, value, set_word<&Spec::userns_mode, host_only>},
    {"uts", 0, value, set_word<&Spec::uts_mode, host_only>},
    {"volume", 'v', value, apply_volume},
    {"volume-driver", 0, value, set_text<&Spec::volume_driver>},
    {"volumes-from", 0, value, add_text<&Spec::volumes_from>},
    {"workdir", 'w', value, set_text<&Spec::workdir>},
});

// A linear search: a task has a handful of options, and the table is a hundred lines.
const Option* find_option(Text name) {
  const auto* found =
      std::find_if(table.begin(), table.end(), [&](const Option& option) { return option.name == name; });
  return found == table.end() ? nullptr : found;
}

const Option* find_option(char letter) {
  if (letter == 0) return nullptr;  // how the table says that an option has none
  const auto* found =
      std::find_if(table.begin(), table.end(), [&](const Option& option) { return option.letter == letter; });
  return found == table.end() ? nullptr : found;
}

Error unknown_option(const std::string& shown) { return Error{Errc::invalid, "unknown docker option " + shown, {}}; }

// Docker's JSON and messages to frameworks are UTF-8, and options go into both.
Error not_utf8(const std::string& option) {
  return Error{Errc::invalid, "docker option " + (is_utf8(option) ? option + " " : "") + "is not UTF-8", {}};
}

// `shown` is the option as the user wrote it: "-p", "--publish".
Result<void> apply_one(Draft& draft, const Option& option, const std::string& shown, Text text) {
  if (!is_utf8(text)) return not_utf8(shown);
  if (option.takes == Takes::nothing) {
    const auto chosen = parse_bool(text);
    if (!chosen) {
      return Error{Errc::invalid, "docker option " + shown + ": '" + std::string{text} + "' is no boolean", {}};
    }
    text = *chosen ? "true" : "false";
  }
  if (option.apply == nullptr) {
    // "--rm=false" or "--restart no" asks for what happens anyway.
    if (option.harmless != nullptr && text == option.harmless) return {};
    return Error{Errc::unsupported, "docker option " + shown + " is not possible: " + option.refusal, {}};
  }
  auto applied = option.apply(draft, text);
  if (!applied) return Error{applied.error().code, "docker option " + shown + ": " + applied.error().message, {}};
  return {};
}

// One option of a list: which, as the user wrote it ("-p", "--publish"), with its value ("true" for a switch that has
// none). Or what is wrong with it, with as much of it as was understood.
struct Given {
  const Option* option = nullptr;
  std::string shown = {};
  std::string value = {};
  std::optional<Error> problem = {};
};

Error no_value(const std::string& shown) {
  return Error{Errc::invalid, "docker option " + shown + " needs a value", {}};
}

// "-p 80:80" as one string: the CLI would take " 80:80" for the value, and nobody means that.
Error two_words_in_one(const std::string& shown, Text rest) {
  return Error{Errc::invalid,
               "docker option " + shown + ": '" + shown + std::string{rest} +
                   "' is one word of the list; write two, \"" + shown + "\", \"" + std::string{trim(rest)} + "\"",
               {}};
}

// Walks over the list form, as the CLI's parser does. Splits first and applies later: as_docker_parameters() wants the
// same list without judging it.
class OptionList {
 public:
  explicit OptionList(const std::vector<std::string>& list) : list_{list} {}

  std::vector<Given> split() {
    while (next_ < list_.size()) {
      const std::string& word = list_[next_++];
      // Before anything else: the word may end up in an error message, which goes to the framework as UTF-8.
      if (!is_utf8(word)) {
        add({.shown = word, .problem = not_utf8(word.substr(0, word.find('=')))});
      } else if (word.starts_with("--") && word.size() > 2) {
        take_long(Text{word}.substr(2));
      } else if (word.starts_with("-") && word.size() > 1 && word != "--") {
        // "--" would end the options for the CLI. Here nothing can follow them, so that it is a mistake like any other
        // word.
        take_cluster(Text{word}.substr(1));
      } else {
        add({.shown = word, .problem = Error{Errc::invalid, "'" + word + "' is not a docker option", {}}});
      }
    }
    return std::move(given_);
  }

 private:
  void add(Given given) { given_.push_back(std::move(given)); }

  void take_long(Text text) {
    const auto equals = text.find('=');
    const std::string name{text.substr(0, equals)};
    const std::string shown = "--" + name;
    const Option* option = find_option(name);
    const std::string value{equals == Text::npos ? Text{} : text.substr(equals + 1)};
    if (option == nullptr) {
      // "--net host" as one word: tell what was meant, and not only that there is no such option.
      const auto blank = name.find(' ');
      const bool joined = blank != std::string::npos && find_option(Text{name}.substr(0, blank)) != nullptr;
      add({.shown = shown,
           .value = value,
           .problem =
               joined ? two_words_in_one("--" + name.substr(0, blank), text.substr(blank)) : unknown_option(shown)});
    } else if (equals != Text::npos) {
      add({option, shown, value});
    } else if (option->takes == Takes::nothing) {
      add({option, shown, "true"});
    } else {
      take_next(*option, shown);
    }
  }

  // "-it", "-p80:80", "-e=A=b", "-itv /a:/b": switches first, then at most one option with a value.
  void take_cluster(Text letters) {
    for (std::size_t i = 0; i < letters.size(); ++i) {
      const std::string shown{'-', letters[i]};
      const Option* option = find_option(letters[i]);
      const auto rest = letters.substr(i + 1);
      if (option == nullptr) {
        const std::string all = "-" + std::string{letters};
        return add({.shown = all, .problem = unknown_option(is_utf8(shown) ? shown : all)});
      }
      // "-e=A=b": the CLI's parser passes over one "=" behind a letter.
      if (rest.size() > 1 && rest.front() == '=') return add({option, shown, std::string{rest.substr(1)}});
      if (option->takes == Takes::value) {
        if (rest.empty()) return take_next(*option, shown);
        Given given{option, shown, std::string{rest}};
        if (rest.front() == ' ') given.problem = two_words_in_one(shown, rest);
        return add(std::move(given));
      }
      add({option, shown, "true"});
    }
  }

  void take_next(const Option& option, const std::string& shown) {
    if (next_ >= list_.size()) return add({.option = &option, .shown = shown, .problem = no_value(shown)});
    add({&option, shown, list_[next_++]});
  }

  const std::vector<std::string>& list_;
  std::size_t next_ = 0;
  std::vector<Given> given_ = {};
};

Result<void> apply_list(Draft& draft, const std::vector<std::string>& list) {
  for (const Given& given : OptionList{list}.split()) {
    if (given.problem) return *given.problem;
    auto applied = apply_one(draft, *given.option, given.shown, given.value);
    if (!applied) return applied;
  }
  return finish_options(draft);
}

// "--no-such" -> "no-such".
std::string without_dashes(const std::string& word) {
  return word.substr(std::min(word.find_first_not_of('-'), word.size()));
}

Result<void> apply_parameters(Draft& draft, const std::vector<Parameter>& parameters) {
  for (const Parameter& parameter : parameters) {
    const Option* option = find_option(parameter.key);
    // Mesos hands every key to the CLI as --key=value; a short letter is a courtesy of ours.
    if (option == nullptr && parameter.key.size() == 1) option = find_option(parameter.key.front());
    const std::string shown = "--" + parameter.key;
    if (!is_utf8(shown)) return not_utf8(shown);
    if (option == nullptr) return unknown_option(shown);
    // Mesos replaces the network by the first such parameter (mesos.md 4.2); the list form may name several.
    if (option->apply == apply_network && !draft.networks.empty()) continue;
    auto applied = apply_one(draft, *option, shown, parameter.value);
    if (!applied) return applied;
  }
  return finish_options(draft);
}

}  // namespace

}  // namespace windlass::docker

namespace windlass {

Result<void> apply_docker_options(ContainerSpec& spec, const std::vector<std::string>& options,
                                  const OptionSources& sources) {
  docker::OptionDraft draft{.spec = spec, .sources = sources};
  return docker::apply_list(draft, options);
}

std::vector<Parameter> as_docker_parameters(const std::vector<std::string>& options) {
  std::vector<Parameter> parameters;
  for (docker::Given& given : docker::OptionList{options}.split()) {
    const bool understood = given.option != nullptr;
    parameters.push_back(
        {understood ? given.option->name : docker::without_dashes(given.shown), std::move(given.value)});
  }
  return parameters;
}

Result<void> apply_docker_parameters(ContainerSpec& spec, const std::vector<Parameter>& parameters,
                                     const OptionSources& sources) {
  docker::OptionDraft draft{.spec = spec, .sources = sources};
  return docker::apply_parameters(draft, parameters);
}

}  // namespace windlass
