#pragma once
// What the handlers of the Mesos v1 scheduler API need of whoever serves it: the engine, or a fleet. Used on the loop
// thread only.

#include "engine/step.hpp"
#include "io/http/stream.hpp"
#include "wire/mesos/codec.hpp"

#include <boost/asio/awaitable.hpp>

namespace windlass {

namespace asio = boost::asio;

class FrameworkPort {
 public:
  virtual ~FrameworkPort() = default;

  // A new stream for a framework; `subscribe.stream` names it from now on. Its end is told to the core.
  virtual void open_framework_stream(engine::FrameworkSubscribe subscribe, StreamPtr stream, Encoding encoding) = 0;
  [[nodiscard]] virtual Uuid make_stream_id() = 0;

  // Waits for the core's answer to a scheduler call, or to an operator's TEARDOWN.
  [[nodiscard]] virtual asio::awaitable<engine::Answer> submit(engine::FrameworkCall call) = 0;
  [[nodiscard]] virtual asio::awaitable<engine::Answer> submit(engine::FrameworkTeardown call) = 0;
};

}  // namespace windlass
