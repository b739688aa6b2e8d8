#pragma once
// The server's side of an HttpStream. Internal to io/.

#include "io/http/stream.hpp"

#include <functional>
#include <string>
#include <utility>

namespace windlass {

class HttpStreamDriver {
 public:
  explicit HttpStreamDriver(HttpStream& stream) : stream_{stream} {}

  // Called whenever the queue or the state has changed.
  void set_wake(std::function<void()> wake) { stream_.wake_ = std::move(wake); }
  [[nodiscard]] bool has_chunk() const { return !stream_.queue_.empty(); }
  [[nodiscard]] bool is_flushing() const { return stream_.state_ == HttpStream::State::flushing; }
  // An overflow, an error or the peer's end: nothing more will be sent.
  [[nodiscard]] bool is_cut() const {
    return stream_.state_ == HttpStream::State::cut || stream_.state_ == HttpStream::State::ended;
  }
  // REQUIRES: has_chunk().
  std::string take_chunk();
  void cut();
  // Runs the callbacks.
  void end();

 private:
  HttpStream& stream_;
};

}  // namespace windlass
