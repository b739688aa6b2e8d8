#include "link/mesos_link.hpp"

#include "base/url.hpp"
#include "io/log.hpp"
#include "link/api_link.hpp"
#include "wire/mesos/codec.hpp"

#include <algorithm>
#include <chrono>
#include <utility>
#include <variant>

namespace windlass {

namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds backoff_first = 100ms;
constexpr std::chrono::milliseconds backoff_max = 10s;
// Launches come in bursts, and a call waits for its answer a round trip: one by one, that would be the limit.
constexpr std::size_t calls_in_flight_max = 256;
constexpr auto silence_limit = 75s;  // five heartbeats of 15 s (mesos.md 1.8)

// Mesos sends the first form, its documentation shows the second (mesos.md 1.7).
// "//host:port/api/…" or "http://host:port/…" -> "host:port"; "" when it is neither.
std::string peer_of_location(const std::string& location) {
  const auto url = resolve_url(Url{}, location);
  return url && url->scheme == "http" && !url->host.empty() ? url->authority() : std::string{};
}

}  // namespace

struct MesosLink::Impl : ApiUser {
  Impl(asio::any_io_executor loop, std::string the_master, Prng& the_prng, Callbacks the_callbacks)
      : configured_master{std::move(the_master)},
        master{configured_master},
        prng{the_prng},
        callbacks{std::move(the_callbacks)},
        link{std::move(loop),
             {.peer = "master",
              .path = "/api/v1/scheduler",
              .has_stream_id = true,
              .silence_limit = silence_limit,
              .calls_in_flight_max = calls_in_flight_max},
             *this} {}

  std::string address() override { return master; }
  std::string subscription() override { return encode(callbacks.subscription(), Encoding::protobuf); }
  void on_record(const std::string& record) override {
    auto event = decode_scheduler_event(record, Encoding::protobuf);
    if (!event) {
      log_warning("event not understood", {{"error", to_string(event.error())}});
      return;
    }
    if (const auto* first = std::get_if<events::Subscribed>(&*event)) {
      framework_id = first->framework_id;
      // Only now, not when the connection stands: a master that accepts connections but refuses us is left in peace.
      backoff = backoff_first;
      link.mark_subscribed();
      log_info("subscribed", {{"master", master}, {"framework", framework_id.value}});
    }
    callbacks.on_event(std::move(*event));
  }
  Next on_refused(const ApiRefusal& refusal) override {
    const std::string* location = find_header(refusal.headers, "Location");
    // 503 is what a master says that knows of no leader: then there is nothing to follow.
    const std::string leader = refusal.status == 307 && location != nullptr ? peer_of_location(*location) : "";
    if (leader.empty()) return Next::again;
    log_info("following the leading master", {{"master", leader}});
    master = leader;
    sent_on = true;
    return Next::elsewhere;
  }
  // 202 says only that the call was understood; what became of it comes as an event (mesos.md 1.3).
  // What a refused call wanted is made again by the core after the next subscription.
  Call on_call_answer(const Result<HttpClientResponse>& answer) override {
    if (!answer) {
      log_warning("call failed", {{"error", to_string(answer.error())}});
      return Call::resubscribe;
    }
    if (answer->status == 202 || answer->status == 200) return Call::done;
    log_warning("call refused", {{"status", answer->status}, {"text", answer->body}});
    return Call::resubscribe;
  }
  void on_ended(bool was_subscribed) override {
    if (was_subscribed) callbacks.on_disconnected();
    // The leader that we were sent to may lead no more.
    // Not at once, though: the attempt that followed the redirect has to be made first.
    if (!was_subscribed && !std::exchange(sent_on, false)) master = configured_master;
  }
  Duration next_wait() override {
    // Random between 0 and a bound that grows: after an election every framework of the cluster comes to the new
    // master.
    const auto wait = std::chrono::milliseconds{prng.below(static_cast<std::uint64_t>(backoff.count()) + 1)};
    backoff = std::min(backoff * 2, backoff_max);
    return wait;
  }

  const std::string configured_master;
  std::string master;    // the leader, once we were sent to it
  bool sent_on = false;  // by the attempt that has just ended
  Prng& prng;
  const Callbacks callbacks;
  FrameworkId framework_id;  // of the current subscription
  std::chrono::milliseconds backoff{backoff_first};
  ApiLink link;
};

MesosLink::MesosLink(asio::any_io_executor loop, std::string master, Prng& prng, Callbacks callbacks)
    : impl_{std::make_unique<Impl>(std::move(loop), std::move(master), prng, std::move(callbacks))} {}
MesosLink::~MesosLink() = default;

asio::awaitable<void> MesosLink::run() { return impl_->link.run(); }

void MesosLink::send(calls::Body body) {
  impl_->link.send(encode(SchedulerCall{impl_->framework_id, std::move(body)}, Encoding::protobuf));
}

void MesosLink::resubscribe() { impl_->link.resubscribe(); }

}  // namespace windlass
