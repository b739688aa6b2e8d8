#pragma once
// What the tests of io/ share: a loop that runs one coroutine to its end, and a peer that sends raw bytes.

#include "io/connection.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <exception>
#include <filesystem>
#include <string>
#include <utility>

namespace windlass {

// Runs the loop until task has ended; rethrows its exception. What else was spawned stays suspended.
inline void run_until_done(asio::io_context& loop, asio::awaitable<void> task) {
  bool done = false;
  std::exception_ptr failure;
  asio::co_spawn(loop, std::move(task), [&](std::exception_ptr error) {
    done = true;
    failure = error;
  });
  loop.restart();
  while (!done && loop.run_one_for(std::chrono::seconds{60}) > 0) {
  }
  if (failure) std::rethrow_exception(failure);
  ASSERT_TRUE(done) << "the task did not end";
}

class RawPeer {
 public:
  using Socket = asio::ip::tcp::socket;
  explicit RawPeer(asio::io_context& loop) : socket{loop} {}

  void connect(std::uint16_t port) {
    socket.connect({asio::ip::make_address("127.0.0.1"), port});  // the kernel completes it, no accept needed
  }
  void send(const std::string& bytes) { asio::write(socket, asio::buffer(bytes)); }

  // Reads until the text was seen, or the end; returns all that was read since the last call.
  [[nodiscard]] asio::awaitable<std::string> read_until(std::string text) {
    std::string piece(4096, '\0');
    while (text.empty() || seen.find(text) == std::string::npos) {
      auto read = co_await socket.async_read_some(asio::buffer(piece), nothrow);
      auto& [error, count] = read;
      if (error) break;
      seen.append(piece, 0, count);
    }
    co_return std::exchange(seen, {});
  }
  [[nodiscard]] asio::awaitable<std::string> read_to_end() { return read_until({}); }

  Socket socket;
  std::string seen;
};

// A folder that goes away with the test.
class TempDir {
 public:
  TempDir() {
    char name[] = "/tmp/windlass_io_XXXXXX";
    path = ::mkdtemp(name);
  }
  ~TempDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  std::string operator/(const std::string& name) const { return path + "/" + name; }
  std::string path;
};

}  // namespace windlass
