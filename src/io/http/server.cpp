#include "io/http/server.hpp"

#include "base/text.hpp"
#include "io/connection.hpp"
#include "io/http/server_message.hpp"
#include "io/http/stream_driver.hpp"
#include "io/log.hpp"
#include "io/task_scope.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/read.hpp>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <list>
#include <optional>
#include <unordered_set>
#include <utility>
#include <variant>

namespace windlass {

namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr std::size_t first_read_bytes = 4 * 1024;          // held by each idle connection
constexpr std::size_t body_read_bytes = 64 * 1024;          // the buffer while a large body or many requests come
constexpr std::size_t stream_write_bytes_max = 128 * 1024;  // chunks that go out in one write
constexpr std::size_t answer_write_bytes_max = 64 * 1024;   // likewise answers
constexpr std::size_t linger_bytes_max = 256 * 1024;        // read and dropped after an early refusal
constexpr std::chrono::seconds linger_limit{2};
constexpr std::chrono::milliseconds accept_pause{100};  // after accept failed, e.g. without descriptors
constexpr int listen_backlog = 1024;
// A peer whose machine has gone sends no end. While nothing is written to it only these probes find that out, after
// about a minute; an executor's stream carries a heartbeat every 30 minutes only (mesos.md 1.8).
constexpr int keepalive_idle_seconds = 30, keepalive_interval_seconds = 10, keepalive_probes = 3;

enum class Phase { idle, busy, streaming };

// A request that runs while others of its connection do.
struct Overlapping {
  std::size_t bytes = 0;  // of its body
  std::optional<HttpResponse> response = {};
};
using OverlappingPtr = std::shared_ptr<Overlapping>;

struct Session {
  using Time = Connection::Time;

  explicit Session(Connection::Socket socket)
      : connection{std::make_shared<Connection>(std::move(socket))},
        changed{connection->socket.get_executor(), asio::steady_timer::time_point::max()} {}

  // Of what is read. While an answer is written its own limit counts.
  void read_by(Time time) {
    read_deadline = time;
    if (!writing) connection->arm_until(time);
  }
  void read_within(std::chrono::milliseconds limit) { read_by(std::chrono::steady_clock::now() + limit); }
  void read_at_leisure() { read_by(Time::max()); }

  ConnectionPtr connection;
  beast::flat_buffer buffer;
  std::string remote;
  Phase phase = Phase::idle;
  StreamPtr stream;  // while streaming

  // Requests that overlap; all other requests wait until there are none.
  std::list<OverlappingPtr> running;  // in their order; a list takes no memory while it is empty
  std::size_t running_bytes = 0;
  bool overlaps = false;       // there have been some
  bool between = false;        // the first byte of the next request is waited for
  bool writing = false;        // their answers
  bool ending = false;         // the peer was told that no more is answered
  asio::steady_timer changed;  // never expires; cancelled when fewer are running
  Time read_deadline = Time::max();
};
using SessionPtr = std::shared_ptr<Session>;

HttpResponse internal_error() {
  return {.status = 500, .content_type = "application/json", .body = R"({"message":"internal error"})"};
}

// Runs the handler; what it throws becomes a 500.
// The text of the exception goes to the log only: it may name what clients must not see.
asio::awaitable<HttpResponse> run_handler(const HttpHandler& handler, HttpRequest request) {
  const std::string what = request.method + " " + request.target;
  std::exception_ptr error;
  HttpResponse response;
  try {
    auto running = handler(std::move(request));
    response = co_await std::move(running);
  } catch (...) {
    error = std::current_exception();
  }
  // Behind the catch, because no coroutine may wait inside one.
  if (!error) co_return response;
  log_error("http handler failed", {{"request", what}, {"error", describe(error)}});
  co_return internal_error();
}

// Ends a connection whose peer may still be sending: closing at once would answer with a reset, which can destroy the
// response before the peer has read it.
asio::awaitable<void> linger(SessionPtr session) {
  auto& connection = *session->connection;
  error_code ignored;
  connection.socket.shutdown(asio::socket_base::shutdown_send, ignored);
  connection.arm(linger_limit);
  std::string dropped(first_read_bytes, '\0');
  std::size_t total = 0;
  while (total < linger_bytes_max) {
    auto read = co_await connection.socket.async_read_some(asio::buffer(dropped), nothrow);
    auto& [error, count] = read;
    if (error) break;
    total += count;
  }
  connection.close();
}

// Returns when none of the requests that overlap is running.
asio::awaitable<void> answered(SessionPtr session) {
  while (!session->running.empty() || session->writing) {
    auto fewer = co_await session->changed.async_wait(nothrow);
    static_cast<void>(fewer);
  }
}

// Many small events go out in one write, but each remains a chunk of its own: Mesos writes one chunk for each event,
// and there are clients that rely on it (mesos.md 1.10).
std::string take_chunks(HttpStreamDriver& driver, bool chunked) {
  std::string bytes;
  while (driver.has_chunk() && bytes.size() < stream_write_bytes_max) {
    const std::string chunk = driver.take_chunk();
    if (chunked) {
      char size[24];
      bytes.append(size, static_cast<std::size_t>(std::snprintf(size, sizeof size, "%zx\r\n", chunk.size())));
    }
    bytes += chunk;
    if (chunked) bytes += "\r\n";
  }
  return bytes;
}

// Keeps a read pending, so that the peer's end is seen while there is nothing to send.
asio::awaitable<void> watch_peer(SessionPtr session, StreamPtr stream) {
  std::string dropped(512, '\0');
  bool open = true;
  while (open) {
    auto read = co_await session->connection->socket.async_read_some(asio::buffer(dropped), nothrow);
    auto& [error, count] = read;
    open = !error;
  }
  HttpStreamDriver{*stream}.cut();
}

// Sends what is queued until the stream is closed or cut.
asio::awaitable<void> pump(SessionPtr session, StreamPtr stream, bool chunked, std::chrono::milliseconds limit) {
  HttpStreamDriver driver{*stream};
  auto connection = session->connection;
  auto executor = connection->socket.get_executor();
  auto wake = std::make_shared<asio::steady_timer>(executor, asio::steady_timer::time_point::max());
  // Weak pointers, because the stream keeps this function: it would else keep itself alive.
  driver.set_wake([weak_wake = std::weak_ptr{wake}, connection, weak_stream = std::weak_ptr{stream}] {
    if (auto timer = weak_wake.lock()) timer->cancel();
    // A write that waits for a slow peer would hold a stream that is cut.
    auto still = weak_stream.lock();
    if (still && HttpStreamDriver{*still}.is_cut()) connection->close();
  });
  while (!driver.is_cut()) {
    if (driver.has_chunk()) {
      std::string bytes = take_chunks(driver, chunked);
      auto error = co_await write_all(connection, std::move(bytes), limit);
      // The limit is for a write that waits; between two events a stream may be silent as long as it likes.
      connection->disarm();
      if (error) driver.cut();
    } else if (driver.is_flushing()) {
      // The empty chunk tells the peer that the stream has ended on purpose, not by a broken connection.
      std::string bytes = chunked ? "0\r\n\r\n" : "";
      auto error = co_await write_all(connection, std::move(bytes), limit);
      static_cast<void>(error);
      error_code ignored;
      connection->socket.shutdown(asio::socket_base::shutdown_send, ignored);
      break;
    } else {
      auto woken = co_await wake->async_wait(nothrow);
      static_cast<void>(woken);
    }
  }
  driver.set_wake(nullptr);
}

Result<tcp::endpoint> parse_endpoint(const HttpServerOptions& options) {
  error_code error;
  // No lookup: what "localhost" resolves to may be any address, and we are to listen on loopback only.
  const std::string host = options.host == "localhost" ? "127.0.0.1" : options.host;
  const auto address = asio::ip::make_address(host, error);
  if (error) return Error{Errc::invalid, "\"" + options.host + "\" is not an IP address", "host"};
  return tcp::endpoint{address, options.port};
}

Error listen_error(const error_code& error, const HttpServerOptions& options) {
  const std::string port = "port " + std::to_string(options.port) + " on " + options.host;
  if (error == asio::error::address_in_use) return Error{Errc::conflict, port + " is in use", {}};
  if (error == asio::error::access_denied) return Error{Errc::forbidden, port + ": " + error.message(), {}};
  return Error{Errc::unavailable, "cannot listen on " + port + ": " + error.message(), {}};
}

// Without Nagle's algorithm: the kernel would hold a small event back until the one before it is confirmed.
void tune(tcp::socket& socket) {
  error_code ignored;
  socket.set_option(tcp::no_delay{true}, ignored);
  socket.set_option(asio::socket_base::keep_alive{true}, ignored);
  const std::pair<int, int> options[] = {{TCP_KEEPIDLE, keepalive_idle_seconds},
                                         {TCP_KEEPINTVL, keepalive_interval_seconds},
                                         {TCP_KEEPCNT, keepalive_probes}};
  for (const auto& [name, value] : options) {
    ::setsockopt(socket.native_handle(), IPPROTO_TCP, name, &value, sizeof value);
  }
}

}  // namespace

struct HttpServer::Impl : std::enable_shared_from_this<HttpServer::Impl> {
  Impl(asio::any_io_executor executor, HttpServerOptions o, HttpHandler h)
      : loop{executor},
        options{std::move(o)},
        handler{std::move(h)},
        acceptor{executor},
        empty{executor, asio::steady_timer::time_point::max()},
        scope{executor, [](const std::string& name, const std::exception_ptr& error) {
                log_error("connection failed", {{"task", name}, {"error", describe(error)}});
              }} {}

  // Set once by listen().
  asio::any_io_executor loop;
  HttpServerOptions options;
  HttpHandler handler;
  std::uint16_t port = 0;

  tcp::acceptor acceptor;
  std::unordered_set<SessionPtr> sessions;
  bool stopping = false;
  asio::steady_timer empty;  // never expires; cancelled when the last session has ended
  TaskScope scope;

  error_code open(const tcp::endpoint& endpoint);
  // These two own the Impl: they may outlive the HttpServer by a turn of the loop.
  static asio::awaitable<void> accept_all(std::shared_ptr<Impl> impl);
  static asio::awaitable<void> serve(std::shared_ptr<Impl> impl, SessionPtr session);
  void admit(tcp::socket socket);
  asio::awaitable<bool> serve_one(SessionPtr session);
  asio::awaitable<bool> read_first(SessionPtr session);
  asio::awaitable<error_code> read_request(SessionPtr session, HttpRequestParser& parser);
  asio::awaitable<void> refuse(SessionPtr session, HttpRefusal refusal);
  [[nodiscard]] bool may_overlap(const HttpRequest& request, bool http_1_0) const;
  asio::awaitable<void> begin(SessionPtr session, HttpRequest request);
  static asio::awaitable<void> run(std::shared_ptr<Impl> impl, SessionPtr session, OverlappingPtr mine,
                                   HttpRequest request);
  asio::awaitable<void> write_answers(SessionPtr session);
  std::string take_answers(Session& session);
  void all_answered(Session& session);
  asio::awaitable<bool> answer(SessionPtr session, HttpRequest request, bool http_1_0);
  asio::awaitable<void> stream_out(SessionPtr session, HttpResponse response, HttpFraming framing);
  asio::awaitable<void> send_stream(SessionPtr session, HttpResponse response, HttpFraming framing);
  void begin_stop();
  void cut_all();
};

error_code HttpServer::Impl::open(const tcp::endpoint& endpoint) {
  error_code error;
  acceptor.open(endpoint.protocol(), error);
  if (error) return error;
  // Connections of our former run may linger in TIME_WAIT; without this a restart could not bind for a minute.
  acceptor.set_option(asio::socket_base::reuse_address{true}, error);
  acceptor.bind(endpoint, error);
  if (error) return error;
  acceptor.listen(listen_backlog, error);
  if (error) return error;
  port = acceptor.local_endpoint(error).port();
  return error;
}

asio::awaitable<void> HttpServer::Impl::accept_all(std::shared_ptr<Impl> impl) {
  asio::steady_timer pause{impl->loop};
  while (!impl->stopping) {
    auto accepted = co_await impl->acceptor.async_accept(nothrow);
    auto& [error, socket] = accepted;
    if (impl->stopping) break;
    if (!error) {
      impl->admit(std::move(socket));
      continue;
    }
    // Without a pause the loop would do nothing else: with no descriptors left, accept fails at once again.
    log_warning("accept failed", {{"port", impl->port}, {"error", error.message()}});
    pause.expires_after(accept_pause);
    auto paused = co_await pause.async_wait(nothrow);
    static_cast<void>(paused);
  }
}

void HttpServer::Impl::admit(tcp::socket socket) {
  // Closed by its destructor. A connection that is accepted and closed is noticed by its peer at once; one that is left
  // in the backlog would seem to hang.
  if (sessions.size() >= options.connections_max) {
    log_warning("too many connections", {{"port", port}, {"limit", options.connections_max}});
    return;
  }
  error_code error;
  const tcp::endpoint remote = socket.remote_endpoint(error);
  if (error) return;  // gone already
  tune(socket);
  auto session = std::make_shared<Session>(Connection::Socket{std::move(socket)});
  const std::string address = remote.address().to_string();
  session->remote = (remote.address().is_v6() ? "[" + address + "]" : address) + ":" + std::to_string(remote.port());
  sessions.insert(session);
  // Each connection is a task of its own, so that an exception in one ends that one only.
  auto serving = serve(shared_from_this(), session);
  scope.spawn("http " + session->remote, std::move(serving));
}

asio::awaitable<void> HttpServer::Impl::serve(std::shared_ptr<Impl> impl, SessionPtr session) {
  // A destructor, because a cancelled coroutine leaves by an exception.
  struct Leave {
    std::shared_ptr<Impl> impl;
    SessionPtr session;
    ~Leave() {
      session->connection->close();
      impl->sessions.erase(session);
      if (impl->sessions.empty()) impl->empty.cancel();
    }
  };
  const Leave leave{impl, session};
  bool again = true;
  while (again) {
    again = co_await impl->serve_one(session);
  }
  co_await answered(session);
  if (session->ending) co_await linger(session);
}

// Head and body of one request. REQUIRES: the first bytes are in the session's buffer.
asio::awaitable<error_code> HttpServer::Impl::read_request(SessionPtr session, HttpRequestParser& parser) {
  auto& connection = *session->connection;
  parser.header_limit(static_cast<std::uint32_t>(options.header_bytes_max));
  parser.body_limit(options.body_bytes_max);
  session->read_within(options.request_timeout);
  auto head = co_await http::async_read_header(connection.socket, session->buffer, parser, nothrow);
  auto& [head_error, head_size] = head;
  if (head_error || parser.is_done()) co_return head_error;
  // The peer waits for this before it sends the body (curl does, for large ones).
  if (equal_ignoring_case(parser.get()[http::field::expect], "100-continue") && parser.get().version() >= 11) {
    // Its answers come in the order of its requests, and this is the beginning of one.
    co_await answered(session);
    std::string go_on = "HTTP/1.1 100 Continue\r\n\r\n";
    auto error = co_await write_all(session->connection, std::move(go_on), options.write_timeout);
    if (error) co_return error;
  }
  // A large body, or one of unknown size, is read in large pieces; the usual small one fits into what is there.
  const auto length = parser.content_length();
  if (!length || *length > first_read_bytes) session->buffer.reserve(body_read_bytes);
  while (!parser.is_done()) {
    session->read_within(options.request_timeout);
    auto piece = co_await http::async_read_some(connection.socket, session->buffer, parser, nothrow);
    auto& [error, size] = piece;
    if (error) co_return error;
  }
  co_return error_code{};
}

// Waits for the first bytes of a request. False: there will be none.
asio::awaitable<bool> HttpServer::Impl::read_first(SessionPtr session) {
  // Memory of a large body is given back: with thousands of idle connections it would add up.
  const std::size_t most = session->overlaps ? body_read_bytes : first_read_bytes;
  if (session->buffer.capacity() > most) session->buffer = beast::flat_buffer{};
  if (stopping) co_return false;
  session->between = true;
  // A peer that waits for our answers is not idle, however long they take.
  if (session->running.empty()) {
    session->phase = Phase::idle;
    session->read_within(options.idle_timeout);
  } else {
    session->read_at_leisure();
  }
  auto space = session->buffer.prepare(most);
  auto first = co_await session->connection->socket.async_read_some(space, nothrow);
  auto& [error, count] = first;
  session->between = false;
  if (error || session->ending) co_return false;
  session->buffer.commit(count);
  co_return true;
}

// True when the connection can serve another request.
asio::awaitable<bool> HttpServer::Impl::serve_one(SessionPtr session) {
  // A pipelined request may have come together with the one before it.
  if (session->buffer.size() == 0) {
    auto come = co_await read_first(session);
    if (!come) co_return false;
  }
  session->phase = Phase::busy;
  HttpRequestParser parser;
  auto error = co_await read_request(session, parser);
  // The request is there: its handler may take its time.
  session->read_at_leisure();
  auto refusal = error ? refusal_of(error) : std::nullopt;
  if (error && !refusal) co_return false;
  // Read here, because make_request() takes the message out of the parser.
  const bool http_1_0 = parser.get().version() < 11;
  std::variant<HttpRequest, HttpRefusal> request;
  if (!error) request = make_request(parser, session->remote, options.body_bytes_max);
  if (auto* refused = std::get_if<HttpRefusal>(&request)) refusal = std::move(*refused);
  if (!refusal && may_overlap(std::get<HttpRequest>(request), http_1_0)) {
    co_await begin(session, std::move(std::get<HttpRequest>(request)));
    co_return true;
  }
  co_await answered(session);
  if (refusal) {
    co_await refuse(session, std::move(*refusal));
    co_return false;
  }
  auto again = co_await answer(session, std::move(std::get<HttpRequest>(request)), http_1_0);
  co_return again;
}

// What overlaps is answered from a queue that knows only whole answers on a connection that stays open; anything else
// waits for its turn.
bool HttpServer::Impl::may_overlap(const HttpRequest& request, bool http_1_0) const {
  const bool is_plain = request.keep_alive && !http_1_0 && request.method != "HEAD";
  return is_plain && !stopping && options.may_overlap && options.may_overlap(request);
}

// Starts it beside those that run, once there are not too many.
asio::awaitable<void> HttpServer::Impl::begin(SessionPtr session, HttpRequest request) {
  const auto is_full = [this](const Session& of) {
    return of.running.size() >= options.overlapping_max || of.running_bytes >= options.overlapping_bytes_max;
  };
  // A peer that sends faster than its requests are done is not read from any more; TCP then slows it down.
  while (is_full(*session)) {
    auto fewer = co_await session->changed.async_wait(nothrow);
    static_cast<void>(fewer);
  }
  session->overlaps = true;
  auto mine = std::make_shared<Overlapping>(Overlapping{.bytes = request.body.size()});
  session->running.push_back(mine);
  session->running_bytes += mine->bytes;
  auto running = run(shared_from_this(), session, std::move(mine), std::move(request));
  scope.spawn("http " + session->remote, std::move(running));
}

asio::awaitable<void> HttpServer::Impl::run(std::shared_ptr<Impl> impl, SessionPtr session, OverlappingPtr mine,
                                            HttpRequest request) {
  auto response = co_await run_handler(impl->handler, std::move(request));
  if (response.stream) {
    log_error("a stream behind requests that run", {{"peer", session->remote}});
    HttpStreamDriver{*response.stream}.end();
    response = internal_error();
  }
  // One who finds the first answer ready writes for all; those behind it need not be ready yet.
  mine->response = std::move(response);
  if (!session->writing && session->running.front()->response) co_await impl->write_answers(session);
}

// Writes what can be answered by now, in order. REQUIRES: nobody else does.
asio::awaitable<void> HttpServer::Impl::write_answers(SessionPtr session) {
  session->writing = true;
  co_await asio::post(loop, asio::use_awaitable);  // many are often answered at once: they go out together
  while (!session->running.empty() && session->running.front()->response) {
    std::string bytes = take_answers(*session);
    session->changed.cancel();
    if (session->connection->is_closed()) continue;  // they go nowhere
    auto error = co_await write_all(session->connection, std::move(bytes), options.write_timeout);
    if (error) session->connection->close();
  }
  session->writing = false;
  // The deadline belongs to the reading side again; while we wrote it was the write's.
  session->read_by(session->read_deadline);
  if (session->running.empty()) all_answered(*session);
}

// REQUIRES: the first that runs can be answered.
std::string HttpServer::Impl::take_answers(Session& session) {
  std::string bytes;
  while (!session.running.empty() && session.running.front()->response && bytes.size() < answer_write_bytes_max) {
    const OverlappingPtr first = std::move(session.running.front());
    session.running.pop_front();
    session.running_bytes -= first->bytes;
    // Nothing of a further request has come: it would not be answered.
    // The last answer then says "Connection: close", so that the peer sends what it has left elsewhere.
    session.ending = stopping && session.between && session.running.empty();
    bytes += make_head(*first->response, HttpFraming{.keep_alive = !session.ending});
    if (allows_body(first->response->status)) bytes += first->response->body;
  }
  return bytes;
}

// read_first() may be waiting for the next request at this moment: from now on the idle timeout counts for it, or,
// while we stop, the connection ends.
void HttpServer::Impl::all_answered(Session& session) {
  session.changed.cancel();
  if (!session.between) return;
  if (session.ending) {
    error_code ignored;
    session.connection->socket.shutdown(asio::socket_base::shutdown_send, ignored);
    return session.read_within(linger_limit);
  }
  if (stopping) return session.connection->close();
  session.phase = Phase::idle;
  session.read_within(options.idle_timeout);
}

asio::awaitable<void> HttpServer::Impl::refuse(SessionPtr session, HttpRefusal refusal) {
  HttpResponse response;
  response.status = refusal.status;
  response.content_type = "application/json";
  response.body = R"({"message":")" + refusal.message + R"("})";
  std::string head = make_head(response, HttpFraming{.keep_alive = false});
  auto error = co_await write_all(session->connection, std::move(head), response.body, options.write_timeout);
  if (!error) co_await linger(session);
}

asio::awaitable<bool> HttpServer::Impl::answer(SessionPtr session, HttpRequest request, bool http_1_0) {
  HttpFraming framing{.keep_alive = request.keep_alive, .http_1_0 = http_1_0, .head_only = request.method == "HEAD"};
  auto response = co_await run_handler(handler, std::move(request));
  // Asked after the handler has run: the stop may have begun meanwhile.
  framing.keep_alive = framing.keep_alive && !stopping;
  if (response.stream) {
    framing.keep_alive = false;
    co_await stream_out(session, std::move(response), framing);
    co_return false;
  }
  std::string head = make_head(response, framing);
  std::string body;
  if (!framing.head_only && allows_body(response.status)) body = std::move(response.body);
  auto error = co_await write_all(session->connection, std::move(head), std::move(body), options.write_timeout);
  session->connection->disarm();
  if (error) co_return false;
  if (framing.keep_alive) co_return true;
  co_await linger(session);
  co_return false;
}

// Always the last answer of its connection, as with Mesos: a stream ends with its own connection (mesos.md 10.2).
asio::awaitable<void> HttpServer::Impl::stream_out(SessionPtr session, HttpResponse response, HttpFraming framing) {
  StreamPtr stream = response.stream;
  session->phase = Phase::streaming;
  session->stream = stream;
  co_await send_stream(session, std::move(response), framing);
  session->stream = nullptr;
  session->connection->close();
  HttpStreamDriver{*stream}.end();
}

asio::awaitable<void> HttpServer::Impl::send_stream(SessionPtr session, HttpResponse response, HttpFraming framing) {
  StreamPtr stream = response.stream;
  std::string head = make_head(response, framing);
  auto error = co_await write_all(session->connection, std::move(head), options.write_timeout);
  session->connection->disarm();
  if (error || framing.head_only) co_return;
  // Else a subscriber that has gone would be noticed only when the next event cannot be sent.
  auto watching = watch_peer(session, stream);
  scope.spawn("watch " + session->remote, std::move(watching));
  // begin_stop() has not seen a stream that begins only now.
  if (stopping) stream->close();
  co_await pump(session, stream, !framing.http_1_0, options.write_timeout);
}

// Idle connections are closed at once, streams after what is queued; requests that run are left to be answered.
void HttpServer::Impl::begin_stop() {
  if (stopping) return;
  stopping = true;
  error_code ignored;
  acceptor.close(ignored);
  const auto copy = sessions;
  for (const SessionPtr& session : copy) {
    // A request that has begun to arrive is not idle any more, and is answered still.
    if (session->phase == Phase::idle) session->connection->close();
    if (session->stream) session->stream->close();
  }
}

void HttpServer::Impl::cut_all() {
  const auto copy = sessions;
  for (const SessionPtr& session : copy) {
    if (session->stream) HttpStreamDriver{*session->stream}.cut();
    session->connection->close();
  }
}

Result<std::unique_ptr<HttpServer>> HttpServer::listen(asio::any_io_executor loop, HttpServerOptions options,
                                                       HttpHandler handler) {
  auto endpoint = parse_endpoint(options);
  if (!endpoint) return endpoint.error();
  auto impl = std::make_shared<Impl>(std::move(loop), std::move(options), std::move(handler));
  const error_code error = impl->open(*endpoint);
  if (error) return listen_error(error, impl->options);
  auto accepting = Impl::accept_all(impl);
  impl->scope.spawn("accept on port " + std::to_string(impl->port), std::move(accepting));
  return std::unique_ptr<HttpServer>{new HttpServer{std::move(impl)}};
}

HttpServer::HttpServer(std::shared_ptr<Impl> impl) : impl_{std::move(impl)} {}

HttpServer::~HttpServer() {
  impl_->begin_stop();
  impl_->cut_all();
}

std::uint16_t HttpServer::port() const { return impl_->port; }
std::size_t HttpServer::connections() const { return impl_->sessions.size(); }

asio::awaitable<void> HttpServer::stop() {
  auto impl = impl_;
  impl->begin_stop();
  asio::steady_timer limit{impl->loop, impl->options.stop_timeout};
  limit.async_wait([impl](const error_code& error) {
    if (!error) impl->empty.cancel();
  });
  // The last session and the limit both cancel `empty`; which of them it was is looked up.
  while (!impl->sessions.empty() && std::chrono::steady_clock::now() < limit.expiry()) {
    auto changed = co_await impl->empty.async_wait(nothrow);
    static_cast<void>(changed);
  }
  impl->cut_all();
}

}  // namespace windlass
