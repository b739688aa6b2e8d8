#pragma once
// JSON as Mesos reads and writes it, for any of our protobuf messages, over their descriptors.
//
// It differs from protobuf's own JSON: 64-bit integers are numbers, fields bear their .proto names, enums go by name
// only, and an optional field with an explicit default is printed even when it is unset (unless it is deprecated).

#include "base/error.hpp"

#include <string>
#include <string_view>

namespace google::protobuf {
class Message;
}

namespace windlass {

// The message as one line of JSON, fields in .proto order, map entries sorted by key, so the same message always gives
// the same bytes. Empty repeated fields are left out.
std::string to_mesos_json(const google::protobuf::Message& message);

// Fills `message` (cleared first, and again on failure) from a JSON object.
// Lenient as Mesos is: unknown fields are ignored, null is unset, numbers and booleans may come as strings, a single
// value may stand for a list of one, an unknown enum name leaves an optional field unset.
// Stricter than Mesos where Mesos would wrap around: a number that its field cannot hold is an error.
// Fails with
//   Errc::malformed   not JSON:          "syntax error at line 1 near: broken"
//   Errc::invalid     not this message:  "Missing required fields: executor_id"
// and Error.where = "/update/status/state", the field, where it is known. An answer has "Failed to parse body into
// JSON: " or "Failed to convert JSON into … protobuf: " before the message.
[[nodiscard]] Result<void> from_mesos_json(std::string_view json, google::protobuf::Message& message);

}  // namespace windlass
