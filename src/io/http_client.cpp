#include "io/http_client.hpp"

#include "base/url.hpp"
#include "io/connection.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>

#include <sys/socket.h>
#include <unistd.h>

#include <deque>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

namespace windlass {

namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;
using boost::system::error_code;
using Endpoint = asio::generic::stream_protocol::endpoint;
using SteadyTime = std::chrono::steady_clock::time_point;

namespace {

constexpr std::size_t read_bytes = 8 * 1024;                   // one piece of a body
constexpr std::size_t error_body_bytes_max = 1024;             // of a refused upgrade, for the message
constexpr std::chrono::seconds idle_age_max{30};               // older connections are not used again
constexpr std::chrono::milliseconds idle_age_max_post{3'000};  // for requests that must not be sent twice
constexpr int interim_responses_max = 8;                       // 1xx before the real one

using Parser = http::response_parser<http::buffer_body>;

struct Peer {
  std::string name;  // as given, for messages
  std::string host;  // empty: a unix socket
  std::uint16_t port = 80;
  std::string socket_path;
  std::string host_header;
};

// One connection and the response that is being read from it.
struct Exchange {
  explicit Exchange(const asio::any_io_executor& loop) : connection{std::make_shared<Connection>(loop)} {
    buffer.reserve(read_bytes);
  }

  ConnectionPtr connection;
  beast::flat_buffer buffer;
  std::optional<Parser> parser;
  SteadyTime idle_since{};
};
using ExchangePtr = std::shared_ptr<Exchange>;

Result<Peer> parse_peer(const std::string& text) {
  Peer peer{.name = without_password(text), .host = {}, .port = 80, .socket_path = {}, .host_header = {}};
  constexpr std::string_view unix_scheme = "unix://";
  if (text.starts_with(unix_scheme)) {
    peer.socket_path = text.substr(unix_scheme.size());
    peer.host_header = "localhost";
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

bool is_http_error(const error_code& error) {
  return error.category() == http::make_error_code(http::error::bad_version).category();
}

Error to_error(const error_code& error, const Connection& connection, const std::string& what, const Peer& peer) {
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

asio::awaitable<Result<std::vector<Endpoint>>> resolve(asio::any_io_executor loop, Peer peer, SteadyTime deadline) {
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

asio::awaitable<Result<std::vector<Endpoint>>> endpoints_of(asio::any_io_executor loop, Peer peer,
                                                            SteadyTime deadline) {
  std::vector<Endpoint> endpoints;
  if (!peer.socket_path.empty()) {
    endpoints.emplace_back(asio::local::stream_protocol::endpoint{peer.socket_path});
    co_return endpoints;
  }
  error_code not_numeric;
  const auto address = asio::ip::make_address(peer.host, not_numeric);
  if (!not_numeric) {
    endpoints.emplace_back(tcp::endpoint{address, peer.port});
    co_return endpoints;
  }
  auto found = co_await resolve(loop, peer, deadline);
  co_return found;
}

using OpenSocket = std::function<Result<int>(int family)>;

Result<void> open_with(const OpenSocket& open_socket, const Endpoint& endpoint, Connection& connection) {
  auto fd = open_socket(endpoint.protocol().family());
  if (!fd) return fd.error();
  error_code error;
  connection.socket.assign(endpoint.protocol(), *fd, error);
  if (!error) return {};
  ::close(*fd);
  return Error{Errc::unavailable, "connect: " + error.message(), {}};
}

asio::awaitable<Result<ExchangePtr>> connect(asio::any_io_executor loop, Peer peer, SteadyTime deadline,
                                             OpenSocket open_socket) {
  auto endpoints = co_await endpoints_of(loop, peer, deadline);
  if (!endpoints) co_return endpoints.error();
  Error last{Errc::unavailable, "connect: the host has no address", peer.name};
  for (const Endpoint& endpoint : *endpoints) {
    auto exchange = std::make_shared<Exchange>(loop);
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
      if (peer.socket_path.empty()) connection.socket.set_option(tcp::no_delay{true}, ignored);
      co_return exchange;
    }
    last = to_error(error, connection, "connect", peer);
    connection.close();
    if (last.code != Errc::unavailable && last.code != Errc::closed) break;
  }
  if (last.code == Errc::closed) last.code = Errc::unavailable;
  co_return last;
}

std::string make_head(const HttpClientRequest& request, const Peer& peer) {
  std::string head = request.method + " " + request.target + " HTTP/1.1\r\nHost: " + peer.host_header + "\r\n";
  for (const auto& [name, value] : request.headers) head += name + ": " + value + "\r\n";
  const bool has_length = !request.body.empty() || request.method == "POST" || request.method == "PUT";
  if (has_length) head += "Content-Length: " + std::to_string(request.body.size()) + "\r\n";
  head += "\r\n";
  return head;
}

// A line break or a space in the wrong place would be a second request.
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

bool may_repeat(const std::string& method) { return method != "POST" && method != "PATCH"; }

// The head of the response, after any 1xx ones but 101.
asio::awaitable<error_code> read_head(ExchangePtr exchange, bool head_only, std::size_t header_bytes_max) {
  for (int i = 0; i < interim_responses_max; ++i) {
    Parser& parser = exchange->parser.emplace();
    parser.header_limit(static_cast<std::uint32_t>(header_bytes_max));
    parser.body_limit(boost::none);
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

HttpHeaders copy_headers(const Parser& parser) {
  HttpHeaders headers;
  for (const auto& field : parser.get()) {
    headers.emplace_back(std::string{field.name_string()}, std::string{field.value()});
  }
  return headers;
}

struct Piece {
  error_code error;
  std::string bytes;  // empty without an error: the end
};

asio::awaitable<Piece> read_piece(ExchangePtr exchange) {
  Piece piece;
  Parser& parser = *exchange->parser;
  std::string bytes(read_bytes, '\0');
  while (!parser.is_done()) {
    auto& body = parser.get().body();
    body.data = bytes.data();
    body.size = bytes.size();
    body.more = true;
    auto read = co_await http::async_read_some(exchange->connection->socket, exchange->buffer, parser, nothrow);
    auto& [error, count] = read;
    const std::size_t produced = bytes.size() - body.size;
    if (error && error != http::error::need_buffer) {
      piece.error = error;
      co_return piece;
    }
    if (produced > 0) {
      bytes.resize(produced);
      piece.bytes = std::move(bytes);
      co_return piece;
    }
  }
  co_return piece;
}

}  // namespace

struct HttpClient::Impl {
  asio::any_io_executor loop;
  Peer peer;
  HttpClientOptions options;
  std::deque<ExchangePtr> idle;  // the newest at the end

  ExchangePtr take_idle(const std::string& method);
  void give_back(const ExchangePtr& exchange);

  // Connects (or takes a kept connection), sends, and reads the head of the response.
  static asio::awaitable<Result<ExchangePtr>> start(std::shared_ptr<Impl> impl, HttpClientRequest request,
                                                    SteadyTime deadline, bool may_reuse);
  static asio::awaitable<Result<std::string>> read_body(std::shared_ptr<Impl> impl, ExchangePtr exchange,
                                                        std::size_t bytes_max);
};

ExchangePtr HttpClient::Impl::take_idle(const std::string& method) {
  const auto now = std::chrono::steady_clock::now();
  while (!idle.empty()) {
    ExchangePtr exchange = std::move(idle.back());
    idle.pop_back();
    const auto age = now - exchange->idle_since;
    // Nothing may have come meanwhile: a byte would be an answer to no question, an end means closed.
    char byte = 0;
    const ssize_t seen = ::recv(exchange->connection->socket.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    const bool quiet = seen < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
    const bool fresh = age < idle_age_max && (may_repeat(method) || age < idle_age_max_post);
    if (quiet && fresh) return exchange;
    exchange->connection->close();
  }
  return nullptr;
}

void HttpClient::Impl::give_back(const ExchangePtr& exchange) {
  Connection& connection = *exchange->connection;
  const bool usable = exchange->parser && exchange->parser->is_done() && exchange->parser->keep_alive() &&
                      exchange->buffer.size() == 0 && !connection.is_closed();
  if (!usable || options.idle_connections_max == 0) return connection.close();
  connection.rest();
  exchange->parser.reset();
  exchange->idle_since = std::chrono::steady_clock::now();
  idle.push_back(exchange);
  if (idle.size() > options.idle_connections_max) {
    idle.front()->connection->close();
    idle.pop_front();
  }
}

asio::awaitable<Result<ExchangePtr>> HttpClient::Impl::start(std::shared_ptr<Impl> impl, HttpClientRequest request,
                                                             SteadyTime deadline, bool may_reuse) {
  if (!is_sound(request)) co_return Error{Errc::invalid, "control characters in a request", impl->peer.name};
  const std::string what = request.method + " " + request.target;
  const std::string head = make_head(request, impl->peer);
  while (true) {
    ExchangePtr exchange = may_reuse ? impl->take_idle(request.method) : nullptr;
    const bool reused = exchange != nullptr;
    if (!reused) {
      const auto connect_by = std::min(deadline, std::chrono::steady_clock::now() + impl->options.connect_timeout);
      auto connected = co_await connect(impl->loop, impl->peer, connect_by, impl->options.open_socket);
      if (!connected) co_return connected.error();
      exchange = *connected;
    }
    Connection& connection = *exchange->connection;
    connection.arm_until(deadline);
    std::string body = may_repeat(request.method) ? request.body : std::move(request.body);
    auto write_error = co_await write_all(exchange->connection, head, std::move(body), std::chrono::milliseconds{0});
    // A peer may refuse a body that it has not read: its answer tells more than our failed write.
    auto error = co_await read_head(exchange, request.method == "HEAD", impl->options.header_bytes_max);
    if (!error) co_return exchange;
    const bool untouched = !exchange->parser || !exchange->parser->got_some();
    const Error failure = to_error(write_error && untouched ? write_error : error, connection, what, impl->peer);
    connection.close();
    const bool again = reused && untouched && failure.code == Errc::closed && may_repeat(request.method);
    if (!again) co_return failure;
    may_reuse = false;
  }
}

asio::awaitable<Result<std::string>> HttpClient::Impl::read_body(std::shared_ptr<Impl> impl, ExchangePtr exchange,
                                                                 std::size_t bytes_max) {
  std::string body;
  while (true) {
    auto piece = co_await read_piece(exchange);
    if (piece.error) {
      const Error failure = to_error(piece.error, *exchange->connection, "reading the response", impl->peer);
      exchange->connection->close();
      co_return failure;
    }
    if (piece.bytes.empty()) co_return body;
    if (body.size() + piece.bytes.size() > bytes_max) {
      exchange->connection->close();
      co_return Error{Errc::malformed, "the response is larger than " + std::to_string(bytes_max) + " bytes",
                      impl->peer.name};
    }
    body += piece.bytes;
  }
}

Result<std::unique_ptr<HttpClient>> HttpClient::create(asio::any_io_executor loop, std::string peer,
                                                       HttpClientOptions options) {
  auto parsed = parse_peer(peer);
  if (!parsed) return parsed.error();
  auto impl = std::make_shared<Impl>(Impl{std::move(loop), std::move(*parsed), options, {}});
  return std::unique_ptr<HttpClient>{new HttpClient{std::move(impl)}};
}

HttpClient::HttpClient(std::shared_ptr<Impl> impl) : impl_{std::move(impl)} {}
HttpClient::~HttpClient() { close_idle(); }

const std::string& HttpClient::peer() const { return impl_->peer.name; }

void HttpClient::close_idle() {
  for (const ExchangePtr& exchange : impl_->idle) exchange->connection->close();
  impl_->idle.clear();
}

asio::awaitable<Result<HttpClientResponse>> HttpClient::request(HttpClientRequest request,
                                                                std::chrono::milliseconds limit) {
  auto impl = impl_;
  const auto deadline = std::chrono::steady_clock::now() + limit;
  auto exchange = co_await Impl::start(impl, std::move(request), deadline, true);
  if (!exchange) co_return exchange.error();
  auto body = co_await Impl::read_body(impl, *exchange, impl->options.body_bytes_max);
  if (!body) co_return body.error();
  HttpClientResponse response;
  response.status = static_cast<int>((*exchange)->parser->get().result_int());
  response.headers = copy_headers(*(*exchange)->parser);
  response.body = std::move(*body);
  impl->give_back(*exchange);
  co_return response;
}

// ---- streaming ----

struct StreamingResponse::Impl {
  ExchangePtr exchange;
  Peer peer;
  int status = 0;
  HttpHeaders headers;
};

asio::awaitable<Result<StreamingResponse>> HttpClient::open_stream(HttpClientRequest request,
                                                                   std::chrono::milliseconds limit) {
  auto impl = impl_;
  const auto deadline = std::chrono::steady_clock::now() + limit;
  auto exchange = co_await Impl::start(impl, std::move(request), deadline, false);
  if (!exchange) co_return exchange.error();
  (*exchange)->connection->disarm();
  auto state = std::make_shared<StreamingResponse::Impl>();
  state->exchange = *exchange;
  state->peer = impl->peer;
  state->status = static_cast<int>((*exchange)->parser->get().result_int());
  state->headers = copy_headers(*(*exchange)->parser);
  co_return StreamingResponse{std::move(state)};
}

StreamingResponse::StreamingResponse() = default;
StreamingResponse::StreamingResponse(std::shared_ptr<Impl> impl) : impl_{std::move(impl)} {}
StreamingResponse::StreamingResponse(StreamingResponse&&) noexcept = default;

StreamingResponse& StreamingResponse::operator=(StreamingResponse&& other) noexcept {
  if (this != &other) {
    close();
    impl_ = std::move(other.impl_);
  }
  return *this;
}

StreamingResponse::~StreamingResponse() { close(); }

void StreamingResponse::close() {
  if (impl_) impl_->exchange->connection->close();
}

int StreamingResponse::status() const { return impl_->status; }
const HttpHeaders& StreamingResponse::headers() const { return impl_->headers; }

namespace {

asio::awaitable<Result<std::string>> read_stream(std::shared_ptr<StreamingResponse::Impl> state,
                                                 std::chrono::milliseconds limit) {
  Connection& connection = *state->exchange->connection;
  if (connection.is_closed() && !state->exchange->parser->is_done()) {
    co_return Error{Errc::closed, "reading the stream: the connection was closed", state->peer.name};
  }
  if (limit.count() > 0) connection.arm(limit);
  auto piece = co_await read_piece(state->exchange);
  connection.disarm();
  if (!piece.error) co_return std::move(piece.bytes);
  const Error failure = to_error(piece.error, connection, "reading the stream", state->peer);
  connection.close();
  co_return failure;
}

}  // namespace

asio::awaitable<Result<std::string>> StreamingResponse::read_some(std::chrono::milliseconds limit) {
  return read_stream(impl_, limit);
}

// ---- upgrade ----

struct RawConnection::Impl {
  ExchangePtr exchange;
  Peer peer;
  int status = 0;
  HttpHeaders headers;
};

namespace {

Error upgrade_refused(int status, const std::string& body, const Peer& peer) {
  const Errc code = status == 404 ? Errc::not_found : status == 409 ? Errc::conflict : Errc::unavailable;
  return Error{code, "upgrade refused with status " + std::to_string(status) + ": " + body, peer.name};
}

asio::awaitable<Result<std::string>> read_raw(std::shared_ptr<RawConnection::Impl> state) {
  auto& exchange = *state->exchange;
  if (exchange.buffer.size() > 0) {  // came together with the head
    const auto data = exchange.buffer.data();
    std::string early{static_cast<const char*>(data.data()), data.size()};
    exchange.buffer.consume(data.size());
    co_return early;
  }
  if (exchange.connection->is_closed()) co_return Error{Errc::closed, "reading: closed", state->peer.name};
  std::string bytes(read_bytes, '\0');
  auto read = co_await exchange.connection->socket.async_read_some(asio::buffer(bytes), nothrow);
  auto& [error, count] = read;
  if (error == asio::error::eof) co_return std::string{};
  if (error) co_return to_error(error, *exchange.connection, "reading", state->peer);
  bytes.resize(count);
  co_return bytes;
}

asio::awaitable<Result<void>> write_raw(std::shared_ptr<RawConnection::Impl> state, std::string bytes) {
  auto connection = state->exchange->connection;
  if (connection->is_closed()) co_return Error{Errc::closed, "writing: closed", state->peer.name};
  auto error = co_await write_all(connection, std::move(bytes), std::chrono::milliseconds{0});
  if (error) co_return to_error(error, *connection, "writing", state->peer);
  co_return Result<void>{};
}

}  // namespace

asio::awaitable<Result<RawConnection>> HttpClient::upgrade(HttpClientRequest request, std::chrono::milliseconds limit) {
  auto impl = impl_;
  const auto deadline = std::chrono::steady_clock::now() + limit;
  request.headers.emplace_back("Connection", "Upgrade");
  request.headers.emplace_back("Upgrade", "tcp");
  auto exchange = co_await Impl::start(impl, std::move(request), deadline, false);
  if (!exchange) co_return exchange.error();
  auto state = std::make_shared<RawConnection::Impl>();
  state->exchange = *exchange;
  state->peer = impl->peer;
  state->status = static_cast<int>((*exchange)->parser->get().result_int());
  state->headers = copy_headers(*(*exchange)->parser);
  if (state->status != 101 && state->status != 200) {
    auto body = co_await Impl::read_body(impl, *exchange, impl->options.body_bytes_max);
    (*exchange)->connection->close();
    const std::string text = body ? body->substr(0, error_body_bytes_max) : to_string(body.error());
    co_return upgrade_refused(state->status, text, impl->peer);
  }
  (*exchange)->connection->disarm();
  co_return RawConnection{std::move(state)};
}

RawConnection::RawConnection() = default;
RawConnection::RawConnection(std::shared_ptr<Impl> impl) : impl_{std::move(impl)} {}
RawConnection::RawConnection(RawConnection&&) noexcept = default;

RawConnection& RawConnection::operator=(RawConnection&& other) noexcept {
  if (this != &other) {
    close();
    impl_ = std::move(other.impl_);
  }
  return *this;
}

RawConnection::~RawConnection() { close(); }

void RawConnection::close() {
  if (impl_) impl_->exchange->connection->close();
}

void RawConnection::shutdown_write() {
  error_code ignored;
  if (impl_) impl_->exchange->connection->socket.shutdown(asio::socket_base::shutdown_send, ignored);
}

int RawConnection::status() const { return impl_->status; }
const HttpHeaders& RawConnection::headers() const { return impl_->headers; }

asio::awaitable<Result<std::string>> RawConnection::read_some() { return read_raw(impl_); }
asio::awaitable<Result<void>> RawConnection::write(std::string bytes) { return write_raw(impl_, std::move(bytes)); }

}  // namespace windlass
