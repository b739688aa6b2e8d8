#pragma once
// The arguments of a client command, taken apart: words, --name=value or --name value, and switches.
// -n is short for --lines and -f for --follow, where a command has these.

#include "base/error.hpp"

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace windlass {

class Arguments {
 public:
  // `valued` and `switches` are the flags that the command has, without dashes.
  // Errors: Errc::invalid; `where` names the flag.
  [[nodiscard]] static Result<Arguments> parse(const std::vector<std::string>& arguments,
                                               const std::set<std::string>& valued,
                                               const std::set<std::string>& switches);

  [[nodiscard]] const std::vector<std::string>& words() const { return words_; }
  [[nodiscard]] bool has(const std::string& flag) const { return values_.contains(flag); }
  // The last value given; null when none was.
  [[nodiscard]] const std::string* value(const std::string& flag) const;
  // All of them, in order.
  [[nodiscard]] std::vector<std::string> values(const std::string& flag) const;

 private:
  std::vector<std::string> words_;
  std::map<std::string, std::vector<std::string>> values_;  // a switch has one empty value
};

}  // namespace windlass
