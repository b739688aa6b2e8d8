#include "api/guard.hpp"

#include "base/text.hpp"
#include "base/url.hpp"
#include "wire/json/text.hpp"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>

namespace windlass {
namespace {

// Marathon's default of --http_realm.
constexpr const char* challenge = "Basic realm=\"Mesosphere\"";
constexpr std::uint16_t http_port = 80;
constexpr std::uint16_t https_port = 443;

// What only reads is let through: a foreign page that sends it changes nothing here.
bool changes_nothing(const std::string& method) { return method == "GET" || method == "HEAD" || method == "OPTIONS"; }

// A name can be made to mean any machine; an address means the one that it is.
bool is_address(std::string_view host) {
  return host.find(':') != std::string_view::npos || host.find_first_not_of("0123456789.") == std::string_view::npos;
}

bool is_own_name(std::string_view authority, const GuardOptions& options) {
  const auto place = parse_authority(authority);
  if (!place) return false;
  const std::string host = to_lower(place->host);
  if (is_address(host) || host == "localhost" || host.ends_with(".localhost")) return true;
  return std::ranges::any_of(options.host_names, [&](const std::string& name) { return to_lower(name) == host; });
}

// "Name:8080" -> "name:8080"; the default ports count as none, as browsers have them. "" for what is no address.
std::string normal_authority(std::string_view authority) {
  auto place = parse_authority(authority);
  if (!place || !place->user.empty()) return {};
  if (place->port == http_port || place->port == https_port) place->port.reset();
  place->host = to_lower(place->host);
  return place->to_string();
}

// A proxy in front of us may put its own address into Host and the browser's into X-Forwarded-Host. No page can make a
// browser send that header to another origin.
bool is_same_origin(const std::string& origin, const HttpRequest& request) {
  const UrlParts parts = split_url(origin);
  const std::string page = parts.scheme.empty() ? "" : normal_authority(parts.authority);
  // Sandboxed frames and files send "null": a page without an origin cannot be ours.
  if (page.empty()) return false;  // "null"
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
  // No browser, as far as anybody can tell: curl, schedulers, executors.
  if (origin == nullptr && site == nullptr) return std::nullopt;
  if (site != nullptr && *site != "same-origin" && *site != "none") {
    return "A page of another origin may not change anything here";
  }
  if (origin != nullptr && !is_same_origin(*origin, request)) {
    return "A page of another origin (" + *origin + ") may not change anything here";
  }
  // After a DNS rebinding Origin and Host agree, and only the name itself is suspicious.
  const std::string* host = find_header(request.headers, "host");
  if (!options.credentials.empty() || (host != nullptr && is_own_name(*host, options))) return std::nullopt;
  return "'" + (host == nullptr ? std::string{} : *host) +
         "' is not known to be a name of this machine; --hostname makes it known";
}

HttpHandler guarded(HttpHandler inner, GuardOptions options) {
  // Shared: the handler is copied, and the credentials need be in memory only once.
  auto shared = std::make_shared<const GuardOptions>(std::move(options));
  return [inner = std::move(inner), shared = std::move(shared)](HttpRequest request) {
    auto refused = refuse(request, *shared);
    return refused ? answer_with(std::move(*refused)) : inner(std::move(request));
  };
}

}  // namespace windlass
