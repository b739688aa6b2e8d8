#include "api/marathon/responses.hpp"
#include "api/marathon/v1_api.hpp"
#include "base/text.hpp"
#include "node/wait_log.hpp"
#include "wire/marathon/v1.hpp"

#include <utility>

namespace windlass {
namespace {

// Points into `world`.
std::vector<V1AppTasks> tasks_of_apps(const scheduler::World& world, const std::optional<AppId>& only) {
  std::vector<V1AppTasks> apps;
  for (const auto& [id, view] : world.apps) {
    if (only && *only != id) continue;
    V1AppTasks app{id};
    for (const auto& [key, instance] : view->instances) app.tasks.push_back(instance.get());
    apps.push_back(std::move(app));
  }
  return apps;
}

asio::awaitable<HttpResponse> list(RouteRequest request, SchedulerPort& port) {
  if (auto refused = refuse_accept(request.http)) co_return std::move(*refused);
  const std::shared_ptr<const scheduler::World> world = port.world();
  co_return json_response(200, write_v1_app_tasks(tasks_of_apps(*world, std::nullopt)));
}

std::optional<std::string> query_value(const HttpRequest& request, const char* name) {
  const std::string* value = find_query(request.query, name);
  if (value == nullptr) return std::nullopt;
  return *value;
}

// appId alone chooses no task and kills nothing: the answer is an empty list (marathon.md 1.3).
asio::awaitable<HttpResponse> kill(RouteRequest request, SchedulerPort& port) {
  const auto app = query_value(request.http, "appId");
  if (!app || app->empty()) co_return field_errors({{"appId", "may not be empty"}});
  scheduler::KillTasks command;
  command.app = app_id_from_v1(*app);
  command.host = query_value(request.http, "host");
  command.task_id = query_value(request.http, "id");
  command.scale = equal_ignoring_case(query_value(request.http, "scale").value_or(""), "true");
  auto waiting = port.submit(command);
  auto answer = co_await std::move(waiting);
  if (!answer) co_return error_response(answer.error());
  if (answer->error && answer->error->code == Errc::not_found) {
    co_return message_response(404, "Unknown app '" + *app + "'");
  }
  if (answer->error) co_return error_response(*answer->error);
  std::vector<const Instance*> killed;
  for (const Instance& instance : answer->killed) killed.push_back(&instance);
  co_return json_response(200, write_v1_tasks(killed));
}

asio::awaitable<HttpResponse> states(RouteRequest request, SchedulerPort& port) {
  if (auto refused = refuse_accept(request.http)) co_return std::move(*refused);
  const std::shared_ptr<const scheduler::World> world = port.world();
  const auto id = query_value(request.http, "appId");
  const auto apps = tasks_of_apps(*world, id ? std::optional{app_id_from_v1(*id)} : std::nullopt);
  // An app without tasks is in the list, with none.
  if (id && apps.empty()) co_return message_response(404, "Unknown app '" + *id + "'");
  co_return json_response(200, write_app_task_states(apps));
}

asio::awaitable<HttpResponse> waits(RouteRequest request, SchedulerPort& port) {
  if (auto refused = refuse_accept(request.http)) co_return std::move(*refused);
  const std::shared_ptr<const scheduler::World> world = port.world();
  const auto id = query_value(request.http, "appId");
  if (id && world->apps.get(app_id_from_v1(*id)) == nullptr) {
    co_return message_response(404, "Unknown app '" + *id + "'");
  }
  std::vector<AppWait> apps;
  for (const auto& [app, since] : world->waiting) {
    if (id && app != app_id_from_v1(*id)) continue;
    const auto report = scheduler::wait_report(*world, app);
    if (!report) continue;
    apps.push_back({.app = app,
                    .since = since,
                    .missing = report->missing,
                    .delayed_until = report->delayed_until,
                    .funnel = report->funnel,
                    .reason = wait_reason(*world, *report)});
  }
  co_return json_response(200, write_app_waits(apps));
}

// There is one scheduler, and it leads.
asio::awaitable<HttpResponse> is_leader(RouteRequest) { co_return json_response(200, "true"); }

asio::awaitable<HttpResponse> leader_url(RouteRequest, std::string leader) { co_return text_response(200, leader); }

}  // namespace

std::vector<Route> v1_task_routes(SchedulerPort& port) {
  return {
      {"GET", "/v1/tasks", [&port](RouteRequest request) { return list(std::move(request), port); }},
      {"POST", "/v1/tasks/kill", [&port](RouteRequest request) { return kill(std::move(request), port); }},
  };
}

std::vector<Route> v1_debug_routes(SchedulerPort& port, const std::string& leader) {
  return {
      {"GET", "/v1/debug/tasks", [&port](RouteRequest request) { return states(std::move(request), port); }},
      {"GET", "/v1/debug/waiting", [&port](RouteRequest request) { return waits(std::move(request), port); }},
      {"GET", "/v1/debug/isLeader", is_leader},
      {"GET", "/v1/debug/leaderUrl", [leader](RouteRequest request) { return leader_url(std::move(request), leader); }},
  };
}

}  // namespace windlass
