#include "api/mesos/teardown.hpp"

#include "api/mesos/calls.hpp"
#include "api/mesos/operator.hpp"
#include "api/mesos/reader_route.hpp"

#include <optional>
#include <string>
#include <utility>

namespace windlass {
namespace {

asio::awaitable<HttpResponse> tear_down(FrameworkId framework, FrameworkPort& port) {
  // A value with a name: g++ 12 destroys an aggregate twice that is made inside of a co_await.
  engine::FrameworkTeardown teardown{.framework_id = std::move(framework)};
  auto answer = co_await port.submit(std::move(teardown));
  if (!answer.text.empty()) co_return mesos_text(answer.status, answer.text);
  HttpResponse response;
  response.status = answer.status;
  co_return response;
}

asio::awaitable<HttpResponse> serve_teardown(RouteRequest request, FrameworkPort& port) {
  // A form, as in v0; curl -d sends nothing else without being told to (mesos.md 5.1).
  const auto form = parse_query(request.http.body);
  if (!form) co_return mesos_text(400, "Unable to decode query string: a percent code is broken");
  const std::string* id = find_query(*form, "frameworkId");
  if (id == nullptr) co_return mesos_text(400, "Missing 'frameworkId' query parameter");
  FrameworkId framework{*id};
  auto ending = tear_down(std::move(framework), port);
  auto response = co_await std::move(ending);
  co_return response;
}

// Most calls only read, and are answered beside the loop; a TEARDOWN goes through the core.
asio::awaitable<HttpResponse> serve_call(RouteRequest request, Route::Handler read, EnginePort& engine) {
  const auto torn = teardown_call(request.http);
  auto answering = torn ? tear_down(*torn, engine) : read(std::move(request));
  auto response = co_await std::move(answering);
  co_return response;
}

}  // namespace

Route teardown_route(FrameworkPort& port) {
  return {"POST", "/teardown", [&port](RouteRequest request) { return serve_teardown(std::move(request), port); }};
}

std::vector<Route> master_operator_routes(EnginePort& engine) {
  const Route read = reader_route("POST", "/api/v1", serve_master_call, engine);
  return {
      teardown_route(engine),
      {"POST", "/api/v1",
       [handler = read.handler, &engine](RouteRequest request) {
         return serve_call(std::move(request), handler, engine);
       }},
  };
}

}  // namespace windlass
