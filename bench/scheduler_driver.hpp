#pragma once
// The scheduler's core and its journal on disk, driven as node/runtime.hpp drives them (step, commit, picture for
// readers), against agents that only exist as offers: what the benches in C++ share.

#include "base/prng.hpp"
#include "base/time.hpp"
#include "scheduler/step.hpp"
#include "scheduler/world.hpp"
#include "store/journal.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace windlass::bench {

// The processor time of all threads, in seconds: what others do on this machine does not count.
double cpu_now();

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

// A folder for one journal, by default among the temporary ones; cleared away at the end unless it was named.
class WorkFolder {
 public:
  // `named` is empty: one of its own.
  explicit WorkFolder(const std::filesystem::path& named);
  ~WorkFolder();
  WorkFolder(const WorkFolder&) = delete;
  WorkFolder& operator=(const WorkFolder&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
  bool is_own_;
};

class Scheduler {
 public:
  explicit Scheduler(std::filesystem::path folder) : folder_{std::move(folder)} {}

  // Reads what is in the folder's journal; ends the program when it cannot.
  void open();
  void close();

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

  // What the runtime does with one batch. REQUIRES: no event is refused.
  std::vector<scheduler::Call> run(const std::vector<scheduler::Event>& events);
  // The first events of a process, and a subscription.
  void start();

  [[nodiscard]] std::size_t instances() const;

 private:
  const std::filesystem::path folder_;
  Times times_;
  Clock clock_;
  Prng prng_{1};
  std::unique_ptr<Journal> journal_;
  scheduler::State state_;
  std::shared_ptr<const scheduler::World> world_;
};

// "/bench/app<number>": a tenth of a CPU, 32 MB, one port.
App make_app(std::int64_t number, std::int64_t instances);

struct Launched {
  TaskId task;
  AgentId agent;
};

// Offers of all that agents have, each with room for as many tasks of make_app, until nothing is missing.
std::vector<Launched> place_all(Scheduler& scheduler, std::int64_t agents, std::int64_t tasks_per_agent);
// All of them are reported as running; as many in one commit as the runtime takes. Returns how many calls followed.
std::size_t run_all(Scheduler& scheduler, const std::vector<Launched>& launched);

// "--name=5" for the name "--name=". False when it is another argument, or no number above 0.
bool take_number(const std::string& argument, const std::string& name, std::int64_t& out);

// "--points", for bench/curves.py, which draws them: the points of curves are printed too.
bool take_points(const std::string& argument);

// What the benches that let things become more are told.
struct GrowthOptions {
  std::int64_t apps = 10'000;  // the most
  std::int64_t instances = 1'000'000;
  std::filesystem::path work_dir = {};
};
// --apps, --instances, --work_dir and --points. False, and the usage of `program` is said, when there is something
// else.
bool read_options(const char* program, const std::vector<std::string>& arguments, GrowthOptions& options);
// One point of one curve, if they are wanted.
void print_point(const std::string& curve, double x, double y);

}  // namespace windlass::bench
