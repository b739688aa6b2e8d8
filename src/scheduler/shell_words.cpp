#include "scheduler/shell_words.hpp"

#include "base/text.hpp"

#include <algorithm>

namespace windlass::scheduler {
namespace {

constexpr std::string_view blanks = " \t";
// Outside of quotes these are operators, patterns or the beginning of something longer; a new line ends a command.
// Wherever they stand: the shell decides in doubt, as with the # of "a#b", which is a plain word.
constexpr std::string_view needs_shell = "|&;<>()`*?[]{}!~#\n";
// What a backslash escapes between double quotes.
constexpr std::string_view escaped_in_quotes = "$`\"\\";

bool is_name_start(char c) { return c == '_' || (to_lower(c) >= 'a' && to_lower(c) <= 'z'); }
bool is_name(char c) { return is_name_start(c) || (c >= '0' && c <= '9'); }

// One pass over the line; `failed_` is set at the first thing that only a shell understands.
class Words {
 public:
  Words(std::string_view line, const std::map<std::string, std::string>& variables)
      : rest_{line}, variables_{variables} {}

  std::optional<std::vector<std::string>> split() {
    while (!rest_.empty() && !failed_) take_plain();
    end_word();
    // `A=1 program` is an assignment in front of a command.
    const bool assigns = !words_.empty() && words_.front().find('=') != std::string::npos;
    if (failed_ || assigns) return std::nullopt;
    return std::move(words_);
  }

 private:
  char next() {
    const char c = rest_.front();
    rest_.remove_prefix(1);
    return c;
  }
  void add(char c) {
    word_ += c;
    in_word_ = true;
  }
  void end_word() {
    // An empty pair of quotes is a word, too.
    if (in_word_) words_.push_back(std::move(word_));
    word_.clear();
    in_word_ = false;
  }

  void take_plain() {
    const char c = next();
    if (blanks.find(c) != std::string_view::npos) return end_word();
    if (c == '\'') return take_single_quoted();
    if (c == '"') return take_double_quoted();
    if (c == '$') return split_again(variable());
    if (c == '\\') return take_escaped();
    if (needs_shell.find(c) != std::string_view::npos) failed_ = true;
    add(c);
  }

  void take_escaped() {
    if (rest_.empty() || rest_.front() == '\n') {
      failed_ = true;
    } else {
      add(next());
    }
  }

  void take_single_quoted() {
    in_word_ = true;
    const auto end = rest_.find('\'');
    if (end == std::string_view::npos) {
      failed_ = true;
      return;
    }
    word_ += rest_.substr(0, end);
    rest_.remove_prefix(end + 1);
  }

  void take_double_quoted() {
    in_word_ = true;
    while (!rest_.empty() && !failed_) {
      const char c = next();
      if (c == '"') return;
      if (c == '`') failed_ = true;
      if (c == '$') {
        word_ += variable();
      } else if (c == '\\' && !rest_.empty() && escaped_in_quotes.find(rest_.front()) != std::string_view::npos) {
        word_ += next();
      } else {
        word_ += c;
      }
    }
    failed_ = true;
  }

  // What stands for the variable after a "$"; the "$" itself where no name follows.
  std::string variable() {
    const bool braced = rest_.starts_with('{');
    const std::string_view at = rest_.substr(braced ? 1 : 0);
    const auto end = static_cast<std::size_t>(std::find_if_not(at.begin(), at.end(), is_name) - at.begin());
    const std::string name{at.substr(0, end)};
    const bool named = !name.empty() && is_name_start(name.front());
    if (!named && !braced && (at.empty() || blanks.find(at.front()) != std::string_view::npos || at.front() == '"')) {
      return "$";
    }
    if (!named || (braced && !at.substr(end).starts_with('}'))) {
      failed_ = true;  // $1, $?, $(…), ${NAME:-…}
      return {};
    }
    rest_.remove_prefix(end + (braced ? 2 : 0));
    const auto found = variables_.find(name);
    return found == variables_.end() ? std::string{} : found->second;
  }

  // Outside of quotes a value falls into words again, and its patterns would name files.
  void split_again(const std::string& value) {
    for (const char c : value) {
      if (blanks.find(c) != std::string_view::npos || c == '\n') {
        end_word();
      } else {
        if (c == '*' || c == '?' || c == '[') failed_ = true;
        add(c);
      }
    }
  }

  std::string_view rest_;
  const std::map<std::string, std::string>& variables_;
  std::vector<std::string> words_ = {};
  std::string word_ = {};
  bool in_word_ = false;
  bool failed_ = false;
};

}  // namespace

std::optional<std::vector<std::string>> shell_words(std::string_view line,
                                                    const std::map<std::string, std::string>& variables) {
  return Words{line, variables}.split();
}

std::string shell_quote(const std::string& text) {
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'') {
      // Nothing is special between single quotes but the quote itself, which has to stand outside.
      quoted += "'\\''";
    } else {
      quoted += c;
    }
  }
  return quoted + "'";
}

}  // namespace windlass::scheduler
