#include "app/executor_shell.hpp"

#include "app/agent_link.hpp"
#include "app/container_output.hpp"
#include "app/docker_client.hpp"
#include "executor/step.hpp"
#include "io/files.hpp"
#include "io/log.hpp"
#include "io/nothrow.hpp"
#include "io/process.hpp"
#include "io/task_scope.hpp"
#include "wire/container_plan.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include <malloc.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <deque>
#include <utility>

namespace windlass {

namespace {

using namespace std::chrono_literals;

// A container closes its output when it ends. One that does not end within this time has lost its connection.
constexpr auto output_patience = 2s;
// Freed memory goes back to the system so long after the task has started to run.
constexpr auto trim_delay = 500ms;
// What is still running when the executor leaves has so long to end.
constexpr auto farewell = 1s;
constexpr auto farewell_check = 2ms;
constexpr std::size_t config_bytes_max = 1 << 20;
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

class ExecutorShell {
 public:
  ExecutorShell(const ExecutorSetup& setup, std::unique_ptr<DockerClient> docker, asio::io_context& loop,
                Reaper& reaper);

  int run();

  // --- carrying out, one overload per call ---
  void act(const executor::SendToAgent& call) { link_.send(call.body); }
  void act(const executor::PlanContainer& call) { spawn("plan", plan(call.task)); }
  void act(const executor::InspectImage& call) { spawn("inspect image", inspect_image(call.image)); }
  void act(const executor::PullImage& call) { spawn("pull", pull(call.image)); }
  void act(const executor::CancelPull&) { docker_->cancel_pull(); }
  void act(const executor::CreateContainer& call) { spawn("create", create(call.spec)); }
  void act(const executor::AttachContainer& call) { spawn("output", copy_output(call.id)); }
  void act(const executor::StartContainer& call) { spawn("start", start(call.id)); }
  void act(const executor::InspectContainer& call) { spawn("inspect", inspect(call.id)); }
  void act(const executor::WatchContainer& call) { spawn("watch", watch(call.id)); }
  void act(const executor::SignalContainer& call) { spawn("signal", signal(call.id, call.signal)); }
  void act(const executor::RemoveContainer& call) { spawn("remove", remove(call.id)); }
  void act(const executor::StartProcess& call) { start_command(call); }
  void act(const executor::SignalProcess& call) { signal_command(call.signal); }
  void act(const executor::LogToSandbox& call) { log_info(call.line); }
  void act(const executor::Exit& call) { leave(call.code); }

 private:
  void post(executor::Event event);
  void drain();
  void set_alarm(std::optional<TimePoint> wake_at);
  void await_signal();
  void leave(int code);
  void await_end(std::chrono::milliseconds left);
  void spawn(const char* name, asio::awaitable<void> task) { scope_.spawn(name, std::move(task)); }

  asio::awaitable<void> prepare();
  asio::awaitable<void> plan(TaskInfo task);
  asio::awaitable<void> inspect_image(std::string image);
  asio::awaitable<void> pull(std::string image);
  asio::awaitable<void> create(ContainerSpec spec);
  asio::awaitable<void> copy_output(std::string id);
  asio::awaitable<void> start(std::string id);
  asio::awaitable<void> inspect(std::string id);
  asio::awaitable<void> watch(std::string id);
  asio::awaitable<void> signal(std::string id, std::string signal);
  asio::awaitable<void> remove(std::string id);
  asio::awaitable<void> watch_command();
  asio::awaitable<void> trim_memory();
  void start_command(const executor::StartProcess& call);
  void signal_command(int signal);
  [[nodiscard]] std::string registry_credentials(const std::string& image) const;
  [[nodiscard]] AgentLink::Callbacks link_callbacks();

  // Set once by the constructor.
  const ExecutorSetup& setup_;
  asio::io_context& loop_;
  const Clock clock_{};
  Reaper& reaper_;
  std::unique_ptr<DockerClient> docker_;

  // The core and what waits for it.
  executor::State state_;
  Prng prng_{random_seed()};
  std::deque<executor::Event> inbox_;
  bool drain_posted_ = false;
  bool leaving_ = false;
  int exit_code_ = 0;

  // The container, or the process of a command task.
  ContainerContext context_;
  ContainerOutput output_;
  std::uint64_t watch_generation_ = 0;  // a new watch replaces the former
  bool exited_ = false;
  bool container_may_remain_ = false;
  ProcessId process_;

  asio::steady_timer alarm_;
  asio::steady_timer prepared_;
  asio::steady_timer end_;
  asio::signal_set signals_;
  AgentLink link_;
  TaskScope scope_;  // last: what runs in it uses all of the above
};

ExecutorShell::ExecutorShell(const ExecutorSetup& setup, std::unique_ptr<DockerClient> docker, asio::io_context& loop,
                             Reaper& reaper)
    : setup_{setup},
      loop_{loop},
      reaper_{reaper},
      docker_{std::move(docker)},
      output_{loop.get_executor(), *docker_},
      alarm_{loop},
      prepared_{loop, asio::steady_timer::time_point::max()},
      end_{loop},
      signals_{loop, SIGTERM, SIGINT, SIGHUP},
      link_{loop.get_executor(), setup.agent, prng_, link_callbacks()},
      scope_{loop.get_executor(), [](const std::string& name, const std::exception_ptr& error) {
               log_error("task failed", {{"task", name}, {"error", describe(error)}});
             }} {
  state_.settings = {.checkpoint = setup.agent.checkpoint,
                     .recovery_timeout = setup.agent.recovery_timeout,
                     .shutdown_grace = setup.agent.shutdown_grace_period};
  context_ = {.argv = setup.argv,
              .framework_id = setup.agent.framework_id,
              .executor_id = setup.agent.executor_id,
              .sandbox = setup.agent.sandbox};
}

AgentLink::Callbacks ExecutorShell::link_callbacks() {
  return {.subscription = [this] { return executor::take_subscription(state_); },
          .on_event = [this](ExecutorEvent event) { post(executor::AgentEvent{std::move(event)}); },
          .on_disconnected = [this] { post(executor::AgentDisconnected{}); },
          .on_refused = [this](std::string text) { post(executor::AgentRefused{std::move(text)}); }};
}

// --- the loop around the core
// -----------------------------------------------------------------------------------------

int ExecutorShell::run() {
  await_signal();
  spawn("agent", link_.run());
  spawn("updates", link_.run_sender());
  spawn("prepare", prepare());
  loop_.run();
  if (!container_may_remain_) reaper_.done();
  return exit_code_;
}

void ExecutorShell::post(executor::Event event) {
  if (leaving_) return;
  inbox_.push_back(std::move(event));
  if (std::exchange(drain_posted_, true)) return;
  auto later = [this] { drain(); };
  asio::post(loop_, std::move(later));
}

void ExecutorShell::drain() {
  drain_posted_ = false;
  std::optional<TimePoint> wake_at;
  while (!inbox_.empty() && !leaving_) {
    const executor::Event event = std::move(inbox_.front());
    inbox_.pop_front();
    const executor::Effects effects = executor::step(state_, event, {.now = clock_.now(), .prng = prng_});
    for (const executor::Call& call : effects.calls) {
      std::visit([this](const auto& each) { act(each); }, call);
    }
    wake_at = effects.wake_at;
  }
  if (!leaving_) set_alarm(wake_at);
}

void ExecutorShell::set_alarm(std::optional<TimePoint> wake_at) {
  alarm_.cancel();
  if (!wake_at) return;
  const auto left = std::chrono::duration_cast<asio::steady_timer::duration>(*wake_at - clock_.now());
  alarm_.expires_after(std::max(left, asio::steady_timer::duration::zero()));
  auto ring = [this](const boost::system::error_code& error) {
    if (!error) post(executor::TimePassed{});
  };
  alarm_.async_wait(std::move(ring));
}

void ExecutorShell::await_signal() {
  auto take = [this](const boost::system::error_code& error, int number) {
    if (error) return;
    post(executor::SignalReceived{number});
    await_signal();
  };
  signals_.async_wait(std::move(take));
}

void ExecutorShell::leave(int code) {
  leaving_ = true;
  exit_code_ = code;
  log_info("the executor leaves", {{"exit_code", code}});
  boost::system::error_code ignored;
  signals_.cancel(ignored);
  alarm_.cancel();
  docker_->cancel_pull();
  scope_.cancel_all();
  await_end(farewell);
}

// What does not heed the cancellation in time is left behind.
void ExecutorShell::await_end(std::chrono::milliseconds left) {
  if (scope_.running() == 0 || left.count() <= 0) return loop_.stop();
  end_.expires_after(farewell_check);
  auto check = [this, left](const boost::system::error_code&) { await_end(left - farewell_check); };
  end_.async_wait(std::move(check));
}

// --- before the first task
// ----------------------------------------------------------------------------------------------

// While the agent is being asked, Docker is asked too. It may be away: then the launch will say so.
asio::awaitable<void> ExecutorShell::prepare() {
  const ContainerId expected{setup_.agent.sandbox.substr(setup_.agent.sandbox.rfind('/') + 1)};
  auto groups = read_file("/proc/self/cgroup");
  const std::string group = groups ? own_cgroup(*groups, expected) : std::string{};
  auto memory = memory_total();
  if (memory) context_.host_memory_bytes = *memory;
  auto connecting = docker_->connect();
  auto connected = co_await std::move(connecting);
  if (connected && !group.empty()) {
    auto asking = docker_->cgroup_driver();
    auto driver = co_await std::move(asking);
    if (driver && *driver == "cgroupfs") context_.cgroup_parent = group;
  }
  prepared_.expires_at(asio::steady_timer::time_point::min());
}

asio::awaitable<void> ExecutorShell::plan(TaskInfo task) {
  auto waited = co_await prepared_.async_wait(nothrow);
  static_cast<void>(waited);
  context_.container_id = state_.container_id;
  if (context_.container_id.empty()) context_.container_id.value = Uuid::random(prng_).to_string();
  post(executor::ContainerPlanned{plan_container(task, context_)});
}

// --- Docker
// ---------------------------------------------------------------------------------------------------------------

asio::awaitable<void> ExecutorShell::inspect_image(std::string image) {
  auto inspecting = docker_->inspect_image(std::move(image));
  auto found = co_await std::move(inspecting);
  post(executor::ImageInspected{std::move(found)});
}

// As with Mesos: a .docker/config.json or .dockercfg that the task brings into its sandbox.
std::string ExecutorShell::registry_credentials(const std::string& image) const {
  for (const char* name : {"/.docker/config.json", "/.dockercfg"}) {
    auto text = read_file(setup_.agent.sandbox + name, config_bytes_max);
    if (!text) continue;
    auto credentials = registry_auth(*text, image);
    if (credentials && !credentials->empty()) return *credentials;
    if (!credentials) log_warning("registry credentials", {{"file", name}, {"error", credentials.error().message}});
  }
  return {};
}

asio::awaitable<void> ExecutorShell::pull(std::string image) {
  const std::string credentials = registry_credentials(image);
  DockerClient::OnProgress report = [this](const std::string& text) { post(executor::PullProgress{text}); };
  auto pulling = docker_->pull(std::move(image), credentials, std::move(report));
  auto outcome = co_await std::move(pulling);
  post(executor::PullEnded{error_of(outcome)});
}

asio::awaitable<void> ExecutorShell::create(ContainerSpec spec) {
  output_.set_tty(spec.tty);
  reaper_.watch_container(spec.name);
  container_may_remain_ = true;
  auto creating = docker_->create_container(std::move(spec));
  auto created = co_await std::move(creating);
  const bool refused = !created && (created.error().code == Errc::invalid || created.error().code == Errc::not_found ||
                                    created.error().code == Errc::conflict);
  if (refused) container_may_remain_ = false;
  post(executor::ContainerCreated{std::move(created)});
}

asio::awaitable<void> ExecutorShell::copy_output(std::string id) {
  std::function<void(Result<void>)> on_open = [this](Result<void> opened) {
    post(executor::ContainerAttached{error_of(opened)});
  };
  auto copying = output_.copy(std::move(id), std::move(on_open));
  co_await std::move(copying);
  const std::uint64_t watching = watch_generation_;
  asio::steady_timer timer{loop_, output_patience};
  auto waited = co_await timer.async_wait(nothrow);
  static_cast<void>(waited);
  if (!exited_ && watching == watch_generation_ && !output_.is_open()) post(executor::OutputLost{});
}

asio::awaitable<void> ExecutorShell::start(std::string id) {
  auto starting = docker_->start(std::move(id));
  auto started = co_await std::move(starting);
  post(executor::ContainerStarted{error_of(started)});
}

asio::awaitable<void> ExecutorShell::inspect(std::string id) {
  auto inspecting = docker_->inspect(std::move(id));
  auto view = co_await std::move(inspecting);
  post(executor::ContainerInspected{std::move(view)});
}

asio::awaitable<void> ExecutorShell::watch(std::string id) {
  const std::uint64_t mine = ++watch_generation_;
  spawn("trim", trim_memory());
  auto waiting = docker_->wait(id);
  auto end = co_await std::move(waiting);
  if (mine != watch_generation_) co_return;
  if (!end) {
    post(executor::WatchFailed{end.error()});
    co_return;
  }
  exited_ = true;
  auto draining = output_.drained();
  co_await std::move(draining);
  auto inspecting = docker_->inspect(id);
  auto view = co_await std::move(inspecting);
  if (view) {
    end->oom_killed = view->oom_killed;
    if (end->error.empty()) end->error = view->error;
  }
  post(executor::ContainerExited{std::move(*end)});
}

asio::awaitable<void> ExecutorShell::signal(std::string id, std::string signal) {
  auto sending = docker_->signal(std::move(id), std::move(signal));
  auto sent = co_await std::move(sending);
  if (!sent) post(executor::SignalFailed{sent.error()});
}

asio::awaitable<void> ExecutorShell::remove(std::string id) {
  auto removing = docker_->remove(std::move(id));
  auto removed = co_await std::move(removing);
  if (removed) container_may_remain_ = false;
  post(executor::ContainerRemoved{error_of(removed)});
}

// The launch has needed memory (JSON, protobuf) that running does not need.
asio::awaitable<void> ExecutorShell::trim_memory() {
  asio::steady_timer timer{loop_, trim_delay};
  auto waited = co_await timer.async_wait(nothrow);
  static_cast<void>(waited);
  ::malloc_trim(0);
}

// --- command tasks
// --------------------------------------------------------------------------------------------------------

void ExecutorShell::start_command(const executor::StartProcess& call) {
  Environment variables = setup_.environment;
  variables.erase(hidden_variable);
  for (const EnvironmentVariable& variable : call.environment) variables[variable.name] = variable.value;
  ProcessSpec spec{.argv = call.argv, .env = {}, .cwd = setup_.agent.sandbox};
  for (const auto& [name, value] : variables) spec.env.push_back(name + "=" + value);
  spec.stdout_path = output_path(1, setup_.agent.sandbox + "/stdout");
  spec.stderr_path = output_path(2, setup_.agent.sandbox + "/stderr");
  if (::geteuid() == 0) spec.user = call.user;
  auto started = start_process(spec);
  if (!started) {
    post(executor::ProcessStarted{started.error()});
    return;
  }
  process_ = started->id;
  reaper_.watch_process(process_.pid);
  post(executor::ProcessStarted{static_cast<int>(process_.pid)});
  spawn("watch", watch_command());
}

void ExecutorShell::signal_command(int signal) {
  if (signal == SIGKILL) {
    static_cast<void>(kill_session(process_));
  } else if (is_alive(process_)) {
    ::kill(-process_.pid, signal);  // it leads a session and so a group of its own
  }
}

asio::awaitable<void> ExecutorShell::watch_command() {
  spawn("trim", trim_memory());
  auto waiting = wait_process(process_);
  auto ended = co_await std::move(waiting);
  static_cast<void>(kill_session(process_));
  executor::ProcessExited event{.exit_code = 1};
  if (ended && *ended) {
    const int status = **ended;
    event = {.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 0,
             .signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0};
  }
  post(event);
}

}  // namespace

Result<int> run_executor(const ExecutorSetup& setup, Reaper& reaper) {
  asio::io_context loop{1};
  auto docker = DockerClient::create(loop.get_executor(), setup.agent.docker_host);
  if (!docker) return docker.error();
  ExecutorShell shell{setup, std::move(*docker), loop, reaper};
  return shell.run();
}

}  // namespace windlass
