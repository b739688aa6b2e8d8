#pragma once
// The engine's two HTTP ports: the master's (5050) and the agent's (5051), each with the routes that Mesos has there.

#include "io/http/server.hpp"
#include "node/engine_port.hpp"
#include "node/fleet_port.hpp"

#include <cstdint>
#include <string>

namespace windlass {

// REQUIRES (both): engine outlives the handler.
HttpHandler master_handler(EnginePort& engine);
HttpHandler agent_handler(EnginePort& engine);

// The master's port of a fleet: the scheduler API, /health, /version, /state-summary and /metrics/snapshot.
// REQUIRES: fleet outlives the handler.
HttpHandler fleet_handler(FleetPort& fleet);

// For HttpServerOptions::may_overlap: a framework's calls besides SUBSCRIBE. Each is given to the core before its
// handler waits, so the core has them in their order, and one commit answers many.
bool is_framework_call(const HttpRequest& request);

}  // namespace windlass
