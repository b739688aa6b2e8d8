#include "wire/json/reader.hpp"

#include <boost/json.hpp>
#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/value_stack.hpp>

#include <algorithm>
#include <charconv>
#include <string>

namespace windlass {
namespace {

namespace json = boost::json;
using json::error_code;
using View = json::string_view;

constexpr std::string_view white_space = " \t\r\n";

// Builds the value while basic_parser reads. As Boost's own, but for on_double.
struct Builder {
  static constexpr std::size_t max_object_size = json::object::max_size();
  static constexpr std::size_t max_array_size = json::array::max_size();
  static constexpr std::size_t max_key_size = json::string::max_size();
  static constexpr std::size_t max_string_size = json::string::max_size();

  json::value_stack stack;

  bool on_document_begin(error_code&) { return stack.reset(), true; }
  bool on_document_end(error_code&) { return true; }
  bool on_object_begin(error_code&) { return true; }
  bool on_object_end(std::size_t n, error_code&) { return stack.push_object(n), true; }
  bool on_array_begin(error_code&) { return true; }
  bool on_array_end(std::size_t n, error_code&) { return stack.push_array(n), true; }
  bool on_key_part(View s, std::size_t, error_code&) { return stack.push_chars(s), true; }
  bool on_key(View s, std::size_t, error_code&) { return stack.push_key(s), true; }
  bool on_string_part(View s, std::size_t, error_code&) { return stack.push_chars(s), true; }
  bool on_string(View s, std::size_t, error_code&) { return stack.push_string(s), true; }
  bool on_number_part(View, error_code&) { return true; }
  bool on_int64(std::int64_t i, View, error_code&) { return stack.push_int64(i), true; }
  bool on_uint64(std::uint64_t u, View, error_code&) { return stack.push_uint64(u), true; }
  // The text is whole, because read_json parses in one piece. Out of range (1e999) the parser's own 0 or infinity
  // stays.
  bool on_double(double d, View s, error_code&) {
    std::from_chars(s.data(), s.data() + s.size(), d);
    return stack.push_double(d), true;
  }
  bool on_bool(bool b, error_code&) { return stack.push_bool(b), true; }
  bool on_null(error_code&) { return stack.push_null(), true; }
  bool on_comment_part(View, error_code&) { return true; }
  bool on_comment(View, error_code&) { return true; }
};

Error syntax_error(std::string_view text, std::size_t at) {
  at = std::min(at, text.size());
  const auto line = 1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n');
  // Only the rest of that line, as in Mesos' message, and without control characters: it goes into an answer.
  std::string rest(text.substr(at, text.find('\n', at) - at));
  std::erase_if(rest, [](char c) { return static_cast<unsigned char>(c) < ' '; });
  return {Errc::malformed, "syntax error at line " + std::to_string(line) + " near: " + rest};
}

}  // namespace

Result<json::value> read_json(std::string_view text) {
  json::parse_options options;
  // Whoever reads the value walks it recursively, and the text may come from anybody.
  options.max_depth = json_depth_max;
  json::basic_parser<Builder> parser(options);
  error_code failed;
  // write_some stops behind the value. What follows it is told in Mesos' words, not as a syntax error.
  const std::size_t used = parser.write_some(false, text.data(), text.size(), failed);
  if (failed == json::error::too_deep) {
    return Error{Errc::malformed, "nested deeper than " + std::to_string(json_depth_max) + " levels"};
  }
  if (failed) return syntax_error(text, used);
  const std::string_view rest = text.substr(used);
  if (const std::size_t start = rest.find_first_not_of(white_space); start != rest.npos) {
    const std::size_t last = rest.find_last_not_of(white_space);
    const std::string trailing(rest.substr(start, last + 1 - start));
    return Error{Errc::malformed, "Parsed JSON included non-whitespace trailing characters: " + trailing};
  }
  return parser.handler().stack.release();
}

}  // namespace windlass
