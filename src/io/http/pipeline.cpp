#include "io/http/pipeline.hpp"

#include "io/http/exchange.hpp"

#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <utility>

namespace windlass {

struct HttpPipeline::Impl {
  Impl(const asio::any_io_executor& the_loop, HttpPeer the_peer, HttpClientOptions the_options)
      : loop{the_loop},
        peer{std::move(the_peer)},
        options{std::move(the_options)},
        changed{the_loop, asio::steady_timer::time_point::max()} {}

  // Set once by the constructor.
  const asio::any_io_executor loop;
  const HttpPeer peer;
  const HttpClientOptions options;

  HttpExchangePtr exchange;  // null: none yet, or the last has ended
  std::size_t in_flight = 0;
  bool kept = false;           // `exchange` has outlived an answer
  bool closed = false;         // for good
  asio::steady_timer changed;  // never expires; cancelled when something gets in flight, and by close()

  [[nodiscard]] bool can_go_on() const;
  void end_connection();
  void answered();
  [[nodiscard]] Error closed_error(const char* what) const {
    return {Errc::closed, std::string{what} + ": the connection was closed", peer.name};
  }

  static asio::awaitable<Result<void>> send(std::shared_ptr<Impl> impl, std::vector<HttpClientRequest> requests,
                                            HttpExchange::Time deadline);
  static asio::awaitable<Result<HttpClientResponse>> read(std::shared_ptr<Impl> impl, std::chrono::milliseconds limit);
};

// One that has something in flight ends in read(), which tells what is lost.
bool HttpPipeline::Impl::can_go_on() const {
  if (!exchange || in_flight > 0) return exchange != nullptr;
  const auto age = std::chrono::steady_clock::now() - exchange->idle_since;
  return !exchange->connection->is_closed() && age < HttpExchange::idle_age_max_post && exchange->is_quiet();
}

void HttpPipeline::Impl::end_connection() {
  if (exchange) exchange->connection->close();
  exchange = nullptr;
  in_flight = 0;
  kept = false;
}

// REQUIRES: the answer was read whole.
void HttpPipeline::Impl::answered() {
  --in_flight;
  const bool stays = exchange->parser->keep_alive() && !exchange->connection->is_closed();
  kept = stays;
  if (!stays) exchange->connection->close();  // what is in flight behind it is lost: the next read() says so
  if (in_flight > 0) return;
  // Bytes that answer no request: the connection is out of step and of no use any more.
  if (!stays || exchange->buffer.size() > 0) return end_connection();
  exchange->connection->rest();
  exchange->idle_since = std::chrono::steady_clock::now();
}

asio::awaitable<Result<void>> HttpPipeline::Impl::send(std::shared_ptr<Impl> impl,
                                                       std::vector<HttpClientRequest> requests,
                                                       HttpExchange::Time deadline) {
  std::string bytes;
  // Nothing is sent while the whole batch is not known to be sound: an error means that none of it was.
  for (const HttpClientRequest& request : requests) {
    // An answer to HEAD has no body, and read() does not remember which request it reads for.
    if (!is_sound(request) || request.method == "HEAD") {
      co_return Error{Errc::invalid, "a request that cannot be sent", impl->peer.name};
    }
    bytes += request_head(request, impl->peer);
    bytes += request.body;
  }
  if (impl->closed) co_return impl->closed_error("sending");
  if (!impl->can_go_on()) {
    impl->end_connection();
    const auto connect_by = std::min(deadline, std::chrono::steady_clock::now() + impl->options.connect_timeout);
    auto connected = co_await connect_to(impl->loop, impl->peer, connect_by, impl->options.open_socket);
    if (!connected) co_return connected.error();
    if (impl->closed) co_return impl->closed_error("sending");
    impl->exchange = *connected;
    impl->exchange->idle_since = std::chrono::steady_clock::now();
  }
  const auto connection = impl->exchange->connection;
  // A connection has one deadline; while answers are awaited it is read()'s.
  if (impl->in_flight == 0) connection->arm_until(deadline);
  impl->in_flight += requests.size();
  // Before the write: the reader takes answers while we still send. If neither side read, both could fill their buffers
  // and wait for each other.
  impl->changed.cancel();
  // The peer may have answered before this fails: read() tells more than our failed write.
  auto error = co_await write_all(connection, std::move(bytes), std::chrono::milliseconds{0});
  static_cast<void>(error);
  co_return Result<void>{};
}

asio::awaitable<Result<HttpClientResponse>> HttpPipeline::Impl::read(std::shared_ptr<Impl> impl,
                                                                     std::chrono::milliseconds limit) {
  while (impl->in_flight == 0 && !impl->closed) {
    auto woken = co_await impl->changed.async_wait(nothrow);
    static_cast<void>(woken);
  }
  if (impl->closed) co_return impl->closed_error("reading the response");
  // A copy: close() may take it away while we wait.
  const auto exchange = impl->exchange;
  if (exchange->connection->is_closed()) {  // as its last answer has said
    impl->end_connection();
    co_return impl->closed_error("reading the response");
  }
  exchange->connection->arm(limit);
  auto error = co_await read_head(exchange, false, impl->options.header_bytes_max);
  if (error) {
    const Error failure = to_error(error, *exchange->connection, "reading the response", impl->peer);
    impl->end_connection();
    co_return failure;
  }
  auto body = co_await read_body(exchange, impl->peer, impl->options.body_bytes_max);
  if (!body) {
    impl->end_connection();
    co_return body.error();
  }
  HttpClientResponse response;
  response.status = static_cast<int>(exchange->parser->get().result_int());
  response.headers = copy_headers(*exchange->parser);
  response.body = std::move(*body);
  // close() has ended the connection meanwhile, and there is nothing left to count.
  if (!impl->closed) impl->answered();
  co_return response;
}

Result<std::unique_ptr<HttpPipeline>> HttpPipeline::create(asio::any_io_executor loop, std::string peer,
                                                           HttpClientOptions options) {
  auto parsed = parse_http_peer(peer);
  if (!parsed) return parsed.error();
  auto impl = std::make_shared<Impl>(loop, std::move(*parsed), std::move(options));
  return std::unique_ptr<HttpPipeline>{new HttpPipeline{std::move(impl)}};
}

HttpPipeline::HttpPipeline(std::shared_ptr<Impl> impl) : impl_{std::move(impl)} {}
HttpPipeline::~HttpPipeline() { close(); }

asio::awaitable<Result<void>> HttpPipeline::send(std::vector<HttpClientRequest> requests,
                                                 std::chrono::milliseconds limit) {
  return Impl::send(impl_, std::move(requests), std::chrono::steady_clock::now() + limit);
}

asio::awaitable<Result<HttpClientResponse>> HttpPipeline::read(std::chrono::milliseconds limit) {
  return Impl::read(impl_, limit);
}

std::size_t HttpPipeline::in_flight() const { return impl_->in_flight; }
bool HttpPipeline::is_kept() const { return impl_->kept; }

void HttpPipeline::close() {
  impl_->closed = true;
  impl_->end_connection();
  impl_->changed.cancel();
}

}  // namespace windlass
