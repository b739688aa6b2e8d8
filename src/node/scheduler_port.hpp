#pragma once
// What the API handlers need of the scheduler's runtime. Used on the loop thread only.

#include "base/error.hpp"
#include "scheduler/step.hpp"
#include "scheduler/world.hpp"

#include <boost/asio/awaitable.hpp>

#include <memory>

namespace windlass {

namespace asio = boost::asio;

class SchedulerPort {
 public:
  virtual ~SchedulerPort() = default;

  // Gives a StartApp, StopApp, ScaleApp or KillTasks to the core and waits for its Answer; what the core refuses is in
  // Answer.error. The request's number is filled in. Errors: Errc::timeout when the journal blocks (the command may
  // still take effect then).
  [[nodiscard]] virtual asio::awaitable<Result<scheduler::Answer>> submit(scheduler::Event event) = 0;

  // The newest picture; never null. It does not change, so it may be kept across a co_await.
  [[nodiscard]] virtual std::shared_ptr<const scheduler::World> world() const = 0;
};

}  // namespace windlass
