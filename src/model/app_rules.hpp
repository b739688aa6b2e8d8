#pragma once
// What an app must be, whoever wrote it: the rules that need no more than the App itself. In the words of Marathon,
// which are those of hibernate-validator. Constraints have theirs in scheduler/constraints.hpp.

#include "model/app.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace windlass {

// Task ids are "<app>.instance-<uuid>._app.<n>", executor ids "marathon-<task>", and Mesos takes 255 bytes. With the
// leading slash.
inline constexpr std::size_t app_id_bytes_max = 180;
inline constexpr std::int64_t instances_max = 1'000'000;
inline constexpr std::size_t ports_max = 1000;

struct FieldError {
  std::string attribute;  // "mem", "container.image"
  std::string error;      // "must be greater than or equal to 0"
  friend bool operator==(const FieldError&, const FieldError&) = default;
};

// Every rule that the app breaks, at most one for each field.
[[nodiscard]] std::vector<FieldError> broken_rules(const App& app);
// Of "instances" alone, for scaling.
[[nodiscard]] std::optional<FieldError> broken_rule_of_count(std::int64_t instances);

}  // namespace windlass
