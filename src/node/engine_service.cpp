#include "node/engine_service.hpp"

#include "agent/launcher.hpp"
#include "agent/machine.hpp"
#include "io/files.hpp"
#include "io/log.hpp"
#include "io/task_scope.hpp"
#include "node/engine_rows.hpp"
#include "node/pending_answers.hpp"
#include "node/runtime.hpp"
#include "wire/mesos/recordio.hpp"

#include <utility>

namespace windlass {
namespace {

constexpr std::chrono::seconds answer_limit{30};

struct EngineCore {
  using State = engine::State;
  using Event = engine::Event;
  using Effects = engine::Effects;

  static Effects step(State& state, const Event& event, TimePoint now, Prng& prng) {
    return engine::step(state, event, engine::Inputs{now, prng});
  }
  static Event time_passed() { return engine::TimePassed{}; }
  static std::vector<Row> rows(const Effects& effects) { return to_rows(effects.writes); }
};

struct Stream {
  StreamPtr stream;
  Encoding encoding = Encoding::json;
};

class Service final : public EngineService {
 public:
  Service(asio::any_io_executor loop, std::unique_ptr<Journal> journal, engine::State state,
          const ExecutorLauncher::Settings& launcher, std::uint64_t seed)
      : loop_{loop},
        work_dir_{launcher.work_dir},
        journal_{std::move(journal)},
        runtime_{loop,      "engine",
                 *journal_, std::move(state),
                 seed,      [this](engine::Effects effects) { act(std::move(effects)); }},
        answers_{loop},
        launcher_{loop, launcher, [this] { return runtime_.state().record.agent_id; },
                  [this](engine::Event event) { runtime_.post(std::move(event)); }},
        scope_{loop,
               [](const std::string& name, const std::exception_ptr& error) {
                 log_error("task failed", {{"task", name}, {"error", describe(error)}});
                 std::_Exit(70);
               }},
        started_at_{runtime_.now()} {}

  void start() override {
    runtime_.post(engine::Started{});
    for (const auto& [id, executor] : runtime_.state().executors) {
      if (executor.record.pid != 0) launcher_.resume(id, executor.record);
    }
    scope_.spawn("engine", runtime_.run());
  }

  asio::awaitable<void> stop() override {
    auto launches_ended = launcher_.stop();
    co_await std::move(launches_ended);
    scope_.cancel_all();
    auto joined = scope_.join();
    co_await std::move(joined);
  }

  [[nodiscard]] Uuid make_stream_id() override { return Uuid::random(runtime_.prng()); }
  [[nodiscard]] const engine::State& state() const override { return runtime_.state(); }
  [[nodiscard]] TimePoint started_at() const override { return started_at_; }
  [[nodiscard]] TimePoint now() const override { return runtime_.now(); }
  [[nodiscard]] const std::string& work_dir() const override { return work_dir_; }

  void open_framework_stream(engine::FrameworkSubscribe subscribe, StreamPtr stream, Encoding encoding) override {
    const Uuid id = subscribe.stream;
    stream->on_closed([this, id] {
      framework_streams_.erase(id);
      runtime_.post(engine::FrameworkStreamClosed{id});
    });
    framework_streams_[id] = {std::move(stream), encoding};
    runtime_.post(std::move(subscribe));
  }

  asio::awaitable<engine::Answer> submit(engine::FrameworkCall call) override {
    call.request = answers_.next_id();
    const std::uint64_t id = call.request;
    runtime_.post(std::move(call));
    auto waiting = wait(id);
    auto answer = co_await std::move(waiting);
    co_return answer;
  }

  asio::awaitable<engine::Answer> submit(engine::ExecutorCallReceived call) override {
    call.request = answers_.next_id();
    const std::uint64_t id = call.request;
    runtime_.post(std::move(call));
    auto waiting = wait(id);
    auto answer = co_await std::move(waiting);
    co_return answer;
  }

  asio::awaitable<engine::Answer> submit(engine::ExecutorSubscribe subscribe, StreamPtr stream,
                                         Encoding encoding) override {
    subscribe.request = answers_.next_id();
    subscribe.connection = ++last_connection_;
    const engine::ConnectionId connection = subscribe.connection;
    const std::uint64_t id = subscribe.request;
    executor_streams_[connection] = {stream, encoding};
    runtime_.post(std::move(subscribe));
    auto waiting = wait(id);
    auto answer = co_await std::move(waiting);
    if (answer.status != 200) {
      executor_streams_.erase(connection);
      co_return answer;
    }
    stream->on_closed([this, connection] {
      executor_streams_.erase(connection);
      runtime_.post(engine::ExecutorStreamClosed{connection});
    });
    co_return answer;
  }

 private:
  asio::awaitable<engine::Answer> wait(std::uint64_t id) {
    auto waiting = answers_.wait(id, answer_limit);
    auto answer = co_await std::move(waiting);
    if (answer) co_return *answer;
    co_return engine::Answer{.request = id, .status = 503, .text = "The engine did not answer in time"};
  }

  void act(engine::Effects effects) {
    for (engine::Call& call : effects.calls) {
      std::visit([this](auto& each) { act(each); }, call);
    }
    for (engine::Answer& answer : effects.notices) answers_.answer(answer.request, std::move(answer));
  }

  void act(engine::SendToFramework& send) {
    const auto found = framework_streams_.find(send.stream);
    if (found == framework_streams_.end()) return;
    const StreamPtr stream = found->second.stream;
    stream->write(encode_record(encode(send.event, found->second.encoding)));
    if (std::holds_alternative<events::Error>(send.event)) stream->close();
  }
  void act(engine::CloseFrameworkStream& close) {
    const auto found = framework_streams_.find(close.stream);
    if (found != framework_streams_.end()) found->second.stream->close();
  }
  void act(engine::SendToExecutor& send) {
    const auto found = executor_streams_.find(send.connection);
    if (found == executor_streams_.end()) return;
    found->second.stream->write(encode_record(encode(send.event, found->second.encoding)));
  }
  void act(engine::CloseExecutorStream& close) {
    const auto found = executor_streams_.find(close.connection);
    if (found != executor_streams_.end()) found->second.stream->close();
  }
  void act(engine::LaunchExecutor& launch) { launcher_.launch(std::move(launch)); }
  void act(engine::DestroyExecutor& destroy) { launcher_.destroy(destroy.container_id); }

  // Set once by the constructor.
  asio::any_io_executor loop_;
  const std::string work_dir_;
  std::unique_ptr<Journal> journal_;

  Runtime<EngineCore> runtime_;
  PendingAnswers<engine::Answer> answers_;
  ExecutorLauncher launcher_;
  TaskScope scope_;
  TimePoint started_at_;

  std::map<Uuid, Stream> framework_streams_;
  std::map<engine::ConnectionId, Stream> executor_streams_;
  engine::ConnectionId last_connection_ = 0;
};

Result<engine::Settings> settings_from(const EngineOptions& options) {
  engine::Settings settings;
  settings.master = {.id = {},
                     .hostname = options.hostname,
                     .ip = options.launcher.agent_ip,
                     .port = options.master_port,
                     .version = engine_version};
  settings.agent = {
      .id = {}, .hostname = options.hostname, .ip = options.launcher.agent_ip, .port = options.launcher.agent_port};
  auto resources = agent_resources(options.resources, options.launcher.work_dir);
  if (!resources) return resources.error();
  settings.agent.resources = *resources;
  auto attributes = parse_attributes(options.attributes);
  if (!attributes) return attributes.error();
  settings.agent.attributes = *attributes;
  settings.executor_registration_timeout = options.executor_registration_timeout;
  settings.executor_reregistration_timeout = options.launcher.executor_reregistration_timeout;
  settings.executor_shutdown_grace_period = options.launcher.executor_shutdown_grace_period;
  settings.allocation_interval = options.allocation_interval;
  return settings;
}

}  // namespace

Result<std::unique_ptr<EngineService>> EngineService::open(asio::any_io_executor loop, const EngineOptions& options) {
  auto settings = settings_from(options);
  if (!settings) return settings.error();
  auto journal = open_sqlite_journal(options.launcher.work_dir + "/engine.db");
  if (!journal) return journal.error();
  engine::State state;
  state.settings = std::move(*settings);
  auto loaded = load_engine(**journal, state);
  if (!loaded) return loaded.error();
  return std::make_unique<Service>(std::move(loop), std::move(*journal), std::move(state), options.launcher,
                                   random_seed());
}

}  // namespace windlass
