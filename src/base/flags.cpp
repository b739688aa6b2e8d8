#include "base/flags.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace windlass {

namespace {

constexpr std::string_view dashes = "--";

}  // namespace

std::optional<FlagWord> FlagReader::next() {
  if (at_ == words_.size()) return std::nullopt;
  const std::string& word = words_[at_++];
  // "--" alone is a word, as is all that has one dash.
  if (word.size() <= dashes.size() || !word.starts_with(dashes)) return FlagWord{.text = word};
  const auto equals = word.find('=');
  FlagWord found{.is = FlagWord::Is::flag, .text = word.substr(0, equals)};
  found.name = found.text.substr(dashes.size());
  if (equals != std::string::npos) found.value = word.substr(equals + 1);
  FlagKind kind = rules_.kind_of(found.name);
  // The name as written comes first: a flag may itself be called "no-something".
  for (const std::string_view prefix : rules_.negations) {
    if (kind != FlagKind::none || !found.name.starts_with(prefix)) continue;
    if (rules_.kind_of(std::string_view{found.name}.substr(prefix.size())) != FlagKind::toggle) continue;
    kind = FlagKind::toggle;
    found.name.erase(0, prefix.size());
    found.negated = true;
  }
  if (kind == FlagKind::none) found.is = FlagWord::Is::unknown_flag;
  if (kind != FlagKind::valued || found.value || at_ == words_.size()) return found;
  const bool next_is_flag = words_[at_].starts_with(dashes);
  const bool takes_next = rules_.next_word == FlagRules::NextWord::is_value ||
                          (rules_.next_word == FlagRules::NextWord::is_value_unless_flag && !next_is_flag);
  if (takes_next) found.value = words_[at_++];
  return found;
}

std::string flag_variable(std::string_view prefix, std::string_view name) {
  return std::string{prefix} + to_upper(name);
}

std::size_t edits_between(std::string_view from, std::string_view to) {
  std::vector<std::size_t> row(to.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < from.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < to.size(); ++j) {
      const std::size_t replaced = diagonal + (from[i] == to[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

}  // namespace windlass
