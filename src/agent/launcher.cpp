#include "agent/launcher.hpp"

#include "agent/sandbox.hpp"
#include "agent/sandbox_collector.hpp"
#include "base/time.hpp"
#include "io/fetcher/fetcher.hpp"
#include "io/files.hpp"
#include "io/log.hpp"
#include "io/nothrow.hpp"
#include "io/offload.hpp"
#include "io/process/cgroup.hpp"
#include "io/task_scope.hpp"

#include <boost/asio/steady_timer.hpp>

#include <dirent.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <map>
#include <set>
#include <utility>
#include <vector>

namespace windlass {
namespace {

using namespace std::chrono_literals;

// What an ended executor leaves behind (a reaper that removes its container) has so long to end by itself.
constexpr auto leftover_limit = 10s;
constexpr auto leftover_poll = 20ms;
// Launches that fetch wait for the network most of the time; more threads would only compete for it.
constexpr std::size_t fetch_threads = 4;

std::vector<std::string> own_environment() {
  std::vector<std::string> variables;
  for (char** each = environ; *each != nullptr; ++each) variables.emplace_back(*each);
  return variables;
}

// Without a shell the value is the program, and the first argument the name that the program is called by; we use the
// value for both.
std::vector<std::string> argv_of(const CommandInfo& command) {
  if (command.shell) return {"/bin/sh", "-c", command.value.value_or("")};
  std::vector<std::string> argv = command.arguments;
  if (!command.value) return argv;
  if (argv.empty()) return {*command.value};
  argv[0] = *command.value;
  return argv;
}

bool has_variable(const std::string& environ_bytes, const std::string& variable) {
  // Whole variables only: the directory of one container can be the beginning of another's.
  const std::string wanted = variable + '\0';
  const auto at = environ_bytes.find(wanted);
  return at == 0 || (at != std::string::npos && environ_bytes[at - 1] == '\0');
}

// The last line with something in it; at most its first 300 bytes, because it becomes part of a status message. Only
// the end of the file is read: a stderr may have gigabytes.
std::string last_line(const std::string& directory, const std::string& name) {
  constexpr std::size_t shown_max = 300;
  constexpr std::size_t looked_at = 4096;
  // Without following links: the sandbox belongs to the task's user, who could point stderr to a file of ours.
  auto text = read_file_end_beneath(directory, name, looked_at);
  if (!text) return {};
  const auto end = text->find_last_not_of(" \t\r\n");
  if (end == std::string::npos) return {};
  const auto newline = text->rfind('\n', end);
  const auto begin = newline == std::string::npos ? 0 : newline + 1;
  return text->substr(begin, std::min(end + 1 - begin, shown_max));
}

// The session leader that runs in that sandbox, if any: an executor that was started by an engine that was killed
// before it had written it down. It is known by MESOS_DIRECTORY, which holds the container's id. Its children inherit
// the variable, but lead no session, unless they mean to outlive it, as the reaper does.
Result<ProcessId> find_executor_process(const std::string& directory) {
  DIR* proc = ::opendir("/proc");
  if (proc == nullptr) return Error{Errc::unavailable, "cannot read /proc"};
  Result<ProcessId> found = Error{Errc::not_found, "no process in " + directory};
  while (const dirent* entry = ::readdir(proc)) {
    const pid_t pid = static_cast<pid_t>(std::atoi(entry->d_name));
    if (pid <= 0 || ::getsid(pid) != pid) continue;
    auto variables = read_file("/proc/" + std::to_string(pid) + "/environ");
    if (!variables || !has_variable(*variables, "MESOS_DIRECTORY=" + directory)) continue;
    auto identity = identify_process(pid);
    if (identity) found = *identity;
    if (found) break;
  }
  ::closedir(proc);
  return found;
}

struct LaunchOutcome {
  std::string failure = {};  // empty: it runs
  ProcessId process = {};
};

}  // namespace

struct ExecutorLauncher::Impl {
  Impl(asio::any_io_executor the_loop, Settings the_settings, AgentIdSource the_agent_id, Post the_post)
      : loop{the_loop},
        settings{std::move(the_settings)},
        agent_id{std::move(the_agent_id)},
        post{std::move(the_post)},
        scope{the_loop, [](const std::string& name, const std::exception_ptr& error) {
                log_error("task failed", {{"task", name}, {"error", describe(error)}});
              }} {
    if (settings.cgroups) {
      auto detected = Cgroups::detect();
      if (detected) cgroups = *detected;
    }
    auto boot = windlass::boot_id();
    if (boot) boot_id = *boot;
    scope.spawn("old sandboxes", collect_sandboxes());
  }

  asio::any_io_executor loop;
  const Settings settings;
  const AgentIdSource agent_id;
  const Post post;
  Cgroups cgroups;
  std::string boot_id;
  std::map<ContainerId, ProcessId> running;
  // Shared with the thread that launches.
  struct Launching {
    std::atomic<bool> cancelled = false;     // the launch ends as soon as it can, and what it has begun with it
    std::atomic<std::uint64_t> fetched = 0;  // bytes
  };
  std::map<ContainerId, std::shared_ptr<Launching>> launching;
  bool stopping = false;
  // Fetching and making folders block: on the loop they would hold up heartbeats and calls.
  asio::thread_pool pool{fetch_threads};
  TaskScope scope;

  [[nodiscard]] std::string group(const ContainerId& id) const { return settings.cgroups_root + "/" + id.value; }
  [[nodiscard]] SandboxPlace place(const engine::LaunchExecutor& call) const {
    return {settings.work_dir, agent_id(), call.framework.id, call.executor.id, call.container_id};
  }
  [[nodiscard]] ProcessSpec process_spec(const engine::LaunchExecutor& call, const SandboxPlace& where,
                                         const std::string& user) const;
  LaunchOutcome launch_blocking(const engine::LaunchExecutor& call, const SandboxPlace& where, Launching& shared);
  asio::awaitable<void> launch(engine::LaunchExecutor call);
  asio::awaitable<void> report_fetching(ContainerId container, std::shared_ptr<Launching> shared);
  asio::awaitable<void> watch(ContainerId container, ProcessId process, std::string directory);
  asio::awaitable<void> poll_until_ended(ProcessId process);
  asio::awaitable<void> clear_leftovers(ContainerId container, ProcessId process, std::string directory);
  asio::awaitable<void> collect_sandboxes();
  asio::awaitable<void> report_exit(ContainerId container, std::string directory);
};

ProcessSpec ExecutorLauncher::Impl::process_spec(const engine::LaunchExecutor& call, const SandboxPlace& where,
                                                 const std::string& user) const {
  ExecutorEnvironment environment{
      .agent_ip = settings.agent_ip,
      .agent_port = settings.agent_port,
      .checkpoint = call.framework.checkpoint,
      .shutdown_grace_period = call.executor.shutdown_grace_period.value_or(settings.executor_shutdown_grace_period),
      .recovery_timeout = settings.recovery_timeout,
      .subscription_backoff_max = settings.executor_reregistration_timeout,
      .docker_host = settings.docker_host,
      .max_log_size = settings.max_log_size,
      .max_log_files = settings.max_log_files,
      .framework = call.environment};
  ProcessSpec spec;
  // An executor that says no command is one of ours, too.
  const bool ours = call.is_command || !call.executor.command;
  spec.argv = ours ? std::vector<std::string>{settings.executor_program} : argv_of(*call.executor.command);
  spec.env = executor_environment(where, environment, own_environment());
  spec.cwd = sandbox_directory(where);
  spec.stdout_path = spec.cwd + "/stdout";
  spec.stderr_path = spec.cwd + "/stderr";
  spec.user = user;
  if (settings.cgroups) spec.cgroup_procs = cgroups.procs_files(group(call.container_id));
  return spec;
}

// Runs on a pool thread.
LaunchOutcome ExecutorLauncher::Impl::launch_blocking(const engine::LaunchExecutor& call, const SandboxPlace& where,
                                                      Launching& shared) {
  const std::string directory = sandbox_directory(where);
  // Only a container whose launch comes again has a sandbox already (step.hpp: LaunchExecutor). Two executors of one
  // container would both subscribe, and run its tasks twice.
  if (::access(directory.c_str(), F_OK) == 0) {
    auto earlier = find_executor_process(directory);
    if (earlier) return {.process = *earlier};
  }
  // Our own executor talks to Docker for the user's task; what runs in the container has the container's user.
  const auto& container = call.executor.container;
  const bool ours = call.is_command && container && !is_plain_process(*container);
  const std::string user = settings.switch_user && !ours ? call.user : "";
  auto made = make_sandbox(where, user);
  if (!made) return {.failure = "Failed to create the sandbox: " + to_string(made.error())};
  // What a plain command fetches is fetched as its user, so that a file:// that only we may read stays closed to it
  // (mesos.md 3.9).
  FetchJob job{.uris = {},
               .sandbox = directory,
               .user = user,
               .log_path = {},
               .stall_timeout = std::chrono::duration_cast<std::chrono::seconds>(settings.fetcher_stall_timeout),
               .cancelled = &shared.cancelled,
               .moved = &shared.fetched};
  for (const Uri& uri : call.uris) {
    job.uris.push_back({uri.value, uri.executable, uri.extract, uri.cache, uri.output_file});
  }
  auto fetched = fetch(job);
  if (!fetched) {
    return {.failure =
                "Failed to fetch all URIs for container '" + call.container_id.value + "': " + fetched.error().message};
  }
  if (settings.cgroups) {
    const auto created = cgroups.create(group(call.container_id));
    for (const std::string& problem : created.problems) log_debug("cgroup", {{"problem", problem}});
  }
  // Looked at last, as late as possible; what is cancelled after this is killed when it has started (launch).
  if (shared.cancelled) return {.failure = "The executor is not needed any more"};
  auto started = start_process(process_spec(call, where, user));
  if (!started) return {.failure = to_string(started.error())};
  for (const std::string& warning : started->warnings) log_warning("executor", {{"warning", warning}});
  return {.process = started->id};
}

asio::awaitable<void> ExecutorLauncher::Impl::launch(engine::LaunchExecutor call) {
  const ContainerId container = call.container_id;
  const SandboxPlace where = place(call);
  const std::string directory = sandbox_directory(where);
  // Held beyond its entry in `launching`: the reporter may still look at it.
  const std::shared_ptr<Launching> shared = launching.at(container);
  if (!call.uris.empty()) scope.spawn("fetch " + container.value, report_fetching(container, shared));
  auto work = [this, call, where, shared] { return launch_blocking(call, where, *shared); };
  // A name for the lambda and for the awaitable: g++ 12 frees a capturing lambda twice that stands inside a co_await.
  auto launched = offload(pool, std::move(work));
  auto outcome = co_await std::move(launched);
  launching.erase(container);
  if (!outcome.failure.empty()) {
    log_warning("executor not started", {{"container", container.value}, {"error", outcome.failure}});
    // The launch may have got so far as to make it.
    (void)cgroups.remove(group(container));
    post(engine::ExecutorLaunchFailed{container, outcome.failure});
    co_return;
  }
  log_info("executor started", {{"container", container.value}, {"pid", static_cast<long>(outcome.process.pid)}});
  running[container] = outcome.process;
  post(engine::ExecutorStarted{.container_id = container,
                               .pid = outcome.process.pid,
                               .start_time = outcome.process.start_ticks,
                               .boot_id = boot_id,
                               .directory = directory});
  scope.spawn("watch " + container.value, watch(container, outcome.process, directory));
  // Cancelled while it was being started: destroy() had nothing to kill yet. On a shutdown executors live on.
  if (shared->cancelled && !stopping) (void)signal_process(outcome.process, SIGKILL);
}

// Until the launch is over. A fetch that stands still is not reported, so that the time that a framework allows for a
// launch can run out.
asio::awaitable<void> ExecutorLauncher::Impl::report_fetching(ContainerId container,
                                                              std::shared_ptr<Launching> shared) {
  asio::steady_timer timer{loop};
  std::uint64_t told = 0;
  while (!stopping) {
    timer.expires_after(std::chrono::duration_cast<asio::steady_timer::duration>(settings.fetch_report_interval));
    auto waited = co_await timer.async_wait(nothrow);
    auto& [cut_short] = waited;
    const auto current = launching.find(container);
    // Another launch of the same container may be under way by now, with a reporter of its own.
    if (cut_short || current == launching.end() || current->second != shared) co_return;
    const std::uint64_t fetched = shared->fetched;
    if (fetched != std::exchange(told, fetched)) post(engine::ExecutorFetching{container, fetched});
  }
}

// Ends early, and touches nothing, when the launcher stops: executors outlive the engine.
asio::awaitable<void> ExecutorLauncher::Impl::watch(ContainerId container, ProcessId process, std::string directory) {
  // An executor that an earlier engine started is no child of ours: its status cannot be had, only its end be seen.
  auto waited = co_await wait_process(process);
  if (stopping) co_return;
  std::optional<int> status;
  if (waited) {
    status = *waited;
  } else {
    log_warning("asking every second", {{"container", container.value}, {"error", to_string(waited.error())}});
    auto polled = poll_until_ended(process);
    co_await std::move(polled);
  }
  // Before the exit is reported: that frees the resources, and what still ran would use what others are offered.
  auto cleared = clear_leftovers(container, process, directory);
  co_await std::move(cleared);
  running.erase(container);
  const std::string how = status ? describe_wait_status(*status) : std::string{};
  log_info("executor ended", {{"container", container.value}, {"status", how.empty() ? "is unknown" : how}});
  post(engine::ExecutorExited{
      .container_id = container, .wait_status = status, .how = how, .last_words = last_line(directory, "stderr")});
}

// For kernels that cannot tell of a process's end. The identity has the start time in it, so that another process which
// gets the pid is not waited for.
asio::awaitable<void> ExecutorLauncher::Impl::poll_until_ended(ProcessId process) {
  asio::steady_timer timer{loop};
  while (is_alive(process)) {
    timer.expires_after(1s);
    auto waited = co_await timer.async_wait(nothrow);
    (void)waited;
  }
}

// An executor that ended may have left its reaper, which removes the container: that is waited for, whether it is in
// the executor's control group or has left it. What is still there after the limit is killed.
asio::awaitable<void> ExecutorLauncher::Impl::clear_leftovers(ContainerId container, ProcessId process,
                                                              std::string directory) {
  const std::string name = group(container);
  auto look = [directory] { return find_executor_process(directory); };
  auto looking = offload(pool, std::move(look));
  // On the pool: it reads the whole of /proc.
  const auto reaper = co_await std::move(looking);
  asio::steady_timer timer{loop};
  const Clock clock;
  const TimePoint until = clock.now() + leftover_limit;
  while ((!cgroups.pids(name).empty() || (reaper && is_alive(*reaper))) && clock.now() < until) {
    timer.expires_after(leftover_poll);
    auto waited = co_await timer.async_wait(nothrow);
    (void)waited;
  }
  (void)kill_session(process);
  // Again and again: a killed process stays in its group until the kernel has let it go, and the group until it is
  // empty.
  for (int attempt = 0; attempt < 50; ++attempt) {
    (void)cgroups.kill(name);
    auto removed = cgroups.remove(name);
    if (removed) co_return;
    timer.expires_after(leftover_poll);
    auto waited = co_await timer.async_wait(nothrow);
    (void)waited;
  }
  log_warning("cgroup stays", {{"group", name}});
}

// Until it is cancelled. The first look comes after the first interval: only then are all executors of before watched
// again, and so in use.
asio::awaitable<void> ExecutorLauncher::Impl::collect_sandboxes() {
  const CollectorSettings collector{settings.work_dir, settings.gc_delay, settings.gc_disk_headroom};
  const Clock clock;
  asio::steady_timer timer{loop};
  while (!stopping) {
    timer.expires_after(std::chrono::duration_cast<asio::steady_timer::duration>(settings.disk_watch_interval));
    auto waited = co_await timer.async_wait(nothrow);
    auto& [cut_short] = waited;
    if (cut_short) co_return;
    std::set<std::string> in_use;
    // Both, for a sandbox is made before its process runs.
    for (const auto& [container, process] : running) in_use.insert(container.value);
    for (const auto& [container, launch] : launching) in_use.insert(container.value);
    const TimePoint now = clock.now();
    auto look = [collector, in_use, now] {
      const double used = used_share(collector.work_dir);
      const std::vector<std::string> old = old_sandboxes(collector, in_use, used, now);
      for (const std::string& sandbox : old) remove_sandbox(collector, sandbox);
      return old.size();
    };
    auto looking = offload(pool, std::move(look));
    const std::size_t removed = co_await std::move(looking);
    if (removed > 0) log_info("old sandboxes removed", {{"count", removed}});
  }
}

// For an executor whose process is gone or never was: the engine waits for an ExecutorExited in any case.
asio::awaitable<void> ExecutorLauncher::Impl::report_exit(ContainerId container, std::string directory) {
  auto cleared = clear_leftovers(container, ProcessId{}, std::move(directory));
  co_await std::move(cleared);
  post(engine::ExecutorExited{.container_id = container});
}

ExecutorLauncher::ExecutorLauncher(asio::any_io_executor loop, Settings settings, AgentIdSource agent_id, Post post)
    : impl_{std::make_unique<Impl>(std::move(loop), std::move(settings), std::move(agent_id), std::move(post))} {}

ExecutorLauncher::~ExecutorLauncher() = default;

void ExecutorLauncher::launch(engine::LaunchExecutor call) {
  const std::string name = "launch " + call.container_id.value;
  // Here and not in the task, which begins later: a destroy() in between must find it.
  impl_->launching.emplace(call.container_id, std::make_shared<Impl::Launching>());
  impl_->scope.spawn(name, impl_->launch(std::move(call)));
}

void ExecutorLauncher::resume(const ContainerId& container, const ExecutorRecord& record) {
  const ProcessId process{static_cast<pid_t>(record.pid), record.start_time};
  // After a reboot the same pid, with the same start time even, is somebody else (mesos.md 3.5).
  if (record.boot_id == impl_->boot_id && is_alive(process)) {
    impl_->running[container] = process;
    impl_->scope.spawn("watch " + container.value, impl_->watch(container, process, record.directory));
    return;
  }
  impl_->scope.spawn("ended " + container.value, impl_->report_exit(container, record.directory));
}

void ExecutorLauncher::destroy(const ContainerId& container) {
  if (const auto launch = impl_->launching.find(container); launch != impl_->launching.end()) {
    // Its end is reported by the launch: as a failure, or as an exit once it has been killed.
    launch->second->cancelled = true;
    return;
  }
  const auto found = impl_->running.find(container);
  if (found == impl_->running.end()) {
    impl_->scope.spawn("ended " + container.value, impl_->report_exit(container, {}));
    return;
  }
  (void)signal_process(found->second, SIGKILL);  // its end is seen by watch()
}

asio::awaitable<void> ExecutorLauncher::stop() {
  impl_->stopping = true;
  for (auto& [container, launch] : impl_->launching) launch->cancelled = true;
  impl_->scope.cancel_all();
  auto joined = impl_->scope.join();
  co_await std::move(joined);
}

}  // namespace windlass
