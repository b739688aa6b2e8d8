#pragma once
// A client of one Mesos v1 API: a stream of events, and calls in their order on a second connection. Where the peer
// takes it, calls are sent before those ahead of them are answered.
//
//   waiting ──SUBSCRIBE──▶ subscribed ──stream ends, silence, resubscribe()──▶ waiting
//                └─ ApiUser::on_refused() says end: run() ends
//
// What tells the APIs apart is the user's: where the peer is, what its refusals mean, how long to wait. MesosLink and
// AgentLink are the two users. Used on the loop thread only.

#include "base/error.hpp"
#include "base/time.hpp"
#include "io/http/client.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

namespace windlass {

namespace asio = boost::asio;

struct ApiLinkSettings {
  std::string peer;                            // as log lines name it: "master", "agent"
  std::string path;                            // "/api/v1/scheduler"
  HttpHeaders headers = {};                    // of every request, besides those of the protocol
  bool has_stream_id = false;                  // the stream has an id, which the calls bear
  std::chrono::milliseconds silence_limit{0};  // between two pieces of the stream; 0: none
  // How many calls may wait for their answers. More than 1 only for users who never ask for a call to be sent again:
  // the peer may have taken those behind it already.
  std::size_t calls_in_flight_max = 1;
};

// An answer to SUBSCRIBE that is no stream of events.
struct ApiRefusal {
  int status = 0;  // 0: the address is not valid
  HttpHeaders headers = {};
  std::string text = {};
};

class ApiUser {
 public:
  enum class Next { again, elsewhere, end };  // elsewhere: address() is another one now
  enum class Call { done, again, resubscribe };

  virtual ~ApiUser() = default;
  // Of the next attempt: "host:port", and the SUBSCRIBE as protobuf.
  virtual std::string address() = 0;
  virtual std::string subscription() = 0;
  // One event. When it is SUBSCRIBED, the user calls mark_subscribed() before it sends anything.
  virtual void on_record(const std::string& record) = 0;
  // Errors of connections do not come here.
  virtual Next on_refused(const ApiRefusal& refusal) = 0;
  // The answer to the oldest call that has none yet. An error: nothing is known of the calls behind it either.
  virtual Call on_call_answer(const Result<HttpClientResponse>& answer) = 0;
  // The subscription has ended, or an attempt has failed.
  virtual void on_ended(bool was_subscribed) = 0;
  // How long to wait before the next attempt.
  virtual Duration next_wait() = 0;
};

class ApiLink {
 public:
  // REQUIRES: the user outlives the link.
  ApiLink(asio::any_io_executor loop, ApiLinkSettings settings, ApiUser& user);
  ~ApiLink();

  // Subscribes, again and again, until cancelled or at an end of the user's choice.
  [[nodiscard]] asio::awaitable<void> run();
  // Queues a call (protobuf). Dropped when not subscribed, and when the subscription ends before it was sent.
  void send(std::string call);
  // Ends this subscription; run() makes the next.
  void resubscribe();
  void mark_subscribed();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace windlass
