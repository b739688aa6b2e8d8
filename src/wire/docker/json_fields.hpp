#pragma once
// Fields of what Docker answers, read tolerantly: what is missing or of another type counts as empty. Included only by
// the .cpp files of this room.

#include "base/error.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace windlass::docker_json {

namespace json = boost::json;

// Null: `value` is no object, or has no such member.
const json::value* find(const json::value& value, std::string_view key);
// `value` may be null.
std::string text_of(const json::value* value);
std::string text_at(const json::value& value, std::string_view key);
std::int64_t number_at(const json::value& value, std::string_view key);
bool flag_at(const json::value& value, std::string_view key);

// The whole of an answer; `what` names it in the error. Errors: Errc::malformed.
[[nodiscard]] Result<json::value> read_object(std::string_view text, const char* what);

}  // namespace windlass::docker_json
