// Requests that are on their way at once: HttpPipeline against a peer that sends raw bytes, HttpServer against one that
// does, and both together.
#include "io/http/pipeline.hpp"
#include "io/http/server.hpp"
#include "io/log.hpp"
#include "io/loop_testing.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace windlass::pipelining {
namespace {

using std::chrono::milliseconds;
constexpr milliseconds limit{10'000};

// --- the client -----------------------------------------------------------------------------------------------------

HttpClientRequest post(std::string target, std::string body = {}) {
  return HttpClientRequest{"POST", std::move(target), {}, std::move(body)};
}

std::string name_of(Errc code) { return "error " + std::to_string(static_cast<int>(code)); }

std::string ok(const std::string& body, const std::string& header = {}) {
  return "HTTP/1.1 200 OK\r\n" + header + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

struct Client {
  Client() {
    auto made = HttpPipeline::create(loop.get_executor(), "127.0.0.1:" + std::to_string(port()));
    if (!made) throw std::runtime_error(to_string(made.error()));
    pipeline = std::move(*made);
  }
  [[nodiscard]] std::uint16_t port() const { return acceptor.local_endpoint().port(); }

  asio::awaitable<void> send(std::vector<HttpClientRequest> requests) {
    auto sent = co_await pipeline->send(std::move(requests), limit);
    EXPECT_TRUE(sent) << to_string(sent.error());
  }
  // The body, or the error's code.
  asio::awaitable<std::string> read(milliseconds patience = limit) {
    auto answer = co_await pipeline->read(patience);
    co_return answer ? answer->body : name_of(answer.error().code);
  }
  asio::awaitable<void> accept(RawPeer& peer) {
    auto error = co_await acceptor.async_accept(peer.socket, nothrow);
    static_cast<void>(error);
  }

  asio::io_context loop;
  asio::ip::tcp::acceptor acceptor{loop, {asio::ip::make_address("127.0.0.1"), 0}};
  std::unique_ptr<HttpPipeline> pipeline;
};

asio::awaitable<void> check_answers_in_order(Client& client) {
  RawPeer peer{client.loop};
  std::vector<HttpClientRequest> both{post("/1", "one"), post("/2", "two")};
  co_await client.send(both);
  co_await client.accept(peer);
  auto seen = co_await peer.read_until("two");
  EXPECT_LT(seen.find("POST /1 "), seen.find("POST /2 ")) << seen;
  EXPECT_EQ(client.pipeline->in_flight(), 2U);
  EXPECT_FALSE(client.pipeline->is_kept()) << "nothing is answered yet";
  peer.send(ok("a") + "HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n");
  auto first = co_await client.read();
  EXPECT_EQ(first, "a");
  EXPECT_TRUE(client.pipeline->is_kept());
  auto second = co_await client.pipeline->read(limit);
  EXPECT_EQ(second->status, 503) << "a status is no error";
  EXPECT_EQ(client.pipeline->in_flight(), 0U);
  std::vector<HttpClientRequest> third{post("/3")};
  co_await client.send(third);
  auto more = co_await peer.read_until("/3");
  EXPECT_NE(more.find("POST /3 "), std::string::npos) << "on the same connection";
  peer.send(ok("c"));
  auto last = co_await client.read();
  EXPECT_EQ(last, "c");
}

TEST(HttpPipeline, SendsAllAndReadsTheAnswersInOrder) {
  Client client;
  run_until_done(client.loop, check_answers_in_order(client));
}

// What has no answer when the connection ends is lost, once; then there is another connection.
asio::awaitable<void> check_end(Client& client, std::string last_answer, std::string expected) {
  RawPeer peer{client.loop};
  std::vector<HttpClientRequest> three{post("/1"), post("/2"), post("/3")};
  co_await client.send(three);
  co_await client.accept(peer);
  auto seen = co_await peer.read_until("/3");
  static_cast<void>(seen);
  peer.send(last_answer);
  peer.socket.shutdown(asio::socket_base::shutdown_send);
  auto first = co_await client.read();
  EXPECT_EQ(first, "a");
  auto second = co_await client.read();
  EXPECT_EQ(second, expected);
  EXPECT_EQ(client.pipeline->in_flight(), 0U);
  EXPECT_FALSE(client.pipeline->is_kept());
  RawPeer next{client.loop};
  std::vector<HttpClientRequest> again{post("/again")};
  co_await client.send(again);
  co_await client.accept(next);
  next.send(ok("d"));
  auto last = co_await client.read();
  EXPECT_EQ(last, "d");
}

TEST(HttpPipeline, WhatIsInFlightIsLostWithTheConnection) {
  const std::string closed = name_of(Errc::closed), malformed = name_of(Errc::malformed);
  Client client;
  run_until_done(client.loop, check_end(client, ok("a"), closed));
  Client cut_short;
  run_until_done(cut_short.loop, check_end(cut_short, ok("a") + ok("b").substr(0, 20), closed));
  Client cut_in_body;
  run_until_done(cut_in_body.loop,
                 check_end(cut_in_body, ok("a") + "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx", closed));
  Client garbage;
  run_until_done(garbage.loop, check_end(garbage, ok("a") + "no answer\r\n\r\n", malformed));
  // The peer has said that it answers no more: whatever comes is no answer.
  Client closing;
  run_until_done(closing.loop, check_end(closing, ok("a", "Connection: close\r\n") + ok("b"), closed));
}

asio::awaitable<void> check_closed_after_each(Client& client) {
  for (int i = 0; i < 2; ++i) {
    RawPeer peer{client.loop};
    std::vector<HttpClientRequest> one{post("/1")};
    co_await client.send(one);
    co_await client.accept(peer);
    peer.send(ok("a", "Connection: close\r\n"));
    auto answer = co_await client.read();
    EXPECT_EQ(answer, "a");
    EXPECT_FALSE(client.pipeline->is_kept());
  }
}

TEST(HttpPipeline, APeerThatClosesAfterEachAnswerIsKnown) {
  Client client;
  run_until_done(client.loop, check_closed_after_each(client));
}

asio::awaitable<void> check_refusals(Client& client) {
  std::vector<HttpClientRequest> forged{post("/1"), post("/ HTTP/1.1\r\n\r\nGET /2")};
  auto sent = co_await client.pipeline->send(forged, limit);
  EXPECT_EQ(sent.error().code, Errc::invalid);
  std::vector<HttpClientRequest> head{{"HEAD", "/", {}, {}}};
  auto asked = co_await client.pipeline->send(head, limit);
  EXPECT_EQ(asked.error().code, Errc::invalid) << "its answer has no body, whatever it says";
  EXPECT_EQ(client.pipeline->in_flight(), 0U);
  client.acceptor.close();
  std::vector<HttpClientRequest> one{post("/1")};
  auto refused = co_await client.pipeline->send(one, limit);
  EXPECT_EQ(refused.error().code, Errc::unavailable);
  EXPECT_EQ(client.pipeline->in_flight(), 0U);
}

TEST(HttpPipeline, WhatCannotBeSentIsNotInFlight) {
  EXPECT_FALSE(HttpPipeline::create(asio::io_context{}.get_executor(), "ftp://host"));
  Client client;
  run_until_done(client.loop, check_refusals(client));
}

asio::awaitable<void> check_silence(Client& client) {
  RawPeer peer{client.loop};
  std::vector<HttpClientRequest> two{post("/1"), post("/2")};
  co_await client.send(two);
  co_await client.accept(peer);
  peer.send(ok("a"));
  auto first = co_await client.read();
  EXPECT_EQ(first, "a");
  auto second = co_await client.read(milliseconds{30});
  EXPECT_EQ(second, name_of(Errc::timeout));
  EXPECT_EQ(client.pipeline->in_flight(), 0U);
}

TEST(HttpPipeline, APeerThatDoesNotAnswerIsGivenUp) {
  Client client;
  run_until_done(client.loop, check_silence(client));
}

asio::awaitable<void> close_later(Client& client) {
  asio::steady_timer timer{client.loop, milliseconds{20}};
  auto waited = co_await timer.async_wait(nothrow);
  static_cast<void>(waited);
  client.pipeline->close();
}

asio::awaitable<void> check_close(Client& client, bool in_flight) {
  if (in_flight) {
    std::vector<HttpClientRequest> one{post("/1")};
    co_await client.send(one);
  }
  asio::co_spawn(client.loop, close_later(client), [](std::exception_ptr) {});
  auto answer = co_await client.read();
  EXPECT_EQ(answer, name_of(Errc::closed));
  std::vector<HttpClientRequest> one{post("/1")};
  auto sent = co_await client.pipeline->send(one, limit);
  EXPECT_EQ(sent.error().code, Errc::closed);
  auto again = co_await client.read();
  EXPECT_EQ(again, name_of(Errc::closed));
}

TEST(HttpPipeline, CloseEndsWhoeverReads) {
  for (const bool in_flight : {false, true}) {
    Client client;
    run_until_done(client.loop, check_close(client, in_flight));
  }
}

// --- the server -----------------------------------------------------------------------------------------------------

// Requests below /over may overlap. A handler waits until its target is let go, unless the target says "fast".
struct Server {
  explicit Server(HttpServerOptions options = {}) {
    options.may_overlap = [](const HttpRequest& request) { return request.path.starts_with("/over"); };
    auto listening = HttpServer::listen(loop.get_executor(), std::move(options),
                                        [this](HttpRequest request) { return answer(std::move(request)); });
    if (!listening) throw std::runtime_error(to_string(listening.error()));
    server = std::move(*listening);
    peer.connect(server->port());
  }

  asio::awaitable<HttpResponse> answer(HttpRequest request) {
    begun.push_back(request.path);
    if (request.path.ends_with("throw")) throw std::runtime_error("handler broke");
    HttpResponse response{.content_type = "text/plain"};
    if (request.path.ends_with("stream")) {
      response.stream = HttpStream::create();
      response.stream->on_closed([this] { ++streams_closed; });
      response.stream->write("chunk");
      co_return response;
    }
    if (!request.path.ends_with("fast")) {
      auto gate = std::make_shared<asio::steady_timer>(loop, asio::steady_timer::time_point::max());
      gates[request.path] = gate;
      auto waited = co_await gate->async_wait(nothrow);
      static_cast<void>(waited);
    }
    ended.push_back(request.path);
    response.body = "<" + request.path + request.body + ">";
    co_return response;
  }

  void let_go(const std::string& path) { gates.at(path)->cancel(); }
  asio::awaitable<void> wait_for(std::size_t begun_requests) {
    asio::steady_timer timer{loop};
    for (int i = 0; i < 2000 && begun.size() < begun_requests; ++i) co_await pause(timer, milliseconds{1});
    EXPECT_EQ(begun.size(), begun_requests);
  }
  // Long enough for what should not happen.
  asio::awaitable<void> settle() {
    asio::steady_timer timer{loop};
    co_await pause(timer, milliseconds{30});
  }
  static asio::awaitable<void> pause(asio::steady_timer& timer, milliseconds time) {
    timer.expires_after(time);
    auto waited = co_await timer.async_wait(nothrow);
    static_cast<void>(waited);
  }

  asio::io_context loop;
  std::unique_ptr<HttpServer> server;
  RawPeer peer{loop};
  std::vector<std::string> begun, ended;
  std::map<std::string, std::shared_ptr<asio::steady_timer>> gates;
  int streams_closed = 0;
};

std::string request(const std::string& target, const std::string& header = {}, const std::string& method = "POST") {
  return method + " " + target + " HTTP/1.1\r\nHost: a\r\n" + header + "Content-Length: 0\r\n\r\n";
}

// The bodies in the order in which they came.
std::string bodies(const std::string& answers) {
  std::string all;
  for (std::size_t at = answers.find('<'); at != std::string::npos; at = answers.find('<', at + 1)) {
    all += answers.substr(at + 1, answers.find('>', at) - at - 1) + " ";
  }
  return all;
}

using Check = asio::awaitable<void> (*)(Server& server);
void run(Check check, HttpServerOptions options = {}) {
  Server server{std::move(options)};
  run_until_done(server.loop, check(server));
}

asio::awaitable<void> check_slow_first(Server& server) {
  server.peer.send(request("/over/1") + request("/over/2/fast") + request("/over/3"));
  co_await server.wait_for(3);
  EXPECT_EQ(server.begun, (std::vector<std::string>{"/over/1", "/over/2/fast", "/over/3"}));
  server.let_go("/over/3");
  co_await server.settle();
  EXPECT_EQ(server.ended.size(), 2U);
  EXPECT_EQ(server.peer.socket.available(), 0U) << "the first has no answer yet";
  server.let_go("/over/1");
  auto answers = co_await server.peer.read_until("/over/3");
  EXPECT_EQ(bodies(answers), "/over/1 /over/2/fast /over/3 ");
  server.peer.send(request("/over/4/fast"));
  auto more = co_await server.peer.read_until("/over/4");
  EXPECT_EQ(bodies(more), "/over/4/fast ") << "the connection is kept";
}

TEST(HttpOverlapping, RequestsBeginInOrderAndAreAnsweredInOrder) { run(check_slow_first); }

asio::awaitable<void> check_waits(Server& server) {
  server.peer.send(request("/over/1") + request("/plain/2/fast") + request("/over/3/fast"));
  co_await server.wait_for(1);
  co_await server.settle();
  EXPECT_EQ(server.begun.size(), 1U) << "whatever may not overlap waits, and all behind it";
  server.let_go("/over/1");
  auto answers = co_await server.peer.read_until("/over/3");
  EXPECT_EQ(bodies(answers), "/over/1 /plain/2/fast /over/3/fast ");
}

TEST(HttpOverlapping, OtherRequestsWaitForTheirTurn) { run(check_waits); }

asio::awaitable<void> check_bound(Server& server) {
  server.peer.send(request("/over/1") + request("/over/2") + request("/over/3/fast"));
  co_await server.wait_for(2);
  co_await server.settle();
  EXPECT_EQ(server.begun.size(), 2U);
  server.let_go("/over/2");  // behind the first: nothing can be answered yet
  co_await server.settle();
  EXPECT_EQ(server.begun.size(), 2U);
  server.let_go("/over/1");
  auto answers = co_await server.peer.read_until("/over/3");
  EXPECT_EQ(bodies(answers), "/over/1 /over/2 /over/3/fast ");
}

TEST(HttpOverlapping, NoMoreThanTheBoundRunAtOnce) { run(check_bound, {.overlapping_max = 2}); }

asio::awaitable<void> check_bytes(Server& server) {
  const std::string large = "POST /over/1 HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n0123456789";
  server.peer.send(large + request("/over/2/fast"));
  co_await server.wait_for(1);
  co_await server.settle();
  EXPECT_EQ(server.begun.size(), 1U);
  server.let_go("/over/1");
  auto answers = co_await server.peer.read_until("/over/2");
  EXPECT_EQ(bodies(answers), "/over/10123456789 /over/2/fast ");
}

TEST(HttpOverlapping, NoMoreBytesThanTheBoundAreHeld) { run(check_bytes, {.overlapping_bytes_max = 10}); }

asio::awaitable<void> check_stream(Server& server) {
  server.peer.send(request("/over/1") + request("/stream") + request("/over/3/fast"));
  co_await server.wait_for(1);
  server.let_go("/over/1");
  auto answers = co_await server.peer.read_until("chunk");
  EXPECT_EQ(bodies(answers), "/over/1 ");
  EXPECT_NE(answers.find("Transfer-Encoding: chunked"), std::string::npos);
  co_await server.settle();
  EXPECT_EQ(server.begun.size(), 2U) << "a stream is the last answer of its connection";
  server.peer.socket.close();
  co_await server.settle();
  EXPECT_EQ(server.streams_closed, 1);
}

TEST(HttpOverlapping, AStreamWaitsForItsTurnAndIsTheLast) { run(check_stream); }

asio::awaitable<void> check_wrong_stream(Server& server) {
  server.peer.send(request("/over/stream") + request("/over/throw") + request("/over/3/fast"));
  auto answers = co_await server.peer.read_until("/over/3");
  EXPECT_EQ(bodies(answers), "/over/3/fast ");
  EXPECT_NE(answers.find(" 500 "), answers.rfind(" 500 ")) << answers;
  EXPECT_EQ(server.streams_closed, 1);
}

TEST(HttpOverlapping, AnExceptionOrAStreamIsA500) {
  std::string logged;
  set_log_sink([&](LogLevel, const std::string& line) { logged += line; });
  run(check_wrong_stream);
  set_log_sink(nullptr);
  EXPECT_NE(logged.find("handler broke"), std::string::npos);
  EXPECT_NE(logged.find("a stream behind requests"), std::string::npos);
}

asio::awaitable<void> check_garbage(Server& server) {
  server.peer.send(request("/over/1") + "no request\r\n\r\n");
  co_await server.wait_for(1);
  co_await server.settle();
  EXPECT_EQ(server.peer.socket.available(), 0U);
  server.let_go("/over/1");
  auto answers = co_await server.peer.read_to_end();
  EXPECT_LT(answers.find("/over/1"), answers.find(" 400 ")) << answers;
  EXPECT_NE(answers.find(" 400 "), std::string::npos);
}

TEST(HttpOverlapping, GarbageIsRefusedAfterTheAnswersBeforeIt) { run(check_garbage); }

asio::awaitable<void> check_special(Server& server) {
  server.peer.send(request("/over/1") + request("/over/2/fast", {}, "HEAD") +
                   "POST /over/3/fast HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nok" +
                   request("/over/4/fast", "Connection: close\r\n") + request("/over/5/fast"));
  co_await server.wait_for(1);
  co_await server.settle();
  EXPECT_EQ(server.begun.size(), 1U);
  server.let_go("/over/1");
  auto answers = co_await server.peer.read_to_end();
  EXPECT_EQ(bodies(answers), "/over/1 /over/3/fastok /over/4/fast ");
  const auto go_on = answers.find(" 100 Continue");
  EXPECT_LT(answers.find("/over/1"), go_on);
  EXPECT_LT(go_on, answers.find("/over/3"));
  EXPECT_EQ(server.begun.size(), 4U) << "nothing is answered after Connection: close";
}

TEST(HttpOverlapping, HeadExpectAndCloseWaitForTheirTurn) { run(check_special); }

asio::awaitable<void> check_half_closed(Server& server) {
  server.peer.send(request("/over/1") + request("/over/2/fast") + "POST /over/3 HT");
  server.peer.socket.shutdown(asio::socket_base::shutdown_send);
  co_await server.wait_for(2);
  co_await server.settle();
  server.let_go("/over/1");
  auto answers = co_await server.peer.read_to_end();
  EXPECT_EQ(bodies(answers), "/over/1 /over/2/fast ");
}

TEST(HttpOverlapping, APeerThatSendsNoMoreIsStillAnswered) { run(check_half_closed); }

asio::awaitable<void> check_gone(Server& server) {
  server.peer.send(request("/over/1") + request("/over/2"));
  co_await server.wait_for(2);
  server.peer.socket.set_option(asio::socket_base::linger{true, 0});
  server.peer.socket.close();  // with a reset
  co_await server.settle();
  EXPECT_EQ(server.server->connections(), 1U) << "its requests run";
  server.let_go("/over/2");
  server.let_go("/over/1");
  co_await server.settle();
  EXPECT_EQ(server.ended.size(), 2U);
  EXPECT_EQ(server.server->connections(), 0U);
}

TEST(HttpOverlapping, APeerThatIsGoneLeavesNothingBehind) { run(check_gone); }

asio::awaitable<void> check_stop(Server& server) {
  server.peer.send(request("/over/1") + request("/over/2"));
  co_await server.wait_for(2);
  bool stopped = false;
  asio::co_spawn(server.loop, server.server->stop(), [&stopped](std::exception_ptr) { stopped = true; });
  co_await server.settle();
  server.let_go("/over/1");
  server.let_go("/over/2");
  auto answers = co_await server.peer.read_to_end();
  EXPECT_EQ(bodies(answers), "/over/1 /over/2 ");
  EXPECT_GT(answers.find("Connection: close"), answers.find("/over/1")) << "the last one says so";
  server.peer.socket.close();
  co_await server.settle();
  EXPECT_TRUE(stopped);
}

TEST(HttpOverlapping, StopAnswersAllThatRun) { run(check_stop); }

asio::awaitable<void> check_idle(Server& server) {
  server.peer.send(request("/over/1"));
  co_await server.wait_for(1);
  asio::steady_timer timer{server.loop};
  co_await Server::pause(timer, milliseconds{100});
  server.let_go("/over/1");
  auto answers = co_await server.peer.read_to_end();
  EXPECT_EQ(bodies(answers), "/over/1 ") << "whoever waits for an answer is not idle; afterwards he is";
}

TEST(HttpOverlapping, AConnectionIsIdleOnceAllIsAnswered) { run(check_idle, {.idle_timeout = milliseconds{50}}); }

asio::awaitable<void> check_partial(Server& server) {
  server.peer.send(request("/over/1") + "POST /over/2 HT");
  co_await server.wait_for(1);
  server.let_go("/over/1");
  auto answers = co_await server.peer.read_to_end();
  EXPECT_EQ(bodies(answers), "/over/1 ");
}

TEST(HttpOverlapping, ARequestThatDoesNotComeEndsTheConnection) {
  run(check_partial, {.request_timeout = milliseconds{50}});
}

// --- both -----------------------------------------------------------------------------------------------------------

asio::awaitable<void> check_many(Server& server, HttpPipeline& pipeline) {
  constexpr std::size_t count = 300;  // more than the server runs at once
  std::vector<HttpClientRequest> requests;
  for (std::size_t i = 0; i < count; ++i) requests.push_back(post("/over/fast", std::to_string(i)));
  auto sent = co_await pipeline.send(requests, limit);
  EXPECT_TRUE(sent);
  for (std::size_t i = 0; i < count; ++i) {
    auto answer = co_await pipeline.read(limit);
    EXPECT_EQ(answer->body, "</over/fast" + std::to_string(i) + ">");
  }
  EXPECT_EQ(server.server->connections(), 2U) << "one of them is the raw peer's";
}

TEST(HttpPipeline, ManyRequestsToTheServer) {
  Server server;
  auto pipeline =
      HttpPipeline::create(server.loop.get_executor(), "127.0.0.1:" + std::to_string(server.server->port()));
  run_until_done(server.loop, check_many(server, **pipeline));
}

}  // namespace
}  // namespace windlass::pipelining
