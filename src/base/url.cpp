#include "base/url.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <vector>

namespace windlass {

namespace {

constexpr std::uint16_t http_port = 80;
constexpr std::uint16_t https_port = 443;

Error bad_url(std::string_view text) { return Error{Errc::malformed, "'" + std::string{text} + "' is not a URL", {}}; }

// The length of "http:" in front, or 0.
std::size_t scheme_length(std::string_view text) {
  const std::size_t colon = text.find_first_of(":/?#");
  if (colon == std::string_view::npos || colon == 0 || text[colon] != ':') return 0;
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  const auto is_good = [&](char c) {
    return is_letter(c) || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
  };
  if (!is_letter(text[0]) || !std::all_of(text.begin(), text.begin() + static_cast<long>(colon), is_good)) return 0;
  return colon + 1;
}

std::optional<std::uint16_t> port_of(std::string_view digits) {
  std::uint16_t port = 0;
  const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (parsed.ec != std::errc{} || parsed.ptr != digits.data() + digits.size() || port == 0) return std::nullopt;
  return port;
}

// What may stand in brackets: "fe80::1", "::ffff:10.0.0.1".
bool is_ipv6(std::string_view text) {
  const bool has_colon = text.find(':') != std::string_view::npos;
  return has_colon && text.find_first_not_of("0123456789abcdefABCDEF:.") == std::string_view::npos;
}

// "user@host:port" into url. False when it is none.
bool read_authority(std::string_view authority, Url& url) {
  const std::size_t at = authority.rfind('@');
  if (at != std::string_view::npos) authority.remove_prefix(at + 1);
  std::size_t end = authority.find(':');
  if (authority.starts_with('[')) {
    const std::size_t bracket = authority.find(']');
    if (bracket == std::string_view::npos || !is_ipv6(authority.substr(1, bracket - 1))) return false;
    url.host = std::string{authority.substr(1, bracket - 1)};
    end = bracket + 1;
  } else {
    url.host = std::string{authority.substr(0, end)};
  }
  url.port = url.scheme == "https" ? https_port : http_port;
  if (url.host.empty()) return false;
  if (end >= authority.size()) return true;
  const auto port = authority[end] == ':' ? port_of(authority.substr(end + 1)) : std::nullopt;
  const bool is_empty = authority.substr(end) == ":";
  if (port) url.port = *port;
  return port || is_empty;
}

// RFC 3986, 5.2.4: "/a/../b/./c" is "/b/c".
std::string without_dots(std::string_view path) {
  std::vector<std::string_view> kept;
  bool ends_with_folder = false;
  while (!path.empty()) {
    path.remove_prefix(1);  // the slash
    const std::size_t end = std::min(path.find('/'), path.size());
    const std::string_view segment = path.substr(0, end);
    path.remove_prefix(end);
    ends_with_folder = segment == "." || segment == "..";
    if (segment == ".." && !kept.empty()) kept.pop_back();
    if (!ends_with_folder) kept.push_back(segment);
  }
  std::string result;
  for (const std::string_view segment : kept) result += "/" + std::string{segment};
  if (ends_with_folder || result.empty()) result += "/";
  return result;
}

std::string resolve_target(const std::string& base, std::string_view reference) {
  const std::string_view path{base.data(), std::min(base.find('?'), base.size())};
  if (reference.empty()) return base;
  if (reference.starts_with('?')) return std::string{path} + std::string{reference};
  const std::size_t query = std::min(reference.find('?'), reference.size());
  std::string joined{reference.substr(0, query)};
  if (!joined.starts_with('/')) joined = std::string{path.substr(0, path.rfind('/') + 1)} + joined;
  return without_dots(joined) + std::string{reference.substr(query)};
}

}  // namespace

std::string Url::authority() const {
  const bool is_ipv6 = host.find(':') != std::string::npos;
  return (is_ipv6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

std::string Url::to_string() const { return scheme + "://" + authority() + target; }

Result<Url> parse_url(std::string_view text) {
  const std::size_t scheme_end = scheme_length(text);
  if (scheme_end == 0 || !text.substr(scheme_end).starts_with("//")) return bad_url(text);
  Url url{.scheme = to_lower(text.substr(0, scheme_end - 1))};
  if (url.scheme != "http" && url.scheme != "https") {
    return Error{Errc::unsupported, "URLs of " + url.scheme + " are not followed", {}};
  }
  std::string_view rest = text.substr(scheme_end + 2);
  rest = rest.substr(0, rest.find('#'));
  const std::size_t path = std::min(rest.find_first_of("/?"), rest.size());
  if (!read_authority(rest.substr(0, path), url)) return bad_url(text);
  url.target = std::string{rest.substr(path)};
  if (!url.target.starts_with('/')) url.target = "/" + url.target;
  return url;
}

Result<Url> resolve_url(const Url& base, std::string_view reference) {
  if (scheme_length(reference) > 0) return parse_url(reference);
  if (reference.starts_with("//")) return parse_url(base.scheme + ":" + std::string{reference});
  Url url = base;
  url.target = resolve_target(base.target, reference.substr(0, reference.find('#')));
  return url;
}

}  // namespace windlass
