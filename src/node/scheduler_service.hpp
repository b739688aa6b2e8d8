#pragma once
// The scheduler's shell: its journal, its runtime, the link to the master, and the picture that readers see.

#include "base/time.hpp"
#include "node/scheduler_port.hpp"
#include "scheduler/state.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <memory>

namespace windlass {

namespace asio = boost::asio;

struct SchedulerOptions {
  std::string work_dir;
  std::string master;    // host:port
  std::string hostname;  // how others reach this machine
  std::uint16_t http_port = 8080;
  std::string framework_name = "windlass";
  std::string user = {};  // whose the tasks are; empty: the user that runs Windlass
  Duration failover_timeout = std::chrono::seconds{604800};
  scheduler::Settings core = {};  // all but the functions, which the service knows
};

class SchedulerService : public SchedulerPort {
 public:
  // Opens <work_dir>/scheduler.db and loads what it holds. Errors: those of the journal.
  [[nodiscard]] static Result<std::unique_ptr<SchedulerService>> open(asio::any_io_executor loop,
                                                                      const SchedulerOptions& options);

  // Begins to subscribe to the master. REQUIRES: called once.
  virtual void start() = 0;
  // Ends link and loop. Tasks live on.
  [[nodiscard]] virtual asio::awaitable<void> stop() = 0;
};

}  // namespace windlass
