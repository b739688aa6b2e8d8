#pragma once
// A plain HTTP/1.1 server. One coroutine per connection; requests of one connection are begun and answered in order,
// one after the other, except for those that may overlap.

#include "base/error.hpp"
#include "io/http/message.hpp"
#include "io/http/stream.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace windlass {

namespace asio = boost::asio;

struct HttpRequest {
  std::string method;    // "GET"
  std::string target;    // as sent: "/v2/apps/%2Fweb?embed=apps.tasks"
  std::string path;      // percent-decoded once: "/v2/apps//web"
  std::string raw_path;  // the path as sent, for routes whose parameters may contain %2F
  HttpQuery query;       // decoded; find_query(query, "embed")
  HttpHeaders headers;   // all, in order; find_header(headers, "accept")
  std::string body;      // after chunked and gzip decoding
  std::string remote;    // "127.0.0.1:40312"
  bool keep_alive = true;
};

// Content-Length, Date, Connection and Transfer-Encoding are written by the server; do not add them to headers.
struct HttpResponse {
  int status = 200;
  HttpHeaders headers = {};
  std::string content_type = {};  // empty: no Content-Type header
  std::string body = {};          // not sent for HEAD, 1xx, 204 and 304
  StreamPtr stream = {};          // not null: body is ignored, chunks are sent for as long as the stream lives
};

// Runs on the loop. An exception becomes a 500 and a log line. Never make it a capturing lambda that is itself a
// coroutine (STYLE 26); a lambda that only calls a member coroutine is fine:
//   [this](HttpRequest request) { return answer(std::move(request)); }
using HttpHandler = std::function<asio::awaitable<HttpResponse>(HttpRequest request)>;

struct HttpServerOptions {
  std::string host = "127.0.0.1";                     // a numeric address; "0.0.0.0" and "::" for all
  std::uint16_t port = 0;                             // 0: the system chooses, see port()
  std::size_t header_bytes_max = 64 * 1024;           // more: 431
  std::size_t body_bytes_max = 64 * 1024 * 1024;      // more, also after gzip: 413
  std::size_t connections_max = 20'000;               // more: closed right after accept
  std::size_t overlapping_max = 256;                  // requests of one connection that run at once
  std::size_t overlapping_bytes_max = 1024 * 1024;    // of their bodies, before the next is read
  std::chrono::milliseconds idle_timeout{75'000};     // between requests
  std::chrono::milliseconds request_timeout{60'000};  // for a whole head to come, then for each next piece of the body
  std::chrono::milliseconds write_timeout{60'000};    // for the peer to take any further byte of what we send
  std::chrono::milliseconds stop_timeout{5'000};      // for running requests when stop() is called
  // Whether a request may run while those ahead of it on its connection do (pipelining): they begin in their order,
  // each up to its handler's first wait, and are answered in it. Empty: none may. Their answers are no streams.
  std::function<bool(const HttpRequest& request)> may_overlap = {};
};

class HttpServer {
 public:
  // Binds, listens and begins to accept. Errors: Errc::conflict "port 5050 on 127.0.0.1 is in use", Errc::invalid for
  // a host that is no address, Errc::forbidden, Errc::unavailable.
  [[nodiscard]] static Result<std::unique_ptr<HttpServer>> listen(asio::any_io_executor loop, HttpServerOptions options,
                                                                  HttpHandler handler);
  // Closes everything that is still open; running handlers are not interrupted, their answers go nowhere.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // The port that is really bound.
  [[nodiscard]] std::uint16_t port() const;
  [[nodiscard]] std::size_t connections() const;

  // Stops accepting, closes idle connections and streams (queued chunks first), lets running requests be answered, and
  // returns when no connection is left, or after stop_timeout, when what is left was cut.
  [[nodiscard]] asio::awaitable<void> stop();

 private:
  struct Impl;
  explicit HttpServer(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace windlass
