#pragma once
// The scheduler's shell: its journal, its runtime, the link to the master, and the picture that readers see.

#include "api/scheduler_port.hpp"
#include "app/config.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <memory>

namespace windlass {

namespace asio = boost::asio;

class SchedulerService : public SchedulerPort {
 public:
  // Opens <work_dir>/scheduler.db and loads what it holds. Errors: those of the journal.
  [[nodiscard]] static Result<std::unique_ptr<SchedulerService>> open(asio::any_io_executor loop, const Config& config);

  // Begins to subscribe to the master. REQUIRES: called once.
  virtual void start() = 0;
  // Ends link and loop. Tasks live on.
  [[nodiscard]] virtual asio::awaitable<void> stop() = 0;
};

}  // namespace windlass
