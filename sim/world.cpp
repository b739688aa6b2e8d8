#include "sim/world.hpp"

#include "base/check.hpp"

#include <algorithm>
#include <cstdio>

namespace windlass::sim {

namespace {

// "  12.345678 engine: text"; seconds since the simulation began.
std::string line_of(Duration elapsed, std::string_view who, std::string_view text) {
  const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(elapsed).count();
  char stamp[40];
  std::snprintf(stamp, sizeof stamp, "%6lld.%06lld ", static_cast<long long>(micros / 1'000'000),
                static_cast<long long>(micros % 1'000'000));
  std::string line = stamp;
  line.append(who).append(": ").append(text);
  return line;
}

}  // namespace

World::World(std::uint64_t seed)
    : start_(std::chrono::sys_days{std::chrono::year{2026} / 1 / 1}), now_(start_), prng_(seed) {}

bool World::later(const Entry& left, const Entry& right) {
  return left.at != right.at ? left.at > right.at : left.sequence > right.sequence;
}

void World::after(Duration delay, std::function<void()> what) {
  const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(std::max(delay, Duration{}));
  queue_.push_back({now_ + micros, sequence_++, std::move(what)});
  std::push_heap(queue_.begin(), queue_.end(), later);
}

bool World::run_one(TimePoint limit) {
  if (queue_.empty() || queue_.front().at > limit) {
    now_ = std::max(now_, limit);
    return false;
  }
  std::pop_heap(queue_.begin(), queue_.end(), later);
  Entry entry = std::move(queue_.back());
  queue_.pop_back();
  CHECK(entry.at >= now_);
  now_ = entry.at;
  entry.what();
  return true;
}

void World::run_until(TimePoint limit) {
  while (run_one(limit)) {
  }
}

Duration World::between(Duration low, Duration high) {
  CHECK(low <= high);
  const auto span = static_cast<std::uint64_t>((high - low).count()) / 1000;  // whole microseconds
  return low + std::chrono::microseconds{static_cast<std::int64_t>(prng_.below(span + 1))};
}

void World::note(std::string_view who, std::string_view text) {
  std::string line = line_of(elapsed(), who, text);
  for (const char c : line) hash_ = (hash_ ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  if (verbose_) std::printf("%s\n", line.c_str());
  recent_.push_back(std::move(line));
  if (recent_.size() > recent_lines_max) recent_.pop_front();
}

void World::fail(const std::string& why) { throw Violation(why); }

}  // namespace windlass::sim
