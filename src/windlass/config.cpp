#include "windlass/config.hpp"

#include "base/flags.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <string_view>
#include <utility>

namespace windlass {
namespace {

constexpr std::string_view env_prefix = "WINDLASS_";

constexpr std::pair<Command, const char*> commands[] = {
    {Command::up, "up"}, {Command::engine, "engine"}, {Command::scheduler, "scheduler"}};

const char* name_of(Command command) {
  for (const auto& [each, name] : commands) {
    if (each == command) return name;
  }
  return "";
}

bool takes(const Flag& flag, Command command) { return (flag.commands & static_cast<unsigned>(command)) != 0; }

std::string commands_of(const Flag& flag) {
  std::string names;
  for (const auto& [command, name] : commands) {
    if (takes(flag, command)) names += (names.empty() ? "" : ", ") + std::string{name};
  }
  return names;
}

std::string env_name(const Flag& flag) { return flag_variable(env_prefix, flag.name); }

const Flag* find_flag(std::string_view name) {
  const auto& all = flags();
  const auto found = std::find_if(all.begin(), all.end(), [&](const Flag& flag) { return flag.name == name; });
  return found == all.end() ? nullptr : &*found;
}

// --- values ---------------------------------------------------------------------------------------------------------

Error wrong(const std::string& text, const std::string& what) {
  return {Errc::invalid, "'" + text + "' is not " + what};
}

template <class Number>
bool parse_whole(const std::string& text, Number& out) {
  const char* end = text.data() + text.size();
  const auto [stopped, problem] = std::from_chars(text.data(), end, out);
  return problem == std::errc{} && stopped == end && !text.empty();
}

Result<void> parse_value(const Flag&, const std::string& text, std::string& out) {
  out = text;
  return {};
}

Result<void> parse_value(const Flag&, const std::string& text, Address& out) {
  in6_addr room{};
  if (inet_pton(AF_INET, text.c_str(), &room) != 1 && inet_pton(AF_INET6, text.c_str(), &room) != 1) {
    return wrong(text, "an IP address");
  }
  out.value = text;
  return {};
}

Result<void> parse_value(const Flag&, const std::string& text, Port& out) {
  std::uint16_t number = 0;
  if (!parse_whole(text, number) || number == 0) return wrong(text, "a port number (1 to 65535)");
  out.value = number;
  return {};
}

Result<void> parse_value(const Flag&, const std::string& text, std::int64_t& out) {
  if (!parse_whole(text, out)) return wrong(text, "a whole number");
  return {};
}

Result<void> parse_value(const Flag&, const std::string& text, double& out) {
  if (!parse_whole(text, out)) return wrong(text, "a number");
  return {};
}

Result<void> parse_value(const Flag&, const std::string& text, bool& out) {
  const bool yes = text.empty() || text == "true" || text == "1";
  if (!yes && text != "false" && text != "0") return wrong(text, "true or false");
  out = yes;
  return {};
}

Duration plain_unit(PlainNumber plain) {
  return plain == PlainNumber::seconds ? Duration{std::chrono::seconds{1}} : Duration{std::chrono::milliseconds{1}};
}

Result<void> set_duration(const Flag& flag, const std::string& text, Duration duration, Duration& out) {
  if (duration < flag.at_least) {
    return Error{Errc::invalid, "'" + text + "' is less than " + to_mesos_duration(flag.at_least)};
  }
  if (duration > flag.at_most) {
    return Error{Errc::invalid, "'" + text + "' is more than " + to_mesos_duration(flag.at_most)};
  }
  out = duration;
  return {};
}

Result<void> parse_value(const Flag& flag, const std::string& text, Duration& out) {
  std::int64_t number = 0;
  const Duration unit = plain_unit(flag.plain);
  if (flag.plain != PlainNumber::none && parse_whole(text, number)) {
    // Before it is multiplied, which could overflow.
    if (number < 0 || number > Duration::max() / unit) return wrong(text, "a time in range");
    return set_duration(flag, text, number * unit, out);
  }
  const auto duration = parse_mesos_duration(text);
  if (!duration) {
    const std::string plain = std::string{"a number of "} + flag.unit + ", or a time such as 500ms or 15mins";
    return wrong(text, flag.plain == PlainNumber::none ? "a time such as 500ms, 5secs or 15mins" : plain);
  }
  if (*duration < Duration::zero()) return wrong(text, "a time in range");
  return set_duration(flag, text, *duration, out);
}

Result<void> set_value(Config& config, const Flag& flag, const std::string& text) {
  auto set = std::visit([&](auto member) { return parse_value(flag, text, config.*member); }, flag.member);
  if (!set) return set;
  // After parsing: a check may rely on the text being a value of its type.
  const std::string problem = flag.check == nullptr ? "" : flag.check(text);
  if (!problem.empty()) return Error{Errc::invalid, "'" + text + "' " + problem};
  return {};
}

std::string shown(const Flag&, const std::string& value) { return value; }
std::string shown(const Flag&, const Address& value) { return value.value; }
std::string shown(const Flag&, Port value) { return std::to_string(value.value); }
std::string shown(const Flag&, std::int64_t value) { return std::to_string(value); }
std::string shown(const Flag&, double value) {
  std::string text = std::to_string(value);
  text.erase(text.find_last_not_of('0') + 1);
  return text.ends_with('.') ? text + "0" : text;
}
std::string shown(const Flag&, bool value) { return value ? "true" : "false"; }
std::string shown(const Flag& flag, Duration value) {
  if (flag.plain == PlainNumber::none) return to_mesos_duration(value);
  return std::to_string(value / plain_unit(flag.plain));
}

// As it would be written; "" for those that only words describe. It is read from the struct, so that help and
// documentation cannot differ from it.
std::string default_value(const Flag& flag) {
  const Config config;
  return std::visit([&](auto member) { return shown(flag, config.*member); }, flag.member);
}

std::string default_of(const Flag& flag) {
  const std::string value = default_value(flag);
  return value.empty() ? flag.shown_default : value;
}

// What it is, and the bounds of a time.
std::string help_of(const Flag& flag) {
  if (!std::holds_alternative<Duration Config::*>(flag.member)) return flag.help;
  return std::string{flag.help} + " From " + to_mesos_duration(flag.at_least) + " to " +
         to_mesos_duration(flag.at_most) + ".";
}

bool is_switch(const Flag& flag) { return std::holds_alternative<bool Config::*>(flag.member); }

// --- unknown names --------------------------------------------------------------------------------------------------

Error unknown_flag(Command command, const std::string& name) {
  Error error{Errc::invalid, "no such flag", "--" + name};
  // More than two edits away is no misspelling.
  std::size_t best = 3;
  for (const Flag& flag : flags()) {
    const std::size_t edits = takes(flag, command) ? edits_between(name, flag.name) : best;
    if (edits >= best) continue;
    best = edits;
    error.message = std::string{"no such flag; did you mean --"} + flag.name + "?";
  }
  return error;
}

// --- the command line -----------------------------------------------------------------------------------------------

FlagKind kind_of(std::string_view name) {
  const Flag* flag = find_flag(name);
  if (flag == nullptr) return FlagKind::none;
  return is_switch(*flag) ? FlagKind::toggle : FlagKind::valued;
}

Result<void> take_flag(Command command, const FlagWord& found, Config& config) {
  const Flag& flag = *find_flag(found.name);
  if (!takes(flag, command)) {
    return Error{Errc::invalid,
                 std::string{"not a flag of 'windlass "} + name_of(command) + "', only of: " + commands_of(flag),
                 std::string{"--"} + flag.name};
  }
  if (found.negated && found.value) return Error{Errc::invalid, "takes no value", found.text};
  if (!found.value && !is_switch(flag)) return Error{Errc::invalid, "needs a value", found.text};
  auto done = set_value(config, flag, found.negated ? "false" : found.value.value_or(""));
  if (!done) return Error{Errc::invalid, done.error().message, std::string{"--"} + flag.name};
  return {};
}

// A switch is turned off with --no-name (Mesos) or --disable_name (Marathon).
Result<void> read_command_line(Command command, const std::vector<std::string>& arguments, ParsedConfig& parsed) {
  FlagReader reader{arguments, {kind_of, {"no-", "disable_"}, FlagRules::NextWord::is_value_unless_flag}};
  while (const auto found = reader.next()) {
    if (found->text == "-h" || (found->text == "--help" && !found->value)) {
      parsed.help = true;
      continue;
    }
    if (found->is == FlagWord::Is::word) {
      return Error{Errc::invalid, "'" + found->text + "' is not a flag; flags are written --name=value"};
    }
    if (found->is == FlagWord::Is::unknown_flag) return unknown_flag(command, found->text.substr(2));
    auto done = take_flag(command, *found, parsed.config);
    if (!done) return done;
  }
  return {};
}

Result<void> read_environment(Command command, const std::map<std::string, std::string>& environment, Config& config) {
  for (const Flag& flag : flags()) {
    if (!takes(flag, command)) continue;
    // Our own name last, so that it overrules the other.
    for (const std::string& name : {std::string{flag.also_env}, env_name(flag)}) {
      const auto found = environment.find(name);
      if (found == environment.end() || (found->second.empty() && !is_switch(flag))) continue;
      auto done = set_value(config, flag, found->second);
      if (!done) return Error{Errc::invalid, done.error().message, name};
    }
  }
  return {};
}

std::vector<std::string> unknown_variables(const std::map<std::string, std::string>& environment) {
  std::vector<std::string> unknown;
  for (const auto& [name, value] : environment) {
    // Those two are of the client's commands, and what begins like the flags of windlass-executor is for executors, to
    // whom our agent hands it on.
    if (!name.starts_with(env_prefix) || name == "WINDLASS_URL" || name == "WINDLASS_CREDENTIALS") continue;
    if (name.starts_with("WINDLASS_EXECUTOR_")) continue;
    const bool known =
        std::any_of(flags().begin(), flags().end(), [&](const Flag& flag) { return env_name(flag) == name; });
    if (!known) unknown.push_back(name);
  }
  return unknown;
}

// What only several values together show.
Result<void> check_together(Command command, const Config& config) {
  if (config.local_port_min.value >= config.local_port_max.value) {
    return Error{Errc::invalid,
                 std::to_string(config.local_port_min.value) + " is not below --local_port_max, " +
                     std::to_string(config.local_port_max.value),
                 "--local_port_min"};
  }
  if (command != Command::engine && config.listens_for_others() && config.http_credentials.empty() &&
      !config.insecure) {
    return Error{Errc::invalid,
                 "other machines could reach the API at " + config.http_address.value +
                     ", and whoever reaches it is root here: give --http_credentials=FILE, or say --insecure",
                 "--http_address"};
  }
  if (command == Command::scheduler && config.embedded()) {
    return Error{Errc::invalid, "'windlass scheduler' needs the address of a Mesos master, host:port", "--master"};
  }
  return {};
}

}  // namespace

bool Config::listens_for_others() const {
  return !http_address.value.starts_with("127.") && http_address.value != "::1";
}

std::string Config::docker_host() const {
  return docker_socket.starts_with("/") ? "unix://" + docker_socket : docker_socket;
}

Result<ParsedConfig> parse_config(Command command, const std::vector<std::string>& arguments,
                                  const std::map<std::string, std::string>& environment) {
  ParsedConfig parsed;
  auto done = read_command_line(command, arguments, parsed);
  if (!done) return done.error();
  if (parsed.help) return parsed;
  parsed = {};
  // Again, over the environment: the command line overrules it. The first pass has found --help, and wrong flags,
  // whatever the environment says.
  done = read_environment(command, environment, parsed.config);
  if (!done) return done.error();
  done = read_command_line(command, arguments, parsed);
  if (!done) return done.error();
  done = check_together(command, parsed.config);
  if (!done) return done.error();
  parsed.unknown_environment = unknown_variables(environment);
  return parsed;
}

std::string help_text(Command command) {
  std::string text = std::string{"usage: windlass "} + name_of(command) + " [--flag=value ...]\n\n";
  text += "Each flag may also be set in the environment: --http_port as WINDLASS_HTTP_PORT.\n";
  text += "Switches are written --name or --no-name.\n\n";
  for (const Flag& flag : flags()) {
    if (!takes(flag, command)) continue;
    const std::string unit = flag.unit;
    text += std::string{"  --"} + flag.name + (is_switch(flag) ? "" : "=" + (unit.empty() ? "TEXT" : unit)) + "\n";
    text += "      " + help_of(flag) + "\n      Default: " + default_of(flag) + "\n";
  }
  return text;
}

std::string flags_markdown() {
  std::string text =
      "# Flags\n\n"
      "Written by `windlass flags`; a test compares. A flag is given as `--name=value` or `--name value`, a switch as\n"
      "`--name`, `--no-name` or `--disable_name`; each also as `WINDLASS_<NAME>` in the environment, which the command "
      "line\n"
      "overrules. Times in ms or s are plain numbers, as Marathon has them, or have a unit; the others need one (`ns`, "
      "`us`,\n"
      "`ms`, `secs`, `mins`, `hrs`, `days`, `weeks`), as in Mesos.\n\n"
      "| flag | default | unit | commands | what it is |\n| --- | --- | --- | --- | --- |\n";
  for (const Flag& flag : flags()) {
    std::string help = help_of(flag);
    // A bar would begin the next cell of the table.
    for (std::size_t at = 0; (at = help.find('|', at)) != std::string::npos; at += 2) help.insert(at, "\\");
    const std::string quote = default_value(flag).empty() ? "" : "`";
    text += std::string{"| `--"} + flag.name + "` | " + quote + default_of(flag) + quote + " | " + flag.unit + " | " +
            commands_of(flag) + " | " + help + " |\n";
  }
  return text;
}

}  // namespace windlass
