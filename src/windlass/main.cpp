// The program `windlass`: finds the command, reads its flags, runs it.

#include "cli/client.hpp"
#include "io/log.hpp"
#include "io/secret.hpp"
#include "windlass/config.hpp"
#include "windlass/run.hpp"

#include <unistd.h>

#include <chrono>
#include <exception>
#include <iostream>
#include <map>
#include <string>
#include <thread>
#include <vector>

namespace windlass {
namespace {

constexpr int misused = 2;

std::map<std::string, std::string> read_environment() {
  std::map<std::string, std::string> variables;
  for (char** each = environ; *each != nullptr; ++each) {
    const std::string text = *each;
    const auto equals = text.find('=');
    if (equals != std::string::npos) variables.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return variables;
}

void print_help(std::ostream& out) {
  out << "usage: windlass COMMAND [--flag=value ...]\n\n"
         "  up\n      Run engine, scheduler and API on this machine; ends on SIGTERM.\n"
         "  scheduler --master=HOST:PORT\n      Run scheduler and API on a Mesos cluster.\n"
         "  engine\n      Run the one-machine Mesos alone, for other frameworks.\n"
         "  COMMAND --help\n      The flags of that command.\n"
         "  flags\n      All flags, as Markdown.\n"
         "  version\n\n"
      << client_help();
}

LogLevel to_log_level(const std::string& name) {
  if (name == "debug") return LogLevel::debug;
  if (name == "warning") return LogLevel::warning;
  return name == "error" ? LogLevel::error : LogLevel::info;
}

int run_server(Command command, int (*run)(const Config&), const std::vector<std::string>& arguments,
               const std::map<std::string, std::string>& environment) {
  const auto parsed = parse_config(command, arguments, environment);
  if (!parsed) {
    std::cerr << "windlass: " << to_string(parsed.error()) << "\n";
    return misused;
  }
  if (parsed->help) {
    std::cout << help_text(command);
    return 0;
  }
  set_log_level(to_log_level(parsed->config.log_level));
  // A warning only: the variable may be meant for another version of the program.
  for (const std::string& name : parsed->unknown_environment) {
    log_warning("unknown variable in the environment", {{"name", name}});
  }
  return run(parsed->config);
}

int run_command(const std::vector<std::string>& arguments) {
  const auto environment = read_environment();
  const std::string command = arguments.empty() ? "" : arguments[0];
  const std::vector<std::string> rest{arguments.begin() + (arguments.empty() ? 0 : 1), arguments.end()};
  if (command == "up") return run_server(Command::up, run_up, rest, environment);
  if (command == "scheduler") return run_server(Command::scheduler, run_scheduler, rest, environment);
  // "engine" with a word behind it is a command for one that runs.
  const bool has_word = !rest.empty() && !rest[0].starts_with("-");
  if (command == "engine" && !has_word) return run_server(Command::engine, run_engine, rest, environment);
  if (is_client_command(command)) {
    return run_client(arguments, {environment, http_transport, std::cin, std::cout, std::cerr,
                                  [](std::chrono::milliseconds time) { std::this_thread::sleep_for(time); }});
  }
  if (command == "version" || command == "--version") {
    std::cout << "windlass " WINDLASS_VERSION << "\n";
  } else if (command == "flags") {
    std::cout << flags_markdown();
  } else if (command == "help" || command == "--help" || command == "-h") {
    print_help(std::cout);
  } else {
    std::cerr << "windlass: " << (command.empty() ? "a command is missing" : "'" + command + "' is not a command")
              << "\n\n";
    print_help(std::cerr);
    return misused;
  }
  return 0;
}

}  // namespace
}  // namespace windlass

int main(int argc, char** argv) {
  try {
    const std::vector<std::string> arguments{argv + 1, argv + argc};
    // After the arguments were copied: it overwrites them for `ps`.
    for (const char* flag : {"--http_credentials", "--credentials"}) windlass::hide_secret(argc, argv, flag);
    return windlass::run_command(arguments);
  } catch (const std::exception& error) {
    // What is expected to fail is a Result; this is for the rest, such as memory that has run out.
    std::cerr << "windlass: " << error.what() << "\n";
    return 1;
  }
}
