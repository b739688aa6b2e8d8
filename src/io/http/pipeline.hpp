#pragma once
// Requests to one peer on one connection, each sent before those ahead of it are answered (HTTP/1.1 pipelining). The
// peer takes them in their order, and the answers come in that order. Used on the loop thread only.
//
//   send a, b, c ──▶ ─────c─b─a─▶ peer        the connection ends: what was in flight is lost, and nobody knows how
//   read: A, B, C ◀─ ◀─A─B─C───── peer        much of it was done; the next send() makes a new connection

#include "base/error.hpp"
#include "io/http/client.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace windlass {

class HttpPipeline {
 public:
  // Does not connect yet. The peer as in HttpClient. Errors: Errc::invalid.
  [[nodiscard]] static Result<std::unique_ptr<HttpPipeline>> create(asio::any_io_executor loop, std::string peer,
                                                                    HttpClientOptions options = {});
  // Closes.
  ~HttpPipeline();
  HttpPipeline(const HttpPipeline&) = delete;
  HttpPipeline& operator=(const HttpPipeline&) = delete;

  // Sends them in one go, on a new connection if there is none that was in use seconds ago. An error: none of them was
  // sent, and none is in flight. Once they are in flight, read() tells of what fails. REQUIRES: one send at a time; no
  // HEAD.
  [[nodiscard]] asio::awaitable<Result<void>> send(std::vector<HttpClientRequest> requests,
                                                   std::chrono::milliseconds limit);
  // The answer to the oldest request in flight; waits until there is one, and then no longer than the limit. An error:
  // the connection is closed and nothing is in flight any more. REQUIRES: one read at a time.
  [[nodiscard]] asio::awaitable<Result<HttpClientResponse>> read(std::chrono::milliseconds limit);

  [[nodiscard]] std::size_t in_flight() const;
  // The connection has outlived an answer. Until then no more than one request should be in flight: a peer that closes
  // after each answer would lose the others.
  [[nodiscard]] bool is_kept() const;
  // A pending read or send ends with Errc::closed. Can be used no more.
  void close();

 private:
  struct Impl;
  explicit HttpPipeline(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace windlass
