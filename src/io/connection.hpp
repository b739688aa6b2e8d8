#pragma once
// One byte stream (TCP or unix socket) with a deadline: what HTTP server and client have in common.
// Internal to io/; include it in .cpp files only.

#include "io/nothrow.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/error_code.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <utility>

namespace windlass {

namespace asio = boost::asio;

// Used on the loop thread only. Held by shared_ptr.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  using Socket = asio::generic::stream_protocol::socket;
  using Time = std::chrono::steady_clock::time_point;

  explicit Connection(Socket s) : socket{std::move(s)}, timer_{socket.get_executor()} {}
  explicit Connection(const asio::any_io_executor& loop) : socket{loop}, timer_{loop} {}

  Socket socket;

  // Closes the connection at that time, unless it is moved again: a pending operation then ends with operation_aborted
  // and timed_out() is true. Cheap: the timer is touched only when the deadline comes nearer.
  void arm_until(Time deadline);
  void arm(std::chrono::milliseconds limit) { arm_until(std::chrono::steady_clock::now() + limit); }
  void disarm() { deadline_ = Time::max(); }
  // Like disarm(), and takes the timer away too, so that the loop can end while this connection is kept.
  void rest();

  // Pending operations end with operation_aborted.
  void close();
  [[nodiscard]] bool is_closed() const { return closed_; }
  [[nodiscard]] bool timed_out() const { return timed_out_; }

 private:
  void wait();

  asio::steady_timer timer_;
  Time deadline_ = Time::max();
  Time timer_at_ = Time::max();  // when the pending wait ends; max: none is pending
  bool closed_ = false;
  bool timed_out_ = false;
};

using ConnectionPtr = std::shared_ptr<Connection>;

// Writes head, then body. While progress_limit is not 0 the deadline moves by it with every piece that the peer takes.
[[nodiscard]] asio::awaitable<boost::system::error_code> write_all(ConnectionPtr connection, std::string head,
                                                                   std::string body,
                                                                   std::chrono::milliseconds progress_limit);
[[nodiscard]] inline asio::awaitable<boost::system::error_code> write_all(ConnectionPtr connection, std::string bytes,
                                                                          std::chrono::milliseconds progress_limit) {
  return write_all(std::move(connection), std::move(bytes), std::string{}, progress_limit);
}

}  // namespace windlass
