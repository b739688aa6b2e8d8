#pragma once
// What an operator changes: the end of a framework and of all that runs for it (mesos.md 5.9).

#include "api/routes.hpp"
#include "node/engine_port.hpp"

#include <vector>

namespace windlass {

// POST /teardown with frameworkId=ID as a form. REQUIRES: port outlives the route.
Route teardown_route(FrameworkPort& port);

// The same, and the master's POST /api/v1: TEARDOWN, and the calls that only read. REQUIRES: engine outlives the
// routes.
std::vector<Route> master_operator_routes(EnginePort& engine);

}  // namespace windlass
