#include "scheduler/instance_key.hpp"

#include "base/check.hpp"

#include <array>
#include <utility>

namespace windlass::scheduler {
namespace {

constexpr std::string_view separator = ".instance-";
constexpr std::size_t uuid_size = 36;

// A bit that no digit has: or-ed together, one test at the end finds any character that is none.
constexpr std::uint64_t no_digit = 16;

constexpr std::array<std::uint8_t, 256> digits = [] {
  std::array<std::uint8_t, 256> values{};
  values.fill(no_digit);
  for (std::uint8_t i = 0; i < 10; ++i) values[static_cast<std::uint8_t>('0' + i)] = i;
  for (std::uint8_t i = 0; i < 6; ++i) values[static_cast<std::uint8_t>('a' + i)] = static_cast<std::uint8_t>(10 + i);
  return values;
}();

// Of the characters from `begin` to `end`; without branches, because each step of a task parses its id.
std::uint64_t digits_of(std::string_view text, std::size_t begin, std::size_t end, std::uint64_t& problems) {
  std::uint64_t number = 0;
  for (std::size_t at = begin; at < end; ++at) {
    const std::uint64_t digit = digits[static_cast<std::uint8_t>(text[at])];
    problems |= digit & no_digit;
    number = (number << 4) | digit;
  }
  return number;
}

std::optional<InstanceKey> parse_uuid(std::string_view text) {
  if (text[8] != '-' || text[13] != '-' || text[18] != '-' || text[23] != '-') return std::nullopt;
  std::uint64_t problems = 0;
  InstanceKey key;
  key.high = digits_of(text, 0, 8, problems) << 32 | digits_of(text, 9, 13, problems) << 16 |
             digits_of(text, 14, 18, problems);
  key.low = digits_of(text, 19, 23, problems) << 48 | digits_of(text, 24, uuid_size, problems);
  if (problems != 0) return std::nullopt;
  return key;
}

// As id.rfind(separator), which compares at each character. From the end, because an app may itself be called
// "x.instance-y".
std::size_t find_separator(std::string_view id) {
  for (std::size_t at = id.rfind('.'); at != std::string_view::npos; at = id.rfind('.', at - 1)) {
    if (id.substr(at).starts_with(separator)) return at;
    if (at == 0) break;
  }
  return std::string_view::npos;
}

}  // namespace

std::optional<InstanceName> parse_instance_name(std::string_view id) {
  const auto at = find_separator(id);
  if (at == std::string_view::npos) return std::nullopt;
  // What follows the UUID is not looked at: "._app.1" in a task id.
  const std::string_view uuid = id.substr(at + separator.size(), uuid_size);
  if (uuid.size() < uuid_size) return std::nullopt;
  const auto key = parse_uuid(uuid);
  if (!key) return std::nullopt;
  return InstanceName{id.substr(0, at), *key};
}

InstanceKey key_of(const InstanceId& id) {
  const auto name = parse_instance_name(id.value);
  CHECK(name.has_value());
  return name->key;
}

InstanceId instance_id_of(const AppId& app, const Uuid& uuid) {
  std::string text = safe_path(app);
  text.reserve(text.size() + separator.size() + uuid_size);
  text += separator;
  text += uuid.to_string();
  return {std::move(text)};
}

}  // namespace windlass::scheduler
