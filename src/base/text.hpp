#pragma once
// Pieces of text, and ASCII letters of either case. What is returned as a view points into the argument.

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace windlass {

// Without ASCII blanks (space, \t, \n, \v, \f, \r) at both ends.
[[nodiscard]] std::string_view trim(std::string_view text);

// "a,,b" -> "a", "", "b"; "" -> "".
[[nodiscard]] std::vector<std::string_view> split(std::string_view text, char separator);
// The same, each part trimmed: "a, b" -> "a", "b".
[[nodiscard]] std::vector<std::string_view> split_list(std::string_view text, char separator);
// What stands between any of the separators, never empty: " a  b" -> "a", "b".
[[nodiscard]] std::vector<std::string_view> split_words(std::string_view text, std::string_view separators = " \t\r\n");
// The text before and after the first separator; nothing when there is none.
[[nodiscard]] std::optional<std::pair<std::string, std::string>> cut(std::string_view text, char separator);

// ASCII only; every other byte stays as it is, whatever the locale.
[[nodiscard]] constexpr char to_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
[[nodiscard]] constexpr char to_upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }
[[nodiscard]] std::string to_lower(std::string_view text);
[[nodiscard]] std::string to_upper(std::string_view text);
[[nodiscard]] bool equal_ignoring_case(std::string_view a, std::string_view b);
// Whether `part` stands anywhere in `text`; an empty one does.
[[nodiscard]] bool contains_ignoring_case(std::string_view text, std::string_view part);

}  // namespace windlass
