#pragma once
// One protobuf message to and from the bytes of either encoding. Included only by the .cpp files of wire/mesos.

#include "base/error.hpp"
#include "wire/mesos/codec.hpp"
#include "wire/mesos/json.hpp"

#include <google/protobuf/arena.h>
#include <google/protobuf/message.h>

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace windlass::convert {

// Where a message lives while it is read or written: a call that launches a hundred tasks has thousands of parts, which
// are allocated and freed together; most calls and events fit into the first block.
class MessageSpace {
 public:
  template <class Message>
  Message& make() {
    return *google::protobuf::Arena::CreateMessage<Message>(&arena_);
  }

 private:
  static constexpr std::size_t block_bytes_max = 64 * 1024;

  alignas(std::max_align_t) std::array<char, 2048> first_block_;
  google::protobuf::Arena arena_{[this] {
    google::protobuf::ArenaOptions options;
    options.initial_block = first_block_.data();
    options.initial_block_size = first_block_.size();
    options.max_block_size = block_bytes_max;
    return options;
  }()};
};

inline std::string write_message(const google::protobuf::Message& message, Encoding encoding) {
  return encoding == Encoding::json ? to_mesos_json(message) : message.SerializePartialAsString();
}

// Errors: the texts with which Mesos refuses a body (mesos.md 1.3 item 7).
[[nodiscard]] inline Result<void> read_message(std::string_view bytes, Encoding encoding, const std::string& name,
                                               google::protobuf::Message& message) {
  if (encoding == Encoding::protobuf) {
    // Partial, so that a missing field is ours to tell: Mesos has one text for it and for garbage.
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
