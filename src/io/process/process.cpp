#include "io/process/process.hpp"

#include "base/text.hpp"
#include "io/connection.hpp"
#include "io/fd.hpp"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/this_coro.hpp>

#include <fcntl.h>
#include <grp.h>
#include <linux/sched.h>
#include <pwd.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <dirent.h>
#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>
#include <set>
#include <string_view>

namespace windlass {

namespace {

constexpr int groups_max = 1024;
constexpr int session_scans_max = 50;  // a scan that finds nobody new ends it earlier
constexpr std::size_t stat_bytes_max = 4096;
constexpr rlim_t descriptors_to_close_max = 65'536;  // only for kernels without close_range
constexpr unsigned close_range_cloexec = 4;

std::string errno_text(int error) { return std::generic_category().message(error); }

Error errno_error(const std::string& what, int error) {
  const Errc code = error == ENOENT || error == ESRCH || error == ENOTDIR ? Errc::not_found
                    : error == EACCES || error == EPERM                   ? Errc::forbidden
                                                                          : Errc::unavailable;
  return Error{code, what + ": " + errno_text(error), {}};
}

// ---- what the child does between vfork and exec ----

enum class Step : int { session, cgroup, network, groups, gid, uid, cwd, output, exec };

struct Report {
  Step step;
  int error;
  int index;  // which cgroup
};

// Everything that the child needs, made before vfork: it shares our memory and may not allocate. It uses bare system
// calls for ids, because glibc's functions would change the ids of all our threads.
struct Plan {
  std::vector<std::string> candidates;  // files to try, for exec
  std::vector<char*> argv, env;
  std::vector<const char*> cgroup_procs;
  Fd unified_group;  // the folder of the version 2 group among them
  const char* cwd = nullptr;
  int in = -1, out = -1, err = -1, report = -1, network = -1;
  bool new_session = false, switch_user = false;
  uid_t uid = 0;
  gid_t gid = 0;
  std::vector<gid_t> groups;
  sigset_t signal_mask{};
};

constexpr std::string_view unified_file = "/cgroup.procs";  // version 1 is joined by `tasks`
bool is_unified(std::string_view file) { return file.ends_with(unified_file); }

void tell(const Plan& plan, Step step, int error, int index = 0) {
  const Report report{step, error, index};
  [[maybe_unused]] const ssize_t written = ::write(plan.report, &report, sizeof report);
}

// 127 is what a shell says of a command that could not be run; the parent reads the report, not the status.
[[noreturn]] void give_up(const Plan& plan, Step step) {
  tell(plan, step, errno);
  ::_exit(127);
}

// born_in_group: it is in the version 2 group already.
void join_cgroups(const Plan& plan, bool born_in_group) {
  for (std::size_t i = 0; i < plan.cgroup_procs.size(); ++i) {
    if (born_in_group && is_unified(plan.cgroup_procs[i])) continue;
    const int fd = ::open(plan.cgroup_procs[i], O_WRONLY | O_CLOEXEC);
    if (fd < 0 || ::write(fd, "0", 1) != 1) tell(plan, Step::cgroup, errno, static_cast<int>(i));
    if (fd >= 0) ::close(fd);
  }
}

// Marked, not closed: the pipe for reports has to stay until exec, whose success is its end.
void close_the_rest() {
  if (::syscall(SYS_close_range, 3U, ~0U, close_range_cloexec) == 0) return;
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  const int end = static_cast<int>(std::min(files.rlim_cur, descriptors_to_close_max));
  for (int fd = 3; fd < end; ++fd) ::fcntl(fd, F_SETFD, FD_CLOEXEC);
}

// Ignored signals and the mask survive exec. A child that inherits a blocked SIGTERM could not be stopped.
void reset_signals(const Plan& plan) {
  struct sigaction standard {};
  standard.sa_handler = SIG_DFL;
  for (int signal = 1; signal < NSIG; ++signal) ::sigaction(signal, &standard, nullptr);
  ::sigprocmask(SIG_SETMASK, &plan.signal_mask, nullptr);
}

// In this order: after setresuid the rights to change the others are gone.
void switch_user(const Plan& plan) {
  if (::syscall(SYS_setgroups, plan.groups.size(), plan.groups.data()) != 0) give_up(plan, Step::groups);
  if (::syscall(SYS_setresgid, plan.gid, plan.gid, plan.gid) != 0) give_up(plan, Step::gid);
  if (::syscall(SYS_setresuid, plan.uid, plan.uid, plan.uid) != 0) give_up(plan, Step::uid);
}

[[noreturn]] void run_child(const Plan& plan, bool born_in_group) {
  // The order is that of the drawing in README.md: groups need root's rights, so they are joined before the user
  // changes, and the folder is entered after it, because the user must be allowed to.
  reset_signals(plan);
  if (plan.new_session && ::setsid() < 0) give_up(plan, Step::session);
  join_cgroups(plan, born_in_group);
  // The three are above 2 (see open_plain), so none is overwritten before it is copied.
  if (::dup2(plan.in, 0) < 0 || ::dup2(plan.out, 1) < 0 || ::dup2(plan.err, 2) < 0) give_up(plan, Step::output);
  if (plan.network >= 0 && ::setns(plan.network, CLONE_NEWNET) != 0) give_up(plan, Step::network);
  close_the_rest();
  if (plan.switch_user) switch_user(plan);
  if (plan.cwd != nullptr && ::chdir(plan.cwd) != 0) give_up(plan, Step::cwd);
  int error = ENOENT;
  // As execvp goes through PATH, but that allocates. An error that says more than "not here" is kept.
  for (const std::string& file : plan.candidates) {
    ::execve(file.c_str(), plan.argv.data(), plan.env.data());
    if (errno != ENOENT && errno != ENOTDIR) error = errno;
  }
  errno = error;
  give_up(plan, Step::exec);
}

// A function of its own: what it has on its stack is shared with the child until exec.
__attribute__((noinline)) pid_t vfork_child(const Plan& plan) {
  const pid_t pid = ::vfork();
  if (pid == 0) run_child(plan, false);
  return pid;
}

// From Linux 5.7 on a child can begin in a version 2 group. To move there later waits as Cgroups::procs_files says,
// which takes longer than to copy our page tables: a bare system call cannot lend the child our stack. Negative: it
// cannot.
pid_t clone_child_into_group(const Plan& plan) {
  clone_args arguments{};
  arguments.flags = CLONE_INTO_CGROUP;
  arguments.exit_signal = SIGCHLD;
  arguments.cgroup = static_cast<std::uint64_t>(plan.unified_group.value);
  const auto pid = static_cast<pid_t>(::syscall(SYS_clone3, &arguments, sizeof arguments));
  if (pid == 0) run_child(plan, true);
  return pid;
}

pid_t spawn_child(const Plan& plan) {
  const pid_t pid = plan.unified_group.value >= 0 ? clone_child_into_group(plan) : -1;
  return pid > 0 ? pid : vfork_child(plan);
}

// ---- before and after ----

bool has_nul(const ProcessSpec& spec) {
  const auto bad = [](const std::string& text) { return text.find('\0') != std::string::npos; };
  return std::any_of(spec.argv.begin(), spec.argv.end(), bad) || std::any_of(spec.env.begin(), spec.env.end(), bad) ||
         bad(spec.cwd) || bad(spec.stdout_path) || bad(spec.stderr_path) || bad(spec.network_namespace);
}

// PATH of the child's environment, not ours: the task sees the one that it was given.
std::vector<std::string> exec_candidates(const ProcessSpec& spec) {
  const std::string& file = spec.argv[0];
  if (file.find('/') != std::string::npos) return {file};
  std::string_view path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  for (const std::string& variable : spec.env) {
    if (variable.starts_with("PATH=")) path = std::string_view{variable}.substr(5);
  }
  std::vector<std::string> candidates;
  while (!path.empty()) {
    const std::size_t end = std::min(path.find(':'), path.size());
    const std::string folder{path.substr(0, end)};
    candidates.push_back((folder.empty() ? std::string{"."} : folder) + "/" + file);
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return candidates;
}

// Before the fork: these functions read files, allocate and take locks.
Result<void> look_user_up(const std::string& name, Plan& plan) {
  std::vector<char> space(16 * 1024);
  passwd entry{};
  passwd* found = nullptr;
  ::getpwnam_r(name.c_str(), &entry, space.data(), space.size(), &found);
  if (found == nullptr) return Error{Errc::invalid, "there is no user \"" + name + "\"", "user"};
  plan.uid = entry.pw_uid;
  plan.gid = entry.pw_gid;
  plan.groups.resize(groups_max);
  int count = groups_max;
  if (::getgrouplist(name.c_str(), entry.pw_gid, plan.groups.data(), &count) < 0) count = groups_max;
  plan.groups.resize(static_cast<std::size_t>(count));
  plan.switch_user = plan.uid != ::geteuid() || plan.uid != 0;
  return {};
}

// Never 0, 1 or 2, also when we run with those closed.
int above_standard(int fd) {
  if (fd < 0 || fd > 2) return fd;
  const int moved = ::fcntl(fd, F_DUPFD_CLOEXEC, 3);
  ::close(fd);
  return moved;
}

Result<Fd> open_output(int given, const std::string& path, const Plan& plan) {
  if (given >= 0) {
    struct stat status {};
    const bool is_pipe = ::fstat(given, &status) == 0 && S_ISFIFO(status.st_mode);
    // Else the child could write into it, but not open it as /dev/stdout.
    if (is_pipe && plan.switch_user && ::geteuid() == 0) static_cast<void>(::fchown(given, plan.uid, plan.gid));
    return Fd{above_standard(::fcntl(given, F_DUPFD_CLOEXEC, 3))};
  }
  if (path.empty()) return Fd{above_standard(::open("/dev/null", O_WRONLY | O_CLOEXEC))};
  Fd fd{above_standard(::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644))};
  if (fd.value < 0) return errno_error("open " + path, errno);
  // Only root can, and only root needs to.
  if (plan.switch_user && ::geteuid() == 0 && ::fchown(fd.value, plan.uid, plan.gid) != 0) {
    return errno_error("chown " + path, errno);
  }
  return fd;
}

std::string step_text(const Report& report, const ProcessSpec& spec) {
  switch (report.step) {
    case Step::session: return "setsid";
    case Step::cgroup: return "join " + spec.cgroup_procs[static_cast<std::size_t>(report.index)];
    case Step::network: return "enter the network of " + spec.network_namespace;
    case Step::groups: return "set the groups of user " + spec.user;
    case Step::gid: return "switch to the group of user " + spec.user;
    case Step::uid: return "switch to user " + spec.user;
    case Step::cwd: return "change to " + spec.cwd;
    case Step::output: return "redirect the output";
    case Step::exec: return "exec " + spec.argv[0];
  }
  return "start";
}

// The pipe ends without a report when exec has happened: its write end is closed on exec.
Result<StartedProcess> read_reports(int fd, pid_t pid, const ProcessSpec& spec) {
  StartedProcess started;
  started.id.pid = pid;
  Report report{};
  while (true) {
    const ssize_t count = ::read(fd, &report, sizeof report);
    if (count < 0 && errno == EINTR) continue;
    if (count != sizeof report) break;
    const std::string what = step_text(report, spec);
    // A task without its own group still runs; whether that is good enough is the caller's to say.
    if (report.step == Step::cgroup) {
      started.warnings.push_back(what + ": " + errno_text(report.error));
      continue;
    }
    // It has ended by itself; reaped here, because the caller gets no id to wait for.
    while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
    }
    return errno_error(what, report.error);
  }
  auto id = identify_process(pid);  // it cannot be gone: nobody but us reaps it
  if (id) started.id = *id;
  return started;
}

Result<Plan> make_plan(const ProcessSpec& spec) {
  if (spec.argv.empty() || spec.argv[0].empty()) return Error{Errc::invalid, "the command is empty", "argv"};
  if (has_nul(spec)) return Error{Errc::invalid, "a NUL character in an argument", "argv"};
  Plan plan;
  plan.candidates = exec_candidates(spec);
  for (const std::string& text : spec.argv) plan.argv.push_back(const_cast<char*>(text.c_str()));
  for (const std::string& text : spec.env) plan.env.push_back(const_cast<char*>(text.c_str()));
  for (const std::string& text : spec.cgroup_procs) {
    plan.cgroup_procs.push_back(text.c_str());
    if (!is_unified(text)) continue;
    const std::string folder = text.substr(0, text.size() - unified_file.size());
    plan.unified_group = Fd{above_standard(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC))};
  }
  plan.argv.push_back(nullptr);
  plan.env.push_back(nullptr);
  plan.cwd = spec.cwd.empty() ? nullptr : spec.cwd.c_str();
  plan.new_session = spec.new_session;
  if (!spec.user.empty()) {
    auto found = look_user_up(spec.user, plan);
    if (!found) return found.error();
  }
  return plan;
}

// The fields of /proc/<pid>/stat from the third on: the second, the name, may contain anything.
// The last ")" ends the name, for whatever the name contains.
std::vector<std::string> stat_fields(pid_t pid) {
  const Fd fd{::open(("/proc/" + std::to_string(pid) + "/stat").c_str(), O_RDONLY | O_CLOEXEC)};
  if (fd.value < 0) return {};
  std::string text(stat_bytes_max, '\0');
  const ssize_t count = ::read(fd.value, text.data(), text.size());
  if (count <= 0) return {};
  text.resize(static_cast<std::size_t>(count));
  const std::size_t name_end = text.rfind(')');
  if (name_end == std::string::npos) return {};
  std::vector<std::string> fields;
  for (const std::string_view field : split_words(std::string_view{text}.substr(name_end + 1), " \n")) {
    fields.emplace_back(field);
  }
  return fields;
}

// Indexes into stat_fields: the fields 3, 6, 9 and 22 of proc(5).
constexpr std::size_t state_field = 0, session_field = 3, flags_field = 6, start_field = 19;
constexpr unsigned flag_exiting = 4;  // PF_EXITING of the kernel

template <class Number>
Number to_number(const std::string& text) {
  Number value{};
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

// Zombies are left out: they have ended, and take no signal.
std::vector<pid_t> session_members(pid_t session) {
  std::vector<pid_t> members;
  DIR* folder = ::opendir("/proc");
  if (folder == nullptr) return members;
  while (const dirent* entry = ::readdir(folder)) {
    const pid_t pid = to_number<pid_t>(entry->d_name);
    if (pid <= 0) continue;
    const auto fields = stat_fields(pid);
    if (fields.size() <= start_field || fields[state_field] == "Z" || fields[state_field] == "X") continue;
    if (to_number<pid_t>(fields[session_field]) == session) members.push_back(pid);
  }
  ::closedir(folder);
  return members;
}

// The status of our own child that has ended; nullopt for others.
std::optional<int> reap(pid_t pid) {
  int status = 0;
  while (true) {
    const pid_t reaped = ::waitpid(pid, &status, WNOHANG);
    if (reaped == pid) return status;
    if (reaped < 0 && errno == EINTR) continue;
    return std::nullopt;
  }
}

int open_pidfd(pid_t pid) { return static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)); }

}  // namespace

Result<StartedProcess> start_process(const ProcessSpec& spec) {
  auto plan = make_plan(spec);
  if (!plan) return plan.error();
  auto out = open_output(spec.stdout_fd, spec.stdout_path, *plan);
  if (!out) return out.error();
  auto err = open_output(spec.stderr_fd, spec.stderr_path, *plan);
  if (!err) return err.error();
  // /dev/null: a task that reads its stdin sees the end at once and does not wait.
  const Fd in{above_standard(::open("/dev/null", O_RDONLY | O_CLOEXEC))};
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return errno_error("pipe", errno);
  const Fd report_in{above_standard(ends[0])};
  Fd report_out{above_standard(ends[1])};
  Fd network;
  if (!spec.network_namespace.empty()) {
    network = Fd{above_standard(::open(spec.network_namespace.c_str(), O_RDONLY | O_CLOEXEC))};
    if (network.value < 0) return errno_error("open " + spec.network_namespace, errno);
  }
  plan->network = network.value;
  plan->in = in.value;
  plan->out = out->value;
  plan->err = err->value;
  plan->report = report_out.value;
  ::sigemptyset(&plan->signal_mask);

  // Our handlers must not run in the child while it shares our memory.
  sigset_t all, before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  const pid_t pid = spawn_child(*plan);
  const int fork_error = errno;
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (pid < 0) return errno_error("vfork", fork_error);
  report_out = Fd{};  // else the read below would wait for ourselves
  return read_reports(report_in.value, pid, spec);
}

Result<ProcessId> identify_process(pid_t pid) {
  const auto fields = stat_fields(pid);
  if (fields.size() <= start_field) {
    return Error{Errc::not_found, "there is no process " + std::to_string(pid), {}};
  }
  return ProcessId{pid, to_number<std::uint64_t>(fields[start_field])};
}

// Compared by start time as well, because the pid may have been given to another process meanwhile.
bool is_alive(ProcessId process) {
  const auto fields = stat_fields(process.pid);
  return fields.size() > start_field && to_number<std::uint64_t>(fields[start_field]) == process.start_ticks &&
         fields[state_field] != "Z" && fields[state_field] != "X";
}

bool is_ending(pid_t pid) {
  const auto fields = stat_fields(pid);
  if (fields.size() <= start_field || fields[state_field] == "Z" || fields[state_field] == "X") return true;
  return (to_number<unsigned>(fields[flags_field]) & flag_exiting) != 0;
}

// A pidfd becomes readable when the process ends. It needs no SIGCHLD, which belongs to the whole process, and it works
// for processes that are not our children: executors that a former run of the agent has started.
asio::awaitable<Result<std::optional<int>>> wait_process(ProcessId process) {
  auto loop = co_await asio::this_coro::executor;
  Fd fd{open_pidfd(process.pid)};
  const int open_error = errno;
  // The descriptor is open, so the identity that is seen now is that of the process behind it.
  const auto now = identify_process(process.pid);
  if (!now || *now != process) co_return std::optional<int>{};
  if (fd.value < 0) {
    if (open_error == ESRCH) co_return std::optional<int>{};
    co_return errno_error("pidfd_open", open_error);
  }
  asio::posix::stream_descriptor descriptor{loop, std::exchange(fd.value, -1)};
  auto waited = co_await descriptor.async_wait(asio::posix::stream_descriptor::wait_read, nothrow);
  auto& [error] = waited;
  if (error) co_return Error{Errc::cancelled, "waiting for process " + std::to_string(process.pid), {}};
  co_return reap(process.pid);
}

Result<void> signal_process(ProcessId process, int signal) {
  const std::string what = "signal process " + std::to_string(process.pid);
  // Opened first, then compared: from then on the signal can only reach the process that was compared.
  const Fd fd{open_pidfd(process.pid)};
  if (fd.value < 0) return errno_error(what, errno);
  const auto now = identify_process(process.pid);
  if (!now || *now != process) return Error{Errc::not_found, what + ": it has ended", {}};
  if (::syscall(SYS_pidfd_send_signal, fd.value, signal, nullptr, 0) != 0) return errno_error(what, errno);
  return {};
}

Result<int> kill_session(ProcessId leader) {
  if (leader.pid <= 1) return Error{Errc::invalid, "not a session", {}};
  // While a session has members its number is not given away, so a stranger with that number means an empty session.
  const auto now = identify_process(leader.pid);
  if (now && *now != leader) return 0;
  std::set<pid_t> signalled;
  // A signalled process cannot fork any more: a scan without new ones has seen all of them.
  for (int scan = 0; scan < session_scans_max; ++scan) {
    bool found_new = false;
    for (const pid_t pid : session_members(leader.pid)) {
      if (!signalled.insert(pid).second) continue;
      found_new = true;
      if (::kill(pid, SIGKILL) != 0 && errno == EPERM) return errno_error("kill " + std::to_string(pid), errno);
    }
    if (!found_new) break;
  }
  return static_cast<int>(signalled.size());
}

std::string describe_wait_status(int status) {
  if (WIFEXITED(status)) return "exited with status " + std::to_string(WEXITSTATUS(status));
  if (!WIFSIGNALED(status)) return "ended with raw status " + std::to_string(status);
  const char* name = ::strsignal(WTERMSIG(status));
  return "was terminated by signal " + std::to_string(WTERMSIG(status)) + " (" + (name != nullptr ? name : "?") + ")";
}

}  // namespace windlass
