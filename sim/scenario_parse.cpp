#include "sim/scenario.hpp"

#include <sstream>

namespace windlass::sim {

Result<std::vector<ScenarioLine>> parse_scenario(std::string_view text) {
  std::vector<ScenarioLine> lines;
  std::istringstream input{std::string{text}};
  std::string raw;
  for (int number = 1; std::getline(input, raw); ++number) {
    const std::string content = raw.substr(0, raw.find('#'));
    ScenarioLine line{.number = number, .text = content, .words = {}, .options = {}};
    std::istringstream words{content};
    for (std::string word; words >> word;) {
      const auto equals = word.find('=');
      if (equals == std::string::npos || word.find_first_of("<>=") != equals || equals == 0) {
        line.words.push_back(word);
      } else if (!line.options.emplace(word.substr(0, equals), word.substr(equals + 1)).second) {
        return Error{Errc::malformed, "option given twice: " + word, std::to_string(number)};
      }
    }
    if (line.words.empty() && !line.options.empty()) {
      return Error{Errc::malformed, "a line begins with a verb", std::to_string(number)};
    }
    if (!line.words.empty()) lines.push_back(std::move(line));
  }
  if (lines.empty()) return Error{Errc::malformed, "nothing to do", "1"};
  return lines;
}

}  // namespace windlass::sim
