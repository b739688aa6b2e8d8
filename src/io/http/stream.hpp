#pragma once
// The open end of a response that never ends by itself: Mesos event streams, /v2/events, attached output.
//
//   auto stream = HttpStream::create();
//   subscribers.push_back(stream);            // may be written to at once: chunks wait until the head was sent
//   stream->on_closed([...] { forget it });
//   co_return HttpResponse{.status = 200, .content_type = "text/event-stream", .stream = stream};

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace windlass {

class HttpStream;
using StreamPtr = std::shared_ptr<HttpStream>;

// Used on the loop thread only.
class HttpStream {
 public:
  static constexpr std::size_t queued_bytes_max_default = 16 * 1024 * 1024;

  static StreamPtr create(std::size_t queued_bytes_max = queued_bytes_max_default);

  // Queues one chunk; it is one chunk on the wire. An empty chunk is ignored. False when the stream is not open, or
  // when the peer reads so slowly that the queue would exceed its limit: the stream is closed then, unsent chunks are
  // dropped. No callback runs inside this call.
  bool write(std::string chunk);
  // Sends what is queued, then the last chunk, then closes the connection. Later writes return false.
  void close();
  // Called exactly once, on the loop, when the peer has closed, when an overflow or an error has, or after close() when
  // everything was sent. When that has happened already, it is called inside this call. Several may be added.
  void on_closed(std::function<void()> callback);
  // False from close(), overflow or the peer's end on.
  [[nodiscard]] bool is_open() const { return state_ == State::open; }
  [[nodiscard]] std::size_t queued_bytes() const { return queued_bytes_; }

 private:
  friend class HttpStreamDriver;  // the server's side, in stream_driver.hpp

  //  open ──close()──> flushing ──sent──> ended
  //   └──overflow, peer gone, error────────^
  enum class State { open, flushing, cut, ended };

  explicit HttpStream(std::size_t queued_bytes_max) : queued_bytes_max_{queued_bytes_max} {}

  const std::size_t queued_bytes_max_;
  State state_ = State::open;
  std::deque<std::string> queue_;
  std::size_t queued_bytes_ = 0;
  std::function<void()> wake_;  // set while a connection serves the stream
  std::vector<std::function<void()>> closed_callbacks_;
};

}  // namespace windlass
