#include "executor/signals.hpp"

#include <array>

namespace windlass::executor {

namespace {

struct Signal {
  const char* name;
  const char* text;
};

// Linux, from 1.
// The texts of strsignal() depend on the locale; these are the same everywhere.
constexpr auto signals = std::to_array<Signal>({
    {"SIGHUP", "Hangup"},
    {"SIGINT", "Interrupt"},
    {"SIGQUIT", "Quit"},
    {"SIGILL", "Illegal instruction"},
    {"SIGTRAP", "Trace/breakpoint trap"},
    {"SIGABRT", "Aborted"},
    {"SIGBUS", "Bus error"},
    {"SIGFPE", "Floating point exception"},
    {"SIGKILL", "Killed"},
    {"SIGUSR1", "User defined signal 1"},
    {"SIGSEGV", "Segmentation fault"},
    {"SIGUSR2", "User defined signal 2"},
    {"SIGPIPE", "Broken pipe"},
    {"SIGALRM", "Alarm clock"},
    {"SIGTERM", "Terminated"},
    {"SIGSTKFLT", "Stack fault"},
    {"SIGCHLD", "Child exited"},
    {"SIGCONT", "Continued"},
    {"SIGSTOP", "Stopped (signal)"},
    {"SIGTSTP", "Stopped"},
    {"SIGTTIN", "Stopped (tty input)"},
    {"SIGTTOU", "Stopped (tty output)"},
    {"SIGURG", "Urgent I/O condition"},
    {"SIGXCPU", "CPU time limit exceeded"},
    {"SIGXFSZ", "File size limit exceeded"},
    {"SIGVTALRM", "Virtual timer expired"},
    {"SIGPROF", "Profiling timer expired"},
    {"SIGWINCH", "Window changed"},
    {"SIGIO", "I/O possible"},
    {"SIGPWR", "Power failure"},
    {"SIGSYS", "Bad system call"},
});

bool has_name(int number) { return number >= 1 && number <= static_cast<int>(signals.size()); }

}  // namespace

std::string signal_name(int number) {
  return has_name(number) ? signals[static_cast<std::size_t>(number - 1)].name : "signal " + std::to_string(number);
}

std::string signal_text(int number) {
  return has_name(number) ? signals[static_cast<std::size_t>(number - 1)].text
                          : "Unknown signal " + std::to_string(number);
}

// A shell, and Docker, write "ended by signal n" as 128 + n. A program may exit so by itself, and therefore the number
// always comes first.
std::string exit_code_text(int code) {
  std::string text = std::to_string(code);
  if (has_name(code - 128)) text += " (" + signal_name(code - 128) + ")";
  return text;
}

}  // namespace windlass::executor
