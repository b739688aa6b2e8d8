#pragma once
// The executor's side of the Mesos v1 executor API. Subscribes again by itself, after random waits up to the agent's
// maximum, for as long as it runs. Used on the loop thread only.

#include "base/prng.hpp"
#include "link/agent_environment.hpp"
#include "model/executor_api.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <functional>
#include <memory>
#include <string>

namespace windlass {

namespace asio = boost::asio;

class AgentLink {
 public:
  struct Callbacks {
    // What the SUBSCRIBE that is about to be sent carries.
    std::function<executor_calls::Subscribe()> subscription;
    std::function<void(ExecutorEvent event)> on_event;
    // The subscription has ended, or an attempt has failed.
    std::function<void()> on_disconnected;
    // The agent does not know us. run() has ended.
    std::function<void(std::string text)> on_refused;
  };

  AgentLink(asio::any_io_executor loop, const AgentEnvironment& agent, Prng& prng, Callbacks callbacks);
  ~AgentLink();

  // Subscribes and reads events, until cancelled or refused.
  [[nodiscard]] asio::awaitable<void> run();
  // Sends in order, each call until it is answered or the subscription ends. Dropped when not subscribed, because the
  // next subscription carries it.
  void send(executor_calls::Body body);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace windlass
