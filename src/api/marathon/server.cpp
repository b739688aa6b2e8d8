#include "api/marathon/server.hpp"

#include "api/accept.hpp"
#include "api/marathon/metrics.hpp"
#include "api/marathon/responses.hpp"
#include "api/marathon/v1_api.hpp"
#include "api/routes.hpp"

#include <iterator>
#include <memory>
#include <utility>
#include <vector>

namespace windlass {
namespace {

constexpr const char* prometheus_type = "text/plain; version=0.0.4; charset=utf-8";

asio::awaitable<HttpResponse> ping(RouteRequest) {
  // Marathon's to the letter (marathon.md 1.3): load balancers ask for it.
  HttpResponse response = text_response(200, "pong\n");
  response.headers = {{"Cache-Control", "must-revalidate,no-cache,no-store"}, {"Access-Control-Allow-Origin", "*"}};
  co_return response;
}

HttpResponse prometheus(const scheduler::World& world) {
  HttpResponse response = text_response(200, metrics_prometheus(world));
  response.content_type = prometheus_type;
  return response;
}

asio::awaitable<HttpResponse> metrics(RouteRequest request, SchedulerPort& port) {
  const auto type = choose_type(find_header(request.http.headers, "accept"),
                                // JSON first: it is what a client without a wish gets. Prometheus asks for text.
                                {"application/json", "text/plain", "application/openmetrics-text"});
  const std::shared_ptr<const scheduler::World> world = port.world();
  if (!type) co_return message_response(406, "Not Acceptable: this is served as application/json and text/plain");
  if (*type != "application/json") co_return prometheus(*world);
  co_return json_response(200, metrics_json(*world));
}

asio::awaitable<HttpResponse> metrics_text(RouteRequest, SchedulerPort& port) {
  const std::shared_ptr<const scheduler::World> world = port.world();
  co_return prometheus(*world);
}

void append(std::vector<Route>& all, std::vector<Route> more) {
  all.insert(all.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

std::vector<Route> all_routes(SchedulerPort& port, const MarathonServerOptions& options) {
  std::vector<Route> routes{
      {"GET", "/ping", ping},
      {"GET", "/metrics", [&port](RouteRequest request) { return metrics(std::move(request), port); }},
      {"GET", "/metrics/prometheus", [&port](RouteRequest request) { return metrics_text(std::move(request), port); }},
  };
  append(routes, v1_app_routes(port));
  append(routes, v1_task_routes(port));
  append(routes, v1_endpoint_routes(port));
  append(routes, v1_debug_routes(port, options.hostname + ":" + std::to_string(options.port)));
  return routes;
}

}  // namespace

HttpHandler marathon_handler(SchedulerPort& scheduler, const MarathonServerOptions& options) {
  auto routes = std::make_shared<const Routes>(all_routes(scheduler, options), uri_not_found, method_not_allowed);
  return [routes](HttpRequest request) { return routes->serve(std::move(request)); };
}

}  // namespace windlass
