#pragma once
// The simulated world: one clock, one queue of things to happen, one source of chance, one log. Same seed, same log.

#include "base/prng.hpp"
#include "base/time.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace windlass::sim {

constexpr std::size_t recent_lines_max = 120;  // kept for the report of a failure

// A checker found that a promise was broken. The text says which, in words.
struct Violation : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class World {
 public:
  explicit World(std::uint64_t seed);

  [[nodiscard]] TimePoint now() const { return now_; }
  // Since the simulation began.
  [[nodiscard]] Duration elapsed() const { return now_ - start_; }
  Prng& prng() { return prng_; }

  // Lets `what` happen `delay` from now; things due at the same time happen in the order of their calls.
  void after(Duration delay, std::function<void()> what);
  // Lets the next thing happen if it is due by `limit`; else moves the clock to `limit` and returns false.
  bool run_one(TimePoint limit);
  void run_until(TimePoint limit);

  // A random duration, both ends included. REQUIRES: low <= high.
  Duration between(Duration low, Duration high);
  bool chance(std::uint64_t numerator, std::uint64_t denominator) { return prng_.chance(numerator, denominator); }

  // One line of the log: who did what.
  void note(std::string_view who, std::string_view text);
  [[noreturn]] void fail(const std::string& why);

  void count_step() { ++steps_; }
  [[nodiscard]] std::uint64_t steps() const { return steps_; }
  // Of all log lines: equal for two runs exactly when they went the same way.
  [[nodiscard]] std::uint64_t log_hash() const { return hash_; }
  [[nodiscard]] const std::deque<std::string>& recent() const { return recent_; }
  // Print each line to stdout as it is made.
  void set_verbose(bool verbose) { verbose_ = verbose; }

 private:
  struct Entry {
    TimePoint at;
    std::uint64_t sequence = 0;
    std::function<void()> what;
  };
  static bool later(const Entry& left, const Entry& right);

  TimePoint start_;
  TimePoint now_;
  Prng prng_;
  std::vector<Entry> queue_;  // a heap, the earliest first
  std::uint64_t sequence_ = 0;
  std::uint64_t steps_ = 0;
  std::uint64_t hash_ = 14695981039346656037ULL;  // FNV-1a
  std::deque<std::string> recent_;
  bool verbose_ = false;
};

}  // namespace windlass::sim
