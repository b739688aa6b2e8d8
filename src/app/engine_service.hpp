#pragma once
// The engine's shell: its journal, its runtime, the streams to frameworks and executors, the processes.

#include "api/engine_port.hpp"
#include "app/config.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <memory>

namespace windlass {

namespace asio = boost::asio;

class EngineService : public EnginePort {
 public:
  // Opens <work_dir>/engine.db and loads what it holds. Errors: those of the journal; Errc::invalid for resources or
  // attributes that cannot be read.
  [[nodiscard]] static Result<std::unique_ptr<EngineService>> open(asio::any_io_executor loop, const Config& config);

  // Begins: executors of an earlier run are watched again, the core hears Started. REQUIRES: called once.
  virtual void start() = 0;
  // Ends the loop. Executors and their containers live on.
  [[nodiscard]] virtual asio::awaitable<void> stop() = 0;
};

}  // namespace windlass
