#include "app/executor_flags.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <variant>

namespace windlass {

namespace {

using Switch = bool ExecutorFlags::*;
using Time = Duration ExecutorFlags::*;

struct ExecutorFlag {
  const char* name;
  std::variant<Switch, Time> place;
  const char* help;
};

const auto executor_flags = std::to_array<ExecutorFlag>({
    {"enable_cfs", &ExecutorFlags::enable_cfs, "cpus are a limit (CFS quota), not only a share"},
    {"limit_swap", &ExecutorFlags::limit_swap, "no swap beyond the memory limit; else Docker allows as much again"},
    {"statistics_interval", &ExecutorFlags::statistics_interval,
     "send the framework what the container uses, this often (5secs)"},
});

const ExecutorFlag* find_flag(std::string_view name) {
  const auto* found = std::find_if(executor_flags.begin(), executor_flags.end(),
                                   [&](const ExecutorFlag& flag) { return flag.name == name; });
  return found == executor_flags.end() ? nullptr : found;
}

std::string variable_of(const ExecutorFlag& flag) {
  std::string name = "WINDLASS_EXECUTOR_";
  for (const char* c = flag.name; *c != '\0'; ++c) {
    name += *c >= 'a' && *c <= 'z' ? static_cast<char>(*c - 'a' + 'A') : *c;
  }
  return name;
}

// `shown` is how the user gave it: "--enable_cfs", "WINDLASS_EXECUTOR_ENABLE_CFS".
Result<void> set_flag(ExecutorFlags& flags, const ExecutorFlag& flag, const std::string& shown,
                      const std::string& value) {
  if (const auto* place = std::get_if<Switch>(&flag.place)) {
    if (value != "true" && value != "1" && value != "false" && value != "0") {
      return Error{Errc::invalid, shown + ": '" + value + "' is neither true nor false", {}};
    }
    flags.** place = value == "true" || value == "1";
    return {};
  }
  auto time = parse_mesos_duration(value);
  if (!time) return Error{Errc::invalid, shown + ": '" + value + "' is not a duration like 5secs", {}};
  if (*time < Duration::zero()) return Error{Errc::invalid, shown + ": '" + value + "' is negative", {}};
  flags.*std::get<Time>(flag.place) = *time;
  return {};
}

// Takes the word if it is a flag; false: it is not.
Result<bool> take_flag(ExecutorFlags& flags, const std::string& word) {
  if (!word.starts_with("--")) return false;
  const auto equals = word.find('=');
  std::string name = word.substr(2, equals == std::string::npos ? equals : equals - 2);
  const ExecutorFlag* flag = find_flag(name);
  const bool negated = flag == nullptr && name.starts_with("no-") && equals == std::string::npos;
  if (negated) flag = find_flag(name.substr(3));
  if (flag == nullptr) return false;
  const bool is_switch = std::holds_alternative<Switch>(flag->place);
  if (equals == std::string::npos && !is_switch) return Error{Errc::invalid, word + " needs a value: =5secs", {}};
  const std::string value = equals == std::string::npos ? (negated ? "false" : "true") : word.substr(equals + 1);
  auto set = set_flag(flags, *flag, word.substr(0, equals), value);
  if (!set) return set.error();
  return true;
}

}  // namespace

Result<ExecutorFlags> read_executor_flags(const std::vector<std::string>& argv, const Environment& environment) {
  ExecutorFlags flags;
  for (const ExecutorFlag& flag : executor_flags) {
    const std::string variable = variable_of(flag);
    const auto found = environment.find(variable);
    if (found == environment.end()) continue;
    auto set = set_flag(flags, flag, variable, found->second);
    if (!set) return set.error();
  }
  auto word = argv.begin();
  for (; word != argv.end(); ++word) {
    if (*word == "--") {
      ++word;
      break;
    }
    auto taken = take_flag(flags, *word);
    if (!taken) return taken.error();
    if (!*taken) break;
  }
  flags.arguments.assign(word, argv.end());
  return flags;
}

std::string describe_executor_flags() {
  std::string text;
  for (const ExecutorFlag& flag : executor_flags) {
    std::string left = std::string{"  --"} + flag.name;
    if (std::holds_alternative<Time>(flag.place)) left += "=TIME";
    left.resize(std::max<std::size_t>(left.size() + 2, 31), ' ');
    text += left + flag.help + "\n";
  }
  return text;
}

}  // namespace windlass
