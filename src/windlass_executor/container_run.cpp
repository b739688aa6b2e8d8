#include "windlass_executor/container_run.hpp"

#include "base/check.hpp"
#include "docker/container_orphans.hpp"
#include "docker/registry_credentials.hpp"
#include "io/log.hpp"
#include "io/nothrow.hpp"
#include "io/process/disk_usage.hpp"
#include "io/process/process.hpp"
#include "windlass_executor/shell.hpp"
#include "wire/mesos/statistics.hpp"

#include <signal.h>

#include <chrono>
#include <utility>

namespace windlass {

namespace {

using namespace std::chrono_literals;

// A container closes its output when it ends. One that does not end within this time has lost its connection.
constexpr auto output_patience = 2s;
// How long a killed process may take to be gone, and then Docker to say so.
constexpr std::chrono::milliseconds process_end_limit = 10s, process_end_check = 50ms, docker_patience = 2s;

template <class Value>
std::optional<Error> error_of(const Result<Value>& result) {
  return result ? std::nullopt : std::optional<Error>{result.error()};
}

}  // namespace

struct ContainerRun::Act {
  ContainerRun& run;

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
  void operator()(const executor::WatchContainer& call) const { run.spawn("watch", run.watch(call)); }
  void operator()(const executor::SignalContainer& call) const {
    run.spawn("signal", run.signal(call.id, call.signal));
  }
  void operator()(const executor::KillContainerProcess&) const { run.spawn("kill", run.kill_process()); }
  void operator()(const executor::RemoveContainer& call) const { run.spawn("remove", run.remove(call.id)); }
  template <class Other>
  void operator()(const Other&) const {
    CHECK(false);  // a process' call, or a probe
  }
};

ContainerRun::ContainerRun(TaskHost& host, TaskId task, std::shared_ptr<DockerClient> docker)
    : TaskRun{host, std::move(task), std::move(docker)}, account_{host.loop.get_executor()} {}

void ContainerRun::carry_out(const executor::TaskCallBody& call) { std::visit(Act{*this}, call); }

asio::awaitable<void> ContainerRun::plan(executor::PlanContainer call) {
  // prepare() begins while the agent is still being asked for the task, so that this has passed by now as a rule.
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
  // Asked only where a task has a share of the disk: GET /info takes Docker long.
  if (disk_bytes_ > 0) {
    auto asking = docker_->storage();
    auto storage = co_await std::move(asking);
    context.can_limit_disk = storage && takes_size_limit(*storage, has_project_quota(storage->root));
  }
  auto planned = plan_container(call.task, context);
  // One executor's containers share its container id, and names must differ: the second task's ends in ".2".
  if (planned && call.ordinal > 0) planned->spec.name += "." + std::to_string(call.ordinal + 1);
  // By it the next executor finds what a killed one has left (docker/container_orphans.hpp).
  if (planned) planned->spec.labels[owner_label] = host_.name;
  post(executor::ContainerPlanned{std::move(planned)});
}

asio::awaitable<void> ContainerRun::inspect_image(std::string image) {
  auto inspecting = docker_->inspect_image(std::move(image));
  auto found = co_await std::move(inspecting);
  post(executor::ImageInspected{std::move(found)});
}

asio::awaitable<void> ContainerRun::pull(executor::PullImage call) {
  CredentialPlaces places{.task = std::move(call.registry_config),
                          .sandbox = host_.setup.agent.sandbox,
                          .host = host_docker_config(host_.setup.flags.docker_config)};
  // Looked up for every attempt: a helper's token may have run out since the last one.
  auto looking = registry_credentials(std::move(places), call.image);
  Credentials credentials = co_await std::move(looking);
  DockerClient::OnProgress report = [this](const PullReader& reader) {
    post(executor::PullProgress{reader.progress(), reader.progress_json(), reader.work_done()});
  };
  auto pulling = docker_->pull(call.image, std::move(credentials.header), std::move(report), call.platform);
  auto outcome = co_await std::move(pulling);
  // A registry says "denied" and no more. Whoever reads the status wants to know which login that was, and from where.
  if (!outcome && is_about_login(outcome.error().message)) {
    outcome = Error{outcome.error().code, outcome.error().message + "; " + credentials.account, {}};
  }
  post(executor::PullEnded{error_of(outcome)});
}

asio::awaitable<void> ContainerRun::create(ContainerSpec spec) {
  output_ = std::make_unique<ContainerOutput>(host_.loop.get_executor(), *docker_, files());
  output_->set_tty(spec.tty);
  name_ = spec.name;
  // By name, before there is an id: the executor may be killed between Docker's answer and our reading of it.
  host_.reaper.watch_container(name_);
  auto creating = docker_->create_container(std::move(spec), host_.context.cgroup_parent);
  auto created = co_await std::move(creating);
  // Errors that leave no doubt. After any other Docker may still make the container.
  const bool refused = !created && (created.error().code == Errc::invalid || created.error().code == Errc::not_found ||
                                    created.error().code == Errc::conflict);
  if (created) {
    container_id_ = *created;
    host_.reaper.watch_container(container_id_);  // its name may be changed
  }
  if (created || refused) host_.reaper.forget_container(name_);
  post(executor::ContainerCreated{std::move(created)});
}

asio::awaitable<void> ContainerRun::copy_output(std::string id) {
  std::function<void(Result<void>)> on_open = [this](Result<void> opened) {
    post(executor::ContainerAttached{error_of(opened)});
  };
  auto copying = output_->copy(std::move(id), std::move(on_open));
  co_await std::move(copying);
  // Either the container has ended, of which its watch tells in a moment, or the connection is lost, of which the core
  // has to hear, unless it has looked itself meanwhile and watches anew.
  const std::uint64_t watching = watches_;
  asio::steady_timer timer{host_.loop, output_patience};
  auto waited = co_await timer.async_wait(nothrow);
  static_cast<void>(waited);
  if (!exited_ && watching == watches_ && !output_->is_open()) post(executor::OutputLost{});
}

asio::awaitable<void> ContainerRun::start(std::string id) {
  auto starting = docker_->start(std::move(id));
  auto started = co_await std::move(starting);
  post(executor::ContainerStarted{error_of(started)});
}

asio::awaitable<void> ContainerRun::inspect(std::string id) {
  auto inspecting = docker_->inspect(std::move(id));
  auto view = co_await std::move(inspecting);
  // Each inspect may be the first after a start, also one that was asked because Docker had been away.
  if (view && view->running) begin_account(*view);
  post(executor::ContainerInspected{std::move(view)});
}

void ContainerRun::begin_account(const ContainerView& view) {
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

void ContainerRun::log_account() const {
  if (account_.process().pid == 0) return;
  log_info("what the container has used",
           {{"task", task_.value}, {"used", describe_statistics(account_.statistics())}});
}

// Before the first inspect nothing more than the id is known: enough for commands, which Docker runs.
ProbeTarget ContainerRun::target() const { return container_ ? *container_ : ProbeTarget{.container = container_id_}; }

asio::awaitable<void> ContainerRun::watch(executor::WatchContainer call) {
  // A wait on a dead connection cannot be called back: only the newest watch answers.
  const std::uint64_t mine = ++watches_;
  exited_ = false;
  spawn("trim", trim_memory());
  Result<ContainerEnd> end = call.seen.value_or(ContainerEnd{});
  if (!call.seen) {
    auto waiting = docker_->wait(call.id);
    end = co_await std::move(waiting);
  }
  if (mine != watches_) co_return;  // a newer one answers
  if (!end) {
    post(executor::WatchFailed{end.error()});
    co_return;
  }
  exited_ = true;
  // The output first: when the end is told, an agent may destroy the executor, and the last lines are what people look
  // for.
  auto draining = output_->drained();
  co_await std::move(draining);
  // Also after a clean answer: only an inspect knows of the memory, and whether this was the end of our start.
  auto inspecting = docker_->inspect(call.id);
  auto view = co_await std::move(inspecting);
  end->oom = account_.oom();
  log_account();
  post(executor::ContainerExited{std::move(*end), std::move(view)});
}

asio::awaitable<void> ContainerRun::signal(std::string id, std::string signal) {
  // Docker tells of no end before its output is taken, and a full disk takes none: the kill would never be over.
  if (signal == "SIGKILL" && output_ && !std::exchange(unblocking_, true)) {
    spawn("unblock", output_->give_up_when_stuck());
  }
  auto sending = docker_->signal(std::move(id), std::move(signal));
  auto sent = co_await std::move(sending);
  if (!sent) post(executor::SignalFailed{sent.error()});
}

// Docker's own news about the end count for more: it has a moment to come.
asio::awaitable<void> ContainerRun::kill_process() {
  const ProcessId process = account_.process();
  if (process.pid == 0) {
    log_warning("Docker does not answer, and the container's process is not known");
    co_return;
  }
  auto killed = signal_process(process, SIGKILL);
  // "Not found" is what was wanted.
  if (!killed && killed.error().code != Errc::not_found) {
    log_warning("the container's process could not be killed", {{"error", killed.error().message}});
    co_return;
  }
  // A process in an uninterruptible call dies late. Until then the container counts as alive.
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

asio::awaitable<void> ContainerRun::remove(std::string id) {
  auto removing = docker_->remove(std::move(id));
  auto removed = co_await std::move(removing);
  if (removed) {
    // The reaper may know it by either.
    for (const std::string& each : {name_, container_id_}) host_.reaper.forget_container(each);
  }
  post(executor::ContainerRemoved{error_of(removed)});
}

}  // namespace windlass
