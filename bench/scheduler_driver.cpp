#include "bench/scheduler_driver.hpp"

#include "base/check.hpp"
#include "node/scheduler_rows.hpp"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <iterator>
#include <optional>
#include <utility>

namespace windlass::bench {
namespace {

constexpr std::int64_t placements_per_commit = 1'000;  // and one event per commit
constexpr std::size_t updates_per_commit = 256;        // as core::batch_max

bool wants_points = false;  // set once, by the arguments

void require(const Result<void>& done) {
  if (done) return;
  std::fprintf(stderr, "bench: %s\n", to_string(done.error()).c_str());
  std::exit(1);
}

Offer make_offer(std::int64_t agent, std::int64_t tasks) {
  const auto room = static_cast<double>(tasks);
  Offer offer;
  offer.id = {"7c3f0d0e-5b1f-4b57-9a7e-0c8f6f4e2a11-O" + std::to_string(agent)};
  offer.framework_id = {"F"};
  offer.agent_id = {"7c3f0d0e-5b1f-4b57-9a7e-0c8f6f4e2a11-S" + std::to_string(agent)};
  offer.hostname = "agent" + std::to_string(agent) + ".example";
  offer.agent_ip = "10.0.0.1";
  offer.role = "*";
  const Resources resources{{Resource::scalar("cpus", 0.1 * room), Resource::scalar("mem", 32 * room),
                             Resource::make_ranges("ports", {{31'000, 32'000}})}};
  offer.resources = resources.allocated_to("*");
  return offer;
}

void collect(const std::vector<scheduler::Call>& calls, std::vector<Launched>& launched) {
  for (const scheduler::Call& call : calls) {
    const auto* mesos = std::get_if<scheduler::MesosCall>(&call);
    const auto* accept = mesos == nullptr ? nullptr : std::get_if<calls::Accept>(&mesos->body);
    if (accept == nullptr) continue;
    for (const TaskInfo& task : accept->operations.at(0).tasks) launched.push_back({task.id, task.agent_id});
  }
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

}  // namespace

double cpu_now() {
  timespec now{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

WorkFolder::WorkFolder(const std::filesystem::path& named) : path_{named}, is_own_{named.empty()} {
  if (is_own_) path_ = std::filesystem::temp_directory_path() / ("windlass-bench-" + std::to_string(getpid()));
  std::filesystem::create_directories(path_);
}

WorkFolder::~WorkFolder() {
  std::error_code ignored;
  if (is_own_) std::filesystem::remove_all(path_, ignored);
}

void Scheduler::open() {
  auto journal = open_sqlite_journal(folder_ / "scheduler.db");
  if (!journal) require(journal.error());
  journal_ = std::move(*journal);
  state_ = {};
  require(load_scheduler(*journal_, state_));
}

void Scheduler::close() {
  world_ = nullptr;
  state_ = {};
  journal_ = nullptr;
}

void Scheduler::start() {
  events::Subscribed subscribed;
  subscribed.framework_id = {"F"};
  run({scheduler::Started{}, scheduler::MesosEvent{subscribed}});
}

std::vector<scheduler::Call> Scheduler::run(const std::vector<scheduler::Event>& events) {
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
  const std::vector<Row> rows = to_rows(all.writes);
  times_.rows.stop();
  times_.journal.start();
  require(journal_->commit(rows));
  times_.journal.stop();
  for (const scheduler::Answer& answer : all.notices) CHECK(!answer.error);
  times_.picture.start();
  world_ = scheduler::make_world(state_);
  times_.picture.stop();
  return std::move(all.calls);
}

std::size_t Scheduler::instances() const {
  std::size_t count = 0;
  for (const auto& [id, index] : state_.index) count += index.instances.size();
  return count;
}

App make_app(std::int64_t number, std::int64_t instances) {
  App app;
  app.id = {"/bench/app" + std::to_string(number)};
  app.version = from_seconds(static_cast<double>(number + 1));
  app.cmd = "sleep 1000";
  app.instances = instances;
  app.cpus = 0.1;
  app.mem = 32;
  app.ports = {{static_cast<std::uint16_t>(10'000 + number % 50'000)}};
  return app;
}

std::vector<Launched> place_all(Scheduler& scheduler, std::int64_t agents, std::int64_t tasks_per_agent) {
  std::vector<Launched> launched;
  const std::int64_t offers_per_event = std::max<std::int64_t>(1, placements_per_commit / tasks_per_agent);
  for (std::int64_t agent = 0; agent < agents;) {
    events::Offers offers;
    const std::int64_t end = std::min(agents, agent + offers_per_event);
    while (agent < end) offers.offers.push_back(make_offer(agent++, tasks_per_agent));
    collect(scheduler.run({scheduler::MesosEvent{std::move(offers)}}), launched);
  }
  return launched;
}

std::size_t run_all(Scheduler& scheduler, const std::vector<Launched>& launched) {
  Prng prng{2};
  std::size_t calls = 0;
  for (std::size_t at = 0; at < launched.size();) {
    std::vector<scheduler::Event> batch;
    while (at < launched.size() && batch.size() < updates_per_commit) batch.push_back(running(launched[at++], prng));
    calls += scheduler.run(batch).size();
  }
  return calls;
}

bool take_number(const std::string& argument, const std::string& name, std::int64_t& out) {
  if (!argument.starts_with(name)) return false;
  const char* end = argument.data() + argument.size();
  const auto [stopped, problem] = std::from_chars(argument.data() + name.size(), end, out);
  return problem == std::errc{} && stopped == end && out > 0;
}

bool take_points(const std::string& argument) {
  if (argument != "--points") return false;
  wants_points = true;
  return true;
}

bool read_options(const char* program, const std::vector<std::string>& arguments, GrowthOptions& options) {
  for (const std::string& argument : arguments) {
    if (argument.starts_with("--work_dir=")) {
      options.work_dir = argument.substr(11);
    } else if (!take_points(argument) && !take_number(argument, "--apps=", options.apps) &&
               !take_number(argument, "--instances=", options.instances)) {
      std::fprintf(stderr, "usage: %s [--apps=10000] [--instances=1000000] [--work_dir=DIR] [--points]\n", program);
      return false;
    }
  }
  return true;
}

void print_point(const std::string& curve, double x, double y) {
  if (!wants_points) return;
  std::printf("point\t%s\t%.0f\t%.6g\n", curve.c_str(), x, y);
  std::fflush(stdout);
}

}  // namespace windlass::bench
