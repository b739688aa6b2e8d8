#include "api/marathon/responses.hpp"
#include "api/marathon/v1_api.hpp"
#include "base/text.hpp"
#include "wire/marathon/v1.hpp"

#include <string_view>
#include <utility>

namespace windlass {
namespace {

using scheduler::World;
using WorldPtr = std::shared_ptr<const World>;

// In the words of 0.2.x, which shows ids without the slash.
HttpResponse refusal(const Error& error, const AppId& id) {
  if (error.code == Errc::conflict) {
    return message_response(422, "requirement failed: Already started app '" + v1_id(id) + "'");
  }
  if (error.code == Errc::not_found) return message_response(404, "Unknown app '" + v1_id(id) + "'");
  if (error.code == Errc::invalid && !error.where.empty()) return field_errors({{error.where, error.message}});
  return error_response(error);
}

asio::awaitable<HttpResponse> change(scheduler::Event event, AppId id, SchedulerPort& port) {
  auto waiting = port.submit(std::move(event));
  auto answer = co_await std::move(waiting);
  // No answer (the journal is blocked, the process ends), or an answer that is a refusal.
  if (!answer) co_return refusal(answer.error(), id);
  if (answer->error) co_return refusal(*answer->error, id);
  HttpResponse response = no_content();
  for (const std::string& warning : answer->warnings) add_warning(response, warning);
  co_return response;
}

// What is wrong with the request before its body's meaning is looked at.
template <class T>
std::optional<HttpResponse> refuse(const HttpRequest& request, const V1Read<T>& read) {
  if (auto refused = refuse_body_type(request)) return refused;
  if (read.malformed) return message_response(400, read.malformed->message);
  if (!read.errors.empty()) return field_errors(read.errors);
  return std::nullopt;
}

asio::awaitable<HttpResponse> start(RouteRequest request, SchedulerPort& port) {
  V1Read<App> read = read_v1_app(request.http.body);
  if (auto refused = refuse(request.http, read)) co_return std::move(*refused);
  scheduler::StartApp command;
  command.app = std::move(read.value);
  auto changing = change(command, command.app.id, port);
  auto response = co_await std::move(changing);
  co_return response;
}

asio::awaitable<HttpResponse> stop(RouteRequest request, SchedulerPort& port) {
  const V1Read<V1AppRef> read = read_v1_app_ref(request.http.body);
  if (auto refused = refuse(request.http, read)) co_return std::move(*refused);
  scheduler::StopApp command;
  command.id = read.value.id;
  auto changing = change(command, command.id, port);
  auto response = co_await std::move(changing);
  co_return response;
}

asio::awaitable<HttpResponse> scale(RouteRequest request, SchedulerPort& port) {
  const V1Read<V1Scale> read = read_v1_scale(request.http.body);
  if (auto refused = refuse(request.http, read)) co_return std::move(*refused);
  scheduler::ScaleApp command;
  command.id = read.value.id;
  command.instances = read.value.instances;
  auto changing = change(command, command.id, port);
  auto response = co_await std::move(changing);
  co_return response;
}

// The apps of which id and command contain those texts; null: any.
HttpResponse apps_with(const World& world, const std::string* id, const std::string* cmd) {
  std::vector<const App*> apps;
  for (const auto& [key, view] : world.apps) {
    const App& app = *view->app;
    // Both conditions must hold (marathon.md 1.3).
    const bool by_id = id == nullptr || contains_ignoring_case(v1_id(app.id), *id);
    const bool by_cmd = cmd == nullptr || contains_ignoring_case(app.cmd.value_or(""), *cmd);
    if (by_id && by_cmd) apps.push_back(&app);
  }
  return json_response(200, write_v1_apps(apps));
}

asio::awaitable<HttpResponse> list(RouteRequest request, SchedulerPort& port) {
  if (auto refused = refuse_accept(request.http)) co_return std::move(*refused);
  const WorldPtr world = port.world();
  co_return apps_with(*world, nullptr, nullptr);
}

asio::awaitable<HttpResponse> search(RouteRequest request, SchedulerPort& port) {
  if (auto refused = refuse_accept(request.http)) co_return std::move(*refused);
  const WorldPtr world = port.world();
  co_return apps_with(*world, find_query(request.http.query, "id"), find_query(request.http.query, "cmd"));
}

asio::awaitable<HttpResponse> tasks(RouteRequest request, SchedulerPort& port) {
  if (auto refused = refuse_accept(request.http)) co_return std::move(*refused);
  const WorldPtr world = port.world();
  const auto found = world->apps.find(app_id_from_v1(request.params.at("id")));
  // Without a body, as in 0.2.1 (marathon.md 1.3).
  if (found == world->apps.end()) co_return HttpResponse{.status = 404};
  V1AppTasks app{found->first};
  for (const auto& [key, instance] : found->second->instances) app.tasks.push_back(instance.get());
  co_return json_response(200, write_v1_app_tasks({app}));
}

}  // namespace

std::vector<Route> v1_app_routes(SchedulerPort& port) {
  const auto with = [&port](asio::awaitable<HttpResponse> (*handler)(RouteRequest, SchedulerPort&)) {
    return [handler, &port](RouteRequest request) { return handler(std::move(request), port); };
  };
  return {
      {"GET", "/v1/apps", with(list)},          {"POST", "/v1/apps/start", with(start)},
      {"POST", "/v1/apps/stop", with(stop)},    {"POST", "/v1/apps/scale", with(scale)},
      {"GET", "/v1/apps/search", with(search)}, {"GET", "/v1/apps/{id}/tasks", with(tasks)},
  };
}

}  // namespace windlass
