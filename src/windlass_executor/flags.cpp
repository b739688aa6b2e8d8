#include "windlass_executor/flags.hpp"

#include "base/flags.hpp"
#include "base/text.hpp"
#include "container/scalars.hpp"
#include "container/values.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <string_view>
#include <variant>

namespace windlass {

namespace {

constexpr std::string_view variable_prefix = "WINDLASS_EXECUTOR_";
constexpr std::string_view everything = "all";
// A file must hold at least some lines, or rotation would do nothing but rename.
constexpr std::int64_t log_file_bytes_min = 4096;
constexpr int log_files_max = 1000;

using Names = std::vector<std::string>;

Result<ContainerPolicy> deny(const Names& names) {
  ContainerPolicy policy;
  for (const std::string& name : names) {
    if (name == everything) {
      policy.denied.insert(all_container_rights().begin(), all_container_rights().end());
      continue;
    }
    const auto right = container_right(name);
    if (!right) return Error{Errc::invalid, "'" + name + "' is not a right of containers", {}};
    policy.denied.insert(*right);
  }
  return policy;
}

// To allow something means to deny all the rest: without that, an operator's list would have no effect.
Result<ContainerPolicy> allow_paths(const Names& names, ContainerRight right,
                                    std::set<std::string> ContainerPolicy::*field) {
  ContainerPolicy policy{.denied = {right}};
  for (const std::string& name : names) {
    if (!name.starts_with('/')) return Error{Errc::invalid, "'" + name + "' is not an absolute path", {}};
    (policy.*field).insert(docker::clean_path(name));
  }
  return policy;
}

Result<ContainerPolicy> allow_mounts(const Names& names) {
  return allow_paths(names, ContainerRight::mounts, &ContainerPolicy::mounts);
}

Result<ContainerPolicy> allow_devices(const Names& names) {
  return allow_paths(names, ContainerRight::devices, &ContainerPolicy::devices);
}

Result<ContainerPolicy> allow_capabilities(const Names& names) {
  ContainerPolicy policy{.denied = {ContainerRight::capabilities}};
  for (const std::string& name : names) policy.capabilities.insert(docker::normalize_capability(name));
  return policy;
}

// The member that a flag fills also tells how its value is read: the table needs no column for that.
using Policy = Result<ContainerPolicy> (*)(const Names& names);
using Switch = bool ExecutorFlags::*;
using Time = Duration ExecutorFlags::*;
using Text = std::string ExecutorFlags::*;

using Size = std::uint64_t LogLimits::*;
using Count = int LogLimits::*;

struct ExecutorFlag {
  const char* name;
  const char* value;  // how it is called in the help; "" for a switch
  std::variant<Policy, Switch, Time, Text, Size, Count> meaning;
  const char* help;
};

const auto executor_flags = std::to_array<ExecutorFlag>({
    {"deny", "RIGHT,...", deny,
     "What tasks do not get, whoever asks: privileged, mounts (paths of the host), network, pid, ipc, uts, userns, "
     "cgroupns (the host's), devices, gpus, capabilities (beyond Docker's own), security (options that do not "
     "tighten), "
     "containers (others' namespaces, volumes, links), cgroup_parent, runtime; or all."},
    {"allow_mounts", "PATH,...", allow_mounts,
     "Of the host's paths tasks may mount only these and what is below. Tasks that may write there must not be able to "
     "place symbolic links that others mount."},
    {"allow_devices", "PATH,...", allow_devices, "Of the host's devices tasks get only these and what is below."},
    {"allow_capabilities", "NAME,...", allow_capabilities,
     "Beyond Docker's own capabilities tasks get only these: NET_ADMIN, or ALL."},
    {"enable_cfs", "", &ExecutorFlags::enable_cfs, "A task's cpus are a limit (CFS quota), not only a share."},
    {"limit_swap", "", &ExecutorFlags::limit_swap,
     "No swap beyond the memory limit; else Docker allows as much again."},
    {"report_docker_health", "", &ExecutorFlags::report_docker_health,
     "What the HEALTHCHECK of an image finds is reported as the task's health, where the task has no health check."},
    {"statistics_interval", "TIME", &ExecutorFlags::statistics_interval,
     "Send the framework a MESSAGE with what each container uses, this often (5secs)."},
    {"docker_config", "PATH", &ExecutorFlags::docker_config,
     "The configuration of Docker's client with the logins for registries, its path or its JSON; else config.json in "
     "$DOCKER_CONFIG or ~/.docker. What a task brings along counts more."},
    {"max_log_size", "SIZE", &LogLimits::file_bytes,
     "Rotate stdout and stderr of the sandbox when they would become larger than this (10MB; at least 4KB): stdout, "
     "stdout.1, stdout.2. Without it they grow, and whoever started the executor cares for them."},
    {"max_log_files", "NUMBER", &LogLimits::files,
     "With max_log_size: so many files of each are kept, the current one among them (5)."},
});

std::string variable_of(const ExecutorFlag& flag) { return flag_variable(variable_prefix, flag.name); }

// "--deny=RIGHT,...", "--enable_cfs"
std::string shown_flag(const ExecutorFlag& flag) {
  std::string text = std::string{"--"} + flag.name;
  return *flag.value == '\0' ? text : text + "=" + flag.value;
}

const ExecutorFlag* find_flag(std::string_view name) {
  const auto* found = std::find_if(executor_flags.begin(), executor_flags.end(),
                                   [&](const ExecutorFlag& flag) { return flag.name == name; });
  return found == executor_flags.end() ? nullptr : found;
}

Result<void> apply(ExecutorFlags& flags, Policy read, std::string_view value) {
  Names names;
  for (const std::string_view name : split_list(value, ',')) {
    if (!name.empty()) names.emplace_back(name);
  }
  auto policy = read(names);
  if (!policy) return policy.error();
  // Added up, not replaced: a framework's command line comes behind the operator's words (flags.hpp).
  flags.policy = both(flags.policy, *policy);
  return {};
}

Result<void> apply(ExecutorFlags& flags, Switch place, std::string_view value) {
  if (value != "true" && value != "1" && value != "false" && value != "0") {
    return Error{Errc::invalid, "'" + std::string{value} + "' is neither true nor false", {}};
  }
  flags.*place = value == "true" || value == "1";
  return {};
}

Result<void> apply(ExecutorFlags& flags, Text place, std::string_view value) {
  if (value.empty()) return Error{Errc::invalid, "it has no value", {}};
  flags.*place = std::string{value};
  return {};
}

Result<void> apply(ExecutorFlags& flags, Time place, std::string_view value) {
  auto time = parse_mesos_duration(value);
  if (!time) return Error{Errc::invalid, "'" + std::string{value} + "' is not a duration like 5secs", {}};
  if (*time < Duration::zero()) return Error{Errc::invalid, "'" + std::string{value} + "' is negative", {}};
  flags.*place = *time;
  return {};
}

Result<void> apply(ExecutorFlags& flags, Size place, std::string_view value) {
  auto size = docker::parse_size(value);
  if (!size) return Error{Errc::invalid, "'" + std::string{value} + "' is not a size like 10MB", {}};
  if (*size < log_file_bytes_min) return Error{Errc::invalid, "'" + std::string{value} + "' is less than 4KB", {}};
  flags.log_limits.*place = static_cast<std::uint64_t>(*size);
  return {};
}

Result<void> apply(ExecutorFlags& flags, Count place, std::string_view value) {
  int count = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), count);
  if (error != std::errc{} || end != value.data() + value.size() || count < 1 || count > log_files_max) {
    return Error{
        Errc::invalid, "'" + std::string{value} + "' is not a number from 1 to " + std::to_string(log_files_max), {}};
  }
  flags.log_limits.*place = count;
  return {};
}

// Takes what one flag says, given as `shown`.
Result<void> apply_flag(ExecutorFlags& flags, const ExecutorFlag& flag, const std::string& shown,
                        std::string_view value) {
  auto applied = std::visit([&](auto meaning) { return apply(flags, meaning, value); }, flag.meaning);
  if (!applied) return Error{Errc::invalid, shown + ": " + applied.error().message, {}};
  return {};
}

FlagKind kind_of(std::string_view name) {
  const ExecutorFlag* flag = find_flag(name);
  if (flag == nullptr) return FlagKind::none;
  return std::holds_alternative<Switch>(flag->meaning) ? FlagKind::toggle : FlagKind::valued;
}

Result<void> take_flag(ExecutorFlags& flags, const FlagWord& found) {
  const ExecutorFlag& flag = *find_flag(found.name);
  if (!found.value && kind_of(found.name) == FlagKind::valued) {
    return Error{Errc::invalid, found.text + " needs a value: " + found.text + "=" + flag.value, {}};
  }
  return apply_flag(flags, flag, found.text, found.value.value_or(found.negated ? "false" : "true"));
}

}  // namespace

Result<ExecutorFlags> read_executor_flags(const std::vector<std::string>& argv, const Environment& environment) {
  ExecutorFlags flags;
  // The environment first, so that the command line may replace what it says.
  for (const ExecutorFlag& flag : executor_flags) {
    const auto found = environment.find(variable_of(flag));
    if (found == environment.end()) continue;
    auto applied = apply_flag(flags, flag, found->first, found->second);
    if (!applied) return applied.error();
  }
  // A value never is the next word: that one is the image.
  FlagReader reader{argv, {kind_of, {"no-"}, FlagRules::NextWord::is_no_value}};
  std::size_t rest = 0;  // where the image and its arguments begin
  while (const auto found = reader.next()) {
    if (found->is == FlagWord::Is::word && found->text == "--") rest = reader.taken();
    // --no-NAME=value is nothing of ours either.
    if (found->is != FlagWord::Is::flag || (found->negated && found->value)) break;
    auto taken = take_flag(flags, *found);
    if (!taken) return taken.error();
    rest = reader.taken();
  }
  flags.arguments.assign(argv.begin() + static_cast<std::ptrdiff_t>(rest), argv.end());
  return flags;
}

bool is_denial_variable(const std::string& name) {
  return std::ranges::any_of(executor_flags, [&](const ExecutorFlag& flag) {
    return std::holds_alternative<Policy>(flag.meaning) && variable_of(flag) == name;
  });
}

std::string executor_flags_help() {
  std::string text;
  for (const ExecutorFlag& flag : executor_flags) {
    text += "  " + shown_flag(flag) + "\n      " + flag.help + "\n";
  }
  return text;
}

std::string executor_flags_markdown() {
  std::string text =
      "# Flags of windlass-executor\n\n"
      "They stand before the image: `windlass-executor --deny=privileged,pid redis`. Written by `windlass-executor "
      "--markdown`.\n\n"
      "The first word that is no flag ends them, and so does `--`. The command line counts more than the "
      "environment; of a switch, `--no-NAME` is the opposite.\n\n"
      "Denials add up: what is said more than once, in flags or in the environment, can only deny more, so that a "
      "framework that adds flags\ngains nothing. Variables of the environment count only if the agent or its operator "
      "has set them. Where a framework sets one of a denial, which\nhides the operator's, no container is run; its "
      "others are ignored (by name, in the sandbox's `stderr`). A framework can start any other\nprogram, though, so "
      "an "
      "operator who does not trust frameworks lets them name only a script that ends in\n"
      "`exec windlass-executor --deny=... \"$@\"`.\n\n"
      "| flag | environment | meaning |\n| --- | --- | --- |\n";
  for (const ExecutorFlag& flag : executor_flags) {
    text += "| `" + shown_flag(flag) + "` | `" + variable_of(flag) + "` | " + flag.help + " |\n";
  }
  return text;
}

}  // namespace windlass
