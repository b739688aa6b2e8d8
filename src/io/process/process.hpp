#pragma once
// Child processes: start, watch (also what an earlier run of us started), kill with all that descends from them.

#include "base/error.hpp"

#include <boost/asio/awaitable.hpp>

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace windlass {

namespace asio = boost::asio;

struct ProcessSpec {
  std::vector<std::string> argv = {};          // argv[0] with a "/" is the file; else it is looked up in PATH of env
  std::vector<std::string> env = {};           // complete: "NAME=value"
  std::string cwd = {};                        // empty: ours
  std::string stdout_path = {};                // appended to, created 0644, owned by user; empty: /dev/null
  std::string stderr_path = {};                // likewise; may be the same file
  std::string user = {};                       // with its primary and supplementary groups; empty: ours
  bool new_session = true;                     // setsid: the child's pid is then its session id
  std::vector<std::string> cgroup_procs = {};  // the child writes itself into these before exec; failing is a warning
  std::string network_namespace = {};          // "/proc/<pid>/ns/net": entered before exec; empty: ours
  int stdout_fd = -1;                          // 3 or above: instead of stdout_path; stays ours, but a pipe is user's
  int stderr_fd = -1;                          // likewise
};

// A pid alone may be recycled; with its start time it names one process until the machine restarts.
struct ProcessId {
  pid_t pid = 0;
  std::uint64_t start_ticks = 0;  // field 22 of /proc/<pid>/stat

  friend bool operator==(const ProcessId&, const ProcessId&) = default;
};

struct StartedProcess {
  ProcessId id;
  std::vector<std::string> warnings;  // "join /sys/fs/cgroup/…: Permission denied"
};

// Blocks until exec has happened (milliseconds). stdin is /dev/null, signals are reset, no other descriptor is
// inherited. Errors: Errc::invalid (empty argv, unknown user, NUL in a string), Errc::not_found, Errc::forbidden or
// Errc::unavailable naming the step and the errno text: "exec /bin/nope: No such file or directory".
[[nodiscard]] Result<StartedProcess> start_process(const ProcessSpec& spec);

// The process that has that pid now. Errors: Errc::not_found.
[[nodiscard]] Result<ProcessId> identify_process(pid_t pid);
// True while exactly that process exists and is not a zombie.
[[nodiscard]] bool is_alive(ProcessId process);

// True when it has ended, or has begun to: what it held (sockets, the processes of the container whose first one it is)
// may be gone already, though nobody has been told.
[[nodiscard]] bool is_ending(pid_t pid);

// Waits for the end of a process. The raw wait(2) status (reaped) of our own child; nullopt when it is not our child or
// has ended before: then nobody can know. Errors: Errc::unavailable when the system offers no pidfd.
[[nodiscard]] asio::awaitable<Result<std::optional<int>>> wait_process(ProcessId process);

// Sends the signal to exactly that process. Errors: Errc::not_found when it has ended, Errc::forbidden.
[[nodiscard]] Result<void> signal_process(ProcessId process, int signal);

// SIGKILL to every process of the session that leader began; the leader itself may have ended. Nothing is killed when
// its pid belongs to another process by now. Returns how many were signalled; does not wait for their end.
[[nodiscard]] Result<int> kill_session(ProcessId leader);

// "exited with status 3", "was terminated by signal 9 (Killed)": for messages.
[[nodiscard]] std::string describe_wait_status(int status);

}  // namespace windlass
