// Both users of ApiLink against a server that answers what the test says.

#include "io/http/server.hpp"
#include "io/loop_testing.hpp"
#include "io/task_scope.hpp"
#include "link/agent_link.hpp"
#include "link/mesos_link.hpp"
#include "wire/mesos/codec.hpp"
#include "wire/mesos/recordio.hpp"

#include <gtest/gtest.h>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <deque>
#include <functional>
#include <stdexcept>
#include <variant>
#include <vector>

namespace windlass {
namespace {

using namespace std::chrono_literals;

// Answers the requests in their order; what is not planned: SUBSCRIBE gets a stream, a call 202.
struct Peer {
  explicit Peer(asio::io_context& the_loop) : loop{the_loop} {
    auto listening = HttpServer::listen(loop.get_executor(),
                                        {.may_overlap = [](const HttpRequest& each) { return !is_subscribe(each); }},
                                        [this](HttpRequest request) { return answer(std::move(request)); });
    if (!listening) throw std::runtime_error(to_string(listening.error()));
    server = std::move(*listening);
    address = "127.0.0.1:" + std::to_string(server->port());
  }

  asio::awaitable<HttpResponse> answer(HttpRequest request) {
    requests.push_back(request);
    const bool subscribes = is_subscribe(request);
    auto& plan = subscribes ? subscribe_answers : call_answers;
    HttpResponse response{.status = subscribes ? 200 : 202};
    if (!plan.empty()) {
      response = plan.front();
      plan.pop_front();
    }
    if (!subscribes && holds) {
      const auto gate = std::make_shared<asio::steady_timer>(loop, asio::steady_timer::time_point::max());
      held = gate;
      auto waited = co_await gate->async_wait(nothrow);
      static_cast<void>(waited);
    }
    if (subscribes && response.status == 200) {
      stream = response.stream = HttpStream::create();
      response.headers.emplace_back("Mesos-Stream-Id", "stream-" + std::to_string(++streams));
      stream->write(encode_record(first_event));
    }
    co_return response;
  }
  static bool is_subscribe(const HttpRequest& request) {
    if (request.path == "/api/v1/executor") {
      const auto call = decode_executor_call(request.body, Encoding::protobuf);
      return call && std::holds_alternative<executor_calls::Subscribe>(call->body);
    }
    const auto call = decode_scheduler_call(request.body, Encoding::protobuf);
    return call && std::holds_alternative<calls::Subscribe>(call->body);
  }

  asio::io_context& loop;
  std::unique_ptr<HttpServer> server;
  std::string address;
  bool holds = false;                        // answers no call
  std::shared_ptr<asio::steady_timer> held;  // cancelled: the newest call is answered
  std::string first_event;                   // SUBSCRIBED
  std::deque<HttpResponse> subscribe_answers, call_answers;
  std::vector<HttpRequest> requests;
  StreamPtr stream;
  int streams = 0;
};

class LinkTest : public testing::Test {
 protected:
  // Until the condition holds, looked at after each turn of the loop.
  void run_until(const std::function<bool()>& condition) {
    const auto end = std::chrono::steady_clock::now() + 30s;
    while (!condition() && std::chrono::steady_clock::now() < end) loop_.run_one_for(100ms);
    ASSERT_TRUE(condition());
  }
  void end() {
    scope_.cancel_all();
    run_until([this] { return scope_.running() == 0; });
    EXPECT_EQ(failures_, "");
  }

  asio::io_context loop_;
  std::string failures_;
  TaskScope scope_{loop_.get_executor(), [this](const std::string& name, const std::exception_ptr& error) {
                     failures_ += name + ": " + describe(error) + "\n";
                   }};
  Prng prng_{7};
  Peer peer_{loop_};
  std::vector<std::string> seen_;
};

// --- the scheduler's side -------------------------------------------------------------------------------------------

class MesosLinkTest : public LinkTest {
 protected:
  MesosLinkTest() {
    for (Peer* peer : {&peer_, &leader_}) {
      peer->first_event = encode(SchedulerEvent{events::Subscribed{.framework_id = {"f"}}}, Encoding::protobuf);
    }
  }
  void start() { scope_.spawn("mesos", link_.run()); }
  [[nodiscard]] std::size_t count(const std::string& what) const {
    return static_cast<std::size_t>(std::count(seen_.begin(), seen_.end(), what));
  }
  void wait_for(const std::string& what, std::size_t times = 1) {
    run_until([&] { return count(what) >= times; });
  }

  Peer leader_{loop_};
  MesosLink link_{loop_.get_executor(),
                  peer_.address,
                  prng_,
                  {.subscription =
                       [] {
                         return SchedulerCall{{}, calls::Subscribe{{.user = "u", .name = "n"}}};
                       },
                   .on_event =
                       [this](SchedulerEvent event) {
                         seen_.emplace_back(std::holds_alternative<events::Subscribed>(event) ? "subscribed" : "event");
                       },
                   .on_disconnected = [this] { seen_.emplace_back("disconnected"); }}};
};

TEST_F(MesosLinkTest, CallsGoOutInOrderWithTheStreamsId) {
  link_.send(calls::Revive{});  // not subscribed: dropped
  start();
  wait_for("subscribed");
  link_.send(calls::Revive{});
  link_.send(calls::Suppress{});
  run_until([&] { return peer_.requests.size() == 3; });
  EXPECT_EQ(find_header(peer_.requests[0].headers, "Mesos-Stream-Id"), nullptr);
  for (const std::size_t at : {1U, 2U}) {
    const HttpRequest& call = peer_.requests[at];
    EXPECT_EQ(*find_header(call.headers, "Mesos-Stream-Id"), "stream-1");
    const auto decoded = decode_scheduler_call(call.body, Encoding::protobuf);
    EXPECT_EQ(decoded->framework_id.value, "f");
    EXPECT_EQ(std::holds_alternative<calls::Revive>(decoded->body), at == 1);
  }
  peer_.stream->write(encode_record(encode(SchedulerEvent{events::Heartbeat{}}, Encoding::protobuf)));
  wait_for("event");
  end();
  EXPECT_EQ(count("disconnected"), 1U);
}

TEST_F(MesosLinkTest, ARefusedCallEndsTheSubscription) {
  peer_.call_answers.push_back({.status = 403});
  start();
  wait_for("subscribed");
  link_.send(calls::Revive{});
  link_.send(calls::Suppress{});  // of the first subscription: never sent
  wait_for("subscribed", 2);
  EXPECT_EQ(count("disconnected"), 1U);
  EXPECT_EQ(peer_.requests.size(), 3U) << "SUBSCRIBE, REVIVE, SUBSCRIBE";
  link_.send(calls::Suppress{});
  run_until([&] { return peer_.requests.size() == 4; });
  EXPECT_EQ(*find_header(peer_.requests.back().headers, "Mesos-Stream-Id"), "stream-2");
  end();
}

TEST_F(MesosLinkTest, AStreamThatEndsIsMadeAgain) {
  start();
  wait_for("subscribed");
  peer_.stream->close();
  wait_for("subscribed", 2);
  link_.resubscribe();
  wait_for("subscribed", 3);
  EXPECT_EQ(count("disconnected"), 2U);
  peer_.stream->write("no record");
  wait_for("subscribed", 4);
  end();
}

TEST_F(MesosLinkTest, FollowsTheLeaderAndComesBack) {
  peer_.subscribe_answers.push_back({.status = 307, .headers = {{"Location", "//" + leader_.address + "/api"}}});
  start();
  wait_for("subscribed");
  EXPECT_EQ(leader_.requests.size(), 1U);
  EXPECT_EQ(count("disconnected"), 0U);
  // It leads no more: it says so, and then the one that we were told of is asked.
  leader_.subscribe_answers.push_back({.status = 503});
  leader_.stream->close();
  wait_for("subscribed", 2);
  EXPECT_EQ(leader_.requests.size(), 2U);
  EXPECT_EQ(peer_.requests.size(), 2U);
  end();
}

TEST_F(MesosLinkTest, AStreamWithoutAnIdIsNone) {
  peer_.subscribe_answers.push_back({.status = 202});
  start();
  wait_for("subscribed");
  EXPECT_EQ(peer_.requests.size(), 2U);
  end();
}

TEST_F(MesosLinkTest, CallsAreSentBeforeThoseAheadOfThemAreAnswered) {
  peer_.holds = true;
  start();
  wait_for("subscribed");
  for (int i = 0; i < 3; ++i) link_.send(calls::Revive{});
  run_until([&] { return peer_.requests.size() == 2; });
  loop_.run_for(30ms);
  EXPECT_EQ(peer_.requests.size(), 2U) << "a peer that has answered nothing yet may close after its answer";
  peer_.holds = false;
  peer_.held->cancel();
  run_until([&] { return peer_.requests.size() == 4; });
  loop_.run_for(10ms);
  peer_.holds = true;
  for (int i = 0; i < 300; ++i) link_.send(calls::Revive{});
  run_until([&] { return peer_.requests.size() == 4 + 256; });
  loop_.run_for(30ms);
  EXPECT_EQ(peer_.requests.size(), 4U + 256U) << "no more than the bound";
  EXPECT_EQ(count("disconnected"), 0U);
  end();
}

TEST_F(MesosLinkTest, ARefusalInTheMiddleEndsTheSubscription) {
  for (const int status : {401, 307, 503}) {
    const std::size_t before = count("disconnected");
    peer_.requests.clear();
    peer_.call_answers = {{.status = 202}, {.status = 202}, {.status = status}};
    if (before == 0) start();
    run_until([&] { return count("subscribed") == before + 1; });
    for (int i = 0; i < 5; ++i) link_.send(calls::Revive{});
    run_until([&] { return count("disconnected") == before + 1; });
    EXPECT_TRUE(peer_.call_answers.empty());
    EXPECT_LE(peer_.requests.size(), 6U) << "none is sent again";
  }
  wait_for("subscribed", 4);
  end();
}

TEST_F(MesosLinkTest, WhatHasNoAnswerWhenTheConnectionEndsEndsTheSubscription) {
  start();
  wait_for("subscribed");
  link_.send(calls::Revive{});
  run_until([&] { return peer_.requests.size() == 2; });
  peer_.holds = true;
  loop_.run_for(10ms);
  for (int i = 0; i < 3; ++i) link_.send(calls::Suppress{});
  run_until([&] { return peer_.requests.size() == 5; });
  peer_.server.reset();
  wait_for("disconnected");
  end();
}

// Speaks for a master or an agent whose stream stays open while its port is closed.
class BarePeer {
 public:
  explicit BarePeer(asio::io_context& loop) : loop_{loop} { listen(0); }
  void listen(std::uint16_t port) {
    acceptor_ = std::make_unique<asio::ip::tcp::acceptor>(
        loop_, asio::ip::tcp::endpoint{asio::ip::make_address("127.0.0.1"), port});
    port_ = acceptor_->local_endpoint().port();
  }
  void close() { acceptor_.reset(); }
  [[nodiscard]] std::uint16_t port() const { return port_; }
  // Answers one request: SUBSCRIBE with this event, and no end.
  asio::awaitable<void> subscribe(std::string event) {
    auto accepted = co_await acceptor_->async_accept(stream_.socket, nothrow);
    static_cast<void>(accepted);
    auto request = co_await stream_.read_until("\r\n\r\n");
    static_cast<void>(request);
    stream_.send("HTTP/1.1 200 OK\r\nMesos-Stream-Id: s\r\nContent-Length: 1000000\r\n\r\n" + encode_record(event));
  }
  // The head of one call.
  asio::awaitable<void> take_call(std::string& head) {
    auto accepted = co_await acceptor_->async_accept(calls_.socket, nothrow);
    static_cast<void>(accepted);
    head = co_await calls_.read_until("\r\n\r\n");
    calls_.send("HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n");
  }

 private:
  asio::io_context& loop_;
  std::unique_ptr<asio::ip::tcp::acceptor> acceptor_;
  std::uint16_t port_ = 0;
  RawPeer stream_{loop_}, calls_{loop_};
};

TEST_F(MesosLinkTest, NoConnectionForCallsEndsTheSubscription) {
  BarePeer bare{loop_};
  scope_.spawn("peer", bare.subscribe(peer_.first_event));
  MesosLink link{loop_.get_executor(),
                 "127.0.0.1:" + std::to_string(bare.port()),
                 prng_,
                 {.subscription =
                      [] {
                        return SchedulerCall{{}, calls::Subscribe{{.user = "u", .name = "n"}}};
                      },
                  .on_event = [this](const SchedulerEvent&) { seen_.emplace_back("subscribed"); },
                  .on_disconnected = [this] { seen_.emplace_back("disconnected"); }}};
  scope_.spawn("mesos", link.run());
  wait_for("subscribed");
  bare.close();
  link.send(calls::Revive{});
  wait_for("disconnected");
  end();
}

// --- the executor's side --------------------------------------------------------------------------------------------

class AgentLinkTest : public LinkTest {
 protected:
  AgentLinkTest() {
    executor_events::Subscribed subscribed;
    subscribed.executor.id = {"x"};
    subscribed.framework = {.user = "u", .name = "n"};
    subscribed.agent.hostname = "h";
    peer_.first_event = encode(ExecutorEvent{subscribed}, Encoding::protobuf);
  }
  [[nodiscard]] AgentEnvironment environment() const {
    AgentEnvironment agent;
    agent.endpoint = peer_.address;
    agent.framework_id = {"f"};
    agent.executor_id = {"x"};
    agent.subscription_backoff_max = 20ms;
    agent.token = "token";
    return agent;
  }
  void start(const AgentEnvironment& agent) {
    link_ = std::make_unique<AgentLink>(
        loop_.get_executor(), agent, prng_,
        AgentLink::Callbacks{.subscription = [] { return executor_calls::Subscribe{}; },
                             .on_event = [this](const ExecutorEvent&) { ++events_; },
                             .on_disconnected = [this] { ++disconnected_; },
                             .on_refused = [this](std::string text) { refused_ = std::move(text); }});
    scope_.spawn("agent", link_->run());
  }
  static executor_calls::Message message(const std::string& data) { return {.data = data}; }
  [[nodiscard]] std::string data_of(std::size_t at) const {
    const auto call = decode_executor_call(peer_.requests.at(at).body, Encoding::protobuf);
    const auto* said = call ? std::get_if<executor_calls::Message>(&call->body) : nullptr;
    return said == nullptr ? "" : said->data;
  }

  std::unique_ptr<AgentLink> link_;
  int events_ = 0;
  int disconnected_ = 0;
  std::string refused_;
};

TEST_F(AgentLinkTest, CallsAreSentUntilTheyAreAnswered) {
  peer_.call_answers = {{.status = 503}, {.status = 400}, {.status = 202}};
  start(environment());
  run_until([&] { return events_ == 1; });
  link_->send(message("one"));
  link_->send(message("two"));
  run_until([&] { return peer_.requests.size() == 4; });
  EXPECT_EQ(data_of(1), "one");
  EXPECT_EQ(data_of(2), "one") << "503: again";
  EXPECT_EQ(data_of(3), "two") << "400: it would be refused again";
  EXPECT_EQ(*find_header(peer_.requests[1].headers, "Authorization"), "Bearer token");
  EXPECT_EQ(find_header(peer_.requests[1].headers, "Mesos-Stream-Id"), nullptr) << "executors have none";
  EXPECT_EQ(disconnected_, 0);
  end();
}

TEST_F(AgentLinkTest, CallsAreSentOneByOne) {
  peer_.holds = true;
  start(environment());
  run_until([&] { return events_ == 1; });
  for (const char* each : {"one", "two", "three"}) link_->send(message(each));
  for (const std::size_t sent : {2U, 3U, 4U}) {
    run_until([&] { return peer_.requests.size() == sent; });
    loop_.run_for(20ms);
    EXPECT_EQ(peer_.requests.size(), sent) << "one that is asked for again would come after those behind it";
    peer_.held->cancel();
  }
  EXPECT_EQ(data_of(3), "three");
  end();
}

TEST_F(AgentLinkTest, ACallWaitsForAConnection) {
  BarePeer bare{loop_};
  AgentEnvironment agent = environment();
  agent.endpoint = "127.0.0.1:" + std::to_string(bare.port());
  scope_.spawn("peer", bare.subscribe(peer_.first_event));
  start(agent);
  run_until([&] { return events_ == 1; });
  bare.close();
  link_->send(message("one"));
  loop_.run_for(50ms);
  bare.listen(bare.port());
  std::string head;
  scope_.spawn("call", bare.take_call(head));
  run_until([&] { return !head.empty(); });
  EXPECT_NE(head.find("POST /api/v1/executor"), std::string::npos);
  EXPECT_EQ(disconnected_, 0);
  end();
}

TEST_F(AgentLinkTest, AnAgentThatStartsIsAskedAgain) {
  peer_.subscribe_answers = {{.status = 404}, {.status = 503}};
  start(environment());
  run_until([&] { return events_ == 1; });
  EXPECT_EQ(disconnected_, 2);
  peer_.stream->close();
  run_until([&] { return events_ == 2; });
  EXPECT_EQ(disconnected_, 3);
  end();
}

TEST_F(AgentLinkTest, ARefusalEndsIt) {
  peer_.subscribe_answers.push_back({.status = 403, .content_type = "text/plain", .body = "who are you"});
  start(environment());
  run_until([&] { return scope_.running() == 0; });
  EXPECT_EQ(refused_, "who are you");
  EXPECT_EQ(disconnected_, 0);
}

TEST_F(AgentLinkTest, AnAddressThatIsNoneEndsIt) {
  AgentEnvironment agent = environment();
  agent.endpoint = "host:0";
  start(agent);
  run_until([&] { return scope_.running() == 0; });
  EXPECT_NE(refused_, "");
}

TEST_F(AgentLinkTest, WhatWasNotAnsweredBeforeTheEndIsNotSentAgain) {
  peer_.call_answers = {{.status = 503}, {.status = 503}, {.status = 503}, {.status = 503}};
  start(environment());
  run_until([&] { return events_ == 1; });
  link_->send(message("one"));
  run_until([&] { return peer_.requests.size() == 2; });
  peer_.stream->close();
  run_until([&] { return events_ == 2; });
  peer_.call_answers.clear();
  link_->send(message("two"));
  run_until([&] { return !peer_.requests.empty() && data_of(peer_.requests.size() - 1) == "two"; });
  end();
}

}  // namespace
}  // namespace windlass
