#include "base/time.hpp"

#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>

namespace windlass {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t nanoseconds;
};

constexpr std::array<Unit, 8> units{{{"ns", 1},
                                     {"us", 1'000},
                                     {"ms", 1'000'000},
                                     {"secs", 1'000'000'000},
                                     {"mins", 60'000'000'000},
                                     {"hrs", 3'600'000'000'000},
                                     {"days", 86'400'000'000'000},
                                     {"weeks", 604'800'000'000'000}}};

}  // namespace

double to_seconds(TimePoint time) { return static_cast<double>(time.time_since_epoch().count()) / 1e6; }

// Rounded, so that a time survives the way to a double and back.
TimePoint from_seconds(double seconds) {
  return TimePoint{std::chrono::microseconds{static_cast<std::int64_t>(std::llround(seconds * 1e6))}};
}

std::string to_iso8601(TimePoint time) {
  const auto millis = std::chrono::floor<std::chrono::milliseconds>(time).time_since_epoch().count();
  // Downwards, before 1970 too, so that milliseconds are never negative.
  std::time_t seconds = static_cast<std::time_t>(millis >= 0 ? millis / 1000 : (millis - 999) / 1000);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 80> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", parts.tm_year + 1900, parts.tm_mon + 1,
                parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec, static_cast<int>(millis - seconds * 1000));
  return text.data();
}

Result<TimePoint> parse_iso8601(std::string_view text) {
  std::tm parts{};
  int millis = 0;
  int used = 0;
  const std::string copy{text};
  const int fields = std::sscanf(copy.c_str(), "%4d-%2d-%2dT%2d:%2d:%2d.%3dZ%n", &parts.tm_year, &parts.tm_mon,
                                 &parts.tm_mday, &parts.tm_hour, &parts.tm_min, &parts.tm_sec, &millis, &used);
  // All of the text, with nothing behind the Z.
  if (fields != 7 || used != static_cast<int>(copy.size())) return Error{Errc::invalid, "'" + copy + "' is not a time"};
  parts.tm_year -= 1900;
  parts.tm_mon -= 1;
  return TimePoint{std::chrono::seconds{timegm(&parts)} + std::chrono::milliseconds{millis}};
}

std::string to_mesos_duration(Duration duration) {
  const std::int64_t value = duration.count();
  std::size_t at = 0;
  while (at + 1 < units.size() && std::llabs(value) >= units[at + 1].nanoseconds) ++at;
  if (value % units[at].nanoseconds != 0 && at > 0 && value % units[at - 1].nanoseconds == 0) --at;
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%.15g",
                static_cast<double>(value) / static_cast<double>(units[at].nanoseconds));
  return std::string{text.data()} + std::string{units[at].name};
}

Result<Duration> parse_mesos_duration(std::string_view text) {
  const std::string copy{text};
  char* end = nullptr;
  const double number = std::strtod(copy.c_str(), &end);
  const std::string_view unit_name{end};
  for (const Unit& unit : units) {
    if (end == copy.c_str() || unit.name != unit_name) continue;
    const double nanoseconds = number * static_cast<double>(unit.nanoseconds);
    // Just below 2^63, beyond which llround is undefined; written so that NaN is refused, too.
    if (!(std::fabs(nanoseconds) < 9.2e18)) return Error{Errc::invalid, "'" + copy + "' is out of range"};
    return Duration{static_cast<std::int64_t>(std::llround(nanoseconds))};
  }
  return Error{Errc::invalid, "'" + copy + "' is not a duration; write it as 500ms, 5secs or 15mins"};
}

Clock::Clock()
    : steady_start_{std::chrono::steady_clock::now()},
      wall_start_{std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now())} {}

TimePoint Clock::now() const {
  const auto passed = std::chrono::steady_clock::now() - steady_start_;
  return wall_start_ + std::chrono::floor<std::chrono::microseconds>(passed);
}

}  // namespace windlass
