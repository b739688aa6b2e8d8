#include "windlass_executor/reaper.hpp"

#include "base/time.hpp"

#include <fcntl.h>
#include <netdb.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <utility>

// The reaper itself uses static memory and plain system calls only: every page that it touches counts for every
// running container of the machine.

namespace windlass {

namespace {

constexpr std::size_t line_max = 256;
constexpr std::size_t watched_max = 512;       // at a time; memory that is not used is not touched
constexpr std::chrono::seconds patience{600};  // while Docker does not answer
constexpr std::chrono::seconds may_appear{3};  // a create that was under way when the executor died
constexpr int answer_seconds = 30;

char containers[watched_max][line_max];  // empty: free
pid_t processes[watched_max];            // 0: free
char docker[line_max] = "unix:///var/run/docker.sock";
char api[16];  // "/v1.41": calls without a version are on their way out

// Its place, or a free one when `name` is empty; null: none.
char* find_container(const char* name) {
  for (auto& each : containers) {
    if (std::strcmp(each, name) == 0) return each;
  }
  return nullptr;
}

pid_t* find_process(pid_t pid) {
  for (pid_t& each : processes) {
    if (each == pid) return &each;
  }
  return nullptr;
}

// The rest of the line after the word, or null.
const char* rest_of(const char* line, const char* word) {
  const std::size_t size = std::strlen(word);
  return std::strncmp(line, word, size) == 0 ? line + size : nullptr;
}

void take_line(const char* line) {
  if (const char* version = rest_of(line, "api ")) {
    std::snprintf(api, sizeof api, "/v%s", version);
  } else if (const char* host = rest_of(line, "docker ")) {
    std::snprintf(docker, sizeof docker, "%s", host);
  } else if (const char* name = rest_of(line, "container ")) {
    // Without a free place it is not watched: then the next executor removes it (docker/container_orphans.hpp).
    if (char* place = find_container("")) std::snprintf(place, line_max, "%s", name);
  } else if (const char* gone = rest_of(line, "removed ")) {
    // An empty name would "find" a free place.
    if (char* place = find_container(gone); *gone != '\0' && place != nullptr) *place = '\0';
  } else if (const char* pid = rest_of(line, "process ")) {
    if (pid_t* place = find_process(0)) *place = std::atoi(pid);
  } else if (const char* ended = rest_of(line, "ended ")) {
    if (pid_t* place = find_process(std::atoi(ended))) *place = 0;
  }
}

// Until the executor's end of the pipe is closed.
void read_pipe(int fd) {
  static char buffer[2 * line_max];
  std::size_t held = 0;
  while (true) {
    const ssize_t count = ::read(fd, buffer + held, sizeof buffer - held);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return;
    held += static_cast<std::size_t>(count);
    char* line = buffer;
    for (char* end; (end = static_cast<char*>(std::memchr(line, '\n', held))) != nullptr; line = end + 1) {
      *end = '\0';
      take_line(line);
      held -= static_cast<std::size_t>(end + 1 - line);
    }
    std::memmove(buffer, line, held);
    if (held == sizeof buffer) held = 0;  // no line of ours is so long
  }
}

int connect_unix(const char* path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::size_t size = std::strlen(path);
  if (size >= sizeof address.sun_path) return -1;
  std::memcpy(address.sun_path, path, size);
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd >= 0 && ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return fd;
  if (fd >= 0) ::close(fd);
  return -1;
}

// "host:port" of DOCKER_HOST=tcp://host:port.
int connect_tcp(const char* text) {
  char host[line_max];
  std::snprintf(host, sizeof host, "%s", text);
  host[std::strcspn(host, "/")] = '\0';
  char* colon = std::strrchr(host, ':');
  const char* port = "2375";
  if (colon != nullptr) {
    *colon = '\0';
    port = colon + 1;
  }
  char* name = host;
  if (*name == '[') {
    ++name;
    name[std::strcspn(name, "]")] = '\0';
  }
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(name, port, &hints, &found) != 0) return -1;
  int fd = -1;
  for (const addrinfo* each = found; each != nullptr && fd < 0; each = each->ai_next) {
    fd = ::socket(each->ai_family, each->ai_socktype | SOCK_CLOEXEC, each->ai_protocol);
    if (fd < 0 || ::connect(fd, each->ai_addr, each->ai_addrlen) == 0) continue;
    ::close(fd);
    fd = -1;
  }
  ::freeaddrinfo(found);
  return fd;
}

int connect_docker(const char* host) {
  if (std::strncmp(host, "unix://", 7) == 0) return connect_unix(host + 7);
  const char* scheme = std::strstr(host, "://");
  return connect_tcp(scheme == nullptr ? host : scheme + 3);
}

// The status code of the answer; 0 when there is none. An Engine that has come in the place of the one that was known
// may refuse the version with 400: then it is asked without one.
int remove_container(const char* container) {
  const int fd = connect_docker(docker);
  if (fd < 0) return 0;
  // A Docker that hangs must not hold up for ever the containers that come after this one.
  const timeval limit{.tv_sec = answer_seconds, .tv_usec = 0};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  char text[2 * line_max];
  const int size = std::snprintf(
      text, sizeof text, "DELETE %s/containers/%s?force=1&v=1 HTTP/1.1\r\nHost: docker\r\nConnection: close\r\n\r\n",
      api, container);
  int status = 0;
  if (::write(fd, text, static_cast<std::size_t>(size)) == size) {
    const ssize_t count = ::read(fd, text, sizeof text - 1);
    if (count > 0) {
      text[count] = '\0';
      if (std::sscanf(text, "HTTP/%*d.%*d %d", &status) != 1) status = 0;
    }
  }
  ::close(fd);
  if (status == 400) api[0] = '\0';
  return status;
}

// Whether there is nothing more to do about it.
bool is_removed(const char* container, Duration waited) {
  const int status = remove_container(container);
  // 404 counts only after a while: a create that Docker has taken up may still bring the container about.
  return (status >= 200 && status < 300) || (status == 404 && waited >= may_appear) || waited >= patience;
}

void reap() {
  for (const pid_t process : processes) {
    // kill(0) would mean our own group, kill(-1) everything that we may kill.
    if (process > 1) ::kill(-process, SIGKILL);
  }
  const Clock clock;
  const TimePoint begin = clock.now();
  // Round after round, so that one that cannot be removed yet does not hold up the others.
  for (bool left = true; left;) {
    left = false;
    for (auto& container : containers) {
      if (container[0] == '\0') continue;
      if (is_removed(container, clock.now() - begin)) {
        container[0] = '\0';
      } else {
        left = true;
      }
    }
    const timespec pause{.tv_sec = 0, .tv_nsec = 200'000'000};
    if (left) ::nanosleep(&pause, nullptr);
  }
}

// "12:freezer:/mesos/1a2b" -> "/sys/fs/cgroup/freezer/tasks", "1:name=systemd:/" -> ".../systemd/tasks",
// "0::/mesos/1a2b" -> "/sys/fs/cgroup/cgroup.procs". `tasks`, where there is one, does not wait for the whole machine.
void leave_cgroup(const char* line) {
  const char* controllers = std::strchr(line, ':');
  if (controllers == nullptr) return;
  ++controllers;
  // Of hierarchies that are mounted together the first name: its folder, or a link to it, is there in whatever order
  // the kernel lists them.
  const int size = static_cast<int>(std::strcspn(controllers, ":,"));
  const char* named = rest_of(controllers, "name=");
  const int skipped = named == nullptr ? 0 : static_cast<int>(named - controllers);
  char path[line_max];
  for (const char* mount : {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"}) {
    if (size > 0) {
      std::snprintf(path, sizeof path, "%s/%.*s/tasks", mount, size - skipped, controllers + skipped);
    } else {
      std::snprintf(path, sizeof path, "%s/cgroup.procs", mount);
    }
    const int fd = ::open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0) continue;
    // "0" stands for the process that writes.
    const bool left = ::write(fd, "0", 1) == 1;
    ::close(fd);
    if (left) return;
  }
}

// An agent ends an executor by freezing and killing all that is in its control groups. We have work to do then, and go
// to the top of each hierarchy, where that is permitted.
void leave_cgroups() {
  static char text[4096];
  const int fd = ::open("/proc/self/cgroup", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return;
  const ssize_t size = ::read(fd, text, sizeof text - 1);
  ::close(fd);
  if (size <= 0) return;
  text[size] = '\0';
  char* rest = nullptr;
  for (char* line = ::strtok_r(text, "\n", &rest); line != nullptr; line = ::strtok_r(nullptr, "\n", &rest)) {
    leave_cgroup(line);
  }
}

[[noreturn]] void run(int pipe) {
  ::setsid();  // a signal to the executor's group is not for us
  leave_cgroups();
  ::prctl(PR_SET_NAME, "windlass-reaper");
  for (const int number : {SIGHUP, SIGINT, SIGTERM, SIGPIPE, SIGQUIT}) ::signal(number, SIG_IGN);
  // Nobody is to wait for the end of the executor's output because of us.
  const int null = ::open("/dev/null", O_RDWR);
  for (const int fd : {0, 1, 2}) ::dup2(null, fd);
  if (null > 2) ::close(null);
  read_pipe(pipe);
  reap();
  ::_exit(0);
}

}  // namespace

Reaper Reaper::start() {
  int ends[2];
  // Closed on exec: a command task that inherited our end would keep the reaper waiting for as long as it lives.
  if (::pipe2(ends, O_CLOEXEC) != 0) return Reaper{-1};
  const pid_t pid = ::fork();
  if (pid == 0) {
    // A grandchild is nobody's child: whoever kills all descendants of the executor does not find it.
    if (::fork() != 0) ::_exit(0);
    // The writing end must be the executor's alone: its closing is how its death is noticed.
    ::close(ends[1]);
    run(ends[0]);
  }
  ::close(ends[0]);
  // The child between the two is gone at once and must not stay as a zombie.
  while (pid > 0 && ::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
  if (pid > 0) return Reaper{ends[1]};
  ::close(ends[1]);
  return Reaper{-1};
}

Reaper::Reaper(Reaper&& other) noexcept : pipe_{std::exchange(other.pipe_, -1)} {}

Reaper::~Reaper() {
  if (pipe_ >= 0) ::close(pipe_);
}

void Reaper::use_docker(const std::string& host) { say("docker " + host + "\n"); }
void Reaper::use_api(const std::string& version) { say("api " + version + "\n"); }
void Reaper::watch_container(const std::string& name) { say("container " + name + "\n"); }
void Reaper::forget_container(const std::string& name) { say("removed " + name + "\n"); }
void Reaper::watch_process(int pid) { say("process " + std::to_string(pid) + "\n"); }
void Reaper::forget_process(int pid) { say("ended " + std::to_string(pid) + "\n"); }

void Reaper::say(const std::string& line) {
  if (pipe_ < 0 || line.size() >= line_max) return;
  // Shorter than PIPE_BUF: written whole or not at all.
  while (::write(pipe_, line.data(), line.size()) < 0 && errno == EINTR) {
  }
}

}  // namespace windlass
