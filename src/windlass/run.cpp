#include "windlass/run.hpp"

#include "agent/machine.hpp"
#include "api/guard.hpp"
#include "api/marathon/server.hpp"
#include "api/mesos/server.hpp"
#include "io/files.hpp"
#include "io/http/server.hpp"
#include "io/log.hpp"
#include "io/nothrow.hpp"
#include "io/secret.hpp"
#include "io/task_scope.hpp"
#include "node/engine_service.hpp"
#include "node/fleet_service.hpp"
#include "node/scheduler_service.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>

namespace windlass {
namespace {

EngineOptions engine_options(const Config& config) {
  return {.hostname = advertised_hostname(config.hostname),
          .master_port = config.master_port.value,
          .resources = config.resources,
          .attributes = config.attributes,
          .executor_registration_timeout = config.executor_registration_timeout,
          .allocation_interval = config.allocation_interval,
          .launcher = {.work_dir = config.work_dir,
                       .executor_program = executor_program(config.docker_executor),
                       // Only what differs from Docker's default, which executors find by themselves.
                       .docker_host = config.docker_socket == Config{}.docker_socket ? "" : config.docker_host(),
                       .agent_ip = config.engine_ip.value,
                       .agent_port = config.agent_port.value,
                       .executor_shutdown_grace_period = config.executor_shutdown_grace_period,
                       .executor_reregistration_timeout = config.executor_reregistration_timeout,
                       .recovery_timeout = config.recovery_timeout,
                       .fetcher_stall_timeout = config.fetcher_stall_timeout,
                       .gc_delay = config.gc_delay,
                       .gc_disk_headroom = config.gc_disk_headroom,
                       .disk_watch_interval = config.disk_watch_interval,
                       .max_log_size = config.max_log_size,
                       .max_log_files = config.max_log_files,
                       .switch_user = config.switch_user,
                       .cgroups = config.cgroups,
                       .cgroups_root = config.cgroups_root}};
}

FleetOptions fleet_options(const Config& config) {
  return {.work_dir = config.work_dir,
          .hostname = advertised_hostname(config.hostname),
          .ip = config.engine_ip.value,
          .master_port = config.master_port.value,
          .agent_port = config.agent_port.value,
          .agents = static_cast<std::size_t>(config.simulated_agents),
          .resources = config.resources,
          .attributes = config.attributes,
          .task_delay = config.simulated_task_delay,
          .allocation_interval = config.allocation_interval};
}

SchedulerOptions scheduler_options(const Config& config) {
  SchedulerOptions options{.work_dir = config.work_dir,
                           .master = config.embedded()
                                         ? config.engine_ip.value + ":" + std::to_string(config.master_port.value)
                                         : config.master,
                           .hostname = advertised_hostname(config.hostname),
                           .http_port = config.http_port.value,
                           .framework_name = config.framework_name,
                           .user = config.mesos_user,
                           .failover_timeout = config.failover_timeout};
  scheduler::Settings& core = options.core;
  core.default_executor = config.executor;
  // Where the agents are somebody else's, only their operator knows whether windlass-executor is there, and where.
  core.docker_executor = config.embedded() ? executor_program(config.docker_executor) : config.docker_executor;
  core.local_port_min = config.local_port_min.value;
  core.local_port_max = config.local_port_max.value;
  core.mesos_role = config.mesos_role;
  core.mesos_user = config.mesos_user;
  core.max_instances_per_offer = config.max_instances_per_offer;
  core.decline_offer_duration = config.decline_offer_duration;
  core.min_revive_offers_interval = config.min_revive_offers_interval;
  core.reconciliation_interval = config.reconciliation_interval;
  core.task_launch_timeout = config.task_launch_timeout;
  core.kill_retry_timeout = config.kill_retry_timeout;
  return options;
}

// What an earlier Windlass that was just killed may still hold is about to be free: its port until a child that it had
// begun to start has reached its exec, its journal until the kernel has closed its files. Others keep theirs.
template <class Open>
std::invoke_result_t<Open> once_free(Open open) {
  constexpr auto patience = std::chrono::seconds{5};
  constexpr auto pause = std::chrono::milliseconds{50};
  const Clock clock;
  const TimePoint until = after(clock.now(), patience);
  while (true) {
    auto opened = open();
    // Only a conflict can pass by itself; any other error is told at once.
    if (opened || opened.error().code != Errc::conflict || clock.now() >= until) return opened;
    std::this_thread::sleep_for(pause);  // nothing else runs yet
  }
}

// One process: what it runs is decided once, from the command.
class Process {
 public:
  explicit Process(const Config& config)
      : config_{config},
        signals_{loop_, SIGTERM, SIGINT},
        scope_{loop_.get_executor(), [](const std::string& name, const std::exception_ptr& error) {
                 log_error("task failed", {{"task", name}, {"error", describe(error)}});
               }} {}

  int run(bool with_engine, bool with_scheduler) {
    // A peer that closes early is an error of one write, not the end of the process.
    std::signal(SIGPIPE, SIG_IGN);
    raise_file_limit();
    auto begun = begin(with_engine, with_scheduler);
    if (!begun) {
      std::fprintf(stderr, "windlass: %s\n", to_string(begun.error()).c_str());
      return 1;
    }
    scope_.spawn("shutdown", shut_down_on_signal());
    // Ends by itself, when the shutdown has ended everything that waits on the loop.
    loop_.run();
    log_info("ended");
    return 0;
  }

 private:
  // Each connection is a descriptor; the usual soft limit of 1024 is too low for a cluster's agents.
  static void raise_file_limit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    (void)::setrlimit(RLIMIT_NOFILE, &limit);
  }

  Result<void> read_credentials() {
    if (config_.http_credentials.empty()) return {};
    auto text = read_secret(config_.http_credentials);
    if (!text) return Error{text.error().code, "--http_credentials: " + text.error().message, text.error().where};
    auto credentials = Credentials::parse(*text);
    if (!credentials) return Error{Errc::invalid, credentials.error().message, "--http_credentials"};
    credentials_ = std::move(*credentials);
    return {};
  }

  // Out of reach for foreign pages that a browser shows. Executors and frameworks are no browsers, and notice nothing.
  [[nodiscard]] HttpHandler guarded_for(Credentials credentials, HttpHandler handler) const {
    return guarded(std::move(handler), {.host_names = {advertised_hostname(config_.hostname), host_name()},
                                        .credentials = std::move(credentials)});
  }

  Result<void> begin(bool with_engine, bool with_scheduler) {
    auto made = make_directories(config_.work_dir, 0755);
    if (!made) return made.error();
    // First what may be wrong with the configuration, so that nothing has begun when the process ends for it.
    auto read = read_credentials();
    if (!read) return read.error();
    if (with_engine) {
      auto begun = config_.simulated_agents > 0 ? begin_fleet() : begin_engine();
      if (!begun) return begun.error();
    }
    // After the engine, to which it subscribes.
    if (with_scheduler) {
      auto begun = begin_scheduler();
      if (!begun) return begun.error();
    }
    return {};
  }

  // Simulated agents in the folder of a real engine would leave its containers without an agent; a real engine in their
  // folder would leave a scheduler without its tasks.
  [[nodiscard]] Result<void> keep_apart(const char* others, const char* whose) const {
    const std::string journal = config_.work_dir + "/" + others;
    if (::access(journal.c_str(), F_OK) != 0) return {};
    return Error{Errc::invalid, journal + " is of an engine " + whose + ": give another folder", "--work_dir"};
  }

  Result<void> begin_engine() {
    auto apart = keep_apart("fleet.db", "with --simulated_agents");
    if (!apart) return apart.error();
    auto runnable = check_executor_program(executor_program(config_.docker_executor));
    if (!runnable) return runnable.error();
    auto engine = once_free([this] { return EngineService::open(loop_.get_executor(), engine_options(config_)); });
    if (!engine) return engine.error();
    engine_ = std::move(*engine);
    auto master = listen(config_.engine_ip.value, config_.master_port.value, guarded_for({}, master_handler(*engine_)),
                         master_server_, is_framework_call);
    if (!master) return master.error();
    auto agent = listen(config_.engine_ip.value, config_.agent_port.value, guarded_for({}, agent_handler(*engine_)),
                        agent_server_);
    if (!agent) return agent.error();
    // After its ports are open: it begins the time that executors have to come back.
    engine_->start();
    return {};
  }

  Result<void> begin_fleet() {
    auto apart = keep_apart("engine.db", "whose tasks are real");
    if (!apart) return apart.error();
    auto fleet = once_free([this] { return FleetService::open(loop_.get_executor(), fleet_options(config_)); });
    if (!fleet) return fleet.error();
    fleet_ = std::move(*fleet);
    auto master = listen(config_.engine_ip.value, config_.master_port.value, guarded_for({}, fleet_handler(*fleet_)),
                         master_server_, is_framework_call);
    if (!master) return master.error();
    fleet_->start();
    return {};
  }

  Result<void> begin_scheduler() {
    auto scheduler =
        once_free([this] { return SchedulerService::open(loop_.get_executor(), scheduler_options(config_)); });
    if (!scheduler) return scheduler.error();
    scheduler_ = std::move(*scheduler);
    if (config_.listens_for_others() && credentials_.empty()) {
      // Only with --insecure: else check_together() (config.cpp) has refused the configuration.
      log_warning("other machines can use the API without credentials", {{"address", config_.http_address.value}});
    }
    // Before scheduler_->start(): where the port is taken, the process ends before it has subscribed.
    auto api = listen(config_.http_address.value, config_.http_port.value,
                      guarded_for(credentials_, make_marathon_handler()), api_server_);
    if (!api) return api.error();
    scheduler_->start();
    return {};
  }

  HttpHandler make_marathon_handler() {
    return marathon_handler(*scheduler_,
                            {.hostname = advertised_hostname(config_.hostname), .port = config_.http_port.value});
  }

  Result<void> listen(const std::string& host, std::uint16_t port, HttpHandler handler,
                      std::unique_ptr<HttpServer>& server, std::function<bool(const HttpRequest&)> may_overlap = {}) {
    HttpServerOptions options;
    options.host = host;
    options.port = port;
    options.may_overlap = std::move(may_overlap);
    auto listening = once_free([&] { return HttpServer::listen(loop_.get_executor(), options, handler); });
    if (!listening) return listening.error();
    server = std::move(*listening);
    log_info("listening", {{"address", host}, {"port", server->port()}});
    return {};
  }

  // The API first, so that nothing new comes in; then the scheduler; the engine last.
  asio::awaitable<void> shut_down_on_signal() {
    auto received = co_await signals_.async_wait(nothrow);
    auto& [error, number] = received;
    (void)error;
    log_info("shutting down", {{"signal", number}});
    if (api_server_) {
      auto stopping = api_server_->stop();
      co_await std::move(stopping);
    }
    if (scheduler_) {
      auto stopping = scheduler_->stop();
      co_await std::move(stopping);
    }
    if (master_server_) {
      auto stopping = master_server_->stop();
      co_await std::move(stopping);
    }
    if (agent_server_) {
      auto stopping = agent_server_->stop();
      co_await std::move(stopping);
    }
    if (fleet_) {
      auto stopping = fleet_->stop();
      co_await std::move(stopping);
    }
    if (engine_) {
      auto stopping = engine_->stop();
      co_await std::move(stopping);
    }
  }

  const Config config_;
  Credentials credentials_;
  // In the order of their dependence: at the end the servers are destroyed first, and the loop last.
  asio::io_context loop_{1};
  asio::signal_set signals_;
  TaskScope scope_;
  std::unique_ptr<EngineService> engine_;
  std::unique_ptr<FleetService> fleet_;
  std::unique_ptr<SchedulerService> scheduler_;
  std::unique_ptr<HttpServer> master_server_;
  std::unique_ptr<HttpServer> agent_server_;
  std::unique_ptr<HttpServer> api_server_;
};

}  // namespace

int run_up(const Config& config) { return Process{config}.run(config.embedded(), true); }

int run_scheduler(const Config& config) { return Process{config}.run(false, true); }

int run_engine(const Config& config) { return Process{config}.run(true, false); }

}  // namespace windlass
