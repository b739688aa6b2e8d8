#include "node/scheduler_service.hpp"

#include "container/options.hpp"
#include "io/files.hpp"
#include "io/http/client.hpp"
#include "io/log.hpp"
#include "link/mesos_link.hpp"
#include "node/offer_slices.hpp"
#include "node/orphans.hpp"
#include "node/scheduler_rows.hpp"
#include "node/service_shell.hpp"
#include "node/wait_log.hpp"
#include "wire/marathon/v1.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <pwd.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <utility>
#include <vector>

namespace windlass {
namespace {

// How long an API call may wait for the journal (marathon.md 1.3).
constexpr std::chrono::seconds scheduler_answer_limit{5};
// How often the apps that wait are looked at.
constexpr std::chrono::seconds wait_log_interval{2};
constexpr std::chrono::seconds master_answer_limit{30};

struct SchedulerCore {
  using State = scheduler::State;
  using Event = scheduler::Event;
  using Effects = scheduler::Effects;
  using Answer = scheduler::Answer;

  static Effects step(State& state, const Event& event, TimePoint now, Prng& prng) {
    return scheduler::step(state, event, scheduler::Inputs{now, prng});
  }
  static Event time_passed() { return scheduler::TimePassed{}; }
  static std::vector<Row> rows(const Effects& effects) { return to_rows(effects.writes); }
};

// An empty user would mean whoever runs the agent (mesos.md 2.1): Mesos' own driver fills the name in, and over HTTP
// the framework has to.
std::string user_name(const std::string& configured) {
  if (!configured.empty()) return configured;
  const passwd* entry = ::getpwuid(::getuid());
  return entry == nullptr ? "root" : entry->pw_name;
}

// What users ask first when an app does not run: each status, with what the executor or Docker said.
void log_status(const SchedulerEvent& event) {
  const auto* update = std::get_if<events::Update>(&event);
  if (update == nullptr) return;
  const TaskStatus& status = update->status;
  const bool wanted_end = status.state == TaskState::finished || status.state == TaskState::killed;
  log(is_terminal(status.state) && !wanted_end ? LogLevel::warning : LogLevel::info, "status",
      {{"task", status.task_id.value},
       {"state", to_string(status.state)},
       {"reason", status.reason ? to_string(*status.reason) : ""},
       {"message", status.message}});
}

class SchedulerShell final : public SchedulerService {
 public:
  SchedulerShell(asio::any_io_executor loop, std::unique_ptr<Journal> journal, scheduler::State state,
                 const SchedulerOptions& options, std::uint64_t seed)
      : options_{options},
        loop_{loop},
        shell_{{loop, "scheduler", std::move(journal), std::move(state), seed},
               [this](scheduler::Effects& effects) { act(effects); }},
        wait_timer_{loop},
        // A generator of its own: when the link waits must not change which numbers the core draws.
        link_prng_{seed ^ 0x9e3779b97f4a7c15ULL},
        link_{loop,
              options.master,
              link_prng_,
              {.subscription = [this] { return subscription(); },
               .on_event =
                   [this](SchedulerEvent event) {
                     log_status(event);
                     look_for_orphans(event);
                     post(std::move(event));
                   },
               .on_disconnected = [this] { shell_.post(scheduler::MesosDisconnected{}); }}} {}

  void start() override {
    // First: the core may hear nothing before it, and the link's events come as soon as it runs.
    shell_.start(scheduler::Started{});
    shell_.spawn("mesos link", link_.run());
    shell_.spawn("log of waiting apps", log_waiting());
  }

  asio::awaitable<void> stop() override { return shell_.stop(); }

  [[nodiscard]] std::shared_ptr<const scheduler::World> world() const override { return world_; }

  asio::awaitable<Result<scheduler::Answer>> submit(scheduler::Event event) override {
    // Before anything is changed: a step cannot be taken back. What ends things gets through on space that is held
    // back.
    if (needs_space(event) && !shell_.has_room()) {
      co_return Error{Errc::no_space, "The disk is full. Stop, kill and scale down still work", options_.work_dir};
    }
    auto asking = shell_.ask(std::move(event), scheduler_answer_limit);
    auto answer = co_await std::move(asking);
    if (!answer) co_return Error{Errc::timeout, "The journal did not answer within 5 seconds"};
    co_return std::move(*answer);
  }

 private:
  void post(SchedulerEvent event) {
    auto* offers = std::get_if<events::Offers>(&event);
    if (offers == nullptr) return shell_.post(scheduler::MesosEvent{std::move(event)});
    for (events::Offers& some : slice(std::move(*offers))) shell_.post(scheduler::MesosEvent{std::move(some)});
  }
  // Whether it adds apps or instances, and so rows. What the core does by itself is not held back.
  [[nodiscard]] bool needs_space(const scheduler::Event& event) const {
    if (std::holds_alternative<scheduler::StartApp>(event)) return true;
    const auto* scale = std::get_if<scheduler::ScaleApp>(&event);
    if (scale == nullptr) return false;
    const auto& apps = world()->apps;
    const auto app = apps.find(scale->id);
    return app != apps.end() && scale->instances > app->second->app->instances;
  }
  // Made anew for each attempt: the framework's id is known from the first Subscribed on, and may be taken away again.
  [[nodiscard]] SchedulerCall subscription() const {
    FrameworkInfo info;
    info.user = user_name(options_.user);
    info.name = options_.framework_name;
    info.id = shell_.state().framework_id;
    info.failover_timeout = std::chrono::duration<double>(options_.failover_timeout).count();
    // Without it agents end our executors when they restart (mesos.md 3.5).
    info.checkpoint = true;
    info.roles = {options_.core.mesos_role};
    info.hostname = options_.hostname;
    info.webui_url = "http://" + info.hostname + ":" + std::to_string(options_.http_port);
    // PARTITION_AWARE tells tasks that are away from those that are lost (mesos.md 2.12); without TASK_KILLING_STATE no
    // executor would say that it is ending one (2.11).
    info.capabilities = {Capability::multi_role, Capability::partition_aware, Capability::task_killing_state,
                         Capability::reservation_refinement};
    return {info.id, calls::Subscribe{info}};
  }

  asio::awaitable<void> log_waiting() {
    WaitLog waiting;
    while (true) {
      wait_timer_.expires_after(wait_log_interval);
      auto waited = co_await wait_timer_.async_wait(asio::as_tuple(asio::use_awaitable));
      static_cast<void>(waited);
      // Of the picture, as the state may be ahead of the journal.
      for (const WaitLine& line : waiting.take_due(*world_, shell_.now())) {
        log_warning("app waits", {{"app", line.app.value},
                                  {"missing", line.missing},
                                  {"seconds", line.waited.count()},
                                  {"reason", line.reason}});
      }
    }
  }

  // A framework that gets a new id has no database: either it is the first, or an earlier one's is lost and its tasks
  // may still run. Called before the core takes the id.
  void look_for_orphans(const SchedulerEvent& event) {
    const auto* subscribed = std::get_if<events::Subscribed>(&event);
    if (subscribed == nullptr || !shell_.state().framework_id.empty()) return;
    shell_.spawn("orphans", tell_orphans(*subscribed));
  }
  asio::awaitable<void> tell_orphans(events::Subscribed subscribed) {
    const MasterInfo& master = subscribed.master;
    // By address where it is given (mesos.md 1.7): the name may be known to the master's machine alone.
    auto client = HttpClient::create(
        loop_, (master.ip.empty() ? master.hostname : master.ip) + ":" + std::to_string(master.port));
    if (!client) co_return;
    // It has counts (mesos.md 5.4); /state would bring every task of the cluster.
    HttpClientRequest request{.target = "/state-summary", .headers = {{"Accept", "application/json"}}};
    auto asking = (*client)->request(std::move(request), master_answer_limit);
    auto summary = co_await std::move(asking);
    // It may be refused where operators have to say who they are.
    if (!summary || summary->status != 200) co_return;
    for (const FrameworkSummary& orphan :
         find_orphans(read_state_summary(summary->body), options_.framework_name, subscribed.framework_id)) {
      log_warning("tasks of an earlier framework go on without a scheduler",
                  {{"framework", orphan.id.value}, {"tasks", orphan.live_tasks}, {"advice", advice_on(orphan)}});
    }
  }

  void act(scheduler::Effects& effects) {
    join_declines(effects.calls);
    for (scheduler::Call& call : effects.calls) {
      std::visit([this](auto& each) { act(each); }, call);
    }
    // After the commit, so what readers see is durable; before the answers, so who is answered finds what he has
    // changed.
    world_ = scheduler::make_world(shell_.state());
    for (const scheduler::Answer& answer : effects.notices) {
      for (const std::string& warning : answer.warnings) log_warning(warning);
    }
  }
  void act(scheduler::MesosCall& call) { link_.send(std::move(call.body)); }
  void act(scheduler::Resubscribe&) { link_.resubscribe(); }
  void act(scheduler::LogWarning& call) { log_warning(call.text); }

  const SchedulerOptions options_;
  const asio::any_io_executor loop_;
  ServiceShell<SchedulerCore> shell_;
  std::shared_ptr<const scheduler::World> world_ = std::make_shared<const scheduler::World>();
  asio::steady_timer wait_timer_;
  Prng link_prng_;
  MesosLink link_;
};

}  // namespace

Result<std::unique_ptr<SchedulerService>> SchedulerService::open(asio::any_io_executor loop,
                                                                 const SchedulerOptions& options) {
  auto journal = open_sqlite_journal(options.work_dir + "/scheduler.db");
  if (!journal) return journal.error();
  scheduler::State state;
  state.settings = options.core;
  // The core sees neither JSON nor Docker's options: what it needs of both comes as functions.
  state.settings.task_data = write_v1_app;
  state.settings.docker_parameters = as_docker_parameters;
  auto loaded = load_scheduler(**journal, state);
  if (!loaded) return loaded.error();
  return std::make_unique<SchedulerShell>(std::move(loop), std::move(*journal), std::move(state), options,
                                          random_seed());
}

}  // namespace windlass
