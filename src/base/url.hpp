#pragma once
// URLs: their parts, whatever the scheme, and those of HTTP as far as following a redirect needs them. Whoever reads an
// address reads it with this.

#include "base/error.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace windlass {

// The parts of a URL, nothing decoded. Text without "://" has no scheme, and begins with its authority.
struct UrlParts {
  std::string_view scheme = {};
  std::string_view authority = {};  // "user:password@host:port"
  std::string_view target = {};     // path, query and fragment: "" or from the "/", "?" or "#" on
};
// The parts refer to the text.
[[nodiscard]] UrlParts split_url(std::string_view text);

// Where something listens, and which user to connect as.
struct Authority {
  std::string user = {};                   // "user:password", as written
  std::string host = {};                   // a name or an address; IPv6 without its brackets
  std::optional<std::uint16_t> port = {};  // 1 and up

  // "host:port", without the user; brackets around IPv6.
  [[nodiscard]] std::string to_string() const;
  friend bool operator==(const Authority&, const Authority&) = default;
};
// Errors: Errc::invalid, and what is wrong: "not an address", "not a port number", "the host is missing".
[[nodiscard]] Result<Authority> parse_authority(std::string_view text);

struct Url {
  std::string scheme = "http";  // or "https"
  std::string host = {};        // a name or an address; IPv6 without its brackets
  std::uint16_t port = 80;
  std::string target = "/";  // path and query, as written

  // "host:port", with brackets around IPv6.
  [[nodiscard]] std::string authority() const;
  [[nodiscard]] std::string to_string() const;
  friend bool operator==(const Url&, const Url&) = default;
};

// User names and fragments are dropped. Errors: Errc::unsupported for other schemes, Errc::malformed.
[[nodiscard]] Result<Url> parse_url(std::string_view text);
// What a Location header means in the answer to `base`: a whole URL, "//host/path", "/path", "path" or "?query".
[[nodiscard]] Result<Url> resolve_url(const Url& base, std::string_view reference);

// A URI of any scheme as logs and views may show it: of "user:password@host" the password is "***", and of
// "token@host" the token. What is no URI stays as it is.
[[nodiscard]] std::string without_password(std::string_view uri);

}  // namespace windlass
