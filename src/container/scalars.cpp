#include "container/scalars.hpp"

#include "base/text.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <set>
#include <utility>

namespace windlass::docker {

namespace {

constexpr std::int64_t int64_max = std::numeric_limits<std::int64_t>::max();
constexpr std::uint64_t int64_min_size = std::uint64_t{1} << 63;  // of the lowest negative number

// Not std::isdigit(): that depends on the locale, and a negative char is undefined there.
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex_digit(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
bool is_number(std::string_view text) { return !text.empty() && std::all_of(text.begin(), text.end(), is_digit); }

// Cuts a sign off. True: it was a minus.
bool take_sign(std::string_view& text) {
  if (text.empty() || (text.front() != '-' && text.front() != '+')) return false;
  const bool minus = text.front() == '-';
  text.remove_prefix(1);
  return minus;
}

// std::from_chars() stops at what it does not know: the end has to be looked at, too.
std::optional<std::uint64_t> digits_in_base(std::string_view digits, int base) {
  std::uint64_t number = 0;
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number, base);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return number;
}

// Go's literals: a prefix names the base; underscores stand between digits (or prefix and digit) only.
std::optional<std::uint64_t> literal(std::string_view text) {
  int base = 10;
  bool after_digit = false;
  if (text.size() >= 3 && text.front() == '0' &&
      std::string_view{"box"}.find(to_lower(text[1])) != std::string_view::npos) {
    base = to_lower(text[1]) == 'x' ? 16 : to_lower(text[1]) == 'o' ? 8 : 2;
    text.remove_prefix(2);
    after_digit = true;
  } else if (text.size() > 1 && text.front() == '0') {
    base = 8;
  }
  std::string digits;
  for (const char c : text) {
    if (c == '_' && !after_digit) return std::nullopt;
    after_digit = c != '_';
    if (after_digit) digits += c;
  }
  if (!after_digit) return std::nullopt;
  return digits_in_base(digits, base);
}

// The lowest number has no positive counterpart in 64 bits.
std::optional<std::int64_t> with_sign(std::optional<std::uint64_t> size, bool minus) {
  if (!size) return std::nullopt;
  if (minus && *size == int64_min_size) return std::numeric_limits<std::int64_t>::min();
  if (*size > static_cast<std::uint64_t>(int64_max)) return std::nullopt;
  return minus ? -static_cast<std::int64_t>(*size) : static_cast<std::int64_t>(*size);
}

constexpr std::int64_t billion = 1'000'000'000;

// Whole numbers all along: the CLI calculates with fractions of any size, and a double would round where it refuses.
Result<std::int64_t> parse_cpu_fraction(std::string_view text, std::string_view top, std::string_view bottom) {
  const auto above = digits_in_base(top, 10);
  const auto below = digits_in_base(bottom, 10);
  if (!is_number(top) || !is_number(bottom) || !above || !below || *below == 0) return bad_value(text, "is no number");
  if (*above > billion || *below > billion || *above * billion % *below != 0) {
    return bad_value(text, "is too large or too precise");
  }
  return static_cast<std::int64_t>(*above * billion / *below);
}

Result<std::int64_t> parse_cpu_decimal(std::string_view text, std::string_view number) {
  const auto e = number.find_first_of("eE");
  const auto exponent = e == std::string_view::npos ? Result<std::int64_t>{0} : parse_decimal(number.substr(e + 1));
  const auto mantissa = number.substr(0, e);
  const auto dot = mantissa.find('.');
  std::string digits{mantissa.substr(0, dot)};
  const std::string fraction{dot == std::string_view::npos ? std::string_view{} : mantissa.substr(dot + 1)};
  digits += fraction;
  if (!exponent || !is_number(digits)) return bad_value(text, "is no number");
  auto power = *exponent - static_cast<std::int64_t>(fraction.size()) + 9;
  // Leading zeros are no digits, and zeros at the end only move the power: what is left is as short as it can be.
  digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size()));
  if (digits.empty()) return std::int64_t{0};
  for (; power < 0 && digits.back() == '0'; ++power) digits.pop_back();
  if (power < 0 || power > 18 || digits.size() + static_cast<std::size_t>(power) > 19) {
    return bad_value(text, "is too large or too precise");
  }
  digits.append(static_cast<std::size_t>(power), '0');
  auto nano = parse_decimal(digits);
  if (!nano) return bad_value(text, "is too large or too precise");
  return nano;
}

// The factor of a unit as in "kb"; nothing when it is none.
std::optional<double> size_factor(std::string unit) {
  unit = to_lower(unit);
  if (unit.empty() || unit == "b") return 1.0;
  constexpr std::string_view letters = "kmgtp";
  const auto power = letters.find(unit.front());
  // k, kb and kib all mean 1024: so does the CLI read them.
  const std::string rest = unit.substr(1);
  if (power == std::string_view::npos || (!rest.empty() && rest != "b" && rest != "ib")) return std::nullopt;
  return std::ldexp(1.0, 10 * static_cast<int>(power + 1));
}

// std::from_chars() also takes "inf" and "nan", which the CLI does not.
std::optional<double> parse_float(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  if (text.find_first_not_of("0123456789.eE+-") != std::string_view::npos) return std::nullopt;
  double number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// Nanoseconds of a unit of time; 0 when it is none.
std::uint64_t nanoseconds_of(std::string_view unit) {
  if (unit == "ns") return 1;
  if (unit == "us" || unit == "µs" || unit == "μs") return 1'000;
  if (unit == "ms") return 1'000'000;
  if (unit == "s") return billion;
  if (unit == "m") return 60ULL * billion;
  if (unit == "h") return 3600ULL * billion;
  return 0;
}

// Cuts "1.5h" off the front.
std::optional<std::uint64_t> take_time(std::string_view& text) {
  const auto number_end = std::min(text.find_first_not_of("0123456789."), text.size());
  const auto number = text.substr(0, number_end);
  text.remove_prefix(number_end);
  const auto unit_end = std::min(text.find_first_of("0123456789."), text.size());
  const std::uint64_t unit = nanoseconds_of(text.substr(0, unit_end));
  text.remove_prefix(unit_end);
  const auto dot = number.find('.');
  const auto whole = number.substr(0, dot);
  const auto fraction = dot == std::string_view::npos ? std::string_view{} : number.substr(dot + 1);
  if (unit == 0 || (whole.empty() && fraction.empty())) return std::nullopt;
  if (fraction.find('.') != std::string_view::npos) return std::nullopt;
  // Refused before it is multiplied: the product would not fit.
  const auto count = whole.empty() ? std::uint64_t{0} : digits_in_base(whole, 10);
  if (!count || *count > int64_min_size / unit) return std::nullopt;
  double part = 0;
  double scale = 1;
  for (const char c : fraction) {
    scale /= 10;
    part += scale * (c - '0');
  }
  return *count * unit + static_cast<std::uint64_t>(std::round(part * static_cast<double>(unit)));
}

// Reads one field of a CSV line from `at` on. False: its quotes are wrong.
bool take_csv_field(std::string_view text, std::size_t& at, std::string& field) {
  if (at >= text.size() || text[at] != '"') {
    const auto end = std::min(text.find_first_of(",\n", at), text.size());
    field = std::string{text.substr(at, end - at)};
    at = end;
    return field.find('"') == std::string::npos;
  }
  for (++at; at < text.size(); ++at) {
    if (text[at] != '"') {
      field += text[at];
    } else if (at + 1 < text.size() && text[at + 1] == '"') {
      field += text[++at];
    } else {
      ++at;
      return at == text.size() || text[at] == ',' || text[at] == '\n';
    }
  }
  return false;
}

using Ip6 = std::array<unsigned char, 16>;

// As RFC 5952 and Go write it: `docker inspect` shows the address in this form.
std::string to_text(const Ip6& ip) {
  std::array<unsigned, 8> groups{};
  for (std::size_t i = 0; i < groups.size(); ++i) groups[i] = ip[2 * i] * 256U + ip[2 * i + 1];
  // The longest run of zeros, of two at least, is written as "::".
  std::size_t best = 0, best_length = 1;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    std::size_t length = 0;
    while (i + length < groups.size() && groups[i + length] == 0) ++length;
    if (length > best_length) {
      best = i;
      best_length = length;
    }
  }
  std::string text;
  for (std::size_t i = 0; i < groups.size();) {
    if (best_length > 1 && i == best) {
      text += "::";
      i += best_length;
      continue;
    }
    if (!text.empty() && text.back() != ':') text += ':';
    std::array<char, 8> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), groups[i], 16).ptr;
    text.append(digits.data(), end);
    ++i;
  }
  return text;
}

// How many bytes a UTF-8 sequence has that begins with this byte; 0: none does.
std::size_t sequence_length(unsigned char first) {
  if (first < 0x80) return 1;
  // 0xc0 and 0xc1 could only begin longer forms of what a single byte says.
  if (first >= 0xc2 && first < 0xe0) return 2;
  if (first >= 0xe0 && first < 0xf0) return 3;
  if (first >= 0xf0 && first < 0xf5) return 4;
  return 0;
}

}  // namespace

Error bad_value(std::string_view text, const std::string& why) {
  return Error{Errc::invalid, "'" + std::string{text} + "' " + why, {}};
}

Result<std::int64_t> parse_decimal(std::string_view text) {
  auto digits = text;
  const bool minus = take_sign(digits);
  const auto number = with_sign(is_number(digits) ? digits_in_base(digits, 10) : std::nullopt, minus);
  if (!number) return bad_value(text, "is not a whole number, or is out of range");
  return *number;
}

Result<std::int64_t> parse_integer(std::string_view text) {
  auto digits = text;
  const bool minus = take_sign(digits);
  const auto number = with_sign(literal(digits), minus);
  if (!number) return bad_value(text, "is not a whole number, or is out of range");
  return *number;
}

Result<std::uint64_t> parse_unsigned(std::string_view text, std::uint64_t max) {
  const auto number = literal(text);
  if (!number || *number > max) return bad_value(text, "is not a number from 0 to " + std::to_string(max));
  return *number;
}

Result<std::int64_t> parse_cpus(std::string_view text) {
  auto number = text;
  const bool minus = take_sign(number);
  const auto slash = number.find('/');
  auto nano = slash == std::string_view::npos
                  ? parse_cpu_decimal(text, number)
                  : parse_cpu_fraction(text, number.substr(0, slash), number.substr(slash + 1));
  if (!nano) return nano;
  return minus ? -*nano : *nano;
}

Result<std::int64_t> parse_size(std::string_view text) {
  constexpr const char* form = "is not a size: a number and b, k, m, g, t or p";
  const auto last = text.find_last_of("0123456789. ");
  if (last == std::string_view::npos) return bad_value(text, form);
  const auto number = parse_float(text.substr(0, text[last] == ' ' ? last : last + 1));
  const auto factor = size_factor(std::string{text.substr(last + 1)});
  if (!number || *number < 0 || !factor) return bad_value(text, form);
  const double bytes = *number * *factor;
  if (!(bytes < static_cast<double>(int64_max))) return bad_value(text, "is too large");
  return static_cast<std::int64_t>(bytes);
}

Result<std::chrono::nanoseconds> parse_duration(std::string_view text) {
  auto rest = text;
  const bool minus = take_sign(rest);
  std::uint64_t sum = 0;
  const bool zero = rest == "0";
  if (rest.empty()) return bad_value(text, "is not a duration, such as 1m30s");
  while (!zero && !rest.empty()) {
    const auto time = take_time(rest);
    if (!time) return bad_value(text, "is not a duration, such as 1m30s");
    // Saturates just above the longest time, which with_sign() then refuses: an overflow would wrap around to a short
    // one.
    sum = *time > int64_min_size - std::min(sum, int64_min_size) ? int64_min_size + 1 : sum + *time;
  }
  const auto number = with_sign(sum, minus);
  if (!number) return bad_value(text, "is too long");
  return std::chrono::nanoseconds{*number};
}

std::optional<bool> parse_bool(std::string_view text) {
  static const std::set<std::string_view> yes{"1", "t", "T", "true", "TRUE", "True"};
  static const std::set<std::string_view> no{"0", "f", "F", "false", "FALSE", "False"};
  if (yes.contains(text)) return true;
  if (no.contains(text)) return false;
  return std::nullopt;
}

Result<std::vector<std::string>> parse_csv(std::string_view text) {
  std::string lines;
  for (std::size_t i = 0; i < text.size(); ++i) {
    // Go's CSV reader takes "\r\n" for a line end, also at the end of the text.
    if (text[i] == '\r' && (i + 1 == text.size() || text[i + 1] == '\n')) continue;
    lines += text[i];
  }
  // That reader passes over empty lines; of the others only the first is read.
  std::size_t at = std::min(lines.find_first_not_of('\n'), lines.size());
  if (at == lines.size()) return bad_value(text, "is empty");
  std::vector<std::string> fields;
  while (true) {
    fields.emplace_back();
    if (!take_csv_field(lines, at, fields.back())) return bad_value(text, "has a quote that does not belong there");
    if (at >= lines.size() || lines[at] == '\n') return fields;
    ++at;
  }
}

std::optional<std::string> parse_ip(std::string_view text) {
  // inet_pton() stops at a zero, which the text may have in its middle.
  const std::string zero_ended{text};
  if (zero_ended.find('\0') != std::string::npos) return std::nullopt;
  std::array<unsigned char, 4> ip4{};
  if (::inet_pton(AF_INET, zero_ended.c_str(), ip4.data()) == 1) return zero_ended;
  Ip6 ip6{};
  if (::inet_pton(AF_INET6, zero_ended.c_str(), ip6.data()) != 1) return std::nullopt;
  // Go prints an IPv4 address that is mapped into IPv6 as plain IPv4.
  constexpr Ip6 mapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  if (!std::equal(ip6.begin(), ip6.begin() + 12, mapped.begin())) return to_text(ip6);
  std::string dotted;
  for (std::size_t i = 12; i < ip6.size(); ++i) dotted += (i == 12 ? "" : ".") + std::to_string(ip6[i]);
  return dotted;
}

bool is_mac_address(std::string_view text) {
  const auto separator_at = text.find_first_of(":-.");
  if (separator_at == std::string_view::npos) return false;
  const char separator = text[separator_at];
  const std::size_t width = separator == '.' ? 4 : 2;
  const auto groups = split(text, separator);
  for (const std::string_view group : groups) {
    if (group.size() != width || !std::all_of(group.begin(), group.end(), is_hex_digit)) return false;
  }
  // EUI-48, EUI-64 and InfiniBand.
  const auto bytes = groups.size() * width / 2;
  return bytes == 6 || bytes == 8 || bytes == 20;
}

// As Go's path.Clean, by the text alone: symbolic links are not followed.
std::string clean_path(std::string_view path) {
  const bool absolute = path.starts_with('/');
  std::vector<std::string_view> kept;
  for (const std::string_view part : split(path, '/')) {
    if (part.empty() || part == ".") continue;
    const bool goes_up = part == "..";
    if (goes_up && !kept.empty() && kept.back() != "..") {
      kept.pop_back();
    } else if (!goes_up || !absolute) {  // above the root is the root
      kept.push_back(part);
    }
  }
  std::string clean;
  for (const std::string_view part : kept) {
    clean += clean.empty() && !absolute ? "" : "/";
    clean += part;
  }
  if (clean.empty()) clean = absolute ? "/" : ".";
  return clean;
}

bool is_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
    const std::size_t length = sequence_length(byte(i));
    if (length == 0 || i + length > text.size()) return false;
    for (std::size_t k = 1; k < length; ++k) {
      if ((byte(i + k) & 0xc0U) != 0x80) return false;
    }
    // Longer than needed, a surrogate, or beyond the last character.
    const bool wrong = (byte(i) == 0xe0 && byte(i + 1) < 0xa0) || (byte(i) == 0xed && byte(i + 1) > 0x9f) ||
                       (byte(i) == 0xf0 && byte(i + 1) < 0x90) || (byte(i) == 0xf4 && byte(i + 1) > 0x8f);
    if (wrong) return false;
    i += length;
  }
  return true;
}

}  // namespace windlass::docker
