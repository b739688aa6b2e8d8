#pragma once
// What the Mesos API handlers need of the engine's runtime. Used on the loop thread only.

#include "engine/step.hpp"
#include "io/http_stream.hpp"
#include "wire/mesos/codec.hpp"

#include <boost/asio/awaitable.hpp>

#include <memory>
#include <string>

namespace windlass {

namespace asio = boost::asio;

class EnginePort {
 public:
  virtual ~EnginePort() = default;

  // A new stream for a framework; `subscribe.stream` names it from now on. Its end is told to the core.
  virtual void open_framework_stream(engine::FrameworkSubscribe subscribe, StreamPtr stream, Encoding encoding) = 0;
  [[nodiscard]] virtual Uuid make_stream_id() = 0;

  // Waits for the core's answer to a scheduler call, or to an UPDATE or MESSAGE of an executor.
  [[nodiscard]] virtual asio::awaitable<engine::Answer> submit(engine::FrameworkCall call) = 0;
  [[nodiscard]] virtual asio::awaitable<engine::Answer> submit(engine::ExecutorCallReceived call) = 0;
  // Likewise for SUBSCRIBE. After a 200 the events of this executor go to `stream`.
  [[nodiscard]] virtual asio::awaitable<engine::Answer> submit(engine::ExecutorSubscribe subscribe, StreamPtr stream,
                                                               Encoding encoding) = 0;

  // The state between two steps. Not to be kept across a co_await.
  [[nodiscard]] virtual const engine::State& state() const = 0;
  [[nodiscard]] virtual TimePoint started_at() const = 0;
  [[nodiscard]] virtual TimePoint now() const = 0;
  // The folder of the sandboxes, absolute (agent/sandbox.hpp).
  [[nodiscard]] virtual const std::string& work_dir() const = 0;
};

}  // namespace windlass
