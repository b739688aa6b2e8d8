#pragma once
// The client commands: app, task, endpoints. They speak the v1 API with a running Windlass.
//
//   exit code 0   done
//             1   the server refused; its words are shown
//             2   the command is written wrong
//             3   no server was reached

#include "cli/transport.hpp"

#include <chrono>
#include <functional>
#include <iosfwd>
#include <map>
#include <string>
#include <vector>

namespace windlass {

struct ClientWorld {
  std::map<std::string, std::string> environment;           // WINDLASS_URL, WINDLASS_CREDENTIALS, WINDLASS_MASTER
  std::function<Transport(const ApiPlace& place)> connect;  // http_transport
  std::istream& in;                                         // for --file=-
  std::ostream& out;
  std::ostream& err;
  std::function<void(std::chrono::milliseconds)> wait = {};  // for --follow: sleeps
};

// Whether `word` begins a client command.
bool is_client_command(const std::string& word);
// arguments: {"app", "scale", "web", "3"}. Returns the exit code.
int run_client(const std::vector<std::string>& arguments, const ClientWorld& world);
// One line for each command, for the program's help.
std::string client_help();

}  // namespace windlass
