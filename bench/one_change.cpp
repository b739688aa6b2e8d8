// What one change of one app costs (the command stepped, its rows durable, the readers' picture made) among more and
// more apps and instances, over one write and sync of the same disk. Both are measured in turn, a change after a write.
// Without HTTP: bench/v1_http.py has that.
//
// usage: bench_one_change [--apps=10000] [--instances=1000000] [--work_dir=DIR] [--points]     the most of each

#include "base/check.hpp"
#include "bench/scheduler_driver.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

namespace windlass::bench {
namespace {

constexpr double target = 2;
constexpr int rounds = 200;
constexpr std::int64_t tasks_per_agent = 100;
constexpr std::int64_t apps_with_instances = 10;

// A file that grows by a page with each write, as SQLite's log does.
class PlainFile {
 public:
  explicit PlainFile(const std::filesystem::path& file)
      : fd_{::open(file.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600)} {
    if (fd_ < 0) fail();
  }
  ~PlainFile() { ::close(fd_); }
  PlainFile(const PlainFile&) = delete;
  PlainFile& operator=(const PlainFile&) = delete;

  void write_and_sync() {
    if (::write(fd_, page_.data(), page_.size()) != static_cast<ssize_t>(page_.size())) fail();
    if (::fdatasync(fd_) != 0) fail();
  }

 private:
  [[noreturn]] static void fail() {
    std::perror("bench_one_change");
    std::exit(1);
  }

  int fd_;
  std::array<char, 4096> page_{};
};

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2), values.end());
  return values[values.size() / 2];
}

template <class Work>
double seconds_of(const Work& work) {
  Stopwatch watch;
  watch.start();
  work();
  watch.stop();
  return watch.seconds();
}

// An app is scaled to 0 and back to 1; nothing is offered, so that this is all that happens.
void measure_change(Scheduler& scheduler, PlainFile& file, const char* curve, std::int64_t count) {
  const AppId id = make_app(0, 0).id;
  std::vector<double> writes;
  std::vector<double> changes;
  std::vector<double> ratios;  // of neighbours in time: a disk is fast and slow by turns
  for (int round = 0; round < rounds; ++round) {
    writes.push_back(seconds_of([&] { file.write_and_sync(); }));
    changes.push_back(seconds_of([&] { scheduler.run({scheduler::ScaleApp{0, id, round % 2}}); }));
    ratios.push_back(changes.back() / writes.back());
  }
  const double change = median(std::move(changes));
  const double write = median(std::move(writes));
  const double ratio = median(std::move(ratios));
  const double cpu = scheduler.take_times().cpu_seconds() / rounds;
  std::printf("one change among %lld %s: %.3f ms, %.2f of a write and sync (%.3f ms; target %.1f); processor %.3f ms\n",
              static_cast<long long>(count), curve, change * 1e3, ratio, write * 1e3, target, cpu * 1e3);
  print_point(std::string{"one change over one write and sync, by "} + curve, static_cast<double>(count), ratio);
}

void measure_by_apps(const GrowthOptions& options) {
  const WorkFolder folder{options.work_dir};
  Scheduler scheduler{folder.path()};
  scheduler.open();
  scheduler.start();
  PlainFile file{folder.path() / "plain"};
  std::int64_t apps = 0;
  for (std::int64_t most = 10; most <= options.apps; most *= 10) {
    while (apps < most) scheduler.run({scheduler::StartApp{0, make_app(apps++, 0)}});
    scheduler.take_times();
    measure_change(scheduler, file, "apps", most);
  }
}

void measure_by_instances(const GrowthOptions& options) {
  const WorkFolder folder{options.work_dir};
  Scheduler scheduler{folder.path()};
  scheduler.open();
  scheduler.start();
  PlainFile file{folder.path() / "plain"};
  scheduler.run({scheduler::StartApp{0, make_app(0, 0)}});
  for (std::int64_t number = 1; number <= apps_with_instances; ++number) {
    scheduler.run({scheduler::StartApp{0, make_app(number, 0)}});
  }
  std::int64_t instances = 0;
  for (std::int64_t most = 1'000; most <= options.instances; most *= 10) {
    for (std::int64_t number = 1; number <= apps_with_instances; ++number) {
      scheduler.run({scheduler::ScaleApp{0, make_app(number, 0).id, most / apps_with_instances}});
    }
    const std::vector<Launched> launched = place_all(scheduler, (most - instances) / tasks_per_agent, tasks_per_agent);
    run_all(scheduler, launched);
    instances = most;
    CHECK(scheduler.instances() == static_cast<std::size_t>(most));
    scheduler.take_times();
    measure_change(scheduler, file, "instances", most);
  }
}

int run(const std::vector<std::string>& arguments) {
  GrowthOptions options;
  if (!read_options("bench_one_change", arguments, options)) return 2;
  measure_by_apps(options);
  measure_by_instances(options);
  return 0;
}

}  // namespace
}  // namespace windlass::bench

int main(int argc, char** argv) { return windlass::bench::run({argv + 1, argv + argc}); }
