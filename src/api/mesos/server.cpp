#include "api/mesos/server.hpp"

#include "api/mesos/calls.hpp"
#include "api/mesos/fleet.hpp"
#include "api/mesos/operator.hpp"
#include "api/mesos/reader_route.hpp"
#include "api/mesos/reads.hpp"
#include "api/mesos/teardown.hpp"
#include "api/routes.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace windlass {
namespace {

constexpr const char* scheduler_path = "/api/v1/scheduler";
constexpr const char* master_process = "/master";

HttpResponse mesos_not_found(const HttpRequest&) { return mesos_text(404, "404 Not Found."); }

HttpResponse mesos_wrong_method(const HttpRequest& request, const std::string& allow) {
  return mesos_method_not_allowed(request.method, allow);
}

template <class Port>
Route call_route(const char* path, asio::awaitable<HttpResponse> (*call)(HttpRequest request, Port& port), Port& port) {
  return {"POST", path, [&port, call](RouteRequest request) { return call(std::move(request.http), port); }};
}

// As libprocess has it, each path is also served below the name of its process: "/slave(1)/state".
HttpHandler make_handler(std::vector<Route> routes, const std::string& process) {
  const std::size_t count = routes.size();
  routes.reserve(2 * count);
  // By index, and with the space reserved: the loop appends to what it reads.
  for (std::size_t i = 0; i < count; ++i) {
    routes.push_back({routes[i].method, process + routes[i].pattern, routes[i].handler});
  }
  auto table = std::make_shared<const Routes>(std::move(routes), mesos_not_found, mesos_wrong_method);
  return [table](HttpRequest request) { return table->serve(std::move(request)); };
}

}  // namespace

HttpHandler master_handler(EnginePort& engine) {
  std::vector<Route> routes = master_read_routes(engine);
  routes.push_back(call_route<FrameworkPort>(scheduler_path, serve_scheduler_call, engine));
  for (Route& route : master_operator_routes(engine)) routes.push_back(std::move(route));
  return make_handler(std::move(routes), master_process);
}

HttpHandler fleet_handler(FleetPort& fleet) {
  std::vector<Route> routes = fleet_read_routes(fleet);
  routes.push_back(call_route<FrameworkPort>(scheduler_path, serve_scheduler_call, fleet));
  routes.push_back(teardown_route(fleet));
  return make_handler(std::move(routes), master_process);
}

HttpHandler agent_handler(EnginePort& engine) {
  std::vector<Route> routes = agent_read_routes(engine);
  routes.push_back(call_route("/api/v1/executor", serve_executor_call, engine));
  routes.push_back(reader_route("POST", "/api/v1", serve_agent_call, engine));
  // Mesos' executor library calls /slave(1)/api/v1/executor, others /api/v1/executor (mesos.md 3.2).
  return make_handler(std::move(routes), "/slave(1)");
}

bool is_framework_call(const HttpRequest& request) {
  std::string_view path = request.path;
  if (path.starts_with(master_process)) path.remove_prefix(std::string_view{master_process}.size());
  // SUBSCRIBE may not have the id of a stream: it makes one.
  return request.method == "POST" && path == scheduler_path &&
         find_header(request.headers, "Mesos-Stream-Id") != nullptr;
}

}  // namespace windlass
