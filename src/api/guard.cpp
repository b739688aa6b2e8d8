#include "api/guard.hpp"

#include "base/text.hpp"
#include "wire/json/text.hpp"

#include <algorithm>
#include <memory>
#include <string_view>
#include <utility>

namespace windlass {
namespace {

// Marathon's default of --http_realm.
constexpr const char* challenge = "Basic realm=\"Mesosphere\"";

bool changes_nothing(const std::string& method) { return method == "GET" || method == "HEAD" || method == "OPTIONS"; }

// "name:8080" -> "name", "[::1]:8080" -> "[::1]".
std::string_view without_port(std::string_view authority) {
  const auto bracket = authority.rfind(']');
  const auto colon = authority.rfind(':');
  if (colon == std::string_view::npos || (bracket != std::string_view::npos && colon < bracket)) return authority;
  return authority.substr(0, colon);
}

// A name can be made to mean any machine; an address means the one that it is.
bool is_address(std::string_view host) {
  return host.starts_with('[') || (!host.empty() && host.find_first_not_of("0123456789.") == std::string_view::npos);
}

bool is_own_name(std::string_view authority, const GuardOptions& options) {
  const std::string host = to_lower(without_port(authority));
  if (is_address(host) || host == "localhost" || host.ends_with(".localhost")) return true;
  return std::ranges::any_of(options.host_names, [&](const std::string& name) { return to_lower(name) == host; });
}

// "https://name:443" -> "name", the default ports dropped on both sides.
std::string normal_authority(std::string_view authority) {
  std::string text = to_lower(authority);
  for (const char* standard : {":80", ":443"}) {
    if (text.ends_with(standard)) text.resize(text.size() - std::string_view{standard}.size());
  }
  return text;
}

// A proxy in front of us may put its own address into Host and the browser's into X-Forwarded-Host. No page can make a
// browser send that header to another origin.
bool is_same_origin(const std::string& origin, const HttpRequest& request) {
  const auto scheme_end = origin.find("://");
  if (scheme_end == std::string::npos) return false;  // "null"
  const std::string page = normal_authority(origin.substr(scheme_end + 3));
  for (const char* name : {"host", "x-forwarded-host"}) {
    const std::string* host = find_header(request.headers, name);
    if (host != nullptr && normal_authority(*host) == page) return true;
  }
  return false;
}

HttpResponse refusal(int status, const std::string& message) {
  HttpResponse response{.status = status, .content_type = "application/json"};
  response.body = "{\"message\":";
  append_json_string(response.body, message);
  response.body += "}";
  return response;
}

std::optional<HttpResponse> refuse(const HttpRequest& request, const GuardOptions& options) {
  if (auto why = browser_refusal(request, options)) return refusal(403, *why);
  if (options.credentials.empty() || (request.path == "/ping" && changes_nothing(request.method))) return std::nullopt;
  const std::string* authorization = find_header(request.headers, "authorization");
  if (authorization != nullptr && options.credentials.allow(*authorization)) return std::nullopt;
  HttpResponse response = refusal(401, authorization == nullptr ? "Credentials are required" : "Unknown credentials");
  response.headers.emplace_back("WWW-Authenticate", challenge);
  return response;
}

asio::awaitable<HttpResponse> answer_with(HttpResponse response) { co_return response; }

}  // namespace

std::optional<std::string> browser_refusal(const HttpRequest& request, const GuardOptions& options) {
  if (changes_nothing(request.method)) return std::nullopt;
  const std::string* origin = find_header(request.headers, "origin");
  const std::string* site = find_header(request.headers, "sec-fetch-site");
  if (origin == nullptr && site == nullptr) return std::nullopt;
  if (site != nullptr && *site != "same-origin" && *site != "none") {
    return "A page of another origin may not change anything here";
  }
  if (origin != nullptr && !is_same_origin(*origin, request)) {
    return "A page of another origin (" + *origin + ") may not change anything here";
  }
  const std::string* host = find_header(request.headers, "host");
  if (!options.credentials.empty() || (host != nullptr && is_own_name(*host, options))) return std::nullopt;
  return "'" + (host == nullptr ? std::string{} : *host) +
         "' is not known to be a name of this machine; --hostname makes it known";
}

HttpHandler guarded(HttpHandler inner, GuardOptions options) {
  auto shared = std::make_shared<const GuardOptions>(std::move(options));
  return [inner = std::move(inner), shared = std::move(shared)](HttpRequest request) {
    auto refused = refuse(request, *shared);
    return refused ? answer_with(std::move(*refused)) : inner(std::move(request));
  };
}

}  // namespace windlass
