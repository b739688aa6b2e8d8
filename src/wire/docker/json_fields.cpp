#include "wire/docker/json_fields.hpp"

#include "wire/json/reader.hpp"

namespace windlass::docker_json {

const json::value* find(const json::value& value, std::string_view key) {
  const auto* object = value.if_object();
  return object == nullptr ? nullptr : object->if_contains(key);
}

std::string text_of(const json::value* value) {
  const auto* text = value == nullptr ? nullptr : value->if_string();
  return text == nullptr ? std::string{} : std::string{text->begin(), text->end()};
}
std::string text_at(const json::value& value, std::string_view key) { return text_of(find(value, key)); }

std::int64_t number_at(const json::value& value, std::string_view key) {
  const auto* found = find(value, key);
  if (found == nullptr) return 0;
  if (found->is_int64()) return found->get_int64();
  if (found->is_uint64()) return static_cast<std::int64_t>(found->get_uint64());
  if (found->is_double()) return static_cast<std::int64_t>(found->get_double());
  return 0;
}

bool flag_at(const json::value& value, std::string_view key) {
  const auto* found = find(value, key);
  return found != nullptr && found->is_bool() && found->get_bool();
}

Result<json::value> read_object(std::string_view text, const char* what) {
  auto value = read_json(text);
  if (!value) return Error{Errc::malformed, std::string{"Docker's "} + what + ": " + value.error().message, {}};
  if (!value->is_object()) return Error{Errc::malformed, std::string{"Docker's "} + what + " is not an object", {}};
  return std::move(*value);
}

}  // namespace windlass::docker_json
