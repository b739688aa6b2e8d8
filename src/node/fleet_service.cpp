#include "node/fleet_service.hpp"

#include "agent/machine.hpp"
#include "io/files.hpp"
#include "node/fleet_rows.hpp"
#include "node/framework_streams.hpp"
#include "node/service_shell.hpp"

#include <algorithm>
#include <utility>

namespace windlass {
namespace {

constexpr std::chrono::seconds fleet_answer_limit{30};
// Not measured, as the engine does: what this machine has says nothing about agents that are only pretended.
constexpr const char* agent_defaults = "cpus:16;mem:65536;ports:[31000-32000]";

struct FleetCore {
  using State = fleet::State;
  using Event = fleet::Event;
  using Effects = fleet::Effects;
  using Answer = fleet::Answer;

  static Effects step(State& state, const Event& event, TimePoint now, Prng& prng) {
    return fleet::step(state, event, fleet::Inputs{now, prng});
  }
  static Event time_passed() { return fleet::TimePassed{}; }
  static std::vector<Row> rows(const Effects& effects) { return to_rows(effects.writes); }
};

class FleetShell final : public FleetService {
 public:
  FleetShell(asio::any_io_executor loop, std::unique_ptr<Journal> journal, fleet::State state, std::uint64_t seed)
      : shell_{{std::move(loop), "fleet", std::move(journal), std::move(state), seed},
               [this](fleet::Effects& effects) { act(effects); }},
        summary_{std::make_shared<const fleet::Summary>(fleet::summarize(shell_.state()))} {}

  void start() override { shell_.start(fleet::Started{}); }
  asio::awaitable<void> stop() override { return shell_.stop(); }

  [[nodiscard]] Uuid make_stream_id() override { return Uuid::random(shell_.prng()); }
  [[nodiscard]] std::shared_ptr<const fleet::Summary> summary() const override { return summary_; }

  void open_framework_stream(fleet::FrameworkSubscribe subscribe, StreamPtr stream, Encoding encoding) override {
    // Before the core hears of it, whose first events would find no stream.
    streams_.add(subscribe.stream, std::move(stream), encoding);
    shell_.post(std::move(subscribe));
  }

  asio::awaitable<fleet::Answer> submit(fleet::FrameworkCall call) override { return ask(std::move(call)); }
  asio::awaitable<fleet::Answer> submit(fleet::FrameworkTeardown call) override { return ask(std::move(call)); }

 private:
  asio::awaitable<fleet::Answer> ask(fleet::Event event) {
    auto asking = shell_.ask(std::move(event), fleet_answer_limit);
    auto answer = co_await std::move(asking);
    if (answer) co_return *answer;
    co_return fleet::Answer{.status = 503, .text = "The engine did not answer in time"};
  }

  // The summary first: whoever hears of something finds it there.
  void act(fleet::Effects& effects) {
    summary_ = std::make_shared<const fleet::Summary>(fleet::summarize(shell_.state()));
    for (const fleet::Call& call : effects.calls) {
      std::visit([this](const auto& each) { streams_.act(each); }, call);
    }
  }

  ServiceShell<FleetCore> shell_;
  std::shared_ptr<const fleet::Summary> summary_;  // of what is in the journal
  FrameworkStreams streams_{[this](const Uuid& id) { shell_.post(fleet::FrameworkStreamClosed{id}); }};
};

Result<fleet::Settings> fleet_settings(const FleetOptions& options) {
  fleet::Settings settings;
  settings.master = {
      .id = {}, .hostname = options.hostname, .ip = options.ip, .port = options.master_port, .version = engine_version};
  settings.agent = {.id = {}, .hostname = options.hostname, .ip = options.ip, .port = options.agent_port};
  auto given = parse_resources(options.resources);
  if (!given) return given.error();
  settings.agent.resources = *given;
  // Kind by kind: whoever names only cpus gets the usual mem and ports.
  const auto defaults = parse_resources(agent_defaults);
  for (const Resource& entry : defaults->entries()) {
    const auto& named = given->entries();
    const bool is_given =
        std::any_of(named.begin(), named.end(), [&](const auto& each) { return each.name == entry.name; });
    if (!is_given) settings.agent.resources.add(entry);
  }
  auto attributes = parse_attributes(options.attributes);
  if (!attributes) return attributes.error();
  settings.agent.attributes = *attributes;
  settings.agents = options.agents;
  settings.task_delay = options.task_delay;
  settings.allocation_interval = options.allocation_interval;
  return settings;
}

}  // namespace

Result<std::unique_ptr<FleetService>> FleetService::open(asio::any_io_executor loop, const FleetOptions& options) {
  // Before the journal is opened: a mistake in the flags leaves no file behind.
  auto settings = fleet_settings(options);
  if (!settings) return settings.error();
  auto journal = open_sqlite_journal(options.work_dir + "/fleet.db");
  if (!journal) return journal.error();
  fleet::State state;
  state.settings = std::move(*settings);
  auto loaded = load_fleet(**journal, state);
  if (!loaded) return loaded.error();
  return std::make_unique<FleetShell>(std::move(loop), std::move(*journal), std::move(state), random_seed());
}

}  // namespace windlass
