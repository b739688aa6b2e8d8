#pragma once
// The event streams of frameworks, by the ids that the cores know them by. Used on the loop thread only.

#include "engine/step.hpp"
#include "io/http/stream.hpp"
#include "wire/mesos/codec.hpp"

#include <functional>
#include <map>
#include <utility>

namespace windlass {

class FrameworkStreams {
 public:
  // `on_closed` hears on the loop of each stream that has ended, once.
  explicit FrameworkStreams(std::function<void(const Uuid& id)> on_closed) : on_closed_{std::move(on_closed)} {}
  FrameworkStreams(const FrameworkStreams&) = delete;
  FrameworkStreams& operator=(const FrameworkStreams&) = delete;

  // REQUIRES: this outlives the stream.
  void add(const Uuid& id, StreamPtr stream, Encoding encoding);
  // Lost when there is no such stream. An events::Error is the last thing that is sent.
  void act(const engine::SendToFramework& send);
  void act(const engine::CloseFrameworkStream& close);

 private:
  struct Open {
    StreamPtr stream;
    Encoding encoding = Encoding::json;
  };

  const std::function<void(const Uuid& id)> on_closed_;
  std::map<Uuid, Open> open_;
};

}  // namespace windlass
