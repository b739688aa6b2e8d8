// HttpServer and HttpClient over real sockets.
#include "io/http/client.hpp"
#include "io/http/server.hpp"
#include "io/log.hpp"
#include "io/loop_testing.hpp"
#include "io/task_scope.hpp"

#include <boost/asio/local/stream_protocol.hpp>

#include <sys/resource.h>

#include <cstdio>
#include <stdexcept>

namespace windlass {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
constexpr milliseconds limit{10'000};

std::string describe_request(const HttpRequest& request) {
  std::string text = request.method + "|" + request.path + "|";
  for (const auto& [key, value] : request.query) text += key + "=" + value + ",";
  return text + "|" + std::to_string(request.body.size()) + "|" + request.body.substr(0, 100);
}

struct Site {
  explicit Site(HttpServerOptions options = {}) {
    auto listening = HttpServer::listen(loop.get_executor(), std::move(options),
                                        [this](HttpRequest request) { return answer(std::move(request)); });
    if (!listening) throw std::runtime_error(to_string(listening.error()));
    server = std::move(*listening);
    client = client_for("http://127.0.0.1:" + std::to_string(server->port()));
  }

  std::unique_ptr<HttpClient> client_for(const std::string& peer, HttpClientOptions options = {}) {
    auto created = HttpClient::create(loop.get_executor(), peer, options);
    if (!created) throw std::runtime_error(to_string(created.error()));
    return std::move(*created);
  }

  asio::awaitable<HttpResponse> answer(HttpRequest request) {
    ++requests;
    remotes.push_back(request.remote);
    HttpResponse response;
    response.content_type = "text/plain";
    if (request.path == "/throw") throw std::runtime_error("handler broke");
    if (request.path == "/stream") {
      stream = HttpStream::create(stream_bytes_max);
      stream->on_closed([this] { ++closed; });
      stream->write("hello");
      response.stream = stream;
      co_return response;
    }
    if (request.path == "/slow") {
      asio::steady_timer timer{loop, milliseconds{50}};
      auto waited = co_await timer.async_wait(nothrow);
      static_cast<void>(waited);
    }
    if (request.path == "/large") {
      response.body.assign(5'000'000, 'x');
      co_return response;
    }
    if (request.path == "/none") {
      response.status = 204;
      co_return response;
    }
    response.headers.emplace_back("X-Twice", "a\r\nX-Forged: b");
    response.body = describe_request(request);
    co_return response;
  }

  asio::io_context loop;
  std::unique_ptr<HttpServer> server;
  std::unique_ptr<HttpClient> client;
  StreamPtr stream;
  std::size_t stream_bytes_max = HttpStream::queued_bytes_max_default;
  std::vector<std::string> remotes;
  int requests = 0;
  int closed = 0;
};

HttpClientRequest get(std::string target) { return HttpClientRequest{"GET", std::move(target), {}, {}}; }
HttpClientRequest post(std::string target, std::string body) {
  return HttpClientRequest{"POST", std::move(target), {{"Content-Type", "text/plain"}}, std::move(body)};
}

asio::awaitable<void> check_basics(Site& site) {
  auto first = co_await site.client->request(get("/a%20b/%2Fc?x=1&y=a+b%26&z"), limit);
  EXPECT_TRUE(first) << to_string(first.error());
  EXPECT_EQ(first->status, 200);
  EXPECT_EQ(first->body, "GET|/a b//c|x=1,y=a b&,z=,|0|");
  EXPECT_NE(find_header(first->headers, "date"), nullptr);
  EXPECT_EQ(find_header(first->headers, "server"), nullptr);
  EXPECT_EQ(find_header(first->headers, "x-forged"), nullptr) << "a header value forged a header";
  EXPECT_EQ(*find_header(first->headers, "CONTENT-LENGTH"), std::to_string(first->body.size()));

  auto second = co_await site.client->request(post("/p", "body"), limit);
  EXPECT_EQ(second->body, "POST|/p||4|body");
  EXPECT_EQ(site.remotes[0], site.remotes[1]) << "the connection was not kept";

  HttpClientRequest head = get("/h");
  head.method = "HEAD";
  auto headed = co_await site.client->request(head, limit);
  EXPECT_EQ(headed->body, "");
  EXPECT_EQ(*find_header(headed->headers, "content-length"), "11");

  auto none = co_await site.client->request(get("/none"), limit);
  EXPECT_EQ(none->status, 204);
  EXPECT_EQ(find_header(none->headers, "content-length"), nullptr);

  auto large = co_await site.client->request(post("/p", std::string(3'000'000, 'y')), limit);
  EXPECT_EQ(large->body.substr(0, 14), "POST|/p||30000");
  auto large_back = co_await site.client->request(get("/large"), limit);
  EXPECT_EQ(large_back->body.size(), 5'000'000U);
  EXPECT_EQ(site.server->connections(), 1U);
}

TEST(Http, AnswersOnOneKeptConnection) {
  Site site;
  run_until_done(site.loop, check_basics(site));
}

asio::awaitable<void> check_throwing(Site& site) {
  auto failed = co_await site.client->request(get("/throw"), limit);
  EXPECT_EQ(failed->status, 500);
  auto next = co_await site.client->request(get("/next"), limit);
  EXPECT_EQ(next->status, 200);
  EXPECT_EQ(site.remotes[0], site.remotes[1]);
}

TEST(Http, AHandlersExceptionIsA500AndALogLine) {
  Site site;
  std::string logged;
  set_log_sink([&](LogLevel, const std::string& line) { logged += line; });
  run_until_done(site.loop, check_throwing(site));
  set_log_sink(nullptr);
  EXPECT_NE(logged.find("handler broke"), std::string::npos);
}

// Sends bytes, reads to the end of the connection.
asio::awaitable<void> exchange_raw(Site& site, std::string bytes, std::string& answer) {
  RawPeer peer{site.loop};
  peer.connect(site.server->port());
  peer.send(bytes);
  answer = co_await peer.read_to_end();
}

std::string raw(Site& site, const std::string& bytes) {
  std::string answer;
  run_until_done(site.loop, exchange_raw(site, bytes, answer));
  return answer;
}

TEST(Http, PipelinedRequestsAreAnsweredInOrder) {
  Site site;
  const std::string answer = raw(site,
                                 "GET /slow HTTP/1.1\r\nHost: a\r\n\r\n"
                                 "POST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"
                                 "GET /3 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  const auto one = answer.find("GET|/slow|"), two = answer.find("POST|/2||3|abc"), three = answer.find("GET|/3|");
  ASSERT_NE(three, std::string::npos) << answer;
  EXPECT_LT(one, two);
  EXPECT_LT(two, three);
  EXPECT_NE(answer.find("Connection: close"), std::string::npos);
}

TEST(Http, Http10ClosesUnlessItAsksForMore) {
  Site site;
  EXPECT_NE(raw(site, "GET /old HTTP/1.0\r\n\r\n").find("GET|/old|"), std::string::npos);
  const std::string kept = raw(site,
                               "GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
                               "GET /b HTTP/1.0\r\n\r\n");
  EXPECT_NE(kept.find("Connection: keep-alive"), std::string::npos);
  EXPECT_NE(kept.find("GET|/b|"), std::string::npos);
  const std::string streamed = raw(site, "GET /none HTTP/1.0\r\n\r\n");
  EXPECT_NE(streamed.find(" 204 "), std::string::npos);
}

TEST(Http, ChunkedRequestBodiesAreDecoded) {
  Site site;
  const std::string answer = raw(site,
                                 "POST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
                                 "Connection: close\r\n\r\n"
                                 "3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n");
  EXPECT_NE(answer.find("POST|/c||7|abcdefg"), std::string::npos) << answer;
}

TEST(Http, ExpectContinueIsAnsweredBeforeTheBody) {
  Site site;
  const std::string answer = raw(site,
                                 "POST /e HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n"
                                 "Connection: close\r\n\r\nok");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK")) << answer;
}

TEST(Http, GzipRequestBodiesAreDecodedAndLimited) {
  Site site{HttpServerOptions{.body_bytes_max = 1000}};
  const std::string head =
      "POST /z HTTP/1.1\r\nHost: a\r\nContent-Encoding: gzip\r\nConnection: close\r\nContent-Length: ";
  FILE* bomb_pipe = ::popen("head -c 100000 /dev/zero | gzip -n", "r");
  std::string bomb(4096, '\0');
  bomb.resize(std::fread(bomb.data(), 1, bomb.size(), bomb_pipe));
  ::pclose(bomb_pipe);
  ASSERT_LT(bomb.size(), 1000U);
  FILE* small_pipe = ::popen("printf 'hello hello hello' | gzip -n", "r");
  std::string packed(4096, '\0');
  packed.resize(std::fread(packed.data(), 1, packed.size(), small_pipe));
  ::pclose(small_pipe);
  const auto send = [&](const std::string& body) {
    return raw(site, head + std::to_string(body.size()) + "\r\n\r\n" + body);
  };
  EXPECT_NE(send(packed).find("|17|hello hello hello"), std::string::npos);
  EXPECT_TRUE(send(bomb).starts_with("HTTP/1.1 413"));
  EXPECT_TRUE(send("not gzip at all, really").starts_with("HTTP/1.1 400"));
  packed[packed.size() - 6] ^= 1;  // the checksum
  EXPECT_TRUE(send(packed).starts_with("HTTP/1.1 400"));
}

TEST(Http, RefusesGarbageAndWhatIsTooLarge) {
  Site site{HttpServerOptions{.header_bytes_max = 8192, .body_bytes_max = 100'000}};
  EXPECT_TRUE(raw(site, "\x16\x03\x01 this is TLS or worse\r\n\r\n").starts_with("HTTP/1.1 400"));
  EXPECT_TRUE(raw(site, "GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n").starts_with("HTTP/1.1 400"));
  EXPECT_TRUE(raw(site, "GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(20'000, 'h') + "\r\n\r\n")
                  .starts_with("HTTP/1.1 431"));
  const std::string head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100001\r\n\r\n";
  EXPECT_TRUE(raw(site, head + std::string(100'001, 'b')).starts_with("HTTP/1.1 413"));
  std::string chunked = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < 3; ++i) chunked += "c000\r\n" + std::string(0xc000, 'b') + "\r\n";
  EXPECT_TRUE(raw(site, chunked + "0\r\n\r\n").starts_with("HTTP/1.1 413"));
  EXPECT_TRUE(
      raw(site, "POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab").starts_with("HTTP/1.1 400"));
  EXPECT_EQ(site.requests, 0);
}

TEST(Http, ListenNamesThePortThatIsTaken) {
  Site site;
  HttpServerOptions options;
  options.port = site.server->port();
  auto second = HttpServer::listen(site.loop.get_executor(), options, nullptr);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Errc::conflict);
  EXPECT_EQ(second.error().message, "port " + std::to_string(options.port) + " on 127.0.0.1 is in use");
  options.host = "no address";
  EXPECT_EQ(HttpServer::listen(site.loop.get_executor(), options, nullptr).error().code, Errc::invalid);
}

asio::awaitable<void> check_stream(Site& site) {
  auto opened = co_await site.client->open_stream(get("/stream"), limit);
  EXPECT_TRUE(opened) << to_string(opened.error());
  EXPECT_EQ(opened->status(), 200);
  EXPECT_EQ(*find_header(opened->headers(), "transfer-encoding"), "chunked");
  auto first = co_await opened->read_some(limit);
  EXPECT_EQ(*first, "hello");
  auto nothing = co_await opened->read_some(milliseconds{20});
  EXPECT_EQ(nothing.error().code, Errc::timeout);

  auto again = co_await site.client->open_stream(get("/stream"), limit);
  auto hello = co_await again->read_some(limit);
  EXPECT_TRUE(site.stream->write("one"));
  EXPECT_TRUE(site.stream->write(std::string(200'000, 'z')));
  site.stream->close();
  EXPECT_FALSE(site.stream->write("late"));
  std::string all;
  while (true) {
    auto piece = co_await again->read_some(limit);
    EXPECT_TRUE(piece) << to_string(piece.error());
    if (!piece || piece->empty()) break;
    all += *piece;
  }
  EXPECT_EQ(all.size(), 200'003U);
  EXPECT_EQ(site.closed, 2);
}

TEST(Http, StreamsChunksUntilClosed) {
  Site site;
  run_until_done(site.loop, check_stream(site));
}

asio::awaitable<void> check_chunks_on_the_wire(Site& site) {
  RawPeer peer{site.loop};
  peer.connect(site.server->port());
  peer.send("GET /stream HTTP/1.1\r\nHost: a\r\n\r\n");
  auto head = co_await peer.read_until("hello\r\n");
  EXPECT_NE(head.find("\r\n\r\n5\r\nhello\r\n"), std::string::npos) << head;
  site.stream->write("ab");
  site.stream->write("");
  site.stream->write("0123456789abcdef");
  site.stream->close();
  auto rest = co_await peer.read_to_end();
  EXPECT_EQ(rest, "2\r\nab\r\n10\r\n0123456789abcdef\r\n0\r\n\r\n");
}

TEST(Http, OneWriteIsOneChunkOnTheWire) {
  Site site;
  run_until_done(site.loop, check_chunks_on_the_wire(site));
}

asio::awaitable<void> check_peer_close(Site& site) {
  {
    RawPeer peer{site.loop};
    peer.connect(site.server->port());
    peer.send("GET /stream HTTP/1.1\r\nHost: a\r\n\r\n");
    auto head = co_await peer.read_until("hello");
    EXPECT_TRUE(site.stream->is_open());
  }
  asio::steady_timer timer{site.loop};
  for (int i = 0; i < 1000 && site.closed == 0; ++i) {
    timer.expires_after(milliseconds{1});
    auto waited = co_await timer.async_wait(nothrow);
    static_cast<void>(waited);
  }
  EXPECT_EQ(site.closed, 1) << "the peer's end was not seen while idle";
  EXPECT_FALSE(site.stream->is_open());
  EXPECT_FALSE(site.stream->write("x"));
  int late = 0;
  site.stream->on_closed([&] { ++late; });
  EXPECT_EQ(late, 1);
}

TEST(Http, SeesThePeersEndWhileTheStreamIsIdle) {
  Site site;
  run_until_done(site.loop, check_peer_close(site));
}

asio::awaitable<void> check_slow_reader(Site& site) {
  RawPeer peer{site.loop};
  peer.connect(site.server->port());
  peer.send("GET /stream HTTP/1.1\r\nHost: a\r\n\r\n");
  auto head = co_await peer.read_until("hello");
  int written = 0;
  asio::steady_timer timer{site.loop};
  while (site.stream->write(std::string(100'000, 's')) && written < 10'000) {
    ++written;
    timer.expires_after(milliseconds{0});
    auto waited = co_await timer.async_wait(nothrow);
    static_cast<void>(waited);
  }
  EXPECT_LT(written, 10'000);
  EXPECT_FALSE(site.stream->is_open());
  EXPECT_EQ(site.stream->queued_bytes(), 0U);
  for (int i = 0; i < 1000 && site.closed == 0; ++i) {
    timer.expires_after(milliseconds{1});
    auto waited = co_await timer.async_wait(nothrow);
    static_cast<void>(waited);
  }
  EXPECT_EQ(site.closed, 1);
}

TEST(Http, ASlowReadersStreamIsClosedWhenItsQueueOverflows) {
  Site site;
  site.stream_bytes_max = 1'000'000;
  run_until_done(site.loop, check_slow_reader(site));
}

asio::awaitable<void> check_stop(Site& site, TaskScope& scope, std::string& slow, std::string& streamed) {
  RawPeer idle{site.loop};
  idle.connect(site.server->port());
  scope.spawn("slow", exchange_raw(site, "GET /slow HTTP/1.1\r\nHost: a\r\n\r\n", slow));
  scope.spawn("stream", exchange_raw(site, "GET /stream HTTP/1.1\r\nHost: a\r\n\r\n", streamed));
  while (site.requests < 2 || site.server->connections() < 3) {
    asio::steady_timer timer{site.loop, milliseconds{1}};
    auto waited = co_await timer.async_wait(nothrow);
    static_cast<void>(waited);
  }
  site.stream->write("last");
  co_await site.server->stop();
  EXPECT_EQ(site.server->connections(), 0U);
  co_await scope.join();
  EXPECT_NE(slow.find("GET|/slow|"), std::string::npos) << "a running request was cut off";
  EXPECT_NE(streamed.find("4\r\nlast\r\n0\r\n\r\n"), std::string::npos) << streamed;
  EXPECT_EQ(site.closed, 1);
  auto refused = co_await site.client->request(get("/"), limit);
  EXPECT_EQ(refused.error().code, Errc::unavailable);
  EXPECT_NE(to_string(refused.error()).find("connect: Connection refused"), std::string::npos);
}

TEST(Http, StopAnswersWhatRunsAndFlushesStreams) {
  Site site;
  TaskScope scope{site.loop.get_executor(), nullptr};
  std::string slow, streamed;
  run_until_done(site.loop, check_stop(site, scope, slow, streamed));
}

asio::awaitable<void> check_timeouts(Site& site) {
  RawPeer idle{site.loop}, half{site.loop};
  idle.connect(site.server->port());
  half.connect(site.server->port());
  half.send("GET / HTTP/1.1\r\nHo");
  auto idle_end = co_await idle.read_to_end();
  auto half_end = co_await half.read_to_end();
  EXPECT_EQ(idle_end + half_end, "");
}

TEST(Http, ClosesIdleAndHalfSentConnectionsAfterTheirTimeouts) {
  Site site{HttpServerOptions{.idle_timeout = milliseconds{30}, .request_timeout = milliseconds{30}}};
  run_until_done(site.loop, check_timeouts(site));
  EXPECT_EQ(site.requests, 0);
}

asio::awaitable<void> check_many(Site& site, std::size_t count) {
  std::vector<std::unique_ptr<RawPeer>> peers;
  asio::steady_timer timer{site.loop};
  while (peers.size() < count) {
    peers.push_back(std::make_unique<RawPeer>(site.loop));
    const asio::ip::tcp::endpoint endpoint{asio::ip::make_address("127.0.0.1"), site.server->port()};
    auto connected = co_await peers.back()->socket.async_connect(endpoint, nothrow);
    auto& [error] = connected;
    EXPECT_FALSE(error) << error.message();
    if (error) co_return;
  }
  while (site.server->connections() < count) {
    timer.expires_after(milliseconds{1});
    auto waited = co_await timer.async_wait(nothrow);
    static_cast<void>(waited);
  }
  auto answered = co_await site.client->request(get("/still"), limit);
  EXPECT_EQ(answered->status, 200);
  peers.back()->send("GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  auto last = co_await peers.back()->read_to_end();
  EXPECT_NE(last.find("GET|/last|"), std::string::npos);
}

TEST(Http, ServesBesideThousandsOfIdleConnections) {
  rlimit files{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &files), 0);
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
  const std::size_t count = files.rlim_cur >= 21'000 ? 10'000 : (files.rlim_cur - 200) / 2;
  ASSERT_GE(count, 400U);
  Site site;
  run_until_done(site.loop, check_many(site, count));
}

asio::awaitable<void> check_connection_limit(Site& site) {
  auto kept = co_await site.client->request(get("/one"), limit);
  EXPECT_EQ(kept->status, 200);
  RawPeer second{site.loop};
  second.connect(site.server->port());
  auto nothing = co_await second.read_to_end();
  EXPECT_EQ(nothing, "");
}

TEST(Http, ClosesConnectionsBeyondTheLimit) {
  Site site{HttpServerOptions{.connections_max = 1}};
  set_log_sink([](LogLevel, const std::string&) {});
  run_until_done(site.loop, check_connection_limit(site));
  set_log_sink(nullptr);
}

TEST(Http, CurlIsServed) {
  Site site;
  FILE* curl = ::popen(("curl -s -m 20 -d 'from curl' -H 'Expect: 100-continue' 'http://127.0.0.1:" +
                        std::to_string(site.server->port()) + "/curl?q=1' && curl -s -m 20 -I 'http://127.0.0.1:" +
                        std::to_string(site.server->port()) + "/i'")
                           .c_str(),
                       "r");
  ASSERT_NE(curl, nullptr);
  while (site.requests < 2 && site.loop.run_one_for(seconds{20}) > 0) {
  }
  site.loop.run_for(milliseconds{50});
  std::string output(4096, '\0');
  output.resize(std::fread(output.data(), 1, output.size(), curl));
  EXPECT_EQ(::pclose(curl), 0);
  EXPECT_TRUE(output.starts_with("POST|/curl|q=1,|9|from curl")) << output;
  EXPECT_NE(output.find("HTTP/1.1 200 OK"), std::string::npos);
}

// ---- the client against peers that misbehave, and upgrades over a unix socket ----

// Accepts once on a unix socket, waits for the end of the request's head, sends bytes; echoes until the end when asked.
asio::awaitable<void> serve_unix(asio::local::stream_protocol::acceptor& acceptor, std::string bytes, bool echo) {
  auto accepted = co_await acceptor.async_accept(nothrow);
  auto& [accept_error, socket] = accepted;
  std::string seen, piece(1024, '\0');
  while (seen.find("\r\n\r\n") == std::string::npos) {
    auto read = co_await socket.async_read_some(asio::buffer(piece), nothrow);
    auto& [error, count] = read;
    if (error) co_return;
    seen.append(piece, 0, count);
  }
  auto written = co_await asio::async_write(socket, asio::buffer(bytes), nothrow);
  static_cast<void>(written);
  if (bytes.starts_with("HTTP/1.1 101")) {
    EXPECT_NE(seen.find("Upgrade: tcp"), std::string::npos) << seen;
  }
  while (echo) {
    auto read = co_await socket.async_read_some(asio::buffer(piece), nothrow);
    auto& [error, count] = read;
    if (error) break;
    auto echoed = co_await asio::async_write(socket, asio::buffer(piece, count), nothrow);
    static_cast<void>(echoed);
  }
}

struct UnixSite {
  UnixSite() : acceptor{loop, asio::local::stream_protocol::endpoint{folder / "s"}} {
    client = *HttpClient::create(loop.get_executor(), "unix://" + (folder / "s"));
  }
  void serve(std::string bytes, bool echo = false) {
    scope.spawn("peer", serve_unix(acceptor, std::move(bytes), echo));
  }

  TempDir folder;
  asio::io_context loop;
  asio::local::stream_protocol::acceptor acceptor;
  TaskScope scope{loop.get_executor(), nullptr};
  std::unique_ptr<HttpClient> client;
};

asio::awaitable<void> check_upgrade(UnixSite& site, int status) {
  auto upgraded = co_await site.client->upgrade(post("/containers/x/attach?stream=1", ""), limit);
  EXPECT_TRUE(upgraded) << to_string(upgraded.error());
  EXPECT_EQ(upgraded->status(), status);
  auto early = co_await upgraded->read_some();
  EXPECT_EQ(*early, "early");
  auto written = co_await upgraded->write("ping");
  EXPECT_TRUE(written);
  auto echoed = co_await upgraded->read_some();
  EXPECT_EQ(*echoed, "ping");
  upgraded->shutdown_write();
  auto end = co_await upgraded->read_some();
  EXPECT_EQ(*end, "");
  upgraded->close();
  auto closed = co_await upgraded->read_some();
  EXPECT_EQ(closed.error().code, Errc::closed);
}

TEST(HttpClient, UpgradesToRawBytesOverAUnixSocket) {
  UnixSite site;
  site.serve("HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\nearly", true);
  run_until_done(site.loop, check_upgrade(site, 101));
  site.serve("HTTP/1.1 200 OK\r\nContent-Type: application/vnd.docker.raw-stream\r\n\r\nearly", true);
  run_until_done(site.loop, check_upgrade(site, 200));
}

asio::awaitable<void> check_refused_upgrade(UnixSite& site) {
  auto refused = co_await site.client->upgrade(post("/containers/x/attach", ""), limit);
  EXPECT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::not_found);
  EXPECT_NE(refused.error().message.find("No such container"), std::string::npos);
}

TEST(HttpClient, ARefusedUpgradeTellsWhy) {
  UnixSite site;
  site.serve("HTTP/1.1 404 Not Found\r\nContent-Length: 17\r\n\r\nNo such container");
  run_until_done(site.loop, check_refused_upgrade(site));
}

asio::awaitable<void> request_once(UnixSite& site, HttpClientRequest request, milliseconds time,
                                   Result<HttpClientResponse>& into) {
  into = co_await site.client->request(std::move(request), time);
}

Result<HttpClientResponse> ask(UnixSite& site, const std::string& answer, bool hold = false,
                               milliseconds time = limit) {
  site.serve(answer, hold);
  Result<HttpClientResponse> response = Error{};
  run_until_done(site.loop, request_once(site, get("/"), time, response));
  return response;
}

TEST(HttpClient, ErrorsSayWhatFailed) {
  UnixSite site;
  EXPECT_EQ(ask(site, "").error().code, Errc::closed);
  EXPECT_EQ(ask(site, "SSH-2.0-OpenSSH\r\n\r\n").error().code, Errc::malformed);
  EXPECT_EQ(ask(site, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort").error().code, Errc::closed);
  EXPECT_EQ(ask(site, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n").error().code, Errc::malformed);
  const auto late = ask(site, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort", true, milliseconds{30});
  EXPECT_EQ(late.error().code, Errc::timeout);
  EXPECT_NE(to_string(late.error()).find(site.folder / "s"), std::string::npos) << "the peer is not named";
  EXPECT_EQ(ask(site, "HTTP/1.1 200 OK\r\nX: " + std::string(100'000, 'x') + "\r\n\r\n").error().code, Errc::malformed);
}

TEST(HttpClient, ReadsEveryFramingOfABody) {
  UnixSite site;
  EXPECT_EQ(ask(site, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")->body, "ok");
  EXPECT_EQ(ask(site, "HTTP/1.0 200 OK\r\n\r\nuntil the end")->body, "until the end");
  EXPECT_EQ(ask(site, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1;x=y\r\nc\r\n0\r\nT: 1\r\n\r\n")
                ->body,
            "abc");
  EXPECT_EQ(ask(site, "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n")->status, 304);
}

asio::awaitable<void> check_retry(UnixSite& site) {
  auto first = co_await site.client->request(get("/1"), limit);
  EXPECT_EQ(first->body, "ok");
  site.serve("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecond");
  auto second = co_await site.client->request(get("/2"), limit);
  EXPECT_TRUE(second) << to_string(second.error());
  EXPECT_EQ(second->body, "second");
}

TEST(HttpClient, AKeptConnectionThatWasClosedIsReplaced) {
  UnixSite site;
  site.serve("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  run_until_done(site.loop, check_retry(site));
}

TEST(HttpClient, AKeptConnectionDoesNotKeepTheLoopRunning) {
  UnixSite site;
  site.serve("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  Result<HttpClientResponse> response = Error{};
  run_until_done(site.loop, request_once(site, get("/"), std::chrono::hours{1}, response));
  EXPECT_TRUE(response);
  site.loop.run_for(seconds{20});
  EXPECT_TRUE(site.loop.stopped()) << "something is still pending";
}

TEST(HttpClient, RefusesPeersAndRequestsThatMakeNoSense) {
  asio::io_context loop;
  for (const char* peer :
       {"", "ftp://a", "http://", "http://a:x", "http://a:70000", "http://a:0", "unix://", "http://[::1"}) {
    EXPECT_FALSE(HttpClient::create(loop.get_executor(), peer)) << peer;
  }
  for (const char* peer : {"a:80", "http://a", "http://[::1]:8080/", "tcp://1.2.3.4:2375", "unix:///x"}) {
    EXPECT_TRUE(HttpClient::create(loop.get_executor(), peer)) << peer;
  }
  UnixSite site;
  Result<HttpClientResponse> response = Error{};
  HttpClientRequest request = get("/ HTTP/1.1\r\nX: y");
  run_until_done(site.loop, request_once(site, request, limit, response));
  EXPECT_EQ(response.error().code, Errc::invalid);
}

asio::awaitable<void> check_names(asio::io_context& loop, std::uint16_t port) {
  auto client = *HttpClient::create(loop.get_executor(), "http://localhost:" + std::to_string(port));
  auto found = co_await client->request(get("/by-name"), limit);
  EXPECT_TRUE(found) << to_string(found.error());
  auto lost = *HttpClient::create(loop.get_executor(), "http://no-such-host.invalid:80");
  auto missing = co_await lost->request(get("/"), limit);
  EXPECT_EQ(missing.error().code, Errc::unavailable);
  EXPECT_NE(missing.error().message.find("looking up the host"), std::string::npos);
}

TEST(HttpClient, LooksNamesUp) {
  Site site;
  run_until_done(site.loop, check_names(site.loop, site.server->port()));
}

asio::awaitable<void> read_stream_forever(Site& site, int& pieces) {
  auto opened = co_await site.client->open_stream(get("/stream"), limit);
  if (!opened) co_return;
  while (true) {
    auto piece = co_await opened->read_some();
    if (!piece) co_return;
    ++pieces;
  }
}

TEST(HttpClient, CancellingAReaderClosesItsConnection) {
  Site site;
  TaskScope scope{site.loop.get_executor(), nullptr};
  int pieces = 0;
  scope.spawn("reader", read_stream_forever(site, pieces));
  while (pieces == 0 && site.loop.run_one_for(seconds{10}) > 0) {
  }
  ASSERT_EQ(pieces, 1);
  scope.cancel_all();
  run_until_done(site.loop, scope.join());
  while (site.closed == 0 && site.loop.run_one_for(seconds{10}) > 0) {
  }
  EXPECT_EQ(site.closed, 1);
}

TEST(HttpMessage, PercentCoding) {
  EXPECT_EQ(percent_decode("a%2Fb+c"), "a/b+c");
  EXPECT_EQ(percent_decode("a+b", true), "a b");
  for (const char* bad : {"%", "%1", "%g0", "%00", "a%2"}) EXPECT_EQ(percent_decode(bad), std::nullopt) << bad;
  EXPECT_EQ(percent_encode("/a b/\xc3\xa4~", "/"), "/a%20b/%C3%A4~");
  EXPECT_EQ(parse_query("a=1&&b&=x&a=2"), (HttpQuery{{"a", "1"}, {"b", ""}, {"", "x"}, {"a", "2"}}));
}

TEST(Log, QuotesWhatWouldBreakALine) {
  std::string line;
  set_log_sink([&](LogLevel, const std::string& text) { line = text; });
  log_info("event", {{"plain", "a"}, {"quoted", "a b\n\"c\""}, {"number", 7}, {"flag", true}, {"empty", ""}});
  EXPECT_EQ(line.substr(line.find(' ') + 1), R"(info event plain=a quoted="a b\n\"c\"" number=7 flag=true empty="")");
  line.clear();
  log_debug("hidden");
  EXPECT_EQ(line, "");
  set_log_sink(nullptr);
}

}  // namespace
}  // namespace windlass
