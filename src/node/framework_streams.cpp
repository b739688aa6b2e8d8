#include "node/framework_streams.hpp"

#include "wire/mesos/recordio.hpp"

#include <utility>
#include <variant>

namespace windlass {

void FrameworkStreams::add(const Uuid& id, StreamPtr stream, Encoding encoding) {
  stream->on_closed([this, id] {
    open_.erase(id);
    on_closed_(id);
  });
  open_[id] = {std::move(stream), encoding};
}

void FrameworkStreams::act(const engine::SendToFramework& send) {
  const auto found = open_.find(send.stream);
  if (found == open_.end()) return;
  // A copy: a write that overflows ends the stream, and its entry with it.
  const StreamPtr stream = found->second.stream;
  stream->write(encode_record(encode(send.event, found->second.encoding)));
  // The master closes the stream after an ERROR (mesos.md 2.2).
  if (std::holds_alternative<events::Error>(send.event)) stream->close();
}

void FrameworkStreams::act(const engine::CloseFrameworkStream& close) {
  const auto found = open_.find(close.stream);
  if (found != open_.end()) found->second.stream->close();
}

}  // namespace windlass
