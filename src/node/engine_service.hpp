#pragma once
// The engine's shell: its journal, its runtime, the streams to frameworks and executors, the processes.

#include "agent/launcher.hpp"
#include "base/time.hpp"
#include "node/engine_port.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <memory>

namespace windlass {

namespace asio = boost::asio;

struct EngineOptions {
  std::string hostname;  // how others reach this machine
  std::uint16_t master_port = 5050;
  std::string resources = {};  // in Mesos' notation; what it does not name is measured
  std::string attributes = {};
  Duration executor_registration_timeout = std::chrono::minutes{1};
  Duration allocation_interval = std::chrono::seconds{1};
  ExecutorLauncher::Settings launcher = {};  // its ip is the master's, too
};

class EngineService : public EnginePort {
 public:
  // Opens <work_dir>/engine.db and loads what it holds. Errors: those of the journal; Errc::invalid for resources or
  // attributes that cannot be read, or when executors of an earlier start still run and call another address.
  [[nodiscard]] static Result<std::unique_ptr<EngineService>> open(asio::any_io_executor loop,
                                                                   const EngineOptions& options);

  // Begins: executors of an earlier run are watched again, the core hears Started. REQUIRES: called once.
  virtual void start() = 0;
  // Ends the loop. Executors and their containers live on.
  [[nodiscard]] virtual asio::awaitable<void> stop() = 0;
};

}  // namespace windlass
