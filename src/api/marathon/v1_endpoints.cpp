#include "api/accept.hpp"
#include "api/marathon/responses.hpp"
#include "api/marathon/v1_api.hpp"
#include "wire/marathon/v1.hpp"

#include <utility>

namespace windlass {
namespace {

// Only those that answer: nobody is sent to an instance that is still being fetched, or that fails its checks.
V1Endpoints endpoints_of(const scheduler::AppView& view) {
  V1Endpoints endpoints{.app = view.app.get()};
  for (const auto& [key, instance] : view.instances) {
    const bool serves = instance->condition == Condition::running && instance->healthy.value_or(true);
    if (serves) endpoints.instances.push_back(instance.get());
  }
  return endpoints;
}

// Text comes first: it is what clients without a wish get.
std::optional<std::string> wanted_type(const HttpRequest& request) {
  return choose_type(find_header(request.headers, "accept"), {"text/plain", "application/json"});
}

HttpResponse not_acceptable() {
  return message_response(406, "Not Acceptable: this is served as text/plain and application/json");
}

asio::awaitable<HttpResponse> list(RouteRequest request, SchedulerPort& port) {
  const auto type = wanted_type(request.http);
  if (!type) co_return not_acceptable();
  const std::shared_ptr<const scheduler::World> world = port.world();
  std::vector<V1Endpoints> all;
  for (const auto& [id, view] : world->apps) all.push_back(endpoints_of(*view));
  if (*type == "text/plain") co_return text_response(200, v1_endpoints_text(all));
  co_return json_response(200, write_v1_endpoints(all));
}

asio::awaitable<HttpResponse> one(RouteRequest request, SchedulerPort& port) {
  const auto type = wanted_type(request.http);
  if (!type) co_return not_acceptable();
  const std::shared_ptr<const scheduler::World> world = port.world();
  const auto found = world->apps.find(app_id_from_v1(request.params.at("id")));
  if (found == world->apps.end()) co_return HttpResponse{.status = 404};
  const V1Endpoints endpoints = endpoints_of(*found->second);
  // Text for one app, too: load balancers' scripts read lines (marathon.md 1.4).
  if (*type == "text/plain") co_return text_response(200, v1_endpoints_text({endpoints}));
  co_return json_response(200, write_v1_endpoint(endpoints));
}

}  // namespace

std::vector<Route> v1_endpoint_routes(SchedulerPort& port) {
  return {
      {"GET", "/v1/endpoints", [&port](RouteRequest request) { return list(std::move(request), port); }},
      {"GET", "/v1/endpoints/{id...}", [&port](RouteRequest request) { return one(std::move(request), port); }},
  };
}

}  // namespace windlass
