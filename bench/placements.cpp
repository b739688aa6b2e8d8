// How many placements a second, and how long a restart takes, with many tasks.
//
// usage: bench_placements [--agents=10000] [--tasks=1000000] [--apps=100] [--work_dir=DIR] [--points]

#include "base/check.hpp"
#include "bench/scheduler_driver.hpp"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

namespace windlass::bench {
namespace {

constexpr double placements_target = 50'000;  // a second
constexpr double restart_target = 4;          // seconds

struct Options {
  std::int64_t agents = 10'000;
  std::int64_t tasks = 1'000'000;
  std::int64_t apps = 100;
  std::filesystem::path work_dir = {};
};

void print_rate(const char* what, const char* curve, std::size_t count, const Scheduler::Times& times) {
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
  print_point(curve, static_cast<double>(count), times.cpu_seconds() * each);
}

void measure_restart(Scheduler& scheduler, std::size_t tasks) {
  Stopwatch loading;
  loading.start();
  scheduler.open();
  loading.stop();
  CHECK(scheduler.instances() == tasks);
  Stopwatch starting;
  starting.start();
  scheduler.run({scheduler::Started{}});
  starting.stop();
  const double total = loading.seconds() + starting.seconds();
  const double cpu = loading.cpu_seconds() + starting.cpu_seconds();
  std::printf(
      "restart with %zu tasks: %.2f s (journal %.2f s, indexes and readers' picture %.2f s), "
      "%.2f of the target of %.0f s; processor time %.2f s on two threads\n",
      tasks, total, loading.seconds(), starting.seconds(), total / restart_target, restart_target, cpu);
  print_point("restart", static_cast<double>(tasks), cpu);
}

void measure(const Options& options) {
  const WorkFolder folder{options.work_dir};
  Scheduler scheduler{folder.path()};
  scheduler.open();
  scheduler.start();
  for (std::int64_t number = 0; number < options.apps; ++number) {
    scheduler.run({scheduler::StartApp{0, make_app(number, options.tasks / options.apps)}});
  }
  scheduler.take_times();
  const std::int64_t tasks_per_agent = (options.tasks + options.agents - 1) / options.agents;
  const std::vector<Launched> launched = place_all(scheduler, options.agents, tasks_per_agent);
  CHECK(launched.size() == static_cast<std::size_t>(options.tasks / options.apps * options.apps));
  print_rate("placements", "placement", launched.size(), scheduler.take_times());
  CHECK(run_all(scheduler, launched) >= launched.size());
  print_rate("TASK_RUNNING updates", "update", launched.size(), scheduler.take_times());
  scheduler.close();
  measure_restart(scheduler, launched.size());
}

int run(const std::vector<std::string>& arguments) {
  Options options;
  for (const std::string& argument : arguments) {
    if (argument.starts_with("--work_dir=")) {
      options.work_dir = argument.substr(11);
    } else if (!take_points(argument) && !take_number(argument, "--agents=", options.agents) &&
               !take_number(argument, "--tasks=", options.tasks) && !take_number(argument, "--apps=", options.apps)) {
      std::fprintf(
          stderr,
          "usage: bench_placements [--agents=10000] [--tasks=1000000] [--apps=100] [--work_dir=DIR] [--points]\n");
      return 2;
    }
  }
  measure(options);
  return 0;
}

}  // namespace
}  // namespace windlass::bench

int main(int argc, char** argv) { return windlass::bench::run({argv + 1, argv + argc}); }
