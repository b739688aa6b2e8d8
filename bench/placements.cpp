// How many placements a second, and how long a restart takes, with many tasks: the scheduler's core and its journal on
// disk, driven as node/runtime.hpp drives them (step, commit, picture for readers), against simulated agents.
//
// usage: bench_placements [--agents=10000] [--tasks=1000000] [--apps=100] [--work_dir=DIR]

#include "base/check.hpp"
#include "node/scheduler_rows.hpp"
#include "scheduler/step.hpp"
#include "scheduler/world.hpp"
#include "store/journal.hpp"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace windlass {
namespace {

constexpr double placements_target = 50'000;           // a second
constexpr double restart_target = 4;                   // seconds
constexpr std::int64_t placements_per_commit = 1'000;  // and one event per commit
constexpr std::size_t updates_per_commit = 256;        // as runtime_batch_max

struct Options {
  std::int64_t agents = 10'000;
  std::int64_t tasks = 1'000'000;
  std::int64_t apps = 100;
  std::filesystem::path work_dir = {};
};

// The processor time of all threads: what others do on this machine does not count.
double cpu_now() {
  timespec now{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

// Sums the time of one kind of work; the simulated agents' own time does not count.
class Stopwatch {
 public:
  using Clock = std::chrono::steady_clock;
  void start() {
    started_ = Clock::now();
    cpu_started_ = cpu_now();
  }
  void stop() {
    cpu_total_ += cpu_now() - cpu_started_;
    total_ += Clock::now() - started_;
  }
  [[nodiscard]] double seconds() const { return std::chrono::duration<double>(total_).count(); }
  [[nodiscard]] double cpu_seconds() const { return cpu_total_; }

 private:
  Clock::time_point started_;
  Clock::duration total_{};
  double cpu_started_ = 0;
  double cpu_total_ = 0;
};

std::unique_ptr<Journal> open_journal(const Options& options) {
  auto journal = open_sqlite_journal(options.work_dir / "scheduler.db");
  if (!journal) {
    std::fprintf(stderr, "bench_placements: %s\n", to_string(journal.error()).c_str());
    std::exit(1);
  }
  return std::move(*journal);
}

void require(const Result<void>& done) {
  if (done) return;
  std::fprintf(stderr, "bench_placements: %s\n", to_string(done.error()).c_str());
  std::exit(1);
}

class Scheduler {
 public:
  explicit Scheduler(const Options& options) : options_{options} {}

  void open() {
    journal_ = open_journal(options_);
    state_ = {};
    require(load_scheduler(*journal_, state_));
  }

  void close() {
    world_ = nullptr;
    state_ = {};
    journal_ = nullptr;
  }

  struct Times {
    Stopwatch step;
    Stopwatch rows;  // their bytes
    Stopwatch journal;
    Stopwatch picture;
    [[nodiscard]] double seconds() const {
      return step.seconds() + rows.seconds() + journal.seconds() + picture.seconds();
    }
    [[nodiscard]] double cpu_seconds() const {
      return step.cpu_seconds() + rows.cpu_seconds() + journal.cpu_seconds() + picture.cpu_seconds();
    }
  };
  // Of all batches since the last call.
  Times take_times() { return std::exchange(times_, {}); }

  // What the runtime does with one batch.
  std::vector<scheduler::Call> run(const std::vector<scheduler::Event>& events) {
    scheduler::Effects all;
    times_.step.start();
    for (const scheduler::Event& event : events) {
      scheduler::Effects effects = scheduler::step(state_, event, {clock_.now(), prng_});
      std::move(effects.writes.begin(), effects.writes.end(), std::back_inserter(all.writes));
      std::move(effects.calls.begin(), effects.calls.end(), std::back_inserter(all.calls));
      std::move(effects.notices.begin(), effects.notices.end(), std::back_inserter(all.notices));
    }
    times_.step.stop();
    times_.rows.start();
    std::vector<Row> rows = to_rows(all.writes);
    times_.rows.stop();
    times_.journal.start();
    require(journal_->commit(rows));
    times_.journal.stop();
    for (const scheduler::Answer& answer : all.notices) CHECK(!answer.error);
    std::vector<scheduler::Call> calls = std::exchange(all.calls, {});
    times_.picture.start();
    world_ = scheduler::make_world(state_);
    times_.picture.stop();
    return calls;
  }

  [[nodiscard]] std::size_t instances() const {
    std::size_t count = 0;
    for (const auto& [id, index] : state_.index) count += index.instances.size();
    return count;
  }

 private:
  const Options options_;
  Times times_;
  Clock clock_;
  Prng prng_{1};
  std::unique_ptr<Journal> journal_;
  scheduler::State state_;
  std::shared_ptr<const scheduler::World> world_;
};

App make_app(std::int64_t number, std::int64_t instances) {
  App app;
  app.id = {"/bench/app" + std::to_string(number)};
  app.version = from_seconds(static_cast<double>(number + 1));
  app.cmd = "sleep 1000";
  app.instances = instances;
  app.cpus = 0.1;
  app.mem = 32;
  app.ports = {{static_cast<std::uint16_t>(10'000 + number)}};
  return app;
}

// An agent's part of the tasks.
std::int64_t tasks_per_agent(const Options& options) { return (options.tasks + options.agents - 1) / options.agents; }

// An offer of all of one agent: room for its part.
Offer make_offer(const Options& options, std::int64_t agent) {
  const auto room = static_cast<double>(tasks_per_agent(options));
  Offer offer;
  offer.id = {"O" + std::to_string(agent)};
  offer.framework_id = {"F"};
  offer.agent_id = {"S" + std::to_string(agent)};
  offer.hostname = "agent" + std::to_string(agent) + ".example";
  offer.agent_ip = "10.0.0.1";
  offer.role = "*";
  const Resources resources{{Resource::scalar("cpus", 0.1 * room), Resource::scalar("mem", 32 * room),
                             Resource::make_ranges("ports", {{31'000, 32'000}})}};
  offer.resources = resources.allocated_to("*");
  return offer;
}

struct Launched {
  TaskId task;
  AgentId agent;
};

void collect(const std::vector<scheduler::Call>& calls, std::vector<Launched>& launched) {
  for (const scheduler::Call& call : calls) {
    const auto* mesos = std::get_if<scheduler::MesosCall>(&call);
    const auto* accept = mesos == nullptr ? nullptr : std::get_if<calls::Accept>(&mesos->body);
    if (accept == nullptr) continue;
    for (const TaskInfo& task : accept->operations.at(0).tasks) launched.push_back({task.id, task.agent_id});
  }
}

void start_apps(Scheduler& scheduler, const Options& options) {
  events::Subscribed subscribed;
  subscribed.framework_id = {"F"};
  scheduler.run({scheduler::Started{}, scheduler::MesosEvent{subscribed}});
  for (std::int64_t number = 0; number < options.apps; ++number) {
    scheduler.run({scheduler::StartApp{0, make_app(number, options.tasks / options.apps)}});
  }
}

std::vector<Launched> place_all(Scheduler& scheduler, const Options& options) {
  std::vector<Launched> launched;
  const std::int64_t offers_per_event = std::max<std::int64_t>(1, placements_per_commit / tasks_per_agent(options));
  for (std::int64_t agent = 0; agent < options.agents;) {
    events::Offers offers;
    const std::int64_t end = std::min(options.agents, agent + offers_per_event);
    while (agent < end) offers.offers.push_back(make_offer(options, agent++));
    collect(scheduler.run({scheduler::MesosEvent{std::move(offers)}}), launched);
  }
  return launched;
}

scheduler::Event running(const Launched& launched, Prng& prng) {
  TaskStatus status;
  status.task_id = launched.task;
  status.agent_id = launched.agent;
  status.state = TaskState::running;
  status.source = StatusSource::executor;
  status.uuid = Uuid::random(prng);
  return scheduler::MesosEvent{events::Update{status}};
}

// Returns how many acknowledgements were sent.
std::size_t run_all(Scheduler& scheduler, const std::vector<Launched>& launched) {
  Prng prng{2};
  std::size_t acknowledged = 0;
  for (std::size_t at = 0; at < launched.size();) {
    std::vector<scheduler::Event> batch;
    while (at < launched.size() && batch.size() < updates_per_commit) batch.push_back(running(launched[at++], prng));
    acknowledged += scheduler.run(batch).size();
  }
  return acknowledged;
}

void print_rate(const char* what, std::size_t count, const Scheduler::Times& times) {
  const double seconds = times.seconds();
  const double rate = static_cast<double>(count) / seconds;
  const double each = 1e6 / static_cast<double>(count);
  std::printf(
      "%s: %.0f/s, %.2f of the target of %.0f/s (%zu in %.1f s: step %.1f, rows %.1f, journal %.1f, picture %.1f); "
      "processor time %.2f us each (step %.2f, rows %.2f, journal %.2f, picture %.2f)\n",
      what, rate, rate / placements_target, placements_target, count, seconds, times.step.seconds(),
      times.rows.seconds(), times.journal.seconds(), times.picture.seconds(), times.cpu_seconds() * each,
      times.step.cpu_seconds() * each, times.rows.cpu_seconds() * each, times.journal.cpu_seconds() * each,
      times.picture.cpu_seconds() * each);
  std::fflush(stdout);
}

void measure(const Options& options) {
  Scheduler scheduler{options};
  scheduler.open();
  start_apps(scheduler, options);
  scheduler.take_times();
  const std::vector<Launched> launched = place_all(scheduler, options);
  CHECK(launched.size() == static_cast<std::size_t>(options.tasks / options.apps * options.apps));
  print_rate("placements", launched.size(), scheduler.take_times());
  CHECK(run_all(scheduler, launched) >= launched.size());
  print_rate("TASK_RUNNING updates", launched.size(), scheduler.take_times());
  scheduler.close();

  Stopwatch loading;
  loading.start();
  scheduler.open();
  loading.stop();
  CHECK(scheduler.instances() == launched.size());
  Stopwatch starting;
  starting.start();
  scheduler.run({scheduler::Started{}});
  starting.stop();
  const double total = loading.seconds() + starting.seconds();
  std::printf(
      "restart with %zu tasks: %.2f s (journal %.2f s, indexes and readers' picture %.2f s), "
      "%.2f of the target of %.0f s; processor time %.2f s\n",
      launched.size(), total, loading.seconds(), starting.seconds(), total / restart_target, restart_target,
      loading.cpu_seconds() + starting.cpu_seconds());
}

bool take_number(const std::string& argument, const std::string& name, std::int64_t& out) {
  if (!argument.starts_with(name)) return false;
  const char* end = argument.data() + argument.size();
  const auto [stopped, problem] = std::from_chars(argument.data() + name.size(), end, out);
  return problem == std::errc{} && stopped == end && out > 0;
}

int run(const std::vector<std::string>& arguments) {
  Options options;
  for (const std::string& argument : arguments) {
    if (argument.starts_with("--work_dir=")) {
      options.work_dir = argument.substr(11);
    } else if (!take_number(argument, "--agents=", options.agents) &&
               !take_number(argument, "--tasks=", options.tasks) && !take_number(argument, "--apps=", options.apps)) {
      std::fprintf(stderr,
                   "usage: bench_placements [--agents=10000] [--tasks=1000000] [--apps=100] [--work_dir=DIR]\n");
      return 2;
    }
  }
  const bool own = options.work_dir.empty();
  if (own) options.work_dir = std::filesystem::temp_directory_path() / ("windlass-bench-" + std::to_string(getpid()));
  std::filesystem::create_directories(options.work_dir);
  measure(options);
  if (own) std::filesystem::remove_all(options.work_dir);
  return 0;
}

}  // namespace
}  // namespace windlass

int main(int argc, char** argv) { return windlass::run({argv + 1, argv + argc}); }
