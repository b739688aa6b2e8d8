#include "wire/json/text.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstddef>

namespace windlass {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";  // U+FFFD

// The length of the well-formed UTF-8 sequence that `text` begins with, or 0 (RFC 3629: no overlong forms, surrogates
// or values above U+10FFFF).
std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return 1;
  const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  const unsigned char second = byte(1);
  // These four cases are all that is left of RFC 3629's table once the lead byte and the continuation bytes are right.
  if (lead == 0xe0 && second < 0xa0) return 0;
  if (lead == 0xed && second > 0x9f) return 0;
  if (lead == 0xf0 && second < 0x90) return 0;
  if (lead == 0xf4 && second > 0x8f) return 0;
  return length;
}

void append_escaped(std::string& out, char c) {
  switch (c) {
    case '"': out += "\\\""; return;
    case '\\': out += "\\\\"; return;
    case '\b': out += "\\b"; return;
    case '\f': out += "\\f"; return;
    case '\n': out += "\\n"; return;
    case '\r': out += "\\r"; return;
    case '\t': out += "\\t"; return;
    default: break;
  }
  if (static_cast<unsigned char>(c) >= 0x20) {
    out += c;
    return;
  }
  constexpr std::string_view hex = "0123456789ABCDEF";
  out += "\\u00";
  out += hex[static_cast<unsigned char>(c) >> 4];
  out += hex[static_cast<unsigned char>(c) & 15];
}

// Lays out `digits` (no point, no trailing zeros) so that the point stands after the first `whole` of them.
void append_placed(std::string& out, std::string_view digits, int whole) {
  const int count = static_cast<int>(digits.size());
  // Where the exponent begins is as in JavaScript. A whole number still gets ".0", so that clients with types see a
  // double.
  if (whole >= count && whole <= 21) {
    out.append(digits).append(static_cast<std::size_t>(whole - count), '0').append(".0");
  } else if (whole > 0 && whole <= 21) {
    const auto split = static_cast<std::size_t>(whole);
    out.append(digits.substr(0, split)).append(".").append(digits.substr(split));
  } else if (whole > -6 && whole <= 0) {
    out.append("0.").append(static_cast<std::size_t>(-whole), '0').append(digits);
  } else {
    out.append(digits.substr(0, 1));
    if (count > 1) out.append(".").append(digits.substr(1));
    out.append("e").append(std::to_string(whole - 1));
  }
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    if (length > 1) {
      out += text.substr(0, length);
    } else if (length == 1) {
      append_escaped(out, text[0]);
    } else {
      out += replacement;
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  out += '"';
}

void append_json_double(std::string& out, double value) {
  if (std::isnan(value)) {
    out += "\"NaN\"";
    return;
  }
  if (std::isinf(value)) {
    out += value < 0 ? "\"-Infinity\"" : "\"Infinity\"";
    return;
  }
  // "1.234e+03", "5e-324": one digit, perhaps more behind a point, and the exponent.
  // Scientific notation of to_chars: the shortest digits that read back as the same double.
  char text[40];
  const char* end = std::to_chars(text, text + sizeof text, std::fabs(value), std::chars_format::scientific).ptr;
  const char* const begin = text;
  const char* mark = std::find(begin, end, 'e');
  std::string digits(1, *begin);
  if (mark - begin > 2) digits.append(begin + 2, mark);
  int exponent = 0;
  std::from_chars(mark[1] == '+' ? mark + 2 : mark + 1, end, exponent);
  if (std::signbit(value)) out += '-';
  append_placed(out, digits, exponent + 1);
}

}  // namespace windlass
