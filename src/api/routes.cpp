#include "api/routes.hpp"

#include "base/text.hpp"

#include <set>
#include <utility>

namespace windlass {
namespace {

// "/a//b/" -> "a", "", "b", "".
std::vector<std::string_view> segments(std::string_view path) {
  if (path.starts_with('/')) path.remove_prefix(1);
  return split(path, '/');
}

bool is_parameter(std::string_view part) { return part.size() > 2 && part.front() == '{' && part.back() == '}'; }

}  // namespace

asio::awaitable<HttpResponse> ready(HttpResponse response) { co_return response; }

std::optional<std::map<std::string, std::string>> match_path(std::string_view pattern, std::string_view raw_path) {
  std::map<std::string, std::string> params;
  // Clients write either form, and Mesos takes both (mesos.md 1.2).
  if (raw_path.size() > 1 && raw_path.ends_with('/')) raw_path.remove_suffix(1);
  const auto wanted = segments(pattern);
  const auto given = segments(raw_path);
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (i >= given.size()) return std::nullopt;
    if (!is_parameter(wanted[i])) {
      // Decoded after the split: a %2F in an id is no slash between segments.
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

Routes::Routes(std::vector<Route> routes, NotFound not_found, WrongMethod wrong_method)
    : routes_{std::move(routes)}, not_found_{std::move(not_found)}, wrong_method_{std::move(wrong_method)} {}

asio::awaitable<HttpResponse> Routes::serve(HttpRequest request) const {
  std::set<std::string> allowed;
  // The server leaves the body of an answer to HEAD out.
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
  // 405 only when the path exists for another method; the client is told for which.
  return ready(wrong_method_(request, allow));
}

}  // namespace windlass
