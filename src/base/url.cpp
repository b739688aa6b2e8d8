#include "base/url.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>
#include <vector>

namespace windlass {

namespace {

constexpr std::uint16_t http_port = 80;
constexpr std::uint16_t https_port = 443;
constexpr std::string_view after_scheme = "://";

Error bad_url(std::string_view text) {
  return Error{Errc::malformed, "'" + without_password(text) + "' is not a URL", {}};
}

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

// What may stand in brackets: "fe80::1", "::ffff:10.0.0.1", and with the zone that a link-local one needs
// "fe80::1%eth0".
bool is_ipv6(std::string_view text) {
  const std::string_view address = text.substr(0, text.find('%'));
  const std::string_view zone = text.substr(address.size());
  const bool has_colon = address.find(':') != std::string_view::npos;
  return has_colon && address.find_first_not_of("0123456789abcdefABCDEF:.") == std::string_view::npos &&
         zone.find_first_of("[]/?#@ ") == std::string_view::npos && zone.size() != 1;
}

// A name, or an address of version 4: no more than keeps it from being something else in a header or a message.
bool is_host(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return c > ' ' && c != 0x7f &&
           std::string_view{"/?#@[]:\\\"<>"}.find(static_cast<char>(c)) == std::string_view::npos;
  });
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

UrlParts split_url(std::string_view text) {
  UrlParts parts;
  const std::size_t scheme = scheme_length(text);
  if (scheme > 0 && text.substr(scheme - 1).starts_with(after_scheme)) {
    parts.scheme = text.substr(0, scheme - 1);
    text.remove_prefix(scheme - 1 + after_scheme.size());
  }
  parts.authority = text.substr(0, text.find_first_of("/?#"));
  parts.target = text.substr(parts.authority.size());
  return parts;
}

std::string Authority::to_string() const {
  const std::string place = host.find(':') == std::string::npos ? host : "[" + host + "]";
  return port ? place + ":" + std::to_string(*port) : place;
}

Result<Authority> parse_authority(std::string_view text) {
  const auto wrong = [](const char* what) { return Error{Errc::invalid, what, {}}; };
  Authority place;
  // The last one: a password may have an @ of its own.
  if (const std::size_t at = text.rfind('@'); at != std::string_view::npos) {
    place.user = std::string{text.substr(0, at)};
    text.remove_prefix(at + 1);
  }
  std::size_t end = std::min(text.find(':'), text.size());
  if (text.starts_with('[')) {
    const std::size_t bracket = text.find(']');
    if (bracket == std::string_view::npos || !is_ipv6(text.substr(1, bracket - 1))) return wrong("not an address");
    place.host = std::string{text.substr(1, bracket - 1)};
    end = bracket + 1;
  } else {
    if (!is_host(text.substr(0, end))) return wrong("not an address");
    place.host = std::string{text.substr(0, end)};
  }
  if (place.host.empty()) return wrong("the host is missing");
  const std::string_view rest = text.substr(end);
  if (rest.empty() || rest == ":") return place;
  if (!rest.starts_with(':')) return wrong("not an address");
  place.port = port_of(rest.substr(1));
  if (!place.port) return wrong("not a port number");
  return place;
}

std::string Url::authority() const { return Authority{.host = host, .port = port}.to_string(); }

std::string Url::to_string() const { return scheme + "://" + authority() + target; }

Result<Url> parse_url(std::string_view text) {
  const UrlParts parts = split_url(text);
  if (parts.scheme.empty()) return bad_url(text);
  Url url{.scheme = to_lower(parts.scheme)};
  if (url.scheme != "http" && url.scheme != "https") {
    return Error{Errc::unsupported, "URLs of " + url.scheme + " are not followed", {}};
  }
  auto place = parse_authority(parts.authority);
  if (!place) return bad_url(text);
  url.host = std::move(place->host);
  url.port = place->port.value_or(url.scheme == "https" ? https_port : http_port);
  url.target = std::string{parts.target.substr(0, parts.target.find('#'))};
  if (!url.target.starts_with('/')) url.target = "/" + url.target;
  return url;
}

Result<Url> resolve_url(const Url& base, std::string_view reference) {
  if (scheme_length(reference) > 0) return parse_url(reference);
  // With a host but without a scheme, as Mesos masters lead to their leader (mesos.md 1.7).
  if (reference.starts_with("//")) return parse_url(base.scheme + ":" + std::string{reference});
  Url url = base;
  url.target = resolve_target(base.target, reference.substr(0, reference.find('#')));
  return url;
}

std::string without_password(std::string_view uri) {
  const UrlParts parts = split_url(uri);
  const std::size_t at = parts.authority.rfind('@');
  if (parts.scheme.empty() || at == std::string_view::npos) return std::string{uri};
  const std::size_t colon = parts.authority.find(':');
  const std::size_t begin = parts.scheme.size() + after_scheme.size();
  const std::size_t secret = begin + (colon < at ? colon + 1 : 0);
  return std::string{uri.substr(0, secret)} + "***" + std::string{uri.substr(begin + at)};
}

}  // namespace windlass
