#pragma once
// The shell of a fleet: its journal, its runtime, the streams to frameworks.

#include "base/time.hpp"
#include "node/fleet_port.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace windlass {

namespace asio = boost::asio;

struct FleetOptions {
  std::string work_dir;
  std::string hostname;  // how others reach this machine
  std::string ip;        // of the master and of all agents
  std::uint16_t master_port = 5050;
  std::uint16_t agent_port = 5051;
  std::size_t agents = 1;
  std::string resources = {};  // of each, in Mesos' notation; cpus, mem and ports that it does not name are set
  std::string attributes = {};
  Duration task_delay = Duration::zero();
  Duration allocation_interval = std::chrono::seconds{1};
};

class FleetService : public FleetPort {
 public:
  // Opens <work_dir>/fleet.db and loads what it holds. Errors: those of the journal; Errc::invalid for resources or
  // attributes that cannot be read.
  [[nodiscard]] static Result<std::unique_ptr<FleetService>> open(asio::any_io_executor loop,
                                                                  const FleetOptions& options);

  // REQUIRES: called once.
  virtual void start() = 0;
  [[nodiscard]] virtual asio::awaitable<void> stop() = 0;
};

}  // namespace windlass
