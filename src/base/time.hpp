#pragma once
// Time as the cores see it: a value that comes in with Inputs, never a clock that is asked.

#include "base/error.hpp"

#include <chrono>
#include <string>
#include <string_view>

namespace windlass {

using Duration = std::chrono::nanoseconds;
using TimePoint = std::chrono::sys_time<std::chrono::microseconds>;

// `delay` rounds towards zero, to microseconds.
constexpr TimePoint after(TimePoint time, Duration delay) {
  return time + std::chrono::duration_cast<TimePoint::duration>(delay);
}

// Seconds since the epoch as Mesos writes them (a double), and back.
double to_seconds(TimePoint time);
TimePoint from_seconds(double seconds);

// As Marathon writes times: 2013-09-20T12:00:00.000Z.
std::string to_iso8601(TimePoint time);
// Errors: Errc::invalid.
[[nodiscard]] Result<TimePoint> parse_iso8601(std::string_view text);

// As Mesos writes durations: "5secs", "15mins", "90secs", "1.5days" (reference: stout Duration). The magnitude's unit
// if it is whole, else one unit lower if whole, else a fraction.
std::string to_mesos_duration(Duration duration);
// Takes a whole or fractional number and a unit of ns, us, ms, secs, mins, hrs, days, weeks. Errors: Errc::invalid.
[[nodiscard]] Result<Duration> parse_mesos_duration(std::string_view text);

// What the shells ask for the time: wall time when the process started, plus steady time since. It never jumps.
class Clock {
 public:
  Clock();
  [[nodiscard]] TimePoint now() const;

 private:
  std::chrono::steady_clock::time_point steady_start_;
  TimePoint wall_start_;
};

}  // namespace windlass
