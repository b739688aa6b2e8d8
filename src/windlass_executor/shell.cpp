#include "windlass_executor/shell.hpp"

#include "base/check.hpp"
#include "container/plan.hpp"
#include "core/loop.hpp"
#include "docker/client.hpp"
#include "docker/container_orphans.hpp"
#include "executor/step.hpp"
#include "io/files.hpp"
#include "io/log.hpp"
#include "io/nothrow.hpp"
#include "io/task_scope.hpp"
#include "link/agent_link.hpp"
#include "windlass_executor/steering.hpp"
#include "windlass_executor/task_run.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include <malloc.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <utility>

namespace windlass {

namespace {

using namespace std::chrono_literals;

// How long what is still running may take to end when the executor leaves.
constexpr auto farewell = 1s;
constexpr auto farewell_check = 2ms;
constexpr auto sweep_delay = 2s;
// Where the container that holds a group's network finds this program.
constexpr const char* holder_path = "/windlass-hold";

class ExecutorShell {
 public:
  ExecutorShell(ExecutorSetup setup, std::unique_ptr<DockerClient> docker, asio::io_context& loop, Reaper& reaper);

  int run();

  // --- carrying out, one overload per call ---
  void act(const executor::SendToAgent& call) { link_.send(call.body); }
  void act(const executor::TaskCall& call);
  // Work that is still under way holds the run (task_run.cpp); it ends with that.
  void act(const executor::ForgetTask& call) { runs_.erase(call.task); }
  void act(const executor::MakeHolder& call) { spawn("holder", make_holder(call)); }
  void act(const executor::RemoveHolder& call) { spawn("holder", remove_holder(call)); }
  void act(const executor::LogToSandbox& call) { log_info(call.line); }
  void act(const executor::Exit& call) { leave(call.code); }

 private:
  void post(executor::Event event);
  void drain_later();
  void drain();
  void set_alarm(std::optional<TimePoint> wake_at);
  void await_signal();
  void log_into_rotated_file();
  void leave(int code);
  void await_end(std::chrono::milliseconds left);
  void spawn(const char* name, asio::awaitable<void> task) { scope_.spawn(name, std::move(task)); }

  void take_subscription(const executor_events::Subscribed& event);
  void apply(const Steering& steering);
  void use_flags();
  asio::awaitable<void> prepare();
  asio::awaitable<void> sweep();
  asio::awaitable<void> make_holder(executor::MakeHolder call);
  asio::awaitable<Result<ContainerView>> start_holder(ContainerSpec spec);
  asio::awaitable<void> remove_holder(executor::RemoveHolder call);
  [[nodiscard]] std::unique_ptr<DockerClient> make_docker();
  [[nodiscard]] AgentLink::Callbacks link_callbacks();

  // The first subscription takes out of it what the framework has said.
  ExecutorSetup setup_;
  bool steered_ = false;
  std::optional<Error> refusal_;  // why no container is run

  // Set once by the constructor.
  asio::io_context& loop_;
  const Clock clock_{};
  Reaper& reaper_;
  std::shared_ptr<DockerClient> first_docker_;  // the first task's, perhaps while prepare() still asks it
  int preparation_ = 0;                         // a new one replaces the former

  // The core and what waits for it.
  executor::State state_;
  Prng prng_{random_seed()};
  core::Loop<executor::Event, executor::Effects> core_loop_{[this](const executor::Event& event) {
                                                              return executor::step(
                                                                  state_, event, {.now = clock_.now(), .prng = prng_});
                                                            },
                                                            executor::TimePassed{}};
  bool drain_posted_ = false;
  bool leaving_ = false;
  int exit_code_ = 0;

  ContainerContext context_;  // what all tasks have in common
  std::map<TaskId, std::shared_ptr<TaskRun>> runs_;

  asio::steady_timer alarm_;
  asio::steady_timer prepared_;
  asio::steady_timer end_;
  asio::signal_set signals_;
  AgentLink link_;
  OutputFile out_, err_;  // our own stdout and stderr
  TaskScope scope_;
  TaskHost host_;  // of the above
};

ExecutorShell::ExecutorShell(ExecutorSetup setup, std::unique_ptr<DockerClient> docker, asio::io_context& loop,
                             Reaper& reaper)
    : setup_{std::move(setup)},
      loop_{loop},
      reaper_{reaper},
      first_docker_{std::move(docker)},
      alarm_{loop},
      prepared_{loop, asio::steady_timer::time_point::max()},
      end_{loop},
      signals_{loop, SIGTERM, SIGINT, SIGHUP},
      link_{loop.get_executor(), setup_.agent, prng_, link_callbacks()},
      out_{1, setup_.flags.log_limits},
      err_{2, setup_.flags.log_limits},
      scope_{loop.get_executor(),
             [](const std::string& name, const std::exception_ptr& error) {
               log_error("task failed", {{"task", name}, {"error", describe(error)}});
             }},
      host_{setup_,
            refusal_,
            loop,
            reaper,
            scope_,
            context_,
            prepared_,
            own_name(),
            {.out = out_, .err = err_},
            [this](executor::TaskEvent event) { post(std::move(event)); }} {
  state_.settings = {.checkpoint = setup_.agent.checkpoint,
                     .recovery_timeout = setup_.agent.recovery_timeout,
                     .shutdown_grace = setup_.agent.shutdown_grace_period};
  context_ = {.framework_id = setup_.agent.framework_id,
              .executor_id = setup_.agent.executor_id,
              .sandbox = setup_.agent.sandbox,
              .environment = setup_.environment,
              .read_file = read_file_beneath};
  use_flags();
}

void ExecutorShell::use_flags() {
  const ExecutorFlags& flags = setup_.flags;
  state_.settings.report_docker_health = flags.report_docker_health;
  context_.argv = flags.arguments;
  context_.policy = flags.policy;
  context_.enable_cfs = flags.enable_cfs;
  context_.limit_swap = flags.limit_swap;
}

AgentLink::Callbacks ExecutorShell::link_callbacks() {
  return {.subscription = [this] { return executor::take_subscription(state_); },
          .on_event =
              [this](ExecutorEvent event) {
                if (const auto* subscribed = std::get_if<executor_events::Subscribed>(&event)) {
                  take_subscription(*subscribed);
                }
                post(executor::AgentEvent{std::move(event)});
              },
          .on_disconnected = [this] { post(executor::AgentDisconnected{}); },
          .on_refused = [this](std::string text) { post(executor::AgentRefused{std::move(text)}); }};
}

// --- the loop around the core ---------------------------------------------------------------------------------------

int ExecutorShell::run() {
  // Our lines and the container's go to the same file: a log that wrote to descriptor 2 by itself would write on into a
  // file that has been rotated away.
  if (err_.rotates()) log_into_rotated_file();
  reaper_.use_docker(setup_.agent.docker_host);
  await_signal();
  spawn("agent", link_.run());
  spawn("prepare", prepare());
  spawn("sweep", sweep());
  loop_.run();
  // The sink writes into a member of this object.
  set_log_sink(nullptr);
  return exit_code_;
}

// The log never waits: what the file does not take at once is left out, as it is without rotation.
void ExecutorShell::log_into_rotated_file() {
  set_log_sink([this](LogLevel, const std::string& line) {
    const std::string ended = line + '\n';
    std::string_view left{ended};
    static_cast<void>(err_.take(left));
  });
}

void ExecutorShell::post(executor::Event event) {
  // The core has said its last word; what is still on its way here has no one to take it.
  if (leaving_) return;
  core_loop_.post(std::move(event));
  drain_later();
}

void ExecutorShell::drain_later() {
  // Posted and not run at once: events often come from inside a call that a step is carrying out.
  if (std::exchange(drain_posted_, true)) return;
  auto later = [this] { drain(); };
  asio::post(loop_, std::move(later));
}

void ExecutorShell::drain() {
  drain_posted_ = false;
  while (!leaving_ && core_loop_.has_work(clock_.now())) {
    const executor::Effects effects = core_loop_.step_batch(clock_.now());
    if (core_loop_.is_spinning()) log_error("the core asks to be woken at once, again and again");
    for (const executor::Call& call : effects.calls) {
      std::visit([this](const auto& each) { act(each); }, call);
    }
  }
  if (!leaving_) set_alarm(core_loop_.wake_at());
}

void ExecutorShell::set_alarm(std::optional<TimePoint> wake_at) {
  alarm_.cancel();
  if (!wake_at) return;
  const auto left = std::chrono::duration_cast<asio::steady_timer::duration>(*wake_at - clock_.now());
  alarm_.expires_after(std::max(left, asio::steady_timer::duration::zero()));
  auto ring = [this](const boost::system::error_code& error) {
    if (!error) drain_later();
  };
  alarm_.async_wait(std::move(ring));
}

void ExecutorShell::await_signal() {
  auto take = [this](const boost::system::error_code& error, int number) {
    if (error) return;
    post(executor::SignalReceived{number});
    // Again: a second SIGTERM is an event like the first.
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
  // Probes are not the scope's, and a pull ends at once when its connection is closed.
  for (const auto& [id, run] : runs_) {
    run->cancel_pull();
    run->cancel_probes();
  }
  scope_.cancel_all();
  await_end(farewell);
}

// What does not heed the cancellation in time is left behind.
void ExecutorShell::await_end(std::chrono::milliseconds left) {
  const bool probing = std::ranges::any_of(runs_, [](const auto& each) { return each.second->probes() > 0; });
  if ((scope_.running() == 0 && !probing) || left.count() <= 0) return loop_.stop();
  end_.expires_after(farewell_check);
  auto check = [this, left](const boost::system::error_code&) { await_end(left - farewell_check); };
  end_.async_wait(std::move(check));
}

// --- before the first task ------------------------------------------------------------------------------------------

void ExecutorShell::take_subscription(const executor_events::Subscribed& event) {
  // Only the first time: what the framework has set does not change with a new subscription.
  if (std::exchange(steered_, true)) return;
  const auto& command = event.executor.command;
  auto steering =
      steer(setup_.environment, command ? command->environment : std::vector<EnvironmentVariable>{}, setup_.argv);
  if (steering) {
    apply(*steering);
  } else {
    refusal_ = steering.error();
  }
}

void ExecutorShell::apply(const Steering& steering) {
  for (const std::string& name : steering.ignored) {
    log_warning("a variable of the framework is for its container only", {{"ignored", name}});
  }
  if (steering.refusal) log_warning(steering.refusal->message);
  refusal_ = steering.refusal;
  // For what we start ourselves, such as credential helpers and curl.
  replace_environment(steering.environment);
  if (steering.flags != setup_.flags) {
    setup_.flags = steering.flags;
    use_flags();
    for (OutputFile* each : {&out_, &err_}) each->limit(setup_.flags.log_limits);
    set_log_sink(nullptr);
    if (err_.rotates()) log_into_rotated_file();
  }
  // Usually so, and then the Docker that was asked meanwhile is the right one.
  if (steering.docker_host == setup_.agent.docker_host) return;
  auto docker = DockerClient::create(loop_.get_executor(), steering.docker_host);
  if (!docker) {
    refusal_ = docker.error();
    return;
  }
  setup_.agent.docker_host = steering.docker_host;
  reaper_.use_docker(setup_.agent.docker_host);
  first_docker_ = std::move(*docker);
  spawn("prepare", prepare());
}

// While the agent is being asked, Docker is asked too. It may be away: then the launch will say so.
asio::awaitable<void> ExecutorShell::prepare() {
  const int mine = ++preparation_;
  // The sandbox's last part is the container's id (mesos.md 3.8), which the agent tells only with the subscription.
  const ContainerId expected{setup_.agent.sandbox.substr(setup_.agent.sandbox.rfind('/') + 1)};
  auto groups = read_file("/proc/self/cgroup");
  if (groups) context_.cgroup_parent = own_cgroup(*groups, expected);
  auto memory = memory_total();
  if (memory) context_.host_memory_bytes = *memory;
  // A copy: the first task may take it over, or apply() replace it, while Docker is being asked.
  const std::shared_ptr<DockerClient> docker = first_docker_;
  auto connecting = docker->connect();
  auto connected = co_await std::move(connecting);
  if (mine != preparation_) co_return;  // there is another Docker to ask
  if (connected) reaper_.use_api(connected->to_string());
  // Also when Docker is away: those who wait must go on to a launch that says so.
  prepared_.expires_at(asio::steady_timer::time_point::min());
}

void ExecutorShell::act(const executor::TaskCall& call) {
  // Told by the agent with the subscription, and so before any task.
  if (context_.container_id.empty()) context_.container_id = state_.container_id;
  // Containers need names that differ, also with an agent that tells no id.
  if (context_.container_id.empty()) context_.container_id.value = Uuid::random(prng_).to_string();
  auto& run = runs_[call.task];
  if (run == nullptr) {
    // A client for each task: one that waits for a slow answer must not hold up the others. The first has a connection
    // already.
    std::shared_ptr<DockerClient> docker = std::move(first_docker_);
    if (docker == nullptr) docker = make_docker();
    run = make_task_run(host_, call, std::move(docker));
  }
  run->act(call.body);
}

// After the launch, so that it costs no time then.
asio::awaitable<void> ExecutorShell::sweep() {
  // Containers of another machine may belong to executors there, whose processes we cannot see.
  if (!setup_.agent.docker_host.starts_with("unix:")) co_return;
  asio::steady_timer timer{loop_, sweep_delay};
  auto waited = co_await timer.async_wait(nothrow);
  static_cast<void>(waited);
  const auto docker = make_docker();
  auto removing = remove_orphans(*docker);
  co_await std::move(removing);
  ::malloc_trim(0);
}

// --- the network of a group ------------------------------------------------------------------------------------------

// From the image of one of the tasks, which is here already; what it runs is this program.
asio::awaitable<void> ExecutorShell::make_holder(executor::MakeHolder call) {
  char path[4096];
  const ssize_t size = ::readlink("/proc/self/exe", path, sizeof path);
  const std::string own{path, size > 0 ? static_cast<std::size_t>(size) : 0};
  call.spec.entrypoint = {holder_path, hold_argument};
  call.spec.binds = {own + ":" + holder_path + ":ro"};
  // It needs nothing but to exist.
  call.spec.read_only_root = true;
  call.spec.cap_drop = {"ALL"};
  reaper_.watch_container(call.spec.name);
  auto starting = start_holder(std::move(call.spec));
  auto view = co_await std::move(starting);
  post(executor::HolderMade{call.group, std::move(view)});
}

asio::awaitable<Result<ContainerView>> ExecutorShell::start_holder(ContainerSpec spec) {
  const std::string name = spec.name;
  const auto docker = make_docker();
  auto creating = docker->create_container(std::move(spec), context_.cgroup_parent);
  auto created = co_await std::move(creating);
  if (!created) co_return created.error();
  reaper_.watch_container(*created);  // its name may be changed
  reaper_.forget_container(name);
  auto starting = docker->start(*created);
  auto started = co_await std::move(starting);
  if (started) {
    auto inspecting = docker->inspect(*created);
    auto view = co_await std::move(inspecting);
    co_return view;
  }
  // The core is told that there is no holder: nobody else would remove this one before the executor ends.
  auto removing = docker->remove(*created);
  auto removed = co_await std::move(removing);
  if (removed) reaper_.forget_container(*created);
  co_return started.error();
}

std::unique_ptr<DockerClient> ExecutorShell::make_docker() {
  auto docker = DockerClient::create(loop_.get_executor(), setup_.agent.docker_host);
  CHECK(docker);  // run_executor and apply have made one before
  return std::move(*docker);
}

asio::awaitable<void> ExecutorShell::remove_holder(executor::RemoveHolder call) {
  const auto docker = make_docker();
  auto removing = docker->remove(call.container);
  auto removed = co_await std::move(removing);
  if (removed) reaper_.forget_container(call.container);
  post(executor::HolderRemoved{call.group, removed ? std::nullopt : std::optional<Error>{removed.error()}});
}

}  // namespace

Result<int> run_executor(ExecutorSetup setup, Reaper& reaper) {
  asio::io_context loop{1};
  auto docker = DockerClient::create(loop.get_executor(), setup.agent.docker_host);
  // It may be a framework's ("ssh://..."), and then means nothing. If it is not, the first subscription says so.
  if (!docker) {
    setup.agent.docker_host = AgentEnvironment{}.docker_host;
    docker = DockerClient::create(loop.get_executor(), setup.agent.docker_host);
  }
  CHECK(docker);
  ExecutorShell shell{std::move(setup), std::move(*docker), loop, reaper};
  return shell.run();
}

}  // namespace windlass
