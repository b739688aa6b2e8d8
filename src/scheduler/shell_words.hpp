#pragma once
// A command line that needs no shell: the words that /bin/sh would make of it, and how a text becomes one word.

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace windlass::scheduler {

// The words of a line of quotes, backslashes and variables ($NAME, ${NAME}; one that is not known is empty). None when
// the line has what only a shell can do: operators, patterns, substitutions, assignments, comments, a broken quote.
[[nodiscard]] std::optional<std::vector<std::string>> shell_words(std::string_view line,
                                                                  const std::map<std::string, std::string>& variables);

// One shell word that means exactly this text.
std::string shell_quote(const std::string& text);

}  // namespace windlass::scheduler
