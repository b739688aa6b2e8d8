#pragma once
// What server and client share: headers as a list that keeps order and repeats, percent coding, query strings.

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace windlass {

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;
using HttpQuery = std::vector<std::pair<std::string, std::string>>;

// The first header of that name (letters of any case), or null.
[[nodiscard]] const std::string* find_header(const HttpHeaders& headers, std::string_view name);
// The first query parameter of that name (exact), or null. A parameter without "=" has the value "".
[[nodiscard]] const std::string* find_query(const HttpQuery& query, std::string_view name);

// Decodes %XX once; nullopt when a % is not followed by two hexadecimal digits, or decodes to NUL.
[[nodiscard]] std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space = false);
// Encodes everything but unreserved characters (RFC 3986); keep lists further characters that stay, such as "/".
[[nodiscard]] std::string percent_encode(std::string_view text, std::string_view keep = {});
// "a=1&b=x%20y&c" decoded, in order; nullopt when an escape is broken.
[[nodiscard]] std::optional<HttpQuery> parse_query(std::string_view text);

// The reason phrase of a status code; "Unknown" for codes without one.
[[nodiscard]] std::string_view http_reason(int status);

}  // namespace windlass
