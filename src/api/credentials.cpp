#include "api/credentials.hpp"

#include "base/base64.hpp"
#include "base/text.hpp"
#include "io/http/message.hpp"

#include <algorithm>
#include <cstddef>

namespace windlass {
namespace {

constexpr std::string_view scheme = "Basic ";

// Looks at every byte of both, whatever the first ones were.
bool equal_in_constant_time(std::string_view secret, std::string_view given) {
  volatile unsigned char difference = secret.size() == given.size() ? 0 : 1;
  for (std::size_t i = 0; i < given.size(); ++i) {
    const char against = secret.empty() ? '\0' : secret[i % secret.size()];
    difference = static_cast<unsigned char>(difference | static_cast<unsigned char>(against ^ given[i]));
  }
  return difference == 0;
}

Error broken_line(std::size_t number) {
  return {Errc::invalid, "line " + std::to_string(number) + " is not user:password"};
}

}  // namespace

Result<Credentials> Credentials::parse(std::string_view text) {
  Credentials credentials;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const auto end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) continue;
    const auto colon = line.find(':');
    // An empty password, too, is refused: it is more likely a mistake than a wish.
    if (colon == std::string_view::npos || colon == 0 || colon + 1 == line.size()) return broken_line(number);
    credentials.pairs_.emplace_back(line);
  }
  if (credentials.empty()) return Error{Errc::invalid, "there is no user:password in it"};
  return credentials;
}

bool Credentials::allow(std::string_view authorization) const {
  if (authorization.size() < scheme.size() || !equal_ignoring_case(authorization.substr(0, scheme.size()), scheme)) {
    return false;
  }
  const auto given = decode_base64(authorization.substr(scheme.size()));
  if (!given) return false;
  bool found = false;
  for (const std::string& pair : pairs_) {
    if (equal_in_constant_time(pair, *given)) found = true;  // and on, so that its place tells nothing
  }
  return found;
}

}  // namespace windlass
