#pragma once
// The words of a command line, taken apart the same way for every program: --name=value, --name value, and switches as
// --name or --no-name. Which flags there are, what their values mean and what is said of a mistake is in the table of
// each program.

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace windlass {

enum class FlagKind { none, valued, toggle };  // none: there is no such flag

struct FlagRules {
  enum class NextWord { is_no_value, is_value, is_value_unless_flag };

  std::function<FlagKind(std::string_view name)> kind_of;
  std::vector<std::string_view> negations = {};  // prefixes that turn a switch off: "no-"
  NextWord next_word = NextWord::is_value;       // after --name of a flag that takes a value
};

struct FlagWord {
  enum class Is { flag, unknown_flag, word };

  Is is = Is::word;
  std::string text;                       // the word as written; of a flag "--name", as written, without its value
  std::string name = {};                  // of the flag: without dashes and negation
  std::optional<std::string> value = {};  // none: none was given
  bool negated = false;                   // a switch that is turned off
};

class FlagReader {
 public:
  // REQUIRES: the words outlive the reader.
  FlagReader(const std::vector<std::string>& words, FlagRules rules) : words_{words}, rules_{std::move(rules)} {}

  // Nothing at the end.
  [[nodiscard]] std::optional<FlagWord> next();
  // How many words have been taken.
  [[nodiscard]] std::size_t taken() const { return at_; }

 private:
  const std::vector<std::string>& words_;
  const FlagRules rules_;
  std::size_t at_ = 0;
};

// The variable that sets the flag: "WINDLASS_" and "http_port" are WINDLASS_HTTP_PORT.
[[nodiscard]] std::string flag_variable(std::string_view prefix, std::string_view name);

// How many letters are to be changed, added or taken away to make one name of the other.
[[nodiscard]] std::size_t edits_between(std::string_view from, std::string_view to);

}  // namespace windlass
