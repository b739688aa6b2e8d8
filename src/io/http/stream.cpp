#include "io/http/stream.hpp"

#include "io/http/stream_driver.hpp"

#include <utility>

namespace windlass {

StreamPtr HttpStream::create(std::size_t queued_bytes_max) { return StreamPtr{new HttpStream{queued_bytes_max}}; }

bool HttpStream::write(std::string chunk) {
  if (state_ != State::open) return false;
  if (chunk.empty()) return true;
  // A reader that is too slow loses the stream, not single chunks: it could not know what it has missed.
  if (queued_bytes_ + chunk.size() > queued_bytes_max_) {
    HttpStreamDriver{*this}.cut();
    return false;
  }
  queued_bytes_ += chunk.size();
  queue_.push_back(std::move(chunk));
  if (wake_) wake_();
  return true;
}

// What is queued is still sent: the last chunk often says why the stream ends.
void HttpStream::close() {
  if (state_ != State::open) return;
  state_ = State::flushing;
  if (wake_) wake_();
}

void HttpStream::on_closed(std::function<void()> callback) {
  if (state_ == State::ended) return callback();
  closed_callbacks_.push_back(std::move(callback));
}

// Frees the queue at once, but leaves the callbacks to end(): write() promises that none runs inside it.
void HttpStreamDriver::cut() {
  if (stream_.state_ == HttpStream::State::cut || stream_.state_ == HttpStream::State::ended) return;
  stream_.state_ = HttpStream::State::cut;
  stream_.queue_.clear();
  stream_.queued_bytes_ = 0;
  if (stream_.wake_) stream_.wake_();
}

std::string HttpStreamDriver::take_chunk() {
  std::string chunk = std::move(stream_.queue_.front());
  stream_.queue_.pop_front();
  stream_.queued_bytes_ -= chunk.size();
  return chunk;
}

void HttpStreamDriver::end() {
  cut();
  stream_.state_ = HttpStream::State::ended;
  stream_.wake_ = nullptr;
  // Taken out first: a callback may drop the last reference of its owner, or add another callback.
  auto callbacks = std::exchange(stream_.closed_callbacks_, {});
  for (auto& callback : callbacks) callback();
}

}  // namespace windlass
