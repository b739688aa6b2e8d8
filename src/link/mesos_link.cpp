#include "link/mesos_link.hpp"

#include "base/url.hpp"
#include "io/http_client.hpp"
#include "io/log.hpp"
#include "io/nothrow.hpp"
#include "io/task_scope.hpp"
#include "link/outage.hpp"
#include "wire/mesos/codec.hpp"
#include "wire/mesos/recordio.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <chrono>
#include <deque>
#include <utility>

namespace windlass {
namespace {

using namespace std::chrono_literals;

constexpr auto master_answer_limit = 30s;
constexpr auto backoff_first = 100ms;
constexpr auto backoff_max = 10s;
constexpr auto silence_limit = 75s;  // five heartbeats of 15 s (mesos.md 1.8)
constexpr const char* scheduler_path = "/api/v1/scheduler";

HttpHeaders call_headers(const std::string& stream_id) {
  HttpHeaders headers{{"Content-Type", content_type(Encoding::protobuf)}, {"Accept", content_type(Encoding::protobuf)}};
  if (!stream_id.empty()) headers.emplace_back("Mesos-Stream-Id", stream_id);
  return headers;
}

// "//host:port/api/…" or "http://host:port/…" -> "host:port"; "" when it is neither.
std::string peer_of_location(const std::string& location) {
  const auto url = resolve_url(Url{}, location);
  return url && url->scheme == "http" && !url->host.empty() ? url->authority() : std::string{};
}

}  // namespace

struct MesosLink::Impl {
  Impl(asio::any_io_executor the_loop, std::string the_master, Prng& the_prng, Callbacks the_callbacks)
      : loop{the_loop},
        configured_master{std::move(the_master)},
        master{configured_master},
        prng{the_prng},
        callbacks{std::move(the_callbacks)},
        wake_sender{the_loop, std::chrono::steady_clock::time_point::max()},
        wait_timer{the_loop} {}

  asio::awaitable<void> run();
  asio::awaitable<void> subscribe_once();
  asio::awaitable<void> read_events();
  asio::awaitable<void> send_calls();
  asio::awaitable<bool> send_one(calls::Body body);
  void take(std::vector<std::string> records);
  void end_subscription();
  std::chrono::milliseconds next_wait();

  // Set once by the constructor.
  asio::any_io_executor loop;
  const std::string configured_master;
  std::string master;  // the leader, once we were sent to it
  Prng& prng;
  const Callbacks callbacks;

  Outage outage{"master"};

  // Of the current subscription.
  std::unique_ptr<HttpClient> events_client;
  std::unique_ptr<HttpClient> calls_client;
  StreamingResponse events;
  RecordDecoder decoder;
  std::string stream_id;
  FrameworkId framework_id;
  bool subscribed = false;
  bool wanted = false;  // false: the stream is to be ended

  std::deque<calls::Body> queue;
  asio::steady_timer wake_sender;
  asio::steady_timer wait_timer;
  std::chrono::milliseconds backoff{backoff_first};
};

std::chrono::milliseconds MesosLink::Impl::next_wait() {
  const auto wait = std::chrono::milliseconds{prng.below(static_cast<std::uint64_t>(backoff.count()) + 1)};
  backoff = std::min<std::chrono::milliseconds>(backoff * 2, backoff_max);
  return wait;
}

void MesosLink::Impl::end_subscription() {
  const bool was = std::exchange(subscribed, false);
  queue.clear();
  events.close();
  stream_id.clear();
  if (was) callbacks.on_disconnected();
}

void MesosLink::Impl::take(std::vector<std::string> records) {
  for (const std::string& record : records) {
    auto event = decode_scheduler_event(record, Encoding::protobuf);
    if (!event) {
      log_warning("event not understood", {{"error", to_string(event.error())}});
      continue;
    }
    if (const auto* first = std::get_if<events::Subscribed>(&*event)) {
      framework_id = first->framework_id;
      subscribed = true;
      backoff = backoff_first;
      outage.over();
      log_info("subscribed", {{"master", master}, {"framework", framework_id.value}});
    }
    callbacks.on_event(std::move(*event));
    if (!wanted) return;
  }
}

asio::awaitable<void> MesosLink::Impl::read_events() {
  while (wanted) {
    auto reading = events.read_some(silence_limit);
    auto bytes = co_await std::move(reading);
    if (!bytes) {
      outage.failed(master, to_string(bytes.error()));
      co_return;
    }
    if (bytes->empty()) {
      outage.failed(master, "the master has ended the stream");
      co_return;
    }
    auto records = decoder.feed(*bytes);
    if (!records) {
      outage.failed(master, to_string(records.error()));
      co_return;
    }
    take(std::move(*records));
  }
}

asio::awaitable<void> MesosLink::Impl::subscribe_once() {
  auto events_to = HttpClient::create(loop, master);
  auto calls_to = HttpClient::create(loop, master);
  if (!events_to || !calls_to) {
    log_error("no such master", {{"master", master}, {"error", to_string(events_to.error())}});
    co_return;
  }
  events_client = std::move(*events_to);
  calls_client = std::move(*calls_to);
  HttpClientRequest request{.method = "POST",
                            .target = scheduler_path,
                            .headers = call_headers({}),
                            .body = encode(callbacks.subscription(), Encoding::protobuf)};
  auto opening = events_client->open_stream(std::move(request), master_answer_limit);
  auto opened = co_await std::move(opening);
  if (!opened) {
    outage.failed(master, to_string(opened.error()));
    master = configured_master;
    co_return;
  }
  const std::string* location = find_header(opened->headers(), "Location");
  if (opened->status() == 307 && location != nullptr && !peer_of_location(*location).empty()) {
    master = peer_of_location(*location);
    log_info("following the leading master", {{"master", master}});
    co_return;
  }
  const std::string* id = find_header(opened->headers(), "Mesos-Stream-Id");
  if (opened->status() != 200 || id == nullptr) {
    outage.failed(master, "it answers SUBSCRIBE with status " + std::to_string(opened->status()));
    master = configured_master;
    co_return;
  }
  stream_id = *id;
  events = std::move(*opened);
  decoder = RecordDecoder{};
  wanted = true;
  auto reading = read_events();
  co_await std::move(reading);
  end_subscription();
}

asio::awaitable<void> MesosLink::Impl::run() {
  TaskScope scope{loop, [](const std::string& name, const std::exception_ptr& error) {
                    log_error("task failed", {{"task", name}, {"error", describe(error)}});
                  }};
  scope.spawn("mesos calls", send_calls());
  auto throwing = asio::this_coro::throw_if_cancelled(false);
  co_await throwing;
  while (true) {
    auto attempt = subscribe_once();
    co_await std::move(attempt);
    auto state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none) break;
    wait_timer.expires_after(next_wait());
    auto waited = co_await wait_timer.async_wait(nothrow);
    (void)waited;
  }
  end_subscription();
  scope.cancel_all();
  auto joined = scope.join();
  co_await std::move(joined);
}

// True when the master has taken it.
asio::awaitable<bool> MesosLink::Impl::send_one(calls::Body body) {
  HttpClientRequest request{.method = "POST",
                            .target = scheduler_path,
                            .headers = call_headers(stream_id),
                            .body = encode(SchedulerCall{framework_id, std::move(body)}, Encoding::protobuf)};
  auto sending = calls_client->request(std::move(request), master_answer_limit);
  auto response = co_await std::move(sending);
  if (!response) {
    log_warning("call failed", {{"error", to_string(response.error())}});
    co_return false;
  }
  if (response->status != 202 && response->status != 200) {
    log_warning("call refused", {{"status", response->status}, {"text", response->body}});
    co_return false;
  }
  co_return true;
}

asio::awaitable<void> MesosLink::Impl::send_calls() {
  while (true) {
    if (queue.empty() || !subscribed) {
      wake_sender.expires_at(std::chrono::steady_clock::time_point::max());
      auto woken = co_await wake_sender.async_wait(nothrow);
      (void)woken;
      continue;
    }
    calls::Body body = std::move(queue.front());
    queue.pop_front();
    const std::string stream = stream_id;
    auto sending = send_one(std::move(body));
    const bool taken = co_await std::move(sending);
    // What a refused call wanted is made again by the core after the next subscription.
    if (!taken && subscribed && stream == stream_id) {
      wanted = false;
      events.close();
    }
  }
}

MesosLink::MesosLink(asio::any_io_executor loop, std::string master, Prng& prng, Callbacks callbacks)
    : impl_{std::make_unique<Impl>(std::move(loop), std::move(master), prng, std::move(callbacks))} {}

MesosLink::~MesosLink() = default;

asio::awaitable<void> MesosLink::run() { return impl_->run(); }

void MesosLink::send(calls::Body body) {
  if (!impl_->subscribed) return;
  impl_->queue.push_back(std::move(body));
  impl_->wake_sender.cancel();
}

void MesosLink::resubscribe() {
  impl_->wanted = false;
  impl_->events.close();
}

}  // namespace windlass
