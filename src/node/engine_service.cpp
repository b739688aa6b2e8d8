#include "node/engine_service.hpp"

#include "agent/launcher.hpp"
#include "agent/machine.hpp"
#include "engine/picture.hpp"
#include "engine/recovery.hpp"
#include "io/files.hpp"
#include "io/process/process.hpp"
#include "node/engine_rows.hpp"
#include "node/framework_streams.hpp"
#include "node/service_shell.hpp"
#include "wire/mesos/recordio.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace windlass {
namespace {

constexpr std::chrono::seconds engine_answer_limit{30};

struct EngineCore {
  using State = engine::State;
  using Event = engine::Event;
  using Effects = engine::Effects;
  using Answer = engine::Answer;

  static Effects step(State& state, const Event& event, TimePoint now, Prng& prng) {
    return engine::step(state, event, engine::Inputs{now, prng});
  }
  static Event time_passed() { return engine::TimePassed{}; }
  static std::vector<Row> rows(const Effects& effects) { return to_rows(effects.writes); }
};

// Of an executor.
struct Stream {
  StreamPtr stream;
  Encoding encoding = Encoding::json;
};

class EngineShell final : public EngineService {
 public:
  EngineShell(asio::any_io_executor loop, std::unique_ptr<Journal> journal, engine::State state,
              const ExecutorLauncher::Settings& launcher, std::uint64_t seed)
      : work_dir_{launcher.work_dir},
        shell_{{loop, "engine", std::move(journal), std::move(state), seed},
               [this](engine::Effects& effects) { act(effects); }},
        picture_{engine::make_picture(shell_.state())},
        // The agent's id is asked for at each launch: a new engine has none before Started.
        launcher_{loop, launcher, [this] { return shell_.state().record.agent_id; },
                  [this](engine::Event event) { shell_.post(std::move(event)); }},
        started_at_{shell_.now()} {}

  void start() override {
    for (const auto& [id, executor] : shell_.state().executors) {
      // Without a pid there is no process to watch: what becomes of it is decided by the core, after Started.
      if (executor.record.pid != 0) launcher_.resume(id, executor.record);
    }
    shell_.start(engine::Started{});
  }

  asio::awaitable<void> stop() override {
    // First, while the core still runs: a launch under way may yet bring a process, of which the core is to be told.
    auto launches_ended = launcher_.stop();
    co_await std::move(launches_ended);
    auto stopping = shell_.stop();
    co_await std::move(stopping);
  }

  [[nodiscard]] Uuid make_stream_id() override { return Uuid::random(shell_.prng()); }
  [[nodiscard]] EngineView view() const override { return {picture_, started_at_, shell_.now(), work_dir_}; }
  [[nodiscard]] asio::thread_pool& readers() override { return readers_; }

  void open_framework_stream(engine::FrameworkSubscribe subscribe, StreamPtr stream, Encoding encoding) override {
    // Before the core hears of it, whose first events would find no stream.
    framework_streams_.add(subscribe.stream, std::move(stream), encoding);
    shell_.post(std::move(subscribe));
  }

  asio::awaitable<engine::Answer> submit(engine::FrameworkCall call) override { return ask(std::move(call)); }
  asio::awaitable<engine::Answer> submit(engine::FrameworkTeardown call) override { return ask(std::move(call)); }
  asio::awaitable<engine::Answer> submit(engine::ExecutorCallReceived call) override { return ask(std::move(call)); }

  asio::awaitable<engine::Answer> submit(engine::ExecutorSubscribe subscribe, StreamPtr stream,
                                         Encoding encoding) override {
    subscribe.connection = ++last_connection_;
    const engine::ConnectionId connection = subscribe.connection;
    // Before the core is asked: SUBSCRIBED and LAUNCH are sent before the answer gets here.
    executor_streams_[connection] = {stream, encoding};
    auto asking = ask(std::move(subscribe));
    auto answer = co_await std::move(asking);
    if (answer.status != 200) {
      executor_streams_.erase(connection);
      co_return answer;
    }
    // Only for streams that the core has accepted. If this one has closed already, it is called at once.
    stream->on_closed([this, connection] {
      executor_streams_.erase(connection);
      shell_.post(engine::ExecutorStreamClosed{connection});
    });
    co_return answer;
  }

 private:
  asio::awaitable<engine::Answer> ask(engine::Event event) {
    auto asking = shell_.ask(std::move(event), engine_answer_limit);
    auto answer = co_await std::move(asking);
    if (answer) co_return *answer;
    co_return engine::Answer{.status = 503, .text = "The engine did not answer in time"};
  }

  // The picture first: whoever hears of something finds it there.
  void act(engine::Effects& effects) {
    picture_ = engine::update_picture(*picture_, shell_.state(), effects.changes);
    for (engine::Call& call : effects.calls) {
      std::visit([this](auto& each) { act(each); }, call);
    }
  }

  void act(engine::SendToFramework& send) { framework_streams_.act(send); }
  void act(engine::CloseFrameworkStream& close) { framework_streams_.act(close); }
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
  const std::string work_dir_;

  ServiceShell<EngineCore> shell_;
  std::shared_ptr<const engine::Picture> picture_;  // of what is in the journal
  // Long answers are made beside the loop, which would otherwise stand still meanwhile.
  asio::thread_pool readers_{1};
  ExecutorLauncher launcher_;
  TimePoint started_at_;

  FrameworkStreams framework_streams_{[this](const Uuid& id) { shell_.post(engine::FrameworkStreamClosed{id}); }};
  std::map<engine::ConnectionId, Stream> executor_streams_;
  engine::ConnectionId last_connection_ = 0;
};

Result<engine::Settings> settings_from(const EngineOptions& options) {
  engine::Settings settings;
  // Master and agent are one process on one machine, hence one host name and one address.
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

// Executors of an earlier start that still run can only call back where they were told to: elsewhere they would be
// taken for lost, and their tasks with them.
Result<void> check_address(const engine::State& state) {
  const std::string now = engine::agent_address(state.settings.agent);
  const std::string& before = state.record.agent_address;
  if (before.empty() || before == now) return {};
  const auto running = std::ranges::count_if(state.executors, [](const auto& each) {
    return is_alive({static_cast<pid_t>(each.second.record.pid), each.second.record.start_time});
  });
  if (running == 0) return {};
  return Error{Errc::invalid, std::to_string(running) + " executors of an earlier start call their agent at " + before +
                                  ", not at " + now +
                                  ": give --engine_ip and --agent_port as they were, or stop the apps first"};
}

}  // namespace

Result<std::unique_ptr<EngineService>> EngineService::open(asio::any_io_executor loop, const EngineOptions& options) {
  // Before the journal is opened: a mistake in the flags leaves no file behind.
  auto settings = settings_from(options);
  if (!settings) return settings.error();
  auto journal = open_sqlite_journal(options.launcher.work_dir + "/engine.db");
  if (!journal) return journal.error();
  engine::State state;
  state.settings = std::move(*settings);
  auto loaded = load_engine(**journal, state);
  if (!loaded) return loaded.error();
  auto checked = check_address(state);
  if (!checked) return checked.error();
  return std::make_unique<EngineShell>(std::move(loop), std::move(*journal), std::move(state), options.launcher,
                                       random_seed());
}

}  // namespace windlass
