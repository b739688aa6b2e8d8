#pragma once
// The bytes of the journal's rows: a small binary codec over Boost.Describe. What a value looks like:
//
//   bool                   one byte, 0 or 1
//   unsigned, signed       varint, zigzag varint (also enums, TimePoint, Duration)
//   double                 8 bytes, little endian
//   string, Id, Uuid       its bytes
//   optional               nothing, or 01 and the value
//   vector, deque, set     count, then each element as a field
//   map, pair              count (map only), then key and value, each as a field
//   described struct       64 + number of fields as a varint; then for each field its tag as a varint, and the field
//   with OwnBytes<T>       what that says
//   field                  length as a varint, then that many bytes
//
// A member's tag is its place among those that are described, from 1 on, or what record_tags says. A member that is as
// in a default-made value is left out. Bytes without a field leave the member as it is made; a field whose tag is not
// known is read past. So members come and go; but once bytes with a tag are in a journal, the tag keeps its meaning and
// its type, and the member the value that it is made with. What is retired leaves its tag unused for ever:
//
//   struct Place { std::string name; int height; };         // had a `size` in between
//   BOOST_DESCRIBE_STRUCT(Place, (), (name, height))
//   constexpr std::array record_tags(const Place*) { return std::array{1, 3}; }  // in the namespace of Place
//
// Journals from before there were tags have structs that begin with their number of fields (less than 64), and then
// have each field in the order of its tag, from 1 on. They are read, and written anew when their row changes.

#include "base/error.hpp"
#include "base/id.hpp"
#include "base/prng.hpp"

#include <boost/describe.hpp>
#include <boost/mp11/algorithm.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <bitset>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace windlass::record {

// Only a struct that contains itself can be nested deeper than its declaration.
inline constexpr int depth_max = 32;
// A struct whose bytes begin with less has fields without tags.
inline constexpr std::size_t positional_fields_end = 64;

// Specialise it for a type that has bytes of its own (node/mesos_record.hpp does for protobuf messages):
//   static std::string encode(const T&);  static Result<T> decode(std::string_view);
template <class T>
struct OwnBytes;

template <class T>
[[nodiscard]] std::string encode(const T& value);

// Safe on any bytes: takes memory in proportion to them. Errors: Errc::malformed, where names the field ("App.ports").
template <class T>
[[nodiscard]] Result<T> decode(std::string_view bytes);

// --- below: how ---------------------------------------------------------------------------------------------------

namespace detail {

template <class T>
concept HasOwnBytes = requires(const T& value, std::string_view bytes) {
  { OwnBytes<T>::encode(value) } -> std::convertible_to<std::string>;
  { OwnBytes<T>::decode(bytes) } -> std::convertible_to<Result<T>>;
};
template <class T>
concept Described = boost::describe::has_describe_members<T>::value && !std::is_union_v<T>;

template <class T, template <class...> class Template>
inline constexpr bool is_a = false;
template <template <class...> class Template, class... Arguments>
inline constexpr bool is_a<Template<Arguments...>, Template> = true;

template <class T>
concept Sequence = is_a<T, std::vector> || is_a<T, std::deque>;

template <class T>
using Members = boost::describe::describe_members<T, boost::describe::mod_public>;

// Why reading failed. Filled on the way out, from the inside to the outside.
struct Problem {
  const char* what = nullptr;
  std::string own;  // instead of `what`, from OwnBytes
  std::string where;

  bool fail(const char* why) {
    what = why;
    return false;
  }
  void within(std::string_view name) { where = where.empty() ? std::string{name} : std::string{name} + "." + where; }
};

inline void put_varint(std::string& out, std::uint64_t value) {
  while (value >= 0x80) {
    out.push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<char>(value));
}

// Small negative numbers become short varints as well: 0, -1, 1, -2 are 0, 1, 2, 3.
inline std::uint64_t zigzag(std::int64_t value) {
  return (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
}
inline std::int64_t unzigzag(std::uint64_t value) {
  return static_cast<std::int64_t>((value >> 1) ^ (~(value & 1) + 1));
}

// Takes one varint off the front; false when there is none.
inline bool take_varint(std::string_view& in, std::uint64_t& out) {
  out = 0;
  for (std::size_t at = 0; at < in.size() && at < 10; ++at) {
    const auto byte = static_cast<std::uint8_t>(in[at]);
    // The tenth byte has room for one bit only: more would not fit into 64.
    if (at == 9 && byte > 1) return false;
    out |= static_cast<std::uint64_t>(byte & 0x7f) << (7 * at);
    if (byte < 0x80) {
      in.remove_prefix(at + 1);
      return true;
    }
  }
  return false;
}

inline bool take_field(std::string_view& in, std::string_view& field) {
  std::uint64_t length = 0;
  if (!take_varint(in, length) || length > in.size()) return false;
  field = in.substr(0, length);
  in.remove_prefix(length);
  return true;
}

template <class T>
void write(std::string& out, const T& value);
template <class T>
bool read(std::string_view in, T& value, Problem& problem, int depth);

template <class T>
// The length comes before the bytes but is known after them. Most are below 128 and need one byte, which is kept free;
// only a longer field is moved.
void put_field(std::string& out, const T& value) {
  const std::size_t at = out.size();
  out.push_back('\0');
  write(out, value);
  const std::size_t length = out.size() - at - 1;
  if (length < 0x80) {
    out[at] = static_cast<char>(length);
    return;
  }
  std::string prefix;
  put_varint(prefix, length);
  out.replace(at, 1, prefix);
}

template <class T>
bool read_field(std::string_view& in, T& value, Problem& problem, int depth) {
  std::string_view field;
  if (!take_field(in, field)) return problem.fail("a field is cut off");
  return read(field, value, problem, depth);
}

template <class T>
void write_number(std::string& out, T value) {
  if constexpr (std::signed_integral<T>) {
    put_varint(out, zigzag(value));
  } else {
    put_varint(out, value);
  }
}

template <class T>
bool read_number(std::string_view in, T& value, Problem& problem) {
  std::uint64_t raw = 0;
  if (!take_varint(in, raw) || !in.empty()) return problem.fail("not a number");
  if constexpr (std::signed_integral<T>) {
    const std::int64_t number = unzigzag(raw);
    if (!std::in_range<T>(number)) return problem.fail("a number out of range");
    value = static_cast<T>(number);
  } else {
    if (!std::in_range<T>(raw)) return problem.fail("a number out of range");
    value = static_cast<T>(raw);
  }
  return true;
}

inline void write_double(std::string& out, double value) {
  const auto bits = std::bit_cast<std::uint64_t>(value);
  for (int shift = 0; shift < 64; shift += 8) out.push_back(static_cast<char>(bits >> shift));
}

inline bool read_double(std::string_view in, double& value, Problem& problem) {
  if (in.size() != 8) return problem.fail("not a double");
  std::uint64_t bits = 0;
  for (int at = 0; at < 8; ++at) {
    bits |= static_cast<std::uint64_t>(static_cast<std::uint8_t>(in[static_cast<std::size_t>(at)])) << (8 * at);
  }
  value = std::bit_cast<double>(bits);
  return true;
}

template <class E>
bool read_enum(std::string_view in, E& value, Problem& problem) {
  std::underlying_type_t<E> number{};
  if (!read_number(in, number, problem)) return false;
  // An undescribed enum takes any number of its type.
  value = static_cast<E>(number);
  if constexpr (boost::describe::has_describe_enumerators<E>::value) {
    bool known = false;
    boost::mp11::mp_for_each<boost::describe::describe_enumerators<E>>(
        [&](auto each) { known = known || each.value == value; });
    if (!known) return problem.fail("not a value of its enum");
  }
  return true;
}

template <class T>
bool read_optional(std::string_view in, std::optional<T>& value, Problem& problem, int depth) {
  value.reset();
  if (in.empty()) return true;
  if (in.front() != '\x01') return problem.fail("not an optional value");
  return read(in.substr(1), value.emplace(), problem, depth);
}

// Each element takes a byte of the input at least, so a count alone makes no memory.
template <class Container, class ReadElement>
bool read_elements(std::string_view in, Container& container, Problem& problem, const ReadElement& read_element) {
  container.clear();
  std::uint64_t count = 0;
  if (!take_varint(in, count) || count > in.size()) return problem.fail("not a count of elements");
  for (std::uint64_t at = 0; at < count; ++at) {
    if (!read_element(in)) return false;
  }
  return in.empty() || problem.fail("bytes after the last element");
}

template <class T>
bool read_sequence(std::string_view in, T& value, Problem& problem, int depth) {
  return read_elements(in, value, problem, [&](std::string_view& rest) {
    typename T::value_type element{};
    if (!read_field(rest, element, problem, depth)) return false;
    value.push_back(std::move(element));
    return true;
  });
}

template <class T>
bool read_set(std::string_view in, T& value, Problem& problem, int depth) {
  return read_elements(in, value, problem, [&](std::string_view& rest) {
    typename T::key_type element{};
    if (!read_field(rest, element, problem, depth)) return false;
    const std::size_t before = value.size();
    // They were written in order, so the end is the right place, and inserting costs no search.
    value.insert(value.end(), std::move(element));
    return value.size() > before || problem.fail("an element twice");
  });
}

template <class T>
bool read_map(std::string_view in, T& value, Problem& problem, int depth) {
  return read_elements(in, value, problem, [&](std::string_view& rest) {
    typename T::key_type key{};
    typename T::mapped_type mapped{};
    if (!read_field(rest, key, problem, depth) || !read_field(rest, mapped, problem, depth)) return false;
    const std::size_t before = value.size();
    // As in read_set().
    value.emplace_hint(value.end(), std::move(key), std::move(mapped));
    return value.size() > before || problem.fail("a key twice");
  });
}

template <class T>
concept HasTags = requires(const T* value) {
  record_tags(value);
};

// The tag of each member, in the order in which they are described.
template <class T>
consteval auto tags_of() {
  constexpr std::size_t count = boost::mp11::mp_size<Members<T>>::value;
  std::array<std::size_t, count> tags{};
  if constexpr (HasTags<T>) {
    constexpr auto own = record_tags(static_cast<const T*>(nullptr));
    static_assert(own.size() == count, "record_tags says one tag for each member that is described");
    std::ranges::copy(own, tags.begin());
  } else {
    for (std::size_t at = 0; at < count; ++at) tags[at] = at + 1;
  }
  return tags;
}

template <std::size_t Count>
consteval bool are_distinct(std::array<std::size_t, Count> tags) {
  std::ranges::sort(tags);
  return std::ranges::adjacent_find(tags) == tags.end() && (Count == 0 || tags[0] > 0);
}

// The field of each member of a default-made value, which is left out.
template <class T>
const auto& default_fields() {
  // Encoded once for each type, not for each value.
  static const auto fields = [] {
    std::array<std::string, boost::mp11::mp_size<Members<T>>::value> made;
    const T value{};
    std::size_t at = 0;
    boost::mp11::mp_for_each<Members<T>>([&](auto member) { put_field(made[at++], value.*member.pointer); });
    return made;
  }();
  return fields;
}

template <class T>
void write_struct(std::string& out, const T& value) {
  constexpr auto tags = tags_of<T>();
  static_assert(are_distinct(tags));
  // Room for the head in one byte.
  static_assert(tags.size() < positional_fields_end);
  const auto& defaults = default_fields<T>();
  const std::size_t head = out.size();
  out.push_back('\0');
  std::size_t count = 0;
  std::size_t at = 0;
  boost::mp11::mp_for_each<Members<T>>([&](auto member) {
    const std::size_t begin = out.size();
    put_varint(out, tags[at]);
    const std::size_t field = out.size();
    put_field(out, value.*member.pointer);
    // Compared as bytes: not every member has ==, and what has the same bytes is read back the same.
    if (std::string_view{out}.substr(field) == defaults[at]) {
      out.resize(begin);
    } else {
      ++count;
    }
    ++at;
  });
  out[head] = static_cast<char>(positional_fields_end + count);
}

template <class T>
using ReadMember = bool (*)(std::string_view in, T& value, Problem& problem, int depth);

template <class T, class Member>
bool read_member(std::string_view in, T& value, Problem& problem, int depth) {
  if (read(in, value.*Member::pointer, problem, depth)) return true;
  problem.within(Member::name);
  return false;
}

// By tag; null where no member has it.
template <class T>
consteval auto member_readers() {
  constexpr auto tags = tags_of<T>();
  std::array<ReadMember<T>, (tags.empty() ? 0 : std::ranges::max(tags)) + 1> readers{};
  std::size_t at = 0;
  boost::mp11::mp_for_each<Members<T>>([&](auto member) { readers[tags[at++]] = &read_member<T, decltype(member)>; });
  return readers;
}

template <class T>
bool read_struct(std::string_view in, T& value, Problem& problem, int depth) {
  // Bytes from outside must not exhaust the stack.
  if (depth > depth_max) return problem.fail("nested too deep");
  static constexpr auto readers = member_readers<T>();
  std::uint64_t count = 0;
  if (!take_varint(in, count)) return problem.fail("not a number of fields");
  const bool is_tagged = count >= positional_fields_end;
  if (is_tagged) count -= positional_fields_end;
  // A field takes a byte at least.
  if (count > in.size()) return problem.fail("not a number of fields");
  std::bitset<readers.size()> seen;
  for (std::uint64_t at = 1; at <= count; ++at) {
    std::uint64_t tag = at;
    std::string_view field;
    if (is_tagged && (!take_varint(in, tag) || tag == 0)) return problem.fail("not a field's tag");
    if (!take_field(in, field)) return problem.fail("a field is cut off");
    // A member of a later or an earlier version.
    if (tag >= readers.size() || readers[tag] == nullptr) continue;
    if (seen.test(tag)) return problem.fail("a field twice");
    seen.set(tag);
    if (!readers[tag](field, value, problem, depth + 1)) return false;
  }
  return in.empty() || problem.fail("bytes after the last field");
}

template <class T>
bool read_own(std::string_view in, T& value, Problem& problem) {
  auto made = OwnBytes<T>::decode(in);
  if (!made) {
    problem.own = to_string(made.error());
    return false;
  }
  value = std::move(*made);
  return true;
}

template <class Tag>
void write_text(std::string& out, const Id<Tag>& id) {
  out += id.value;
}
inline void write_text(std::string& out, const std::string& text) { out += text; }
inline void write_text(std::string& out, const Uuid& uuid) { out.append(uuid.bytes.begin(), uuid.bytes.end()); }

template <class Tag>
bool read_text(std::string_view in, Id<Tag>& id, Problem&) {
  id.value = in;
  return true;
}
inline bool read_text(std::string_view in, std::string& text, Problem&) {
  text = in;
  return true;
}
inline bool read_text(std::string_view in, Uuid& uuid, Problem& problem) {
  if (in.size() != uuid.bytes.size()) return problem.fail("not a UUID");
  std::ranges::transform(in, uuid.bytes.begin(), [](char each) { return static_cast<std::uint8_t>(each); });
  return true;
}

template <class T>
concept Text = requires(std::string& out, const T& value) {
  write_text(out, value);
};
template <class Rep, class Period>
std::int64_t ticks(std::chrono::duration<Rep, Period> value) {
  return value.count();
}
template <class Period>
std::int64_t ticks(std::chrono::sys_time<Period> value) {
  return value.time_since_epoch().count();
}
template <class T>
concept Time = requires(const T& value) {
  ticks(value);
};

template <class T>
void set_ticks(T& value, std::int64_t count) {
  if constexpr (is_a<T, std::chrono::duration>) {
    value = T{count};
  } else {
    value = T{typename T::duration{count}};
  }
}

template <class T>
void write(std::string& out, const T& value) {
  if constexpr (HasOwnBytes<T>) {
    out += OwnBytes<T>::encode(value);
  } else if constexpr (std::same_as<T, bool>) {
    out.push_back(value ? '\x01' : '\0');
  } else if constexpr (std::integral<T>) {
    write_number(out, value);
  } else if constexpr (std::same_as<T, double>) {
    write_double(out, value);
  } else if constexpr (std::is_enum_v<T>) {
    write_number(out, static_cast<std::underlying_type_t<T>>(value));
  } else if constexpr (Text<T>) {
    write_text(out, value);
  } else if constexpr (Time<T>) {
    write_number(out, ticks(value));
  } else if constexpr (is_a<T, std::optional>) {
    if (!value) return;
    out.push_back('\x01');
    write(out, *value);
  } else if constexpr (Sequence<T> || is_a<T, std::set>) {
    put_varint(out, value.size());
    for (const typename T::value_type& each : value) put_field(out, each);
  } else if constexpr (is_a<T, std::map>) {
    put_varint(out, value.size());
    for (const auto& [key, mapped] : value) {
      put_field(out, key);
      put_field(out, mapped);
    }
  } else if constexpr (is_a<T, std::pair>) {
    put_field(out, value.first);
    put_field(out, value.second);
  } else {
    static_assert(Described<T>, "describe the struct with BOOST_DESCRIBE_STRUCT, or specialise record::OwnBytes");
    write_struct(out, value);
  }
}

template <class T>
bool read(std::string_view in, T& value, Problem& problem, int depth) {
  if constexpr (HasOwnBytes<T>) {
    return read_own(in, value, problem);
  } else if constexpr (std::same_as<T, bool>) {
    if (in.size() != 1 || static_cast<std::uint8_t>(in[0]) > 1) return problem.fail("not a bool");
    value = in[0] == '\x01';
    return true;
  } else if constexpr (std::integral<T>) {
    return read_number(in, value, problem);
  } else if constexpr (std::same_as<T, double>) {
    return read_double(in, value, problem);
  } else if constexpr (std::is_enum_v<T>) {
    return read_enum(in, value, problem);
  } else if constexpr (Text<T>) {
    return read_text(in, value, problem);
  } else if constexpr (Time<T>) {
    std::int64_t count = 0;
    if (!read_number(in, count, problem)) return false;
    set_ticks(value, count);
    return true;
  } else if constexpr (is_a<T, std::optional>) {
    return read_optional(in, value, problem, depth);
  } else if constexpr (Sequence<T>) {
    return read_sequence(in, value, problem, depth);
  } else if constexpr (is_a<T, std::set>) {
    return read_set(in, value, problem, depth);
  } else if constexpr (is_a<T, std::map>) {
    return read_map(in, value, problem, depth);
  } else if constexpr (is_a<T, std::pair>) {
    if (!read_field(in, value.first, problem, depth) || !read_field(in, value.second, problem, depth)) return false;
    return in.empty() || problem.fail("bytes after a pair");
  } else {
    static_assert(Described<T>, "describe the struct with BOOST_DESCRIBE_STRUCT, or specialise record::OwnBytes");
    return read_struct(in, value, problem, depth);
  }
}

}  // namespace detail

template <class T>
std::string encode(const T& value) {
  std::string out;
  if constexpr (detail::Described<T>) out.reserve(512);  // most rows, so that it need not grow
  detail::write(out, value);
  return out;
}

template <class T>
Result<T> decode(std::string_view bytes) {
  Result<T> made{T{}};
  detail::Problem problem;
  if (detail::read(bytes, *made, problem, 0)) return made;
  return Error{Errc::malformed, problem.own.empty() ? problem.what : problem.own, problem.where};
}

}  // namespace windlass::record
