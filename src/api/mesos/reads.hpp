#pragma once
// What operators and tools read of master and agent: /health, /version, /state, /files, metrics and the like
// (mesos.md 5).

#include "api/routes.hpp"
#include "node/engine_port.hpp"

#include <vector>

namespace windlass {

// REQUIRES (both): engine outlives the routes.
std::vector<Route> master_read_routes(EnginePort& engine);
std::vector<Route> agent_read_routes(EnginePort& engine);

}  // namespace windlass
