#pragma once
// What the Mesos API handlers need of the engine's runtime. Used on the loop thread only.

#include "engine/picture.hpp"
#include "engine/step.hpp"
#include "node/framework_port.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/thread_pool.hpp>

#include <memory>
#include <string>
#include <utility>

namespace windlass {

namespace asio = boost::asio;

// What readers get of the engine: nothing of it changes, so it may be kept and read on any thread.
class EngineView {
 public:
  EngineView(std::shared_ptr<const engine::Picture> picture, TimePoint started_at, TimePoint now, std::string work_dir)
      : picture_{std::move(picture)}, started_at_{started_at}, now_{now}, work_dir_{std::move(work_dir)} {}

  // Nothing that is not in the journal yet.
  [[nodiscard]] const engine::Picture& state() const { return *picture_; }
  [[nodiscard]] TimePoint started_at() const { return started_at_; }
  [[nodiscard]] TimePoint now() const { return now_; }
  // The folder of the sandboxes, absolute (agent/sandbox.hpp).
  [[nodiscard]] const std::string& work_dir() const { return work_dir_; }

 private:
  std::shared_ptr<const engine::Picture> picture_;
  TimePoint started_at_;
  TimePoint now_;
  std::string work_dir_;
};

class EnginePort : public FrameworkPort {
 public:
  using FrameworkPort::submit;
  // Waits for the core's answer to an UPDATE or MESSAGE of an executor.
  [[nodiscard]] virtual asio::awaitable<engine::Answer> submit(engine::ExecutorCallReceived call) = 0;
  // Likewise for SUBSCRIBE. After a 200 the events of this executor go to `stream`.
  [[nodiscard]] virtual asio::awaitable<engine::Answer> submit(engine::ExecutorSubscribe subscribe, StreamPtr stream,
                                                               Encoding encoding) = 0;

  // As of now.
  [[nodiscard]] virtual EngineView view() const = 0;
  // Where answers for readers are made: they may be long, and some read files. It outlives all calls.
  [[nodiscard]] virtual asio::thread_pool& readers() = 0;
};

}  // namespace windlass
