#include "scheduler/docker_parameters.hpp"

#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

namespace windlass::scheduler {
namespace {

const std::map<char, std::string>& long_names() {
  static const std::map<char, std::string> names{
      {'a', "attach"},  {'c', "cpu-shares"}, {'e', "env"},         {'h', "hostname"}, {'l', "label"},
      {'m', "memory"},  {'p', "publish"},    {'P', "publish-all"}, {'u', "user"},     {'v', "volume"},
      {'w', "workdir"}, {'d', "detach"},     {'i', "interactive"}, {'t', "tty"}};
  return names;
}

// Options that take no value.
bool is_flag(const std::string& key) {
  static const std::set<std::string> flags{"detach",
                                           "disable-content-trust",
                                           "help",
                                           "init",
                                           "interactive",
                                           "no-healthcheck",
                                           "oom-kill-disable",
                                           "privileged",
                                           "publish-all",
                                           "read-only",
                                           "rm",
                                           "sig-proxy",
                                           "tty"};
  return flags.contains(key);
}

// The agent decides about these, or they mean nothing for a task.
bool is_dropped(const std::string& key) {
  static const std::set<std::string> dropped{"attach", "cidfile", "detach",    "help", "interactive",
                                             "name",   "rm",      "sig-proxy", "tty"};
  return dropped.contains(key);
}

struct Option {
  std::string key;
  std::optional<std::string> value = {};
};

Option split(const std::string& word) {
  if (!word.starts_with("--")) {
    const auto name = long_names().find(word[1]);
    Option option{name == long_names().end() ? std::string(1, word[1]) : name->second};
    if (word.size() > 2 && !is_flag(option.key)) option.value = word.substr(word[2] == '=' ? 3 : 2);
    return option;
  }
  const auto equals = word.find('=');
  if (equals == std::string::npos) return {word.substr(2)};
  return {word.substr(2, equals - 2), word.substr(equals + 1)};
}

}  // namespace

void add_docker_options(DockerInfo& docker, const std::vector<std::string>& options) {
  for (std::size_t i = 0; i < options.size(); ++i) {
    if (options[i].size() < 2 || options[i][0] != '-' || options[i] == "--") continue;
    Option option = split(options[i]);
    if (!option.value && is_flag(option.key)) option.value = "true";
    if (!option.value && i + 1 < options.size()) option.value = options[++i];
    if (!option.value || is_dropped(option.key)) continue;
    if (option.key == "privileged") {
      docker.privileged = *option.value == "true";
    } else {
      docker.parameters.push_back({option.key, *option.value});
    }
  }
}

}  // namespace windlass::scheduler
