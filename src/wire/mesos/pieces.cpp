#include "wire/mesos/convert.hpp"

#include <cmath>

namespace windlass::convert {

Duration duration_from(const pb::DurationInfo& in) { return Duration{in.nanoseconds()}; }

namespace {
// In nanoseconds, this is just below what 64 bits hold. "No limit" often comes as a very large number.
constexpr double longest_seconds = 9.2e9;
}  // namespace

Duration duration_from(double seconds) {
  if (std::isnan(seconds)) return Duration{};
  if (std::fabs(seconds) >= longest_seconds) return seconds < 0 ? Duration::min() : Duration::max();
  // Rounded, because few decimal fractions are exact as a double: cut off, they would be a nanosecond short.
  return Duration{std::llround(seconds * 1e9)};
}

double seconds_of(Duration duration) { return static_cast<double>(duration.count()) / 1e9; }

std::vector<Label> labels_from(const pb::Labels& in) {
  std::vector<Label> labels;
  for (const auto& label : in.labels()) labels.push_back({label.key(), label.value()});
  return labels;
}

// Cleared first: `out` may hold what came in, on which the model's labels are laid.
void labels_to(const std::vector<Label>& in, pb::Labels& out) {
  out.Clear();
  for (const Label& each : in) {
    auto* label = out.add_labels();
    label->set_key(each.key);
    label->set_value(each.value);
  }
}

}  // namespace windlass::convert
