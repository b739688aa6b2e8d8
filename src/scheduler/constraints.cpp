#include "scheduler/constraints.hpp"

#include <boost/regex.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <string_view>
#include <utility>

namespace windlass::scheduler {
namespace {

using Counts = std::map<std::string, std::int64_t>;

// Perl syntax as Java has it; unlike std::regex it gives up on patterns that would take for ever.
std::optional<boost::regex> compile(const std::string& pattern) {
  try {
    return boost::regex{pattern};
  } catch (const boost::regex_error&) {
    return std::nullopt;
  }
}

bool matches(const boost::regex& pattern, const std::string& value) {
  try {
    return boost::regex_match(value, pattern);
  } catch (const std::runtime_error&) {  // too complex for this value
    return false;
  }
}

std::optional<std::int64_t> whole_number(const std::optional<std::string>& text) {
  if (!text) return std::nullopt;
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (error != std::errc{} || end != text->data() + text->size()) return std::nullopt;
  return number;
}

// Numbers are compared as numbers, with Mesos' three decimals: an agent's 1.50 is written 1.5 (marathon.md 4.6).
bool same_value(const std::string& left, const std::string& right) {
  if (left == right) return true;
  char* left_end = nullptr;
  char* right_end = nullptr;
  const double a = std::strtod(left.c_str(), &left_end);
  const double b = std::strtod(right.c_str(), &right_end);
  const bool numbers = !left.empty() && !right.empty() && *left_end == '\0' && *right_end == '\0';
  return numbers && std::isfinite(a) && std::isfinite(b) && std::llround(a * 1000) == std::llround(b * 1000);
}

// A value not yet used is always allowed; a used one when there are k of them and it has the least instances. The older
// rule of Marathon, for when no number is given: the newer one divides by it (marathon.md 4.6).
bool group_by_any(const Counts& counts, const std::string& value, std::int64_t groups) {
  const auto used = counts.find(value);
  if (used == counts.end()) return true;
  if (static_cast<std::int64_t>(counts.size()) < groups) return false;
  return std::all_of(counts.begin(), counts.end(), [&](const auto& each) { return used->second <= each.second; });
}

// At most k values, each with instances / k of them; the remainder goes to whoever comes first (marathon.md 4.6).
bool group_by(const Counts& counts, const std::string& value, std::int64_t groups, std::int64_t instances) {
  if (groups <= 0) return group_by_any(counts, value, 0);
  const auto used = counts.find(value);
  if (used == counts.end()) return static_cast<std::int64_t>(counts.size()) < groups;
  const std::int64_t quota = instances / groups;
  std::int64_t consumed = 0;
  for (const auto& [other, count] : counts) consumed += std::max<std::int64_t>(0, count - quota);
  return used->second < quota || (used->second == quota && consumed < instances % groups);
}

// Only these make us go through all instances of the app.
bool needs_counts(ConstraintOperator op) {
  return op == ConstraintOperator::unique || op == ConstraintOperator::group_by || op == ConstraintOperator::max_per ||
         op == ConstraintOperator::cluster;
}

Error invalid(std::string message) { return {Errc::invalid, std::move(message), "constraints"}; }

bool is_host(const std::string& field) { return field == "hostname" || field == "@hostname"; }

}  // namespace

struct ConstraintTally::Rule {
  Constraint constraint;
  std::int64_t instances = 0;
  std::optional<std::int64_t> number = {};
  std::optional<boost::regex> pattern = {};
  Counts counts = {};

  [[nodiscard]] bool allows(const std::optional<std::string>& value) const {
    // An agent that lacks the attribute satisfies UNLIKE and nothing else (marathon.md 4.6).
    if (constraint.op == ConstraintOperator::unlike) return !value || (pattern && !matches(*pattern, *value));
    if (!value) return false;
    switch (constraint.op) {
      case ConstraintOperator::unique: return !counts.contains(*value);
      case ConstraintOperator::cluster:
        if (constraint.value && !constraint.value->empty()) return *constraint.value == *value;
        return counts.empty() || counts.contains(*value);
      case ConstraintOperator::like: return pattern && matches(*pattern, *value);
      case ConstraintOperator::group_by: return group_by(counts, *value, number.value_or(0), instances);
      case ConstraintOperator::max_per: {
        const auto used = counts.find(*value);
        return (used == counts.end() ? 0 : used->second) < number.value_or(0);
      }
      case ConstraintOperator::is: return same_value(constraint.value.value_or(""), *value);
      case ConstraintOperator::unlike: break;
    }
    return false;
  }
};

// In Marathon's words (marathon.md 3.6).
std::optional<Error> validate(const Constraint& constraint) {
  if (constraint.field.empty()) return invalid("missing field for constraint declaration");
  const bool has_value = constraint.value && !constraint.value->empty();
  switch (constraint.op) {
    case ConstraintOperator::unique:
      if (has_value) return invalid("UNIQUE does not accept a value");
      break;
    case ConstraintOperator::max_per:
      if (!whole_number(constraint.value)) return invalid("MAX_PER requires an integer value");
      break;
    case ConstraintOperator::group_by:
      if (has_value && !whole_number(constraint.value)) {
        return invalid("GROUP BY must define an integer value or else no value at all");
      }
      break;
    case ConstraintOperator::like:
    case ConstraintOperator::unlike:
      if (!has_value) return invalid("LIKE and UNLIKE require a non-empty, regular expression value");
      if (!compile(*constraint.value)) return invalid("'" + *constraint.value + "' is not a valid regular expression");
      break;
    case ConstraintOperator::is:
      if (!constraint.value) return invalid("IS requires a value");
      break;
    case ConstraintOperator::cluster: break;
  }
  return std::nullopt;
}

std::optional<std::string> field_value(const Offer& offer, const std::string& field) {
  if (is_host(field)) return offer.hostname;
  for (const Attribute& attribute : offer.attributes) {
    if (attribute.name == field) return attribute.to_string();
  }
  return std::nullopt;
}

std::map<std::string, std::string> constraint_values(const App& app, const Offer& offer) {
  std::map<std::string, std::string> values;
  for (const Constraint& constraint : app.constraints) {
    auto value = field_value(offer, constraint.field);
    // Every instance knows its host anyway.
    if (value && !is_host(constraint.field)) values.emplace(constraint.field, std::move(*value));
  }
  return values;
}

ConstraintTally::ConstraintTally(const State& state, const App& app) {
  for (const Constraint& constraint : app.constraints) {
    auto rule = std::make_unique<Rule>(Rule{.constraint = constraint, .instances = app.instances});
    rule->number = whole_number(constraint.value);
    const bool by_pattern = constraint.op == ConstraintOperator::like || constraint.op == ConstraintOperator::unlike;
    if (by_pattern) rule->pattern = compile(constraint.value.value_or(""));
    rules_.push_back(std::move(rule));
  }
  const auto index = state.index.find(app.id);
  if (rules_.empty() || index == state.index.end()) return;
  const bool counts =
      std::any_of(rules_.begin(), rules_.end(), [](const auto& rule) { return needs_counts(rule->constraint.op); });
  if (!counts) return;
  for (const auto& [key, instance] : index->second.instances) {
    // As Marathon counts (marathon.md 4.6): an old instance and a new one may share a host, or an app with UNIQUE could
    // not be upgraded where it has one on each agent.
    if (instance->app_version < app.last_config_change) continue;
    for (const auto& rule : rules_) {
      if (!needs_counts(rule->constraint.op)) continue;
      const auto value = instance->attributes.find(rule->constraint.field);
      if (is_host(rule->constraint.field)) ++rule->counts[instance->host];
      if (value != instance->attributes.end()) ++rule->counts[value->second];
    }
  }
}

ConstraintTally::~ConstraintTally() = default;
ConstraintTally::ConstraintTally(ConstraintTally&&) noexcept = default;

bool ConstraintTally::allows(const Offer& offer) const {
  return std::all_of(rules_.begin(), rules_.end(),
                     [&](const auto& rule) { return rule->allows(field_value(offer, rule->constraint.field)); });
}

void ConstraintTally::add(const Offer& offer) {
  for (const auto& rule : rules_) {
    auto value = field_value(offer, rule->constraint.field);
    if (value && needs_counts(rule->constraint.op)) ++rule->counts[*value];
  }
}

}  // namespace windlass::scheduler
