#include "sim/scenario.hpp"

#include <charconv>
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

// --- words as values ------------------------------------------------------------------------------------------------

std::int64_t to_number(const std::string& text) {
  std::int64_t number = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), number);
  if (result.ec != std::errc{} || result.ptr != text.data() + text.size()) throw LineError("not a number: " + text);
  return number;
}

double to_amount(const std::string& text) {
  try {
    return std::stod(text);
  } catch (const std::exception&) {
    throw LineError("not a number: " + text);
  }
}

// 10s, 500ms, 20m, 2h.
Duration to_duration(const std::string& text) {
  const auto unit_at = text.find_first_not_of("0123456789");
  if (unit_at == 0 || unit_at == std::string::npos) throw LineError("not a duration: " + text);
  const std::int64_t number = to_number(text.substr(0, unit_at));
  const std::string unit = text.substr(unit_at);
  if (unit == "ms") return milliseconds{number};
  if (unit == "s") return seconds{number};
  if (unit == "m") return std::chrono::minutes{number};
  if (unit == "h") return std::chrono::hours{number};
  throw LineError("not a unit of time: " + unit);
}

const std::string& word(const ScenarioLine& line, std::size_t index) {
  if (index >= line.words.size()) throw LineError("a word is missing");
  return line.words[index];
}

void allow_options(const ScenarioLine& line, const std::set<std::string>& known) {
  for (const auto& [name, value] : line.options) {
    if (!known.contains(name)) throw LineError("unknown option " + name);
  }
}

}  // namespace windlass::sim
