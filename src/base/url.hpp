#pragma once
// URLs of HTTP, as far as following a redirect needs them.

#include "base/error.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace windlass {

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

}  // namespace windlass
