#include "api/mesos/fleet.hpp"

#include "api/mesos/views/server_json.hpp"
#include "base/text.hpp"
#include "fleet/step.hpp"
#include "model/resources.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace windlass {
namespace {

// Each is listed, also with no tasks: a reader need not ask whether a member is there.
constexpr TaskState told_states[] = {TaskState::staging,  TaskState::starting, TaskState::running, TaskState::killing,
                                     TaskState::finished, TaskState::failed,   TaskState::killed,  TaskState::error,
                                     TaskState::lost,     TaskState::dropped,  TaskState::gone};

std::uint64_t count_of(const fleet::FrameworkSummary& framework, TaskState state) {
  const auto found = framework.tasks.find(state);
  return found == framework.tasks.end() ? 0 : found->second;
}

std::string fleet_version_json(const fleet::Summary& fleet) {
  JsonWriter json;
  json.open('{');
  json.text("version", fleet.master.version);
  json.close('}');
  return json.take();
}

// Without the agents: a hundred thousand of them are no answer that anybody reads.
std::string fleet_summary_json(const fleet::Summary& fleet) {
  JsonWriter json;
  json.open('{');
  json.text("hostname", fleet.master.hostname);
  json.integer("activated_slaves", static_cast<std::int64_t>(fleet.agents));
  json.raw("slaves", "[]");
  json.open("frameworks", '[');
  for (const fleet::FrameworkSummary& framework : fleet.frameworks) {
    json.open('{');
    json.text("id", framework.info.id.value);
    json.text("name", framework.info.name);
    json.open("used_resources", '{');
    json.number("cpus", from_milli(framework.held.cpus));
    json.number("mem", from_milli(framework.held.mem));
    json.close('}');
    json.text("hostname", framework.info.hostname);
    json.text("webui_url", framework.info.webui_url);
    json.boolean("active", framework.active);
    json.boolean("connected", framework.active);
    for (const TaskState state : told_states) {
      json.integer(to_string(state), static_cast<std::int64_t>(count_of(framework, state)));
    }
    json.close('}');
  }
  json.close(']');
  json.close('}');
  return json.take();
}

std::string fleet_metrics_json(const fleet::Summary& fleet) {
  std::map<std::string, double> metrics{{"master/elected", 1},
                                        {"master/slaves_active", static_cast<double>(fleet.agents)},
                                        {"master/cpus_total", from_milli(fleet.total.cpus)},
                                        {"master/mem_total", from_milli(fleet.total.mem)},
                                        {"master/frameworks_active", 0},
                                        {"master/cpus_used", 0},
                                        {"master/mem_used", 0}};
  for (const TaskState state : told_states) {
    double& count = metrics["master/tasks_" + to_lower(std::string_view{to_string(state)}.substr(5))];
    for (const auto& framework : fleet.frameworks) count += static_cast<double>(count_of(framework, state));
  }
  for (const auto& framework : fleet.frameworks) {
    // A framework that is away still holds what its tasks use.
    if (framework.active) ++metrics["master/frameworks_active"];
    metrics["master/cpus_used"] += from_milli(framework.held.cpus);
    metrics["master/mem_used"] += from_milli(framework.held.mem);
  }
  return metrics_json(metrics);
}

Route fleet_route(const char* path, std::string (*read)(const fleet::Summary& fleet), FleetPort& port) {
  return {"GET", path, [read, &port](const RouteRequest&) {
            HttpResponse response;
            response.content_type = "application/json";
            response.body = read(*port.summary());
            return ready(std::move(response));
          }};
}

}  // namespace

std::vector<Route> fleet_read_routes(FleetPort& fleet) {
  return {{"GET", "/health", [](const RouteRequest&) { return ready(HttpResponse{}); }},
          fleet_route("/version", fleet_version_json, fleet),
          fleet_route("/state-summary", fleet_summary_json, fleet),
          fleet_route("/metrics/snapshot", fleet_metrics_json, fleet)};
}

}  // namespace windlass
