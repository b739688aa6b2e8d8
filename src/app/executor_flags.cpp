#include "app/executor_flags.hpp"

#include "wire/docker_scalars.hpp"
#include "wire/docker_values.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace windlass {

namespace {

constexpr std::string_view variable_prefix = "WINDLASS_EXECUTOR_";
constexpr std::string_view everything = "all";

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

struct ExecutorFlag {
  const char* name;
  const char* value;
  Result<ContainerPolicy> (*read)(const Names& names);
  const char* help;
};

constexpr auto executor_flags = std::to_array<ExecutorFlag>({
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
});

std::string variable_of(const ExecutorFlag& flag) { return std::string{variable_prefix} + docker::to_upper(flag.name); }

const ExecutorFlag* find_flag(std::string_view name) {
  const auto* found = std::find_if(executor_flags.begin(), executor_flags.end(),
                                   [&](const ExecutorFlag& flag) { return flag.name == name; });
  return found == executor_flags.end() ? nullptr : found;
}

// Adds what one flag says, given as `shown`.
Result<void> apply_flag(ExecutorFlags& flags, const ExecutorFlag& flag, const std::string& shown,
                        std::string_view value) {
  Names names;
  for (const std::string& name : docker::split(value, ',')) {
    const auto trimmed = docker::trim(name);
    if (!trimmed.empty()) names.emplace_back(trimmed);
  }
  auto policy = flag.read(names);
  if (!policy) return Error{Errc::invalid, shown + ": " + policy.error().message, {}};
  flags.policy = both(flags.policy, *policy);
  return {};
}

}  // namespace

Result<ExecutorFlags> read_executor_flags(const std::vector<std::string>& words, const Environment& environment) {
  ExecutorFlags flags;
  for (const ExecutorFlag& flag : executor_flags) {
    const auto found = environment.find(variable_of(flag));
    if (found == environment.end()) continue;
    auto applied = apply_flag(flags, flag, found->first, found->second);
    if (!applied) return applied.error();
  }
  auto word = words.begin();
  for (; word != words.end() && word->starts_with("--"); ++word) {
    if (*word == "--") {
      ++word;
      break;
    }
    const auto equals = word->find('=');
    const std::string name = word->substr(0, equals);
    const ExecutorFlag* flag = find_flag(std::string_view{name}.substr(2));
    if (flag == nullptr) return Error{Errc::invalid, "unknown flag " + name, {}};
    if (equals == std::string::npos) return Error{Errc::invalid, name + " needs a value: " + name + "=...", {}};
    auto applied = apply_flag(flags, *flag, name, std::string_view{*word}.substr(equals + 1));
    if (!applied) return applied.error();
  }
  flags.argv.assign(word, words.end());
  return flags;
}

std::string executor_flags_help() {
  std::string text = "Flags of the operator, each also in the environment (--deny as WINDLASS_EXECUTOR_DENY):\n";
  for (const ExecutorFlag& flag : executor_flags) {
    text += std::string{"  --"} + flag.name + "=" + flag.value + "\n      " + flag.help + "\n";
  }
  return text;
}

std::string executor_flags_markdown() {
  std::string text =
      "# Flags of windlass-executor\n\n"
      "They stand before the image: `windlass-executor --deny=privileged,pid redis`. Written by `windlass-executor "
      "--markdown`.\n\n"
      "What is said more than once, in flags or in the environment, can only deny more: a framework that adds flags "
      "gains nothing.\nA framework can replace variables of the environment, though, so an operator who does not trust "
      "frameworks names\nas executor a script that ends in `exec windlass-executor --deny=... \"$@\"`.\n\n"
      "| flag | environment | meaning |\n| --- | --- | --- |\n";
  for (const ExecutorFlag& flag : executor_flags) {
    text +=
        std::string{"| `--"} + flag.name + "=" + flag.value + "` | `" + variable_of(flag) + "` | " + flag.help + " |\n";
  }
  return text;
}

}  // namespace windlass
