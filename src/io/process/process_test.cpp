// Processes, control groups, files.
#include "io/process/process.hpp"
#include "io/files.hpp"
#include "io/loop_testing.hpp"
#include "io/process/cgroup.hpp"
#include "io/task_scope.hpp"

#include <pwd.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

namespace windlass {
namespace {

using std::chrono::milliseconds;
constexpr int died_of_kill = SIGKILL;  // a raw wait(2) status: killed by signal 9, no core

ProcessSpec shell(const std::string& script, const std::string& out = {}) {
  ProcessSpec spec;
  spec.argv = {"sh", "-c", script};
  spec.env = {"PATH=/usr/bin:/bin", "GREETING=hello world"};
  spec.stdout_path = out;
  spec.stderr_path = out;
  return spec;
}

asio::awaitable<void> await_end(ProcessId id, Result<std::optional<int>>& into) { into = co_await wait_process(id); }

std::optional<int> wait_for_end(ProcessId id) {
  asio::io_context loop;
  Result<std::optional<int>> status = Error{};
  run_until_done(loop, await_end(id, status));
  EXPECT_TRUE(status) << to_string(status.error());
  return status ? *status : std::nullopt;
}

std::string text_of(const std::string& path) {
  auto text = read_file(path);
  return text ? *text : to_string(text.error());
}

TEST(Process, ReportsExitCodesAndSignals) {
  auto seven = start_process(shell("exit 7"));
  ASSERT_TRUE(seven) << to_string(seven.error());
  const auto status = wait_for_end(seven->id);
  EXPECT_EQ(status, 7 << 8);
  EXPECT_EQ(describe_wait_status(*status), "exited with status 7");
  EXPECT_FALSE(is_alive(seven->id));

  auto sleeper = start_process(shell("exec sleep 1000"));
  EXPECT_TRUE(is_alive(sleeper->id));
  EXPECT_TRUE(signal_process(sleeper->id, SIGKILL));
  EXPECT_EQ(wait_for_end(sleeper->id), died_of_kill);
  EXPECT_EQ(describe_wait_status(died_of_kill), "was terminated by signal 9 (Killed)");
  EXPECT_EQ(signal_process(sleeper->id, SIGKILL).error().code, Errc::not_found);
  EXPECT_EQ(wait_for_end(sleeper->id), std::nullopt) << "reaped already: nobody can know";
}

TEST(Process, HasTheEnvironmentFolderOutputAndSessionItWasGiven) {
  TempDir folder;
  const std::string out = folder / "out";
  ASSERT_TRUE(append_file(out, "before\n"));
  ProcessSpec spec = shell(
      "pwd; echo $GREETING; echo warning >&2; ps -o sid= -p $$ | tr -d ' '; echo $$; "
      "env | wc -l; ls /proc/self/fd | wc -l; cat; trap | wc -l",
      out);
  spec.cwd = folder.path;
  const int leaked = ::dup(1);  // not close-on-exec
  auto started = start_process(spec);
  ::close(leaked);
  ASSERT_TRUE(started) << to_string(started.error());
  EXPECT_EQ(wait_for_end(started->id), 0);
  const std::string pid = std::to_string(started->id.pid);
  // env: PATH, GREETING and PWD, which the shell sets; descriptors: 0, 1, 2 and that of ls.
  EXPECT_EQ(text_of(out), "before\n" + folder.path + "\nhello world\nwarning\n" + pid + "\n" + pid + "\n3\n4\n0\n");
}

TEST(Process, SaysWhichStepFailed) {
  ProcessSpec spec;
  spec.argv = {"/no/such/program"};
  auto missing = start_process(spec);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, Errc::not_found);
  EXPECT_EQ(missing.error().message, "exec /no/such/program: No such file or directory");
  spec.argv = {"/etc/passwd"};
  EXPECT_EQ(start_process(spec).error().code, Errc::forbidden);
  spec.argv = {"no-such-program-in-path"};
  EXPECT_EQ(start_process(spec).error().message, "exec no-such-program-in-path: No such file or directory");
  spec.argv = {"/bin/true"};
  spec.cwd = "/no/such/folder";
  EXPECT_EQ(start_process(spec).error().message, "change to /no/such/folder: No such file or directory");
  spec.cwd.clear();
  spec.stdout_path = "/no/such/folder/out";
  EXPECT_EQ(start_process(spec).error().message, "open /no/such/folder/out: No such file or directory");
  spec.stdout_path.clear();
  spec.user = "no-such-user";
  EXPECT_EQ(start_process(spec).error().code, Errc::invalid);
  spec.user.clear();
  spec.argv.clear();
  EXPECT_EQ(start_process(spec).error().code, Errc::invalid);
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "a failed start left a zombie";
}

TEST(Process, SwitchesToAnotherUserWithItsGroups) {
  ASSERT_EQ(::geteuid(), 0U) << "this test needs root";
  TempDir folder;
  ::chmod(folder.path.c_str(), 0755);
  ProcessSpec spec = shell("id -un; id -Gn; cat /etc/shadow", folder / "out");
  spec.user = "nobody";
  auto started = start_process(spec);
  ASSERT_TRUE(started) << to_string(started.error());
  EXPECT_EQ(wait_for_end(started->id), 1 << 8);
  EXPECT_EQ(text_of(folder / "out"), "nobody\nnogroup\ncat: /etc/shadow: Permission denied\n");
  struct stat status {};
  ::stat((folder / "out").c_str(), &status);
  EXPECT_EQ(status.st_uid, ::getpwnam("nobody")->pw_uid);
  EXPECT_EQ(::geteuid(), 0U) << "the switch reached us";
}

TEST(Process, WatchesAProcessThatIsNotOurChild) {
  TempDir folder;
  auto parent = start_process(shell("sleep 1000 & echo $! > " + (folder / "pid") + "; exec sleep 1000"));
  ASSERT_TRUE(parent);
  std::string text;
  while (text.empty() || text.back() != '\n') {
    auto read = read_file(folder / "pid");
    text = read ? *read : "";
  }
  auto grandchild = identify_process(std::stoi(text));
  ASSERT_TRUE(grandchild);
  asio::io_context loop;
  Result<std::optional<int>> status = Error{};
  TaskScope scope{loop.get_executor(), nullptr};
  scope.spawn("watch", await_end(*grandchild, status));
  loop.run_for(milliseconds{20});
  EXPECT_EQ(scope.running(), 1U) << "it was taken for ended";
  EXPECT_TRUE(signal_process(*grandchild, SIGKILL));
  run_until_done(loop, scope.join());
  ASSERT_TRUE(status);
  EXPECT_EQ(*status, std::nullopt);
  EXPECT_FALSE(is_alive(*grandchild));

  ProcessId recycled = parent->id;
  recycled.start_ticks += 1;
  EXPECT_FALSE(is_alive(recycled));
  EXPECT_EQ(wait_for_end(recycled), std::nullopt);
  EXPECT_EQ(signal_process(recycled, SIGKILL).error().code, Errc::not_found);
  EXPECT_EQ(*kill_session(recycled), 0);
  EXPECT_TRUE(is_alive(parent->id));
  EXPECT_EQ(*kill_session(parent->id), 1);
  EXPECT_EQ(wait_for_end(parent->id), died_of_kill);
}

TEST(Process, KillSessionReachesWhatTheLeaderLeftBehind) {
  TempDir folder;
  auto leader = start_process(shell("for i in 1 2 3; do sleep 1000 & done; exit 0"));
  ASSERT_TRUE(leader);
  EXPECT_EQ(wait_for_end(leader->id), 0);
  EXPECT_EQ(*kill_session(leader->id), 3);
}

asio::awaitable<void> wait_cancelled(ProcessId id, bool& ended) {
  auto status = co_await wait_process(id);
  ended = true;
  EXPECT_EQ(status.error().code, Errc::cancelled);
}

TEST(Process, WaitingCanBeCancelled) {
  auto sleeper = start_process(shell("exec sleep 1000"));
  asio::io_context loop;
  bool ended = false;
  TaskScope scope{loop.get_executor(), nullptr};
  scope.spawn("wait", wait_cancelled(sleeper->id, ended));
  loop.poll();
  scope.cancel_all();
  run_until_done(loop, scope.join());
  EXPECT_TRUE(ended);
  EXPECT_EQ(*kill_session(sleeper->id), 1);
  EXPECT_EQ(wait_for_end(sleeper->id), died_of_kill);
}

TEST(Cgroups, ReadsEveryKindOfMount) {
  TempDir folder;
  ASSERT_TRUE(append_file(folder / "mountinfo",
                          "25 1 0:22 / / rw - ext4 /dev/vda rw\n"
                          "36 25 0:31 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid shared:15 - cgroup cgroup rw,cpu,cpuacct\n"
                          "37 25 0:32 / /sys/fs/cgroup/systemd rw shared:16 - cgroup cgroup rw,xattr,name=systemd\n"
                          "38 25 0:33 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw,nsdelegate\n"));
  auto cgroups = Cgroups::detect(folder / "mountinfo");
  ASSERT_TRUE(cgroups);
  ASSERT_EQ(cgroups->hierarchies().size(), 3U);
  EXPECT_EQ(cgroups->hierarchies()[0].controllers, (std::vector<std::string>{"cpu", "cpuacct"}));
  EXPECT_EQ(cgroups->hierarchies()[1].controllers, (std::vector<std::string>{"name=systemd"}));
  EXPECT_TRUE(cgroups->hierarchies()[2].unified);
  EXPECT_FALSE(Cgroups::detect(folder / "missing"));
  EXPECT_FALSE(cgroups->create("mesos/../../escape").problems.empty());
  EXPECT_FALSE(cgroups->remove(".."));
}

TEST(Cgroups, HoldsAProcessFromItsFirstInstructionAndKillsIt) {
  auto cgroups = Cgroups::detect();
  ASSERT_TRUE(cgroups);
  const std::string group = "mesos/io-test-" + std::to_string(::getpid());
  const auto created = cgroups->create(group);
  if (created.directories.empty()) {
    EXPECT_FALSE(created.problems.empty() && !cgroups->hierarchies().empty()) << "silently nothing";
    GTEST_SKIP() << "no cgroup can be made here";
  }
  ProcessSpec spec = shell("sleep 1000 & exec sleep 1000");
  spec.cgroup_procs = cgroups->procs_files(group);
  EXPECT_EQ(spec.cgroup_procs.size(), created.directories.size());
  spec.cgroup_procs.push_back("/sys/fs/cgroup/no/such/group");
  auto started = start_process(spec);
  ASSERT_TRUE(started) << to_string(started.error());
  ASSERT_EQ(started->warnings.size(), 1U) << started->warnings[0];
  EXPECT_EQ(started->warnings[0], "join /sys/fs/cgroup/no/such/group: No such file or directory");
  const auto pids = cgroups->pids(group);
  EXPECT_NE(std::find(pids.begin(), pids.end(), started->id.pid), pids.end());
  EXPECT_EQ(cgroups->remove(group).error().code, Errc::conflict);
  EXPECT_TRUE(cgroups->kill(group));
  EXPECT_EQ(wait_for_end(started->id), died_of_kill);
  while (!cgroups->pids(group).empty()) ::sched_yield();
  auto removed = cgroups->remove(group);
  EXPECT_TRUE(removed) << to_string(removed.error());
  EXPECT_TRUE(cgroups->procs_files(group).empty());
  EXPECT_TRUE(cgroups->remove(group));
}

// The version 2 mount, also where version 1 has the controllers; empty: there is none.
std::string unified_mount() {
  auto cgroups = Cgroups::detect();
  if (!cgroups) return {};
  for (const CgroupHierarchy& hierarchy : cgroups->hierarchies()) {
    if (hierarchy.unified) return hierarchy.mount;
  }
  return {};
}

TEST(Process, BeginsInAGroupOfVersion2) {
  const std::string mount = unified_mount();
  const std::string group = "/io-test-v2-" + std::to_string(::getpid());
  if (mount.empty() || ::mkdir((mount + group).c_str(), 0755) != 0) GTEST_SKIP() << "no cgroup can be made here";
  ProcessSpec spec = shell("exec sleep 1000");
  spec.cgroup_procs = {mount + group + "/cgroup.procs"};
  auto started = start_process(spec);
  ASSERT_TRUE(started) << to_string(started.error());
  EXPECT_TRUE(started->warnings.empty()) << started->warnings[0];
  auto groups = read_file("/proc/" + std::to_string(started->id.pid) + "/cgroup");
  ASSERT_TRUE(groups);
  EXPECT_NE(groups->find("0::" + group + "\n"), std::string::npos) << *groups;
  EXPECT_TRUE(signal_process(started->id, SIGKILL));
  EXPECT_EQ(wait_for_end(started->id), died_of_kill);
  while (::rmdir((mount + group).c_str()) != 0 && errno == EBUSY) ::sched_yield();
}

// A folder that is no group of version 2: then it is not cloned into, and the write says what is wrong.
TEST(Process, RunsOutsideOfAGroupThatIsNone) {
  TempDir folder;
  ProcessSpec spec = shell("exit 7");
  spec.cgroup_procs = {folder / "cgroup.procs"};
  auto started = start_process(spec);
  ASSERT_TRUE(started) << to_string(started.error());
  ASSERT_EQ(started->warnings.size(), 1U);
  EXPECT_EQ(started->warnings[0], "join " + spec.cgroup_procs[0] + ": No such file or directory");
  EXPECT_EQ(wait_for_end(started->id), 7 << 8);
}

TEST(Files, ReadWriteAppendAndTheirErrors) {
  TempDir folder;
  const std::string path = folder / "file";
  EXPECT_EQ(read_file(path).error().code, Errc::not_found);
  EXPECT_EQ(read_file(path).error().where, path);
  ASSERT_TRUE(write_file_atomically(path, "one", 0600));
  ASSERT_TRUE(write_file_atomically(path, "two", 0640));
  ASSERT_TRUE(append_file(path, "+three"));
  EXPECT_EQ(text_of(path), "two+three");
  EXPECT_EQ(read_file(path, 3).error().code, Errc::invalid);
  struct stat status {};
  ::stat(path.c_str(), &status);
  EXPECT_EQ(status.st_mode & 0777, 0640U);
  EXPECT_EQ(write_file_atomically(folder / "no/file", "x").error().code, Errc::not_found);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator{folder.path}, {}), 1) << "a temporary file is left";
}

TEST(Files, BeneathAFolder) {
  TempDir folder;
  ASSERT_TRUE(make_directories(folder / "in/deep"));
  ASSERT_TRUE(append_file(folder / "in/deep/file", "text"));
  ASSERT_TRUE(append_file(folder / "outside", "secret"));
  ASSERT_TRUE(append_file(folder / "in/large", std::string((1 << 20) + 1, 'x')));
  std::filesystem::create_symlink("deep/file", folder / "in/inner");
  std::filesystem::create_symlink("../outside", folder / "in/escape");
  std::filesystem::create_symlink("/etc", folder / "in/absolute");
  ASSERT_EQ(::mkfifo((folder / "in/pipe").c_str(), 0600), 0);
  const std::string top = folder / "in";
  for (const std::string& path : {std::string{"deep/file"}, std::string{"./deep/../inner"}, top + "/deep/file"}) {
    EXPECT_EQ(*read_file_beneath(top, path), "text") << path;
  }
  for (const std::string& path : {std::string{"../outside"}, std::string{"escape"}, std::string{"absolute/passwd"},
                                  std::string{"/etc/passwd"}, std::string{"pipe"}, std::string{"deep"}}) {
    EXPECT_EQ(read_file_beneath(top, path).error().code, Errc::forbidden) << path;
  }
  EXPECT_EQ(read_file_beneath(top, "none").error().code, Errc::not_found);
  EXPECT_EQ(read_file_beneath(top, "").error().code, Errc::not_found);
  EXPECT_EQ(read_file_beneath(folder / "none", "x").error().code, Errc::not_found);
  EXPECT_EQ(read_file_beneath(top, "large").error().code, Errc::invalid);
}

TEST(Files, MakesFoldersWithTheirModeAndRemovesThem) {
  TempDir folder;
  ASSERT_TRUE(make_directories(folder / "a/b//c/", 0750));
  ASSERT_TRUE(make_directories(folder / "a/b/c", 0700));
  struct stat status {};
  ::stat((folder / "a/b/c").c_str(), &status);
  EXPECT_EQ(status.st_mode & 0777, 0750U);
  ASSERT_TRUE(append_file(folder / "a/file", "x"));
  EXPECT_FALSE(make_directories(folder / "a/file/d"));
  ASSERT_TRUE(change_owner(folder / "a/file", "nobody"));
  ::stat((folder / "a/file").c_str(), &status);
  EXPECT_EQ(status.st_uid, ::getpwnam("nobody")->pw_uid);
  EXPECT_EQ(change_owner(folder / "a/file", "no-such-user").error().code, Errc::not_found);
  EXPECT_TRUE(remove_tree(folder / "a"));
  EXPECT_TRUE(remove_tree(folder / "a"));
  EXPECT_FALSE(std::filesystem::exists(folder / "a"));
}

TEST(Files, KnowsTheMachine) {
  EXPECT_GT(disk_size("/")->total_bytes, disk_size("/")->available_bytes);
  EXPECT_FALSE(disk_size("/no/such/path"));
  EXPECT_GT(*memory_total(), 64U * 1024 * 1024);
  EXPECT_GE(cpu_count(), 1U);
  EXPECT_FALSE(host_name().empty());
  EXPECT_EQ(boot_id()->size(), 36U);
  auto address = default_route_address();
  if (address) {
    EXPECT_NE(*address, "127.0.0.1");
    EXPECT_EQ(std::count(address->begin(), address->end(), '.'), 3);
  } else {
    EXPECT_EQ(address.error().code, Errc::not_found);
  }
}

TEST(Process, IsEndingWhenItIsGoneOrAZombie) {
  EXPECT_FALSE(is_ending(::getpid()));
  EXPECT_TRUE(is_ending(1 << 30));
  auto started = start_process({.argv = {"/bin/true"}});
  ASSERT_TRUE(started);
  siginfo_t info{};
  ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(started->id.pid), &info, WEXITED | WNOWAIT), 0);
  EXPECT_TRUE(is_ending(started->id.pid));
  EXPECT_EQ(::waitpid(started->id.pid, nullptr, 0), started->id.pid);
}

}  // namespace
}  // namespace windlass
