#pragma once
// One connection of an HTTP client and the response that is being read from it: what HttpClient and HttpPipeline have
// in common. Internal to io/; include it in .cpp files only.

#include "base/error.hpp"
#include "io/connection.hpp"
#include "io/http/client.hpp"

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace windlass {

namespace beast = boost::beast;
namespace http = beast::http;

struct HttpPeer {
  std::string name;  // as given, for messages
  std::string host;  // empty: a unix socket
  std::uint16_t port = 80;
  std::string socket_path;
  std::string host_header;
};

struct HttpExchange {
  using Parser = http::response_parser<http::buffer_body>;
  using Time = std::chrono::steady_clock::time_point;
  static constexpr std::size_t read_bytes = 8 * 1024;  // one piece of a body
  // How long a connection may have been idle for a request that must not be sent twice: one that is older may be about
  // to be closed.
  static constexpr std::chrono::milliseconds idle_age_max_post{3'000};

  explicit HttpExchange(const asio::any_io_executor& loop) : connection{std::make_shared<Connection>(loop)} {
    buffer.reserve(read_bytes);
  }

  // Nothing has come since the last response: a byte would be an answer to no question, an end means closed.
  [[nodiscard]] bool is_quiet() const;
  // The response was read whole, and the connection can serve another request.
  [[nodiscard]] bool is_reusable() const;

  ConnectionPtr connection;
  beast::flat_buffer buffer;
  std::optional<Parser> parser;
  Time idle_since{};
};
using HttpExchangePtr = std::shared_ptr<HttpExchange>;

[[nodiscard]] Result<HttpPeer> parse_http_peer(const std::string& text);
// `what` was being done when it happened.
[[nodiscard]] Error to_error(const boost::system::error_code& error, const Connection& connection,
                             const std::string& what, const HttpPeer& peer);

[[nodiscard]] asio::awaitable<Result<HttpExchangePtr>> connect_to(asio::any_io_executor loop, HttpPeer peer,
                                                                  HttpExchange::Time deadline,
                                                                  std::function<Result<int>(int family)> open_socket);

// False: a line break or a space in the wrong place would be a second request.
[[nodiscard]] bool is_sound(const HttpClientRequest& request);
[[nodiscard]] std::string request_head(const HttpClientRequest& request, const HttpPeer& peer);

// The head of the response, after any 1xx ones but 101.
[[nodiscard]] asio::awaitable<boost::system::error_code> read_head(HttpExchangePtr exchange, bool head_only,
                                                                   std::size_t header_bytes_max);
[[nodiscard]] HttpHeaders copy_headers(const HttpExchange::Parser& parser);

struct HttpPiece {
  boost::system::error_code error;
  std::string bytes;  // empty without an error: the end
};
[[nodiscard]] asio::awaitable<HttpPiece> read_piece(HttpExchangePtr exchange);
// The whole body; closes the connection when that fails.
[[nodiscard]] asio::awaitable<Result<std::string>> read_body(HttpExchangePtr exchange, HttpPeer peer,
                                                             std::size_t bytes_max);

}  // namespace windlass
