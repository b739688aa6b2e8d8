#include "io/connection.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>

#include <array>

namespace windlass {

namespace {

constexpr std::size_t copy_body_max = 16 * 1024;  // a smaller body is copied behind the head: one buffer, one packet
constexpr std::size_t write_piece_max = 256 * 1024;

// Asio's completion condition: asked before each write how much it may take. Pieces are bounded so that it is asked
// often: a peer that reads slowly but steadily then moves the deadline on, and only one that takes nothing at all meets
// it.
struct KeepArmed {
  ConnectionPtr connection;
  std::chrono::milliseconds limit;

  std::size_t operator()(const boost::system::error_code& error, std::size_t) const {
    if (error) return 0;
    if (limit.count() > 0) connection->arm(limit);
    return write_piece_max;
  }
};

}  // namespace

// A deadline that moves away leaves the timer alone; wait() looks at the new deadline when the old one comes. To set a
// timer again for each request would cost a cancelled wait each time.
void Connection::arm_until(Time deadline) {
  deadline_ = deadline;
  if (!closed_ && deadline_ < timer_at_) wait();
}

void Connection::rest() {
  disarm();
  timer_at_ = Time::max();
  timer_.cancel();
}

// The handler holds a weak pointer: a pending wait keeps no connection alive. It looks at everything again, because a
// timer that has expired runs its handler even when it is cancelled or moved before the loop gets to it.
void Connection::wait() {
  timer_at_ = deadline_;
  timer_.expires_at(deadline_);
  timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
    auto self = weak.lock();
    if (error || !self || self->closed_) return;
    self->timer_at_ = Time::max();
    if (self->deadline_ == Time::max()) return;
    if (std::chrono::steady_clock::now() < self->deadline_) return self->wait();
    self->timed_out_ = true;
    self->close();
  });
}

// The timer is cancelled as well: a pending wait would keep the loop running.
void Connection::close() {
  if (closed_) return;
  closed_ = true;
  timer_.cancel();
  boost::system::error_code ignored;
  socket.close(ignored);
}

asio::awaitable<boost::system::error_code> write_all(ConnectionPtr connection, std::string head, std::string body,
                                                     std::chrono::milliseconds progress_limit) {
  if (body.size() <= copy_body_max) {
    head += body;
    body.clear();
  }
  const std::array<asio::const_buffer, 2> buffers{asio::buffer(head), asio::buffer(body)};
  KeepArmed keep_armed{connection, progress_limit};
  // One gathered write: a large body is not copied only to stand behind its head.
  auto written = co_await asio::async_write(connection->socket, buffers, keep_armed, nothrow);
  auto& [error, count] = written;
  co_return error;
}

}  // namespace windlass
