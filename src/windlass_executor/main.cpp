// windlass-executor: a Mesos executor for Docker containers. Started by an agent; see --help.

#include "io/log.hpp"
#include "windlass_executor/flags.hpp"
#include "windlass_executor/reaper.hpp"
#include "windlass_executor/shell.hpp"

#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <string_view>
#include <utility>

namespace {

using namespace windlass;

constexpr const char* help =
    R"(usage: windlass-executor [FLAG...] [--] [IMAGE [ARGUMENT...]]

A Mesos executor that runs each task in a Docker container, or as a process when the task is a plain command. The Mesos
agent starts it and tells it by the environment where to report; by hand there is nothing to see.

  IMAGE, ARGUMENT   what to run when the task itself has neither a container nor "container.image" in its data; when it
                    has, all arguments are the container's command
  --help            this text
  --version         the version
  --markdown        the flags below as docs/executor_flags.md

%s
Environment: MESOS_AGENT_ENDPOINT (or MESOS_SLAVE_PID, or MESOS_DOMAIN_SOCKET), MESOS_FRAMEWORK_ID, MESOS_EXECUTOR_ID,
MESOS_DIRECTORY and the others that Mesos sets for every executor. DOCKER_HOST (unix:///var/run/docker.sock) says where
Docker listens: unix://<path> or tcp://<host>:<port>.

Exit code: the container's (128 + n after signal n); 1 when it could not be started.
)";

// Mesos gives us all three; without them our own descriptors would become somebody's output.
void open_standard_descriptors() {
  int fd = 0;
  do {
    // The lowest free descriptor is taken, and so this fills the gaps up to 2.
    fd = ::open("/dev/null", O_RDWR);
  } while (fd >= 0 && fd <= 2);
  if (fd > 2) ::close(fd);
}

// One thread, small pieces: what is free goes back to the system.
void keep_memory_small() {
  ::mallopt(M_ARENA_MAX, 1);
  ::mallopt(M_TRIM_THRESHOLD, 64 * 1024);
  ::mallopt(M_TOP_PAD, 16 * 1024);
  ::mallopt(M_MMAP_THRESHOLD, 64 * 1024);
}

int run(int argc, char** argv, Reaper& reaper) {
  ExecutorSetup setup;
  for (char** each = environ; *each != nullptr; ++each) {
    const std::string_view entry{*each};
    const auto equals = entry.find('=');
    if (equals != std::string_view::npos)
      setup.environment[std::string{entry.substr(0, equals)}] = entry.substr(equals + 1);
  }
  setup.argv = {argv + 1, argv + argc};
  auto flags = read_executor_flags(setup.argv, setup.environment);
  // What is wrong in the environment may be a framework's, and then means nothing: the agent will tell (steering.hpp).
  if (!flags) flags = read_executor_flags(setup.argv, {});
  if (!flags) {
    std::fprintf(stderr, "windlass-executor: %s (see --help)\n", flags.error().message.c_str());
    return 1;
  }
  setup.flags = std::move(*flags);
  auto agent = read_agent_environment(setup.environment);
  if (!agent) {
    std::fprintf(stderr, "windlass-executor: %s (a Mesos agent sets them; see --help)\n",
                 agent.error().message.c_str());
    return 1;
  }
  setup.agent = *agent;
  auto code = run_executor(std::move(setup), reaper);
  if (code) return *code;
  std::fprintf(stderr, "windlass-executor: %s\n", code.error().message.c_str());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  // Only as the single word: "--help" behind an image is an argument of the container's.
  const std::string_view only = argc == 2 ? argv[1] : "";
  if (only == "--help") return std::printf(help, executor_flags_help().c_str()) < 0 ? 1 : 0;
  if (only == "--markdown") return std::fputs(executor_flags_markdown().c_str(), stdout) < 0 ? 1 : 0;
  if (only == "--version") return std::puts("windlass-executor " WINDLASS_VERSION) < 0 ? 1 : 0;
  // What the container does that holds the network of a task group: nothing, until it is removed.
  while (only == hold_argument) ::pause();
  open_standard_descriptors();
  // As early as possible: what is in memory by now is what the reaper costs for as long as the task runs.
  Reaper reaper = Reaper::start();
  keep_memory_small();
  // A peer that closes its end is an error of one write, and no reason to end.
  ::signal(SIGPIPE, SIG_IGN);
  try {
    return run(argc, argv, reaper);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "windlass-executor: %s\n", error.what());
    return 2;
  }
}
