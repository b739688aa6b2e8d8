#include "io/http/stream.hpp"

#include "io/http/stream_driver.hpp"

#include <utility>

namespace windlass {

StreamPtr HttpStream::create(std::size_t queued_bytes_max) { return StreamPtr{new HttpStream{queued_bytes_max}}; }

bool HttpStream::write(std::string chunk) {
  if (state_ != State::open) return false;
  if (chunk.empty()) return true;
  if (queued_bytes_ + chunk.size() > queued_bytes_max_) {
    HttpStreamDriver{*this}.cut();
    return false;
  }
  queued_bytes_ += chunk.size();
  queue_.push_back(std::move(chunk));
  if (wake_) wake_();
  return true;
}

void HttpStream::close() {
  if (state_ != State::open) return;
  state_ = State::flushing;
  if (wake_) wake_();
}

void HttpStream::on_closed(std::function<void()> callback) {
  if (state_ == State::ended) return callback();
  closed_callbacks_.push_back(std::move(callback));
}

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
  auto callbacks = std::exchange(stream_.closed_callbacks_, {});
  for (auto& callback : callbacks) callback();
}

}  // namespace windlass
