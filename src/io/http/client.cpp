#include "io/http/client.hpp"

#include "io/http/exchange.hpp"

#include <algorithm>
#include <deque>
#include <utility>

namespace windlass {

using boost::system::error_code;
using SteadyTime = HttpExchange::Time;

namespace {

constexpr std::size_t error_body_bytes_max = 1024;  // of a refused upgrade, for the message
constexpr std::chrono::seconds idle_age_max{30};    // older connections are not used again

// A POST or PATCH that the peer has carried out before the connection broke would be carried out twice.
bool may_repeat(const std::string& method) { return method != "POST" && method != "PATCH"; }

}  // namespace

struct HttpClient::Impl {
  asio::any_io_executor loop;
  HttpPeer peer;
  HttpClientOptions options;
  std::deque<HttpExchangePtr> idle;  // the newest at the end

  HttpExchangePtr take_idle(const std::string& method);
  void give_back(const HttpExchangePtr& exchange);

  // Connects (or takes a kept connection), sends, and reads the head of the response.
  static asio::awaitable<Result<HttpExchangePtr>> start(std::shared_ptr<Impl> impl, HttpClientRequest request,
                                                        SteadyTime deadline, bool may_reuse);
};

// From the newest on: it is the one most likely to be open still. A peer may close an idle connection at the very
// moment when we send on it, and nobody can tell then whether the request was read; hence the stricter limit for POST
// and PATCH.
HttpExchangePtr HttpClient::Impl::take_idle(const std::string& method) {
  const auto now = std::chrono::steady_clock::now();
  while (!idle.empty()) {
    HttpExchangePtr exchange = std::move(idle.back());
    idle.pop_back();
    const auto age = now - exchange->idle_since;
    const bool fresh = age < idle_age_max && (may_repeat(method) || age < HttpExchange::idle_age_max_post);
    if (fresh && exchange->is_quiet()) return exchange;
    exchange->connection->close();
  }
  return nullptr;
}

void HttpClient::Impl::give_back(const HttpExchangePtr& exchange) {
  Connection& connection = *exchange->connection;
  if (!exchange->is_reusable() || options.idle_connections_max == 0) return connection.close();
  // Without its timer: a loop that has nothing else to do can end while connections are kept.
  connection.rest();
  exchange->parser.reset();
  exchange->idle_since = std::chrono::steady_clock::now();
  idle.push_back(exchange);
  if (idle.size() > options.idle_connections_max) {
    idle.front()->connection->close();
    idle.pop_front();
  }
}

asio::awaitable<Result<HttpExchangePtr>> HttpClient::Impl::start(std::shared_ptr<Impl> impl, HttpClientRequest request,
                                                                 SteadyTime deadline, bool may_reuse) {
  if (!is_sound(request)) co_return Error{Errc::invalid, "control characters in a request", impl->peer.name};
  const std::string what = request.method + " " + request.target;
  const std::string head = request_head(request, impl->peer);
  while (true) {
    HttpExchangePtr exchange = may_reuse ? impl->take_idle(request.method) : nullptr;
    const bool reused = exchange != nullptr;
    if (!reused) {
      const auto connect_by = std::min(deadline, std::chrono::steady_clock::now() + impl->options.connect_timeout);
      auto connected = co_await connect_to(impl->loop, impl->peer, connect_by, impl->options.open_socket);
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
    // No byte of an answer: most likely the peer had closed the kept connection before the request came to it.
    const bool untouched = !exchange->parser || !exchange->parser->got_some();
    const Error failure = to_error(write_error && untouched ? write_error : error, connection, what, impl->peer);
    connection.close();
    const bool again = reused && untouched && failure.code == Errc::closed && may_repeat(request.method);
    if (!again) co_return failure;
    // Not from the kept ones again: all of them may have been closed together, when the peer was restarted.
    may_reuse = false;
  }
}

Result<std::unique_ptr<HttpClient>> HttpClient::create(asio::any_io_executor loop, std::string peer,
                                                       HttpClientOptions options) {
  auto parsed = parse_http_peer(peer);
  if (!parsed) return parsed.error();
  auto impl = std::make_shared<Impl>(Impl{std::move(loop), std::move(*parsed), options, {}});
  return std::unique_ptr<HttpClient>{new HttpClient{std::move(impl)}};
}

HttpClient::HttpClient(std::shared_ptr<Impl> impl) : impl_{std::move(impl)} {}
HttpClient::~HttpClient() { close_idle(); }

const std::string& HttpClient::peer() const { return impl_->peer.name; }

void HttpClient::close_idle() {
  for (const HttpExchangePtr& exchange : impl_->idle) exchange->connection->close();
  impl_->idle.clear();
}

asio::awaitable<Result<HttpClientResponse>> HttpClient::request(HttpClientRequest request,
                                                                std::chrono::milliseconds limit) {
  auto impl = impl_;
  const auto deadline = std::chrono::steady_clock::now() + limit;
  auto exchange = co_await Impl::start(impl, std::move(request), deadline, true);
  if (!exchange) co_return exchange.error();
  // The deadline that start() has set stays in force: the limit is for the whole exchange.
  auto body = co_await read_body(*exchange, impl->peer, impl->options.body_bytes_max);
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
  HttpExchangePtr exchange;
  HttpPeer peer;
  int status = 0;
  HttpHeaders headers;
};

asio::awaitable<Result<StreamingResponse>> HttpClient::open_stream(HttpClientRequest request,
                                                                   std::chrono::milliseconds limit) {
  auto impl = impl_;
  const auto deadline = std::chrono::steady_clock::now() + limit;
  auto exchange = co_await Impl::start(impl, std::move(request), deadline, false);
  if (!exchange) co_return exchange.error();
  // The stream lives as long as it likes; each read brings its own limit.
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
  // A socket that is closed would report a bad descriptor, which says nothing to the reader of a log.
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
  HttpExchangePtr exchange;
  HttpPeer peer;
  int status = 0;
  HttpHeaders headers;
};

namespace {

// Docker says 404 for a container that is not there and 409 for one that is stopped or paused; callers tell them apart.
Error upgrade_refused(int status, const std::string& body, const HttpPeer& peer) {
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
  std::string bytes(HttpExchange::read_bytes, '\0');
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
  // Docker takes "tcp" to mean that raw bytes go both ways from here on.
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
    auto body = co_await read_body(*exchange, impl->peer, impl->options.body_bytes_max);
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
