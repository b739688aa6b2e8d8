#pragma once
// The scheduler's side of the Mesos v1 scheduler API. Subscribes again after random waits that grow, also when a call
// is refused or the master is silent; 307 leads to the leader. Used on the loop thread only.

#include "base/prng.hpp"
#include "model/scheduler_api.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <functional>
#include <memory>
#include <string>

namespace windlass {

namespace asio = boost::asio;

class MesosLink {
 public:
  struct Callbacks {
    // The SUBSCRIBE of this moment: with the framework id, if there is one.
    std::function<SchedulerCall()> subscription;
    std::function<void(SchedulerEvent event)> on_event;  // the first of a connection is events::Subscribed
    std::function<void()> on_disconnected;
  };

  // master: "host:port". `prng` chooses the waits; callbacks run on the loop and must outlive the link.
  MesosLink(asio::any_io_executor loop, std::string master, Prng& prng, Callbacks callbacks);
  ~MesosLink();

  // Connects, and connects again, until cancelled.
  [[nodiscard]] asio::awaitable<void> run();

  // Queues a call; dropped when not subscribed, and when the subscription ends before it was sent.
  void send(calls::Body body);
  // Ends this subscription; run() makes the next.
  void resubscribe();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace windlass
