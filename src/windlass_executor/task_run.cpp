#include "windlass_executor/task_run.hpp"

#include "docker/container_orphans.hpp"
#include "docker/registry_credentials.hpp"
#include "io/disk_usage.hpp"
#include "io/files.hpp"
#include "io/log.hpp"
#include "io/nothrow.hpp"
#include "windlass_executor/shell.hpp"
#include "wire/mesos/statistics.hpp"

#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <system_error>
#include <utility>

namespace windlass {

namespace {

using namespace std::chrono_literals;

// A container closes its output when it ends. One that does not end within this time has lost its connection.
constexpr auto output_patience = 2s;
// Freed memory goes back to the system so long after the task has started to run.
constexpr auto trim_delay = 500ms;
// A killed process has so long to be gone, then Docker to say so.
constexpr std::chrono::milliseconds process_end_limit = 10s, process_end_check = 50ms, docker_patience = 2s;
constexpr mode_t folder_mode = 0755, file_mode = 0644;
constexpr const char* hidden_variable = "MESOS_EXECUTOR_AUTHENTICATION_TOKEN";

template <class Value>
std::optional<Error> error_of(const Result<Value>& result) {
  return result ? std::nullopt : std::optional<Error>{result.error()};
}

// The file behind our own descriptor, so that a command task appends to it; the sandbox's file when it is none.
std::string output_path(int fd, const std::string& fallback) {
  char path[4096];
  const ssize_t size = ::readlink(("/proc/self/fd/" + std::to_string(fd)).c_str(), path, sizeof path);
  const std::string found{path, size > 0 ? static_cast<std::size_t>(size) : 0};
  return found.starts_with('/') && !found.ends_with(" (deleted)") ? found : fallback;
}

Error folder_error(const std::string& path) {
  return Error{Errc::disk, "could not make '" + path + "': " + std::generic_category().message(errno), {}};
}

// Keeps the run alive until the work has ended.
asio::awaitable<void> hold(std::shared_ptr<TaskRun> run, asio::awaitable<void> work) {
  co_await std::move(work);
  run.reset();
}

}  // namespace

struct TaskRun::Act {
  TaskRun& run;

  void operator()(const executor::PlanContainer& call) const { run.spawn("plan", run.plan(call)); }
  void operator()(const executor::InspectImage& call) const {
    run.spawn("inspect image", run.inspect_image(call.image));
  }
  void operator()(const executor::PullImage& call) const { run.spawn("pull", run.pull(call)); }
  void operator()(const executor::CancelPull&) const { run.cancel_pull(); }
  void operator()(const executor::CreateContainer& call) const { run.spawn("create", run.create(call.spec)); }
  void operator()(const executor::AttachContainer& call) const { run.spawn("output", run.copy_output(call.id)); }
  void operator()(const executor::StartContainer& call) const { run.spawn("start", run.start(call.id)); }
  void operator()(const executor::InspectContainer& call) const { run.spawn("inspect", run.inspect(call.id)); }
  void operator()(const executor::WatchContainer& call) const { run.spawn("watch", run.watch(call.id)); }
  void operator()(const executor::SignalContainer& call) const {
    run.spawn("signal", run.signal(call.id, call.signal));
  }
  void operator()(const executor::KillContainerProcess&) const { run.spawn("kill", run.kill_container_process()); }
  void operator()(const executor::RemoveContainer& call) const { run.spawn("remove", run.remove(call.id)); }
  void operator()(const executor::RunProbe& call) const {
    run.probes_.start(run.task_, call.number, call.probe, run.target());
  }
  void operator()(const executor::CancelProbe& call) const { run.probes_.cancel(run.task_, call.number); }
  void operator()(const executor::StartProcess& call) const { run.start_command(call); }
  void operator()(const executor::SignalProcess& call) const { run.signal_command(call.signal); }
};

TaskRun::TaskRun(TaskHost& host, TaskId task, std::shared_ptr<DockerClient> docker)
    : host_{host},
      task_{std::move(task)},
      docker_{std::move(docker)},
      folder_{host.setup.agent.sandbox},
      account_{host.loop.get_executor()},
      probes_{host.loop.get_executor(), docker_, [this](const TaskId&, std::uint64_t number, ProbeResult result) {
                post(executor::ProbeEnded{number, std::move(result)});
              }} {}

void TaskRun::act(const executor::TaskCallBody& call) { std::visit(Act{*this}, call); }

void TaskRun::post(executor::TaskEventBody body) { host_.post({task_, std::move(body)}); }

void TaskRun::spawn(const char* name, asio::awaitable<void> work) {
  host_.scope.spawn(name, hold(shared_from_this(), std::move(work)));
}

// tasks/<task id> in the sandbox, with the output in it, as Mesos' default executor has it. Owned as the sandbox is.
Result<void> TaskRun::use_own_folder() {
  const std::string tasks = folder_ + "/tasks";
  struct stat sandbox {};
  if (::stat(folder_.c_str(), &sandbox) != 0) return folder_error(folder_);
  folder_ = tasks + "/" + task_.value;
  for (const std::string& path : {tasks, folder_}) {
    if (::mkdir(path.c_str(), folder_mode) != 0 && errno != EEXIST) return folder_error(path);
    if (::geteuid() == 0 && ::lchown(path.c_str(), sandbox.st_uid, sandbox.st_gid) != 0) return folder_error(path);
  }
  for (auto [fd, file] : {std::pair{&out_fd_, "/stdout"}, std::pair{&err_fd_, "/stderr"}}) {
    const std::string path = folder_ + file;
    *fd = Fd{::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, file_mode)};
    if (fd->value < 0) return folder_error(path);
  }
  out_.emplace(out_fd_.value, host_.setup.flags.log_limits);
  err_.emplace(err_fd_.value, host_.setup.flags.log_limits);
  return {};
}

ContainerOutput::Files TaskRun::files() {
  if (!out_) return host_.files;
  return {.out = *out_, .err = *err_};
}

asio::awaitable<void> TaskRun::plan(executor::PlanContainer call) {
  auto waited = co_await host_.prepared.async_wait(nothrow);
  static_cast<void>(waited);
  if (host_.refusal) {
    post(executor::ContainerPlanned{*host_.refusal});
    co_return;
  }
  if (call.own_folder) {
    auto made = use_own_folder();
    if (!made) {
      post(executor::ContainerPlanned{made.error()});
      co_return;
    }
  }
  ContainerContext context = host_.context;
  context.sandbox = folder_;
  disk_bytes_ = static_cast<std::uint64_t>(call.task.resources.scalar("disk")) << 20;
  if (disk_bytes_ > 0) {
    auto asking = docker_->storage();
    auto storage = co_await std::move(asking);
    context.can_limit_disk = storage && takes_size_limit(*storage, has_project_quota(storage->root));
  }
  auto planned = plan_container(call.task, context);
  if (planned && call.ordinal > 0) planned->spec.name += "." + std::to_string(call.ordinal + 1);
  if (planned) planned->spec.labels[owner_label] = host_.name;
  post(executor::ContainerPlanned{std::move(planned)});
}

asio::awaitable<void> TaskRun::inspect_image(std::string image) {
  auto inspecting = docker_->inspect_image(std::move(image));
  auto found = co_await std::move(inspecting);
  post(executor::ImageInspected{std::move(found)});
}

asio::awaitable<void> TaskRun::pull(executor::PullImage call) {
  CredentialPlaces places{.task = std::move(call.registry_config),
                          .sandbox = host_.setup.agent.sandbox,
                          .host = host_docker_config(host_.setup.flags.docker_config)};
  auto looking = registry_credentials(std::move(places), call.image);
  Credentials credentials = co_await std::move(looking);
  DockerClient::OnProgress report = [this](const PullReader& reader) {
    post(executor::PullProgress{reader.progress(), reader.progress_json(), reader.work_done()});
  };
  auto pulling = docker_->pull(call.image, std::move(credentials.header), std::move(report), call.platform);
  auto outcome = co_await std::move(pulling);
  if (!outcome && is_about_login(outcome.error().message)) {
    outcome = Error{outcome.error().code, outcome.error().message + "; " + credentials.account, {}};
  }
  post(executor::PullEnded{error_of(outcome)});
}

asio::awaitable<void> TaskRun::create(ContainerSpec spec) {
  output_ = std::make_unique<ContainerOutput>(host_.loop.get_executor(), *docker_, files());
  output_->set_tty(spec.tty);
  name_ = spec.name;
  host_.reaper.watch_container(name_);
  auto creating = docker_->create_container(std::move(spec), host_.context.cgroup_parent);
  auto created = co_await std::move(creating);
  const bool refused = !created && (created.error().code == Errc::invalid || created.error().code == Errc::not_found ||
                                    created.error().code == Errc::conflict);
  if (created) {
    container_id_ = *created;
    host_.reaper.watch_container(container_id_);  // its name may be changed
  }
  if (created || refused) host_.reaper.forget_container(name_);
  post(executor::ContainerCreated{std::move(created)});
}

asio::awaitable<void> TaskRun::copy_output(std::string id) {
  std::function<void(Result<void>)> on_open = [this](Result<void> opened) {
    post(executor::ContainerAttached{error_of(opened)});
  };
  auto copying = output_->copy(std::move(id), std::move(on_open));
  co_await std::move(copying);
  const std::uint64_t watching = watch_generation_;
  asio::steady_timer timer{host_.loop, output_patience};
  auto waited = co_await timer.async_wait(nothrow);
  static_cast<void>(waited);
  if (!exited_ && watching == watch_generation_ && !output_->is_open()) post(executor::OutputLost{});
}

asio::awaitable<void> TaskRun::start(std::string id) {
  auto starting = docker_->start(std::move(id));
  auto started = co_await std::move(starting);
  post(executor::ContainerStarted{error_of(started)});
}

asio::awaitable<void> TaskRun::inspect(std::string id) {
  auto inspecting = docker_->inspect(std::move(id));
  auto view = co_await std::move(inspecting);
  if (view && view->started && started_at_.empty()) started_at_ = view->started_at;
  if (view && view->running) begin_account(*view);
  seen_ended_.reset();
  if (view && view->started && !view->running) seen_ended_ = ContainerEnd{.exit_code = view->exit_code};
  post(executor::ContainerInspected{std::move(view)});
}

void TaskRun::begin_account(const ContainerView& view) {
  container_ = probe_target(view);
  if (!account_.begin(view)) return;
  spawn("account", account_.follow());
  const Duration interval = host_.setup.flags.statistics_interval;
  if (interval <= Duration::zero()) return;
  const std::string id = view.id;
  std::function<void(const ContainerStatistics&)> send = [this, id](const ContainerStatistics& statistics) {
    post(executor::StatisticsTaken{encode_statistics({task_, id, statistics})});
  };
  const auto limit = disk_bytes_ > 0 ? std::optional{disk_bytes_} : std::nullopt;
  spawn("statistics", account_.sample_every(interval, folder_, limit, std::move(send)));
}

void TaskRun::log_account() const {
  if (account_.process().pid == 0) return;
  log_info("what the container has used",
           {{"task", task_.value}, {"used", describe_statistics(account_.statistics())}});
}

ProbeTarget TaskRun::target() const {
  if (container_) return *container_;
  if (!container_id_.empty()) return {.container = container_id_};
  ProbeTarget target{.pid = static_cast<int>(process_.pid)};
  target.process.env = command_.env;
  target.process.cwd = command_.cwd;
  target.process.user = command_.user;
  return target;
}

asio::awaitable<void> TaskRun::watch(std::string id) {
  const std::uint64_t mine = ++watch_generation_;
  spawn("trim", trim_memory());
  Result<ContainerEnd> end = seen_ended_.value_or(ContainerEnd{});
  if (!seen_ended_) {
    auto waiting = docker_->wait(id);
    end = co_await std::move(waiting);
  }
  if (mine != watch_generation_) co_return;
  if (!end) {
    post(executor::WatchFailed{end.error()});
    co_return;
  }
  exited_ = true;
  auto draining = output_->drained();
  co_await std::move(draining);
  auto inspecting = docker_->inspect(id);
  auto view = co_await std::move(inspecting);
  // Podman's word for a container that was removed: 0, and an error that says so.
  const bool is_guess = end->exit_code == 0 && !end->error.empty();
  // Docker's word for a container that is started again before it could tell how it had ended.
  const bool is_overtaken = end->exit_code == 0 && view && view->started_at != started_at_;
  if ((is_guess && !view) || is_overtaken) {
    exited_ = false;
    post(executor::WatchFailed{view ? Error{Errc::closed, "it was started again", {}} : view.error()});
    co_return;
  }
  if (view) {
    if (is_guess) end->exit_code = view->exit_code;
    end->oom_killed = view->oom_killed;
    if (end->error.empty()) end->error = view->error;
  }
  end->oom = account_.oom();
  log_account();
  post(executor::ContainerExited{std::move(*end)});
}

asio::awaitable<void> TaskRun::signal(std::string id, std::string signal) {
  if (signal == "SIGKILL" && output_ && !std::exchange(unblocking_, true)) {
    spawn("unblock", output_->give_up_when_stuck());
  }
  auto sending = docker_->signal(std::move(id), std::move(signal));
  auto sent = co_await std::move(sending);
  if (!sent) post(executor::SignalFailed{sent.error()});
}

// Docker's own news about the end count for more: it has a moment to come.
asio::awaitable<void> TaskRun::kill_container_process() {
  const ProcessId process = account_.process();
  if (process.pid == 0) {
    log_warning("Docker does not answer, and the container's process is not known");
    co_return;
  }
  auto killed = signal_process(process, SIGKILL);
  if (!killed && killed.error().code != Errc::not_found) {
    log_warning("the container's process could not be killed", {{"error", killed.error().message}});
    co_return;
  }
  for (auto left = process_end_limit; left > 0ms && is_alive(process); left -= process_end_check) {
    asio::steady_timer timer{host_.loop, process_end_check};
    auto waited = co_await timer.async_wait(nothrow);
    static_cast<void>(waited);
  }
  asio::steady_timer timer{host_.loop, docker_patience};
  auto waited = co_await timer.async_wait(nothrow);
  static_cast<void>(waited);
  if (!is_alive(process)) post(executor::ContainerProcessKilled{});
}

asio::awaitable<void> TaskRun::remove(std::string id) {
  auto removing = docker_->remove(std::move(id));
  auto removed = co_await std::move(removing);
  if (removed) {
    for (const std::string& each : {name_, container_id_}) host_.reaper.forget_container(each);
  }
  post(executor::ContainerRemoved{error_of(removed)});
}

// The launch has needed memory (JSON, protobuf) that running does not need.
asio::awaitable<void> TaskRun::trim_memory() {
  asio::steady_timer timer{host_.loop, trim_delay};
  auto waited = co_await timer.async_wait(nothrow);
  static_cast<void>(waited);
  ::malloc_trim(0);
}

// The files themselves; when they are rotated, pipes that we empty into them.
Result<void> TaskRun::give_output(const executor::StartProcess& call, ProcessSpec& spec) {
  const auto [out, err] = files();
  if (!out.rotates() && !err.rotates()) {
    spec.stdout_path = call.own_folder ? folder_ + "/stdout" : output_path(1, folder_ + "/stdout");
    spec.stderr_path = call.own_folder ? folder_ + "/stderr" : output_path(2, folder_ + "/stderr");
    return {};
  }
  auto made = CommandOutput::create(host_.loop.get_executor(), out, err);
  if (!made) return made.error();
  command_output_ = std::move(*made);
  spec.stdout_fd = command_output_->out_end();
  spec.stderr_fd = command_output_->err_end();
  return {};
}

void TaskRun::start_command(const executor::StartProcess& call) {
  if (call.own_folder) {
    auto made = use_own_folder();
    if (!made) return post(executor::ProcessStarted{made.error()});
  }
  Environment variables = host_.setup.environment;
  variables.erase(hidden_variable);
  for (const char* name : {"MESOS_SANDBOX", "MESOS_DIRECTORY"}) variables[name] = folder_;
  for (const EnvironmentVariable& variable : call.environment) variables[variable.name] = variable.value;
  ProcessSpec spec{.argv = call.argv, .env = {}, .cwd = folder_};
  for (const auto& [name, value] : variables) spec.env.push_back(name + "=" + value);
  if (::geteuid() == 0) spec.user = call.user;
  command_ = spec;
  auto given = give_output(call, spec);
  if (!given) return post(executor::ProcessStarted{given.error()});
  auto started = start_process(spec);
  if (command_output_) command_output_->close_ends();
  if (!started) {
    post(executor::ProcessStarted{started.error()});
    return;
  }
  process_ = started->id;
  host_.reaper.watch_process(process_.pid);
  post(executor::ProcessStarted{static_cast<int>(process_.pid)});
  spawn("watch", watch_command());
  if (!command_output_) return;
  spawn("stdout", command_output_->copy_out());
  spawn("stderr", command_output_->copy_err());
}

void TaskRun::signal_command(int signal) {
  if (signal == SIGKILL) {
    static_cast<void>(kill_session(process_));
  } else if (is_alive(process_)) {
    ::kill(-process_.pid, signal);  // it leads a session and so a group of its own
  }
}

asio::awaitable<void> TaskRun::watch_command() {
  spawn("trim", trim_memory());
  auto waiting = wait_process(process_);
  auto ended = co_await std::move(waiting);
  static_cast<void>(kill_session(process_));
  if (command_output_) {
    auto draining = command_output_->drained();
    co_await std::move(draining);
  }
  executor::ProcessExited event{.exit_code = 1};
  if (ended && *ended) {
    const int status = **ended;
    event = {.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 0,
             .signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0};
  }
  host_.reaper.forget_process(process_.pid);
  post(event);
}

}  // namespace windlass
