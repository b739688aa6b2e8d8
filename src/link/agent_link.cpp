#include "link/agent_link.hpp"

#include "io/http_client.hpp"
#include "io/log.hpp"
#include "io/nothrow.hpp"
#include "link/outage.hpp"
#include "wire/mesos/codec.hpp"
#include "wire/mesos/recordio.hpp"

#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <chrono>
#include <deque>
#include <utility>

namespace windlass {

namespace {

using namespace std::chrono_literals;

constexpr auto agent_answer_limit = 30s;
constexpr auto resend_pause = 200ms;
constexpr const char* path = "/api/v1/executor";
constexpr std::size_t refusal_bytes_max = 4096;

}  // namespace

struct AgentLink::Impl {
  Impl(asio::any_io_executor the_loop, const AgentEnvironment& the_agent, Prng& the_prng, Callbacks the_callbacks)
      : loop{the_loop},
        agent{the_agent},
        prng{the_prng},
        callbacks{std::move(the_callbacks)},
        work{the_loop, asio::steady_timer::time_point::max()} {}

  enum class Attempt { ended, refused };

  asio::awaitable<Attempt> subscribe();
  asio::awaitable<void> read_events();
  asio::awaitable<bool> send_front();
  asio::awaitable<void> pause(std::chrono::nanoseconds time);
  asio::awaitable<std::string> read_refusal(StreamingResponse& stream);
  [[nodiscard]] HttpClientRequest request_with(executor_calls::Body body) const;
  void take(const std::vector<std::string>& records);

  // Set once by the constructor.
  asio::any_io_executor loop;
  const AgentEnvironment agent;
  Prng& prng;
  const Callbacks callbacks;

  std::unique_ptr<HttpClient> events_client;
  std::unique_ptr<HttpClient> calls_client;
  StreamingResponse events;
  RecordDecoder decoder;
  bool subscribed = false;

  std::deque<executor_calls::Body> queue;  // empty while not subscribed
  Outage outage{"agent"};
  std::uint64_t subscription = 0;  // which one the queue belongs to
  asio::steady_timer work;         // cancelled when the queue gets something
};

HttpClientRequest AgentLink::Impl::request_with(executor_calls::Body body) const {
  const ExecutorCall call{agent.framework_id, agent.executor_id, std::move(body)};
  HttpClientRequest request{.method = "POST", .target = path};
  request.headers = {{"Content-Type", content_type(Encoding::protobuf)}, {"Accept", content_type(Encoding::protobuf)}};
  if (!agent.token.empty()) request.headers.emplace_back("Authorization", "Bearer " + agent.token);
  request.body = encode(call, Encoding::protobuf);
  return request;
}

void AgentLink::Impl::take(const std::vector<std::string>& records) {
  for (const std::string& record : records) {
    auto event = decode_executor_event(record, Encoding::protobuf);
    if (!event) {
      log_warning("event of the agent not understood", {{"error", to_string(event.error())}});
      continue;
    }
    if (std::holds_alternative<executor_events::Subscribed>(*event)) {
      subscribed = true;
      outage.over();
      ++subscription;
    }
    callbacks.on_event(std::move(*event));
  }
}

asio::awaitable<void> AgentLink::Impl::read_events() {
  while (true) {
    auto reading = events.read_some();
    auto bytes = co_await std::move(reading);
    if (!bytes || bytes->empty()) {
      // We have ended it ourselves: then there is nothing to tell.
      const bool ours = !bytes && bytes.error().code == Errc::cancelled;
      if (!ours) outage.failed(agent.endpoint, bytes ? "it has ended the stream" : to_string(bytes.error()));
      co_return;
    }
    auto records = decoder.feed(*bytes);
    if (!records) {
      outage.failed(agent.endpoint, to_string(records.error()));
      co_return;
    }
    take(*records);
  }
}

asio::awaitable<std::string> AgentLink::Impl::read_refusal(StreamingResponse& stream) {
  std::string text;
  while (text.size() < refusal_bytes_max) {
    auto reading = stream.read_some(agent_answer_limit);
    auto bytes = co_await std::move(reading);
    if (!bytes || bytes->empty()) break;
    text += *bytes;
  }
  co_return text;
}

asio::awaitable<AgentLink::Impl::Attempt> AgentLink::Impl::subscribe() {
  auto opening = events_client->open_stream(request_with(callbacks.subscription()), agent_answer_limit);
  auto opened = co_await std::move(opening);
  if (!opened) {
    outage.failed(agent.endpoint, opened.error().message);
    co_return Attempt::ended;
  }
  const int status = opened->status();
  if (status != 200) {
    auto reading = read_refusal(*opened);
    const auto text = co_await std::move(reading);
    outage.failed(agent.endpoint, "it answers SUBSCRIBE with status " + std::to_string(status) + ": " + text);
    // 400, 401 and 403 are about us; anything else (404, 503) an agent says while it starts.
    if (status != 400 && status != 401 && status != 403) co_return Attempt::ended;
    callbacks.on_refused(text);
    co_return Attempt::refused;
  }
  events = std::move(*opened);
  decoder = RecordDecoder{};
  auto reading = read_events();
  co_await std::move(reading);
  co_return Attempt::ended;
}

asio::awaitable<void> AgentLink::Impl::pause(std::chrono::nanoseconds time) {
  asio::steady_timer timer{loop, time};
  auto waited = co_await timer.async_wait(nothrow);
  static_cast<void>(waited);
}

// True when the front is done with: answered, or not wanted any more.
asio::awaitable<bool> AgentLink::Impl::send_front() {
  const std::uint64_t mine = subscription;
  auto asking = calls_client->request(request_with(queue.front()), agent_answer_limit);
  auto answer = co_await std::move(asking);
  if (mine != subscription || queue.empty()) co_return false;  // another subscription: nothing of ours is left
  if (!answer) {
    log_info("call to the agent failed", {{"error", answer.error().message}});
    co_return false;
  }
  if (answer->status == 503) co_return false;
  if (answer->status != 202) {
    log_warning("call refused by the agent", {{"status", answer->status}, {"error", answer->body}});
  }
  co_return true;
}

AgentLink::AgentLink(asio::any_io_executor loop, const AgentEnvironment& agent, Prng& prng, Callbacks callbacks)
    : impl_{std::make_unique<Impl>(std::move(loop), agent, prng, std::move(callbacks))} {}
AgentLink::~AgentLink() = default;

asio::awaitable<void> AgentLink::run() {
  Impl& impl = *impl_;
  auto events_to = HttpClient::create(impl.loop, impl.agent.endpoint, {.idle_connections_max = 0});
  auto calls_to = HttpClient::create(impl.loop, impl.agent.endpoint, {.idle_connections_max = 1});
  if (!events_to || !calls_to) {
    impl.callbacks.on_refused(to_string(events_to.error()));
    co_return;
  }
  impl.events_client = std::move(*events_to);
  impl.calls_client = std::move(*calls_to);
  while (true) {
    auto attempt = impl.subscribe();
    const auto outcome = co_await std::move(attempt);
    impl.events.close();
    impl.subscribed = false;
    impl.queue.clear();
    if (outcome == Impl::Attempt::refused) co_return;
    impl.callbacks.on_disconnected();
    const auto most =
        static_cast<std::uint64_t>(std::max<Duration::rep>(1, impl.agent.subscription_backoff_max.count()));
    auto pausing = impl.pause(std::chrono::nanoseconds{impl.prng.below(most)});
    co_await std::move(pausing);
  }
}

asio::awaitable<void> AgentLink::run_sender() {
  Impl& impl = *impl_;
  while (true) {
    if (impl.queue.empty()) {
      auto waited = co_await impl.work.async_wait(nothrow);
      static_cast<void>(waited);
      continue;
    }
    auto sending = impl.send_front();
    const bool done = co_await std::move(sending);
    if (done) {
      impl.queue.pop_front();
    } else {
      auto pausing = impl.pause(resend_pause);
      co_await std::move(pausing);
    }
  }
}

void AgentLink::send(executor_calls::Body body) {
  if (!impl_->subscribed) return;
  impl_->queue.push_back(std::move(body));
  impl_->work.cancel();
}

}  // namespace windlass
