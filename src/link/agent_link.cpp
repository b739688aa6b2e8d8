#include "link/agent_link.hpp"

#include "io/log.hpp"
#include "link/api_link.hpp"
#include "wire/mesos/codec.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>
#include <variant>

namespace windlass {

namespace {

// On every call, not only the first (mesos.md 1.9).
HttpHeaders headers_of(const AgentEnvironment& agent) {
  if (agent.token.empty()) return {};
  return {{"Authorization", "Bearer " + agent.token}};
}

}  // namespace

struct AgentLink::Impl : ApiUser {
  Impl(asio::any_io_executor loop, const AgentEnvironment& the_agent, Prng& the_prng, Callbacks the_callbacks)
      : agent{the_agent},
        prng{the_prng},
        callbacks{std::move(the_callbacks)},
        link{std::move(loop), {.peer = "agent", .path = "/api/v1/executor", .headers = headers_of(agent)}, *this} {}

  [[nodiscard]] std::string encoded(executor_calls::Body body) const {
    return encode(ExecutorCall{agent.framework_id, agent.executor_id, std::move(body)}, Encoding::protobuf);
  }

  std::string address() override { return agent.endpoint; }
  std::string subscription() override { return encoded(callbacks.subscription()); }
  void on_record(const std::string& record) override {
    auto event = decode_executor_event(record, Encoding::protobuf);
    if (!event) {
      // Not a reason to end the stream: a newer agent may send what we do not know yet.
      log_warning("event of the agent not understood", {{"error", to_string(event.error())}});
      return;
    }
    if (std::holds_alternative<executor_events::Subscribed>(*event)) link.mark_subscribed();
    callbacks.on_event(std::move(*event));
  }
  // 400, 401 and 403 are about us: the agent does not know this executor, or does not believe its token, and will not
  // later either; 0 is an address that is none. Anything else (404, 503) an agent says while it starts (mesos.md 3.5).
  Next on_refused(const ApiRefusal& refusal) override {
    const int status = refusal.status;
    if (status != 0 && status != 400 && status != 401 && status != 403) return Next::again;
    callbacks.on_refused(refusal.text);
    return Next::end;
  }
  // An update that was not answered is sent again: the agent knows it by its uuid. One that is refused would be
  // refused again.
  Call on_call_answer(const Result<HttpClientResponse>& answer) override {
    if (!answer) {
      log_info("call to the agent failed", {{"error", answer.error().message}});
      return Call::again;
    }
    if (answer->status == 503) return Call::again;
    if (answer->status != 202) {
      // To resubscribe would not help: the next subscription would carry the same update, and the agent would refuse it
      // again.
      log_warning("call refused by the agent", {{"status", answer->status}, {"error", answer->body}});
    }
    return Call::done;
  }
  void on_ended(bool) override { callbacks.on_disconnected(); }
  // Random, so that the executors of a machine do not all come back at the same moment when its agent restarts. The
  // agent waits no longer than this maximum for them (mesos.md 3.5).
  Duration next_wait() override {
    const auto most = std::max<Duration::rep>(1, agent.subscription_backoff_max.count());
    return Duration{static_cast<Duration::rep>(prng.below(static_cast<std::uint64_t>(most)))};
  }

  const AgentEnvironment agent;
  Prng& prng;
  const Callbacks callbacks;
  ApiLink link;
};

AgentLink::AgentLink(asio::any_io_executor loop, const AgentEnvironment& agent, Prng& prng, Callbacks callbacks)
    : impl_{std::make_unique<Impl>(std::move(loop), agent, prng, std::move(callbacks))} {}
AgentLink::~AgentLink() = default;

asio::awaitable<void> AgentLink::run() { return impl_->link.run(); }

void AgentLink::send(executor_calls::Body body) { impl_->link.send(impl_->encoded(std::move(body))); }

}  // namespace windlass
