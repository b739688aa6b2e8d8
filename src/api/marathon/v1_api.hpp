#pragma once
// Marathon's v1 routes as 0.2.x had them (marathon.md 1.3 to 1.5): a view of the apps and instances that we keep.

#include "api/routes.hpp"
#include "node/scheduler_port.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace windlass {

// REQUIRES (all): scheduler outlives the routes.

// /v1/apps, /v1/apps/start, stop, scale, search and /v1/apps/{id}/tasks.
std::vector<Route> v1_app_routes(SchedulerPort& scheduler);
// /v1/tasks and /v1/tasks/kill.
std::vector<Route> v1_task_routes(SchedulerPort& scheduler);
// /v1/endpoints and /v1/endpoints/{id}.
std::vector<Route> v1_endpoint_routes(SchedulerPort& scheduler);
// /v1/debug/isLeader and leaderUrl. `leader` is "host:port". And two of our own: /v1/debug/tasks, as /v1/tasks, with
// the state of each task; /v1/debug/waiting, the apps that miss instances, and what they wait for. ?appId=ID: of one.
std::vector<Route> v1_debug_routes(SchedulerPort& scheduler, const std::string& leader);

}  // namespace windlass
