#include "api/accept.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <charconv>
#include <string_view>

namespace windlass {
namespace {

struct MediaRange {
  std::string_view type;
  double quality = 1.0;
};

MediaRange parse_range(std::string_view text) {
  const auto parts = split_list(text, ';');
  MediaRange range{parts[0]};
  for (const std::string_view part : parts) {
    if (part.size() < 2 || !equal_ignoring_case(part.substr(0, 2), "q=")) continue;
    const std::string_view number = part.substr(2);
    const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), range.quality);
    // A quality that cannot be read admits nothing, rather than everything.
    if (error != std::errc{}) range.quality = 0;
  }
  return range;
}

// How closely a range names a type: 3 exactly, 2 "text/*", 1 "*/*", 0 not at all.
int closeness(std::string_view range, std::string_view type) {
  if (equal_ignoring_case(range, type)) return 3;
  if (range == "*/*" || range == "*") return 1;
  const bool family = range.size() > 2 && range.ends_with("/*");
  const std::string_view prefix = range.substr(0, range.size() - std::min<std::size_t>(1, range.size()));
  return family && equal_ignoring_case(prefix, type.substr(0, prefix.size())) ? 2 : 0;
}

// The closest range decides.
double quality_of(const std::vector<MediaRange>& ranges, std::string_view type) {
  int best = 0;
  double quality = 0;
  for (const MediaRange& range : ranges) {
    const int close = closeness(range.type, type);
    if (close <= best) continue;
    best = close;
    quality = range.quality;
  }
  return quality;
}

std::vector<MediaRange> parse_accept(std::string_view accept) {
  std::vector<MediaRange> ranges;
  for (const std::string_view part : split_list(accept, ',')) ranges.push_back(parse_range(part));
  return ranges;
}

}  // namespace

bool accepts_type(const std::string* accept, std::string_view type) {
  return accept == nullptr || quality_of(parse_accept(*accept), type) > 0;
}

std::optional<std::string> choose_type(const std::string* accept, const std::vector<std::string>& offered) {
  if (accept == nullptr || trim(*accept).empty()) return offered.front();
  const std::vector<MediaRange> ranges = parse_accept(*accept);
  const std::string* best = nullptr;
  double best_quality = 0;
  for (const std::string& type : offered) {
    const double quality = quality_of(ranges, type);
    // With equal qualities the one that is offered first wins.
    if (quality <= best_quality) continue;
    best = &type;
    best_quality = quality;
  }
  if (best == nullptr) return std::nullopt;
  return *best;
}

}  // namespace windlass
