#pragma once
// Names of signals, for messages.

#include <string>

namespace windlass::executor {

// "SIGTERM"; "signal 64" for numbers without a name.
std::string signal_name(int number);
// As Mesos words it in "Command terminated with signal Killed".
std::string signal_text(int number);
// An exit code as Docker gives it: "137 (SIGKILL)", "7".
std::string exit_code_text(int code);

constexpr int sigint = 2;
constexpr int sigkill = 9;
constexpr int sigterm = 15;

}  // namespace windlass::executor
