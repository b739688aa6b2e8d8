#pragma once
// What an operator changes: the end of a framework and of all that runs for it (mesos.md 5.9).

#include "api/routes.hpp"
#include "node/engine_port.hpp"

#include <vector>

namespace windlass {

// POST /teardown with frameworkId=ID as a form. REQUIRES: port outlives the route.
Route teardown_route(FrameworkPort& port);

// It, and POST /api/v1 of the master: TEARDOWN, and what is read with v1
// calls. REQUIRES: engine outlives the routes.
std::vector<Route> master_operator_routes(EnginePort& engine);

}  // namespace windlass
