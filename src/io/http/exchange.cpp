#include "io/http/exchange.hpp"

#include "base/url.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/beast/http/read.hpp>

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

namespace windlass {

using asio::ip::tcp;
using boost::system::error_code;
using Endpoint = asio::generic::stream_protocol::endpoint;

namespace {

// A peer that sends nothing but 1xx would else keep us until the deadline.
constexpr int interim_responses_max = 8;  // 1xx before the real one

// Beast has no name for its category of HTTP errors; that of any one of them is it.
bool is_http_error(const error_code& error) {
  return error.category() == http::make_error_code(http::error::bad_version).category();
}

// What a lookup leaves behind. getaddrinfo cannot be interrupted, so at the deadline the caller goes away and the
// lookup ends into this.
struct Lookup {
  explicit Lookup(const asio::any_io_executor& loop) : resolver{loop}, done{loop} {}
  tcp::resolver resolver;
  asio::steady_timer done;
  bool finished = false;
  error_code error;
  std::vector<Endpoint> endpoints;
};

asio::awaitable<Result<std::vector<Endpoint>>> resolve(asio::any_io_executor loop, HttpPeer peer,
                                                       HttpExchange::Time deadline) {
  // Shared with the callback, which may run long after the caller has gone.
  auto lookup = std::make_shared<Lookup>(loop);
  lookup->done.expires_at(deadline);
  auto on_found = [lookup](const error_code& error, const tcp::resolver::results_type& found) {
    lookup->finished = true;
    lookup->error = error;
    for (const auto& entry : found) lookup->endpoints.emplace_back(entry.endpoint());
    lookup->done.cancel();
  };
  lookup->resolver.async_resolve(peer.host, std::to_string(peer.port), tcp::resolver::numeric_service, on_found);
  auto waited = co_await lookup->done.async_wait(nothrow);
  static_cast<void>(waited);
  if (!lookup->finished) {
    lookup->resolver.cancel();
    const bool late = std::chrono::steady_clock::now() >= deadline;
    co_return Error{late ? Errc::timeout : Errc::cancelled, "looking up the host: no answer in time", peer.name};
  }
  if (lookup->error) {
    co_return Error{Errc::unavailable, "looking up the host: " + lookup->error.message(), peer.name};
  }
  co_return std::move(lookup->endpoints);
}

asio::awaitable<Result<std::vector<Endpoint>>> endpoints_of(asio::any_io_executor loop, HttpPeer peer,
                                                            HttpExchange::Time deadline) {
  std::vector<Endpoint> endpoints;
  if (!peer.socket_path.empty()) {
    endpoints.emplace_back(asio::local::stream_protocol::endpoint{peer.socket_path});
    co_return endpoints;
  }
  error_code not_numeric;
  // A numeric address needs no lookup, and so no resolver thread either.
  const auto address = asio::ip::make_address(peer.host, not_numeric);
  if (!not_numeric) {
    endpoints.emplace_back(tcp::endpoint{address, peer.port});
    co_return endpoints;
  }
  auto found = co_await resolve(loop, peer, deadline);
  co_return found;
}

Result<void> open_with(const std::function<Result<int>(int family)>& open_socket, const Endpoint& endpoint,
                       Connection& connection) {
  auto fd = open_socket(endpoint.protocol().family());
  if (!fd) return fd.error();
  error_code error;
  connection.socket.assign(endpoint.protocol(), *fd, error);
  if (!error) return {};
  // The socket did not take it over.
  ::close(*fd);
  return Error{Errc::unavailable, "connect: " + error.message(), {}};
}

}  // namespace

// Looks without taking: a byte must stay for the parser, and 0 bytes are the peer's end.
bool HttpExchange::is_quiet() const {
  char byte = 0;
  const ssize_t seen = ::recv(connection->socket.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return seen < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

bool HttpExchange::is_reusable() const {
  return parser && parser->is_done() && parser->keep_alive() && buffer.size() == 0 && !connection->is_closed();
}

Result<HttpPeer> parse_http_peer(const std::string& text) {
  HttpPeer peer{.name = without_password(text), .host = {}, .port = 80, .socket_path = {}, .host_header = {}};
  constexpr std::string_view unix_scheme = "unix://";
  if (text.starts_with(unix_scheme)) {
    peer.socket_path = text.substr(unix_scheme.size());
    peer.host_header = "localhost";
    // 108: the size of sockaddr_un.sun_path.
    if (peer.socket_path.empty() || peer.socket_path.size() >= 108) {
      return Error{Errc::invalid, "not a path of a unix socket", text};
    }
    return peer;
  }
  const UrlParts parts = split_url(text);
  if (!parts.scheme.empty() && parts.scheme != "http" && parts.scheme != "tcp") {
    return Error{Errc::invalid, "unknown scheme", peer.name};
  }
  auto place = parse_authority(parts.authority);
  if (!place) return Error{place.error().code, place.error().message, peer.name};
  peer.host_header = place->to_string();
  peer.port = place->port.value_or(peer.port);
  peer.host = std::move(place->host);
  return peer;
}

Error to_error(const error_code& error, const Connection& connection, const std::string& what, const HttpPeer& peer) {
  // First: a deadline closes the socket, and what was pending then ends like any cancelled operation.
  if (connection.timed_out()) return Error{Errc::timeout, what + ": no answer in time", peer.name};
  if (error == asio::error::operation_aborted || error == asio::error::bad_descriptor) {
    return Error{connection.is_closed() ? Errc::closed : Errc::cancelled, what + ": given up", peer.name};
  }
  const bool ended = error == asio::error::eof || error == asio::error::connection_reset ||
                     error == asio::error::broken_pipe || error == http::error::end_of_stream ||
                     error == http::error::partial_message;
  if (ended) return Error{Errc::closed, what + ": the connection was closed", peer.name};
  if (is_http_error(error)) return Error{Errc::malformed, what + ": " + error.message(), peer.name};
  return Error{Errc::unavailable, what + ": " + error.message(), peer.name};
}

asio::awaitable<Result<HttpExchangePtr>> connect_to(asio::any_io_executor loop, HttpPeer peer,
                                                    HttpExchange::Time deadline,
                                                    std::function<Result<int>(int family)> open_socket) {
  auto endpoints = co_await endpoints_of(loop, peer, deadline);
  if (!endpoints) co_return endpoints.error();
  // All addresses in turn, each on a new socket: one that has failed to connect cannot be used for another address.
  Error last{Errc::unavailable, "connect: the host has no address", peer.name};
  for (const Endpoint& endpoint : *endpoints) {
    auto exchange = std::make_shared<HttpExchange>(loop);
    Connection& connection = *exchange->connection;
    if (open_socket) {
      auto opened = open_with(open_socket, endpoint, connection);
      if (!opened) co_return opened.error();
    }
    connection.arm_until(deadline);
    auto connected = co_await connection.socket.async_connect(endpoint, nothrow);
    auto& [error] = connected;
    if (!error) {
      connection.disarm();
      error_code ignored;
      // Else the kernel may hold a small write back until the peer has confirmed the one before it.
      if (peer.socket_path.empty()) connection.socket.set_option(tcp::no_delay{true}, ignored);
      co_return exchange;
    }
    last = to_error(error, connection, "connect", peer);
    connection.close();
    // The deadline is for all addresses together; a caller who was cancelled wants no further one.
    if (last.code != Errc::unavailable && last.code != Errc::closed) break;
  }
  // Nothing was open that could have been closed.
  if (last.code == Errc::closed) last.code = Errc::unavailable;
  co_return last;
}

std::string request_head(const HttpClientRequest& request, const HttpPeer& peer) {
  std::string head = request.method + " " + request.target + " HTTP/1.1\r\nHost: " + peer.host_header + "\r\n";
  for (const auto& [name, value] : request.headers) head += name + ": " + value + "\r\n";
  // A POST without a length is refused by some servers (411), also when it has no body.
  const bool has_length = !request.body.empty() || request.method == "POST" || request.method == "PUT";
  if (has_length) head += "Content-Length: " + std::to_string(request.body.size()) + "\r\n";
  head += "\r\n";
  return head;
}

// Ids and paths that came over the network may end up in targets and headers.
bool is_sound(const HttpClientRequest& request) {
  const auto has_control = [](const std::string& text, char first_good) {
    for (const char c : text) {
      if (static_cast<unsigned char>(c) < static_cast<unsigned char>(first_good) && c != '\t') return true;
    }
    return false;
  };
  for (const auto& [name, value] : request.headers) {
    if (name.empty() || has_control(name, '!') || has_control(value, ' ')) return false;
  }
  return !request.method.empty() && !request.target.empty() && !has_control(request.method, '!') &&
         !has_control(request.target, '!') && request.target.find('\t') == std::string::npos;
}

asio::awaitable<error_code> read_head(HttpExchangePtr exchange, bool head_only, std::size_t header_bytes_max) {
  for (int i = 0; i < interim_responses_max; ++i) {
    HttpExchange::Parser& parser = exchange->parser.emplace();
    parser.header_limit(static_cast<std::uint32_t>(header_bytes_max));
    // Streams have no end; read_body() keeps to a limit of its own.
    parser.body_limit(boost::none);
    // An answer to HEAD has the length of a body that does not come.
    parser.skip(head_only);
    auto read = co_await http::async_read_header(exchange->connection->socket, exchange->buffer, parser, nothrow);
    auto& [error, count] = read;
    if (error) co_return error;
    const unsigned status = parser.get().result_int();
    // Never eager: an eager parser would not give out a chunk before the next chunk's size has come.
    if (status >= 200 || status == 101) co_return error_code{};
  }
  co_return http::make_error_code(http::error::bad_status);
}

HttpHeaders copy_headers(const HttpExchange::Parser& parser) {
  HttpHeaders headers;
  for (const auto& field : parser.get()) {
    headers.emplace_back(std::string{field.name_string()}, std::string{field.value()});
  }
  return headers;
}

asio::awaitable<HttpPiece> read_piece(HttpExchangePtr exchange) {
  HttpPiece piece;
  HttpExchange::Parser& parser = *exchange->parser;
  std::array<char, HttpExchange::read_bytes> bytes;  // NOLINT: filled by the parser, which says how far
  // A loop, because a read may bring nothing of the body: the size of a chunk, or a trailer.
  while (!parser.is_done()) {
    auto& body = parser.get().body();
    body.data = bytes.data();
    body.size = bytes.size();
    body.more = true;
    auto read = co_await http::async_read_some(exchange->connection->socket, exchange->buffer, parser, nothrow);
    auto& [error, count] = read;
    // need_buffer only says that the piece is full.
    const std::size_t produced = bytes.size() - body.size;
    if (error && error != http::error::need_buffer) {
      piece.error = error;
      co_return piece;
    }
    if (produced > 0) {
      piece.bytes.assign(bytes.data(), produced);
      co_return piece;
    }
  }
  co_return piece;
}

asio::awaitable<Result<std::string>> read_body(HttpExchangePtr exchange, HttpPeer peer, std::size_t bytes_max) {
  std::string body;
  while (true) {
    auto piece = co_await read_piece(exchange);
    if (piece.error) {
      const Error failure = to_error(piece.error, *exchange->connection, "reading the response", peer);
      exchange->connection->close();
      co_return failure;
    }
    if (piece.bytes.empty()) co_return body;
    if (body.size() + piece.bytes.size() > bytes_max) {
      exchange->connection->close();
      co_return Error{Errc::malformed, "the response is larger than " + std::to_string(bytes_max) + " bytes",
                      peer.name};
    }
    body += piece.bytes;
  }
}

}  // namespace windlass
