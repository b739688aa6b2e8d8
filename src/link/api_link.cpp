#include "link/api_link.hpp"

#include "io/http/pipeline.hpp"
#include "io/log.hpp"
#include "io/nothrow.hpp"
#include "io/task_scope.hpp"
#include "link/outage.hpp"
#include "wire/mesos/codec.hpp"
#include "wire/mesos/recordio.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <cstdint>
#include <deque>
#include <exception>
#include <utility>
#include <vector>

namespace windlass {

namespace {

using namespace std::chrono_literals;

// Also for the head of the stream; its events have their own limit, or none.
constexpr auto answer_limit = 30s;
constexpr auto resend_pause = 200ms;
constexpr std::size_t refusal_bytes_max = 4096;
constexpr std::size_t send_bytes_max = 256 * 1024;  // of calls that go out in one write; one alone may be larger
constexpr const char* stream_id_header = "Mesos-Stream-Id";

asio::awaitable<std::string> read_refusal(StreamingResponse& stream) {
  std::string text;
  while (text.size() < refusal_bytes_max) {
    auto reading = stream.read_some(answer_limit);
    auto bytes = co_await std::move(reading);
    if (!bytes || bytes->empty()) break;
    text += *bytes;
  }
  co_return text;
}

}  // namespace

struct ApiLink::Impl {
  Impl(asio::any_io_executor the_loop, ApiLinkSettings the_settings, ApiUser& the_user)
      : loop{the_loop},
        settings{std::move(the_settings)},
        user{the_user},
        outage{settings.peer},
        work{the_loop, asio::steady_timer::time_point::max()},
        answers{the_loop, asio::steady_timer::time_point::max()} {}

  using Next = ApiUser::Next;

  asio::awaitable<void> run();
  asio::awaitable<Next> attempt();
  asio::awaitable<void> read_events();
  asio::awaitable<void> send_calls();
  asio::awaitable<void> take_answers();
  asio::awaitable<void> take(Result<HttpClientResponse> answer);
  asio::awaitable<void> pause(std::chrono::nanoseconds time);
  Result<void> connect();
  Next refused(const ApiRefusal& refusal);
  void end_subscription();
  void resubscribe();
  void forget_calls();
  [[nodiscard]] HttpClientRequest request_with(std::string body) const;
  [[nodiscard]] std::size_t sendable() const;
  [[nodiscard]] std::vector<HttpClientRequest> take_sendable();

  // Set once by the constructor.
  const asio::any_io_executor loop;
  const ApiLinkSettings settings;
  ApiUser& user;

  Outage outage;
  std::exception_ptr failure;  // of the coroutines that send and take answers

  // Of the current attempt.
  std::string address;
  std::unique_ptr<HttpClient> events_client;
  std::shared_ptr<HttpPipeline> calls_client;
  StreamingResponse events;
  std::string stream_id;
  bool subscribed = false;
  bool wanted = false;  // false: the stream is to be ended

  std::deque<std::string> queue;   // of calls that are not answered; empty while not subscribed
  std::size_t sent = 0;            // so many of its first are sent
  std::uint64_t subscription = 0;  // which one the queue belongs to
  asio::steady_timer work;         // cancelled when there may be something to send
  asio::steady_timer answers;      // cancelled when answers are to come
};

HttpClientRequest ApiLink::Impl::request_with(std::string body) const {
  HttpClientRequest request{.method = "POST", .target = settings.path, .headers = settings.headers};
  // Exactly these values: Mesos compares Content-Type as a string, and prefers JSON where Accept admits it (mesos.md
  // 1.3).
  for (const char* name : {"Content-Type", "Accept"}) {
    request.headers.emplace_back(name, content_type(Encoding::protobuf));
  }
  if (!stream_id.empty()) request.headers.emplace_back(stream_id_header, stream_id);
  request.body = std::move(body);
  return request;
}

// Two connections, as Mesos' own client has them: calls on the one that carries the events would wait behind a response
// that never ends (mesos.md 1.2).
Result<void> ApiLink::Impl::connect() {
  address = user.address();
  auto events_to = HttpClient::create(loop, address, {.idle_connections_max = 0});
  if (!events_to) return events_to.error();
  auto calls_to = HttpPipeline::create(loop, address);
  if (!calls_to) return calls_to.error();
  if (calls_client) calls_client->close();  // whoever still waits for an answer there need not wait
  events_client = std::move(*events_to);
  calls_client = std::move(*calls_to);
  return {};
}

ApiUser::Next ApiLink::Impl::refused(const ApiRefusal& refusal) {
  // A leader elsewhere is no outage: the next attempt goes there.
  const Next next = user.on_refused(refusal);
  if (next == Next::elsewhere) return next;
  std::string text = refusal.text;
  if (refusal.status != 0) {
    text = "it answers SUBSCRIBE with status " + std::to_string(refusal.status) + (text.empty() ? "" : ": " + text);
  }
  outage.failed(address, text);
  return next;
}

asio::awaitable<void> ApiLink::Impl::read_events() {
  // A new decoder for each stream: half a record of the old one is worth nothing.
  RecordDecoder decoder;
  while (wanted) {
    auto reading = events.read_some(settings.silence_limit);
    auto bytes = co_await std::move(reading);
    // We have ended it ourselves: then there is nothing to tell.
    if (!wanted || (!bytes && bytes.error().code == Errc::cancelled)) co_return;
    if (!bytes || bytes->empty()) {
      outage.failed(address, bytes ? "it has ended the stream" : bytes.error().message);
      co_return;
    }
    auto records = decoder.feed(*bytes);
    if (!records) {
      outage.failed(address, to_string(records.error()));
      co_return;
    }
    for (const std::string& record : *records) {
      // The user may end the subscription at any record; those behind it belong to what is over.
      if (wanted) user.on_record(record);
    }
  }
}

asio::awaitable<ApiUser::Next> ApiLink::Impl::attempt() {
  auto connected = connect();
  if (!connected) co_return refused({.text = to_string(connected.error())});
  auto opening = events_client->open_stream(request_with(user.subscription()), answer_limit);
  auto opened = co_await std::move(opening);
  if (!opened) {
    outage.failed(address, opened.error().message);
    co_return Next::again;
  }
  const std::string* id = find_header(opened->headers(), stream_id_header);
  if (opened->status() != 200 || (settings.has_stream_id && id == nullptr)) {
    auto reading = read_refusal(*opened);
    auto text = co_await std::move(reading);
    co_return refused({opened->status(), opened->headers(), std::move(text)});
  }
  if (settings.has_stream_id) stream_id = *id;
  events = std::move(*opened);
  // The coroutines for calls may have failed while this one was connecting.
  wanted = !failure;
  auto reading = read_events();
  co_await std::move(reading);
  co_return Next::again;
}

// Calls of an ended subscription are dropped, not kept: the next subscription carries what is still open, or the user
// makes the calls anew from what is true by then.
void ApiLink::Impl::end_subscription() {
  subscribed = false;
  wanted = false;
  forget_calls();
  events.close();
  stream_id.clear();
}

// Only closes the stream. read_events() notices and run() goes on from there, so that there is one place where a
// subscription ends.
void ApiLink::Impl::resubscribe() {
  wanted = false;
  forget_calls();
  events.close();
}

void ApiLink::Impl::forget_calls() {
  queue.clear();
  sent = 0;
}

asio::awaitable<void> ApiLink::Impl::pause(std::chrono::nanoseconds time) {
  asio::steady_timer timer{loop, time};
  auto waited = co_await timer.async_wait(nothrow);
  static_cast<void>(waited);
}

asio::awaitable<void> ApiLink::Impl::run() {
  TaskScope scope{loop, [this](const std::string&, std::exception_ptr error) {
                    failure = std::move(error);
                    resubscribe();
                  }};
  scope.spawn("calls", send_calls());
  scope.spawn("answers to calls", take_answers());
  // A cancellation must not throw past the two coroutines: they use this object and are joined below.
  auto throwing = asio::this_coro::throw_if_cancelled(false);
  co_await throwing;
  while (!failure) {
    auto trying = attempt();
    const Next next = co_await std::move(trying);
    // Asked before end_subscription() forgets it.
    const bool was_subscribed = subscribed;
    end_subscription();
    if (next == Next::end) break;
    user.on_ended(was_subscribed);
    auto state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none) break;
    // A cancelled wait ends at once; the state is looked at again behind it.
    auto pausing = pause(user.next_wait());
    co_await std::move(pausing);
    auto waited = co_await asio::this_coro::cancellation_state;
    if (waited.cancelled() != asio::cancellation_type::none) break;
  }
  scope.cancel_all();
  auto joined = scope.join();
  co_await std::move(joined);
  if (failure) std::rethrow_exception(failure);
}

// How many calls may be sent now.
std::size_t ApiLink::Impl::sendable() const {
  if (!calls_client) return 0;
  // A peer that closes after each answer gets them one by one.
  const std::size_t most = calls_client->is_kept() ? settings.calls_in_flight_max : 1;
  return std::min(queue.size(), most) - std::min(sent, most);
}

std::vector<HttpClientRequest> ApiLink::Impl::take_sendable() {
  std::vector<HttpClientRequest> requests;
  std::size_t bytes = 0;
  for (std::size_t left = sendable(); left > 0; --left) {
    // Copied, not moved: a call stays in the queue until it is answered, because it may have to be sent again.
    bytes += queue[sent].size();
    if (!requests.empty() && bytes > send_bytes_max) break;
    requests.push_back(request_with(queue[sent++]));
  }
  return requests;
}

asio::awaitable<void> ApiLink::Impl::send_calls() {
  while (true) {
    if (sendable() == 0) {
      auto woken = co_await work.async_wait(nothrow);
      static_cast<void>(woken);
      continue;
    }
    const std::uint64_t mine = subscription;
    const auto client = calls_client;  // another attempt may take its place meanwhile
    auto sending = client->send(take_sendable(), answer_limit);
    // Before the wait: the reader is to take answers while the rest is sent.
    answers.cancel();
    auto outcome = co_await std::move(sending);
    // Nothing was sent, so read() will not say so; the failure is taken here.
    if (outcome || mine != subscription || sent == 0) continue;
    auto taking = take(outcome.error());
    co_await std::move(taking);
  }
}

asio::awaitable<void> ApiLink::Impl::take_answers() {
  while (true) {
    if (sent == 0) {
      auto woken = co_await answers.async_wait(nothrow);
      static_cast<void>(woken);
      continue;
    }
    const std::uint64_t mine = subscription;
    // connect() may replace it while we wait; the answer belongs to the old one.
    const auto client = calls_client;
    auto reading = client->read(answer_limit);
    auto answer = co_await std::move(reading);
    if (mine != subscription || sent == 0) continue;  // another subscription: nothing of ours is left
    auto taking = take(std::move(answer));
    co_await std::move(taking);
  }
}

// REQUIRES: a call was sent.
asio::awaitable<void> ApiLink::Impl::take(Result<HttpClientResponse> answer) {
  const std::uint64_t mine = subscription;
  switch (user.on_call_answer(answer)) {
    case ApiUser::Call::done:
      queue.pop_front();
      --sent;
      break;
    case ApiUser::Call::resubscribe: resubscribe(); break;
    case ApiUser::Call::again:
      auto pausing = pause(resend_pause);
      co_await std::move(pausing);
      // From the oldest on once more. Only users with one call in flight ask for this, so nothing is sent out of order.
      if (mine == subscription) sent = 0;
      break;
  }
  // An answer makes room for the next call.
  if (sendable() > 0) work.cancel();
}

ApiLink::ApiLink(asio::any_io_executor loop, ApiLinkSettings settings, ApiUser& user)
    : impl_{std::make_unique<Impl>(std::move(loop), std::move(settings), user)} {}
ApiLink::~ApiLink() = default;

asio::awaitable<void> ApiLink::run() { return impl_->run(); }

void ApiLink::send(std::string call) {
  // Mesos refuses calls before SUBSCRIBED with 403 (mesos.md 1.3).
  if (!impl_->subscribed || !impl_->wanted) return;
  impl_->queue.push_back(std::move(call));
  impl_->work.cancel();
}

void ApiLink::resubscribe() { impl_->resubscribe(); }

void ApiLink::mark_subscribed() {
  impl_->subscribed = true;
  ++impl_->subscription;
  impl_->outage.over();
}

}  // namespace windlass
