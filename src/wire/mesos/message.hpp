#pragma once
// One protobuf message to and from the bytes of either encoding. Only included by wire/mesos_*.cpp.

#include "base/error.hpp"
#include "wire/mesos/codec.hpp"
#include "wire/mesos/json.hpp"

#include <google/protobuf/message.h>

#include <string>
#include <string_view>

namespace windlass::convert {

inline std::string write_message(const google::protobuf::Message& message, Encoding encoding) {
  return encoding == Encoding::json ? to_mesos_json(message) : message.SerializePartialAsString();
}

// Errors: the texts with which Mesos refuses a body (mesos.md 1.3 item 7).
[[nodiscard]] inline Result<void> read_message(std::string_view bytes, Encoding encoding, const std::string& name,
                                               google::protobuf::Message& message) {
  if (encoding == Encoding::protobuf) {
    const bool parsed = message.ParsePartialFromArray(bytes.data(), static_cast<int>(bytes.size()));
    if (parsed && message.IsInitialized()) return {};
    return Error{Errc::malformed, "Failed to parse body into " + name + " protobuf"};
  }
  auto parsed = from_mesos_json(bytes, message);
  if (parsed) return {};
  const Error why = parsed.error();
  if (why.code == Errc::malformed) return Error{why.code, "Failed to parse body into JSON: " + why.message};
  return Error{why.code, "Failed to convert JSON into " + name + " protobuf: " + why.message, why.where};
}

}  // namespace windlass::convert
