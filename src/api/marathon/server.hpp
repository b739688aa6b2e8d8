#pragma once
// The scheduler's HTTP port: Marathon's API, /ping and /metrics.

#include "io/http/server.hpp"
#include "node/scheduler_port.hpp"

#include <cstdint>
#include <string>

namespace windlass {

struct MarathonServerOptions {
  std::string hostname = "localhost";  // where this port is reached; /v1/debug/leaderUrl shows it
  std::uint16_t port = 8080;
};

// REQUIRES: scheduler outlives the handler.
HttpHandler marathon_handler(SchedulerPort& scheduler, const MarathonServerOptions& options);

}  // namespace windlass
