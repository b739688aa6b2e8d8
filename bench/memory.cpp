// What the scheduler's memory grows by for each app and for each instance, state, readers' picture and the journal's
// index of rows included: bytes that malloc has given out, and what the kernel counts as resident.
//
// usage: bench_memory [--apps=10000] [--instances=1000000] [--work_dir=DIR] [--points]

#include "base/check.hpp"
#include "bench/scheduler_driver.hpp"

#include <malloc.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace windlass::bench {
namespace {

constexpr double app_target = 8 * 1024;  // bytes
constexpr double instance_target = 1024;
constexpr std::int64_t tasks_per_agent = 100;
constexpr std::int64_t apps_of_instances = 10;

struct Memory {
  double allocated = 0;
  double resident = 0;
};

// What is free is given back first, so that the kernel's count means what is in use.
Memory memory_now() {
  ::malloc_trim(0);
  const struct mallinfo2 info = ::mallinfo2();
  long pages = 0;
  long resident = 0;
  std::ifstream{"/proc/self/statm"} >> pages >> resident;
  return {static_cast<double>(info.uordblks + info.hblkhd),
          static_cast<double>(resident) * static_cast<double>(::sysconf(_SC_PAGESIZE))};
}

void print_each(const char* what, const char* curve, const Memory& before, std::int64_t count, double target) {
  const Memory now = memory_now();
  const double allocated = (now.allocated - before.allocated) / static_cast<double>(count);
  const double resident = (now.resident - before.resident) / static_cast<double>(count);
  std::printf("%s: %.0f bytes allocated each, %.0f resident, %.2f of the target of %.0f (%lld of them)\n", what,
              allocated, resident, resident / target, target, static_cast<long long>(count));
  print_point(curve, static_cast<double>(count), resident);
}

// As apps are in real clusters: variables, labels, an image, two ports.
App usual_app(std::int64_t number) {
  App app = make_app(number, 0);
  app.seed_container = SeedContainer{"docker:///registry.example/team/service:1.4.2", {"--memory-swappiness", "0"}};
  for (int i = 0; i < 12; ++i) app.env["SERVICE_VARIABLE_" + std::to_string(i)] = "a value of usual length";
  for (int i = 0; i < 6; ++i) app.labels["traefik.label." + std::to_string(i)] = "a label's value, somewhat longer";
  app.constraints = {{"rack", ConstraintOperator::group_by, "3"}};
  app.ports = {{static_cast<std::uint16_t>(20'000 + number % 20'000)},
               {static_cast<std::uint16_t>(40'000 + number % 20'000), "tcp", "admin"}};
  return app;
}

void measure_apps(const GrowthOptions& options) {
  const WorkFolder folder{options.work_dir};
  Scheduler scheduler{folder.path()};
  scheduler.open();
  scheduler.start();
  const Memory before = memory_now();
  for (std::int64_t number = 0; number < options.apps; ++number) {
    scheduler.run({scheduler::StartApp{0, usual_app(number)}});
  }
  print_each("an app", "app", before, options.apps, app_target);
}

void measure_instances(const GrowthOptions& options) {
  const WorkFolder folder{options.work_dir};
  Scheduler scheduler{folder.path()};
  scheduler.open();
  scheduler.start();
  const Memory before = memory_now();
  for (std::int64_t number = 0; number < apps_of_instances; ++number) {
    scheduler.run({scheduler::StartApp{0, make_app(number, options.instances / apps_of_instances)}});
  }
  {
    const std::int64_t agents = (options.instances + tasks_per_agent - 1) / tasks_per_agent;
    const std::vector<Launched> launched = place_all(scheduler, agents, tasks_per_agent);
    CHECK(scheduler.instances() == launched.size());
    run_all(scheduler, launched);
  }
  print_each("a running instance", "instance", before, options.instances, instance_target);
  scheduler.close();
  scheduler.open();
  scheduler.start();
  print_each("the same after a restart", "instance after a restart", before, options.instances, instance_target);
}

int run(const std::vector<std::string>& arguments) {
  GrowthOptions options;
  if (!read_options("bench_memory", arguments, options)) return 2;
  measure_apps(options);
  measure_instances(options);
  return 0;
}

}  // namespace
}  // namespace windlass::bench

int main(int argc, char** argv) { return windlass::bench::run({argv + 1, argv + argc}); }
