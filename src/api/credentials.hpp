#pragma once
// Who may use the API: the users of --http_credentials, asked for by HTTP basic authentication (RFC 7617).

#include "base/error.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace windlass {

class Credentials {
 public:
  // One `user:password` in each line; a password may hold further colons. Empty lines do not count. No credentials at
  // all is an error: whoever wrote the file wanted some. Errors: Errc::invalid naming the line, never its text.
  [[nodiscard]] static Result<Credentials> parse(std::string_view text);

  // Without any, everybody may.
  [[nodiscard]] bool empty() const { return pairs_.empty(); }
  // Whether the value of an Authorization header ("Basic dXNlcjpwYXNz") names one of them. How long it takes tells
  // nothing about how much of it was right.
  [[nodiscard]] bool allow(std::string_view authorization) const;

 private:
  std::vector<std::string> pairs_;  // "user:password"
};

}  // namespace windlass
