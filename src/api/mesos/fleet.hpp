#pragma once
// What operators read of a fleet: those of the master's reads whose answer is short however many agents there are.

#include "api/routes.hpp"
#include "node/fleet_port.hpp"

#include <vector>

namespace windlass {

// /health, /version, /state-summary (frameworks with their tasks by state; agents only as a number) and
// /metrics/snapshot. REQUIRES: fleet outlives the routes.
std::vector<Route> fleet_read_routes(FleetPort& fleet);

}  // namespace windlass
