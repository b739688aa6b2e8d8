#pragma once
// An HTTP/1.1 client for one peer: "http://host:port" or "unix:///var/run/docker.sock". No TLS, no threads, small
// buffers: it lives in windlass-executor too. Used on the loop thread only.
// Errors say the peer and what failed: Errc::unavailable (no connection), timeout, closed, malformed, invalid.

#include "base/error.hpp"
#include "io/http/message.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>

namespace windlass {

namespace asio = boost::asio;

struct HttpClientOptions {
  std::size_t idle_connections_max = 4;           // kept open for the next request
  std::size_t header_bytes_max = 64 * 1024;       // of a response
  std::size_t body_bytes_max = 64 * 1024 * 1024;  // of a response that is read whole
  std::chrono::milliseconds connect_timeout{10'000};
  // Makes the sockets of connections, for an address family; the client closes them. Empty: ours.
  std::function<Result<int>(int family)> open_socket = {};
};

// Host, Content-Length and Connection are written by the client.
struct HttpClientRequest {
  std::string method = "GET";
  std::string target = "/";  // path and query, percent-encoded already
  HttpHeaders headers = {};
  std::string body = {};
};

struct HttpClientResponse {
  int status = 0;
  HttpHeaders headers;
  std::string body;
};

// A response whose body is read piece by piece. Movable; destroying it closes the connection.
class StreamingResponse {
 public:
  struct Impl;
  StreamingResponse();  // without a response: assign one before any use
  explicit StreamingResponse(std::shared_ptr<Impl> impl);
  StreamingResponse(StreamingResponse&&) noexcept;
  StreamingResponse& operator=(StreamingResponse&&) noexcept;
  ~StreamingResponse();

  [[nodiscard]] int status() const;
  [[nodiscard]] const HttpHeaders& headers() const;
  // The next bytes of the body, chunked coding removed; "" at its end. A limit of 0 waits for ever; after a timeout or
  // any other error the connection is closed. REQUIRES: one read at a time.
  [[nodiscard]] asio::awaitable<Result<std::string>> read_some(std::chrono::milliseconds limit = {});
  // A pending read ends with Errc::closed.
  void close();

 private:
  std::shared_ptr<Impl> impl_;
};

// The raw bytes after an upgrade (Docker's attach and exec). Movable; destroying it closes the connection.
class RawConnection {
 public:
  struct Impl;
  RawConnection();
  explicit RawConnection(std::shared_ptr<Impl> impl);
  RawConnection(RawConnection&&) noexcept;
  RawConnection& operator=(RawConnection&&) noexcept;
  ~RawConnection();

  [[nodiscard]] int status() const;  // 101 or 200
  [[nodiscard]] const HttpHeaders& headers() const;
  // "" when the peer has closed its side. REQUIRES: one read at a time; a write may run beside it.
  [[nodiscard]] asio::awaitable<Result<std::string>> read_some();
  // Writes all of it. REQUIRES: one write at a time.
  [[nodiscard]] asio::awaitable<Result<void>> write(std::string bytes);
  // Tells the peer that no more bytes come; reading goes on.
  void shutdown_write();
  // A pending read or write ends with Errc::closed.
  void close();

 private:
  std::shared_ptr<Impl> impl_;
};

class HttpClient {
 public:
  // Does not connect yet. peer: "http://host:port" (port 80 if missing), "host:port", "tcp://host:port" as in
  // DOCKER_HOST, "unix:///path". Errors: Errc::invalid.
  [[nodiscard]] static Result<std::unique_ptr<HttpClient>> create(asio::any_io_executor loop, std::string peer,
                                                                  HttpClientOptions options = {});
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  [[nodiscard]] const std::string& peer() const;

  // One exchange, connect to last byte within the limit. A status code is never an error. If a kept connection turns
  // out to be closed before any byte of the response came, a request that may be repeated (any method but POST and
  // PATCH) is sent once more on a new one; POST and PATCH use only connections that were in use seconds ago.
  [[nodiscard]] asio::awaitable<Result<HttpClientResponse>> request(HttpClientRequest request,
                                                                    std::chrono::milliseconds limit);
  // Like request(), but returns after the response's head; the limit covers connect to head. Always a new connection.
  [[nodiscard]] asio::awaitable<Result<StreamingResponse>> open_stream(HttpClientRequest request,
                                                                       std::chrono::milliseconds limit);
  // Adds "Connection: Upgrade" and "Upgrade: tcp". A status other than 101 and 200 is Errc::unavailable with the body's
  // beginning in the message (404: Errc::not_found, 409: Errc::conflict).
  [[nodiscard]] asio::awaitable<Result<RawConnection>> upgrade(HttpClientRequest request,
                                                               std::chrono::milliseconds limit);
  // Closes the kept connections.
  void close_idle();

 private:
  struct Impl;
  explicit HttpClient(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace windlass
