#include "api/routes.hpp"

#include <algorithm>
#include <charconv>
#include <set>
#include <utility>

namespace windlass {
namespace {

// "/a//b/" -> "a", "", "b", "".
std::vector<std::string_view> segments(std::string_view path) {
  std::vector<std::string_view> parts;
  if (path.starts_with('/')) path.remove_prefix(1);
  while (true) {
    const auto slash = path.find('/');
    parts.push_back(path.substr(0, slash));
    if (slash == std::string_view::npos) return parts;
    path.remove_prefix(slash + 1);
  }
}

bool is_parameter(std::string_view part) { return part.size() > 2 && part.front() == '{' && part.back() == '}'; }

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const auto end = text.find(separator);
    parts.push_back(trim(text.substr(0, end)));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

struct MediaRange {
  std::string_view type;
  double quality = 1.0;
};

MediaRange parse_range(std::string_view text) {
  const auto parts = split(text, ';');
  MediaRange range{parts[0]};
  for (const std::string_view part : parts) {
    if (!part.starts_with("q=")) continue;
    const std::string_view number = part.substr(2);
    const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), range.quality);
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

asio::awaitable<HttpResponse> ready(HttpResponse response) { co_return response; }

}  // namespace

std::optional<std::map<std::string, std::string>> match_path(std::string_view pattern, std::string_view raw_path) {
  std::map<std::string, std::string> params;
  if (raw_path.size() > 1 && raw_path.ends_with('/')) raw_path.remove_suffix(1);
  const auto wanted = segments(pattern);
  const auto given = segments(raw_path);
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (i >= given.size()) return std::nullopt;
    if (!is_parameter(wanted[i])) {
      const auto text = percent_decode(given[i]);
      if (!text || *text != wanted[i]) return std::nullopt;
      continue;
    }
    std::string_view name = wanted[i].substr(1, wanted[i].size() - 2);
    const bool rest = name.ends_with("...");
    if (rest) name.remove_suffix(3);
    // Views into raw_path: from this segment to its end, or to the end of the path.
    const char* begin = given[i].data();
    const char* end = rest ? raw_path.data() + raw_path.size() : begin + given[i].size();
    auto value = percent_decode(std::string_view{begin, static_cast<std::size_t>(end - begin)});
    if (!value || value->empty()) return std::nullopt;
    params.emplace(name, std::move(*value));
    if (rest) return params;
  }
  if (given.size() != wanted.size()) return std::nullopt;
  return params;
}

std::optional<std::string> choose_type(const std::string* accept, const std::vector<std::string>& offered) {
  if (accept == nullptr || trim(*accept).empty()) return offered.front();
  std::vector<MediaRange> ranges;
  for (const std::string_view part : split(*accept, ',')) ranges.push_back(parse_range(part));
  const std::string* best = nullptr;
  double best_quality = 0;
  for (const std::string& type : offered) {
    const double quality = quality_of(ranges, type);
    if (quality <= best_quality) continue;
    best = &type;
    best_quality = quality;
  }
  if (best == nullptr) return std::nullopt;
  return *best;
}

Routes::Routes(std::vector<Route> routes, NotFound not_found, WrongMethod wrong_method)
    : routes_{std::move(routes)}, not_found_{std::move(not_found)}, wrong_method_{std::move(wrong_method)} {}

asio::awaitable<HttpResponse> Routes::serve(HttpRequest request) const {
  std::set<std::string> allowed;
  const std::string method = request.method == "HEAD" ? "GET" : request.method;
  for (const Route& route : routes_) {
    auto params = match_path(route.pattern, request.raw_path);
    if (!params) continue;
    if (route.method == method) return route.handler({std::move(request), std::move(*params)});
    allowed.insert(route.method);
  }
  if (allowed.empty()) return ready(not_found_(request));
  std::string allow;
  for (const std::string& each : allowed) allow += (allow.empty() ? "" : ", ") + each;
  return ready(wrong_method_(request, allow));
}

}  // namespace windlass
