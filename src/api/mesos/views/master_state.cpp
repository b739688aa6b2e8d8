#include "api/mesos/views/master_state.hpp"

#include "api/mesos/views/agent_json.hpp"
#include "api/mesos/views/frameworks_json.hpp"
#include "api/mesos/views/resources_json.hpp"
#include "api/mesos/views/server_json.hpp"
#include "api/mesos/views/tasks_json.hpp"
#include "api/mesos/views/views.hpp"

#include <algorithm>
#include <charconv>
#include <vector>

namespace windlass {

namespace {

using engine::Picture;

// As Mesos (mesos.md 5.4).
constexpr std::size_t tasks_limit_default = 100;

void write_leader(JsonWriter& json, const MasterInfo& master) {
  const std::string pid = address("master", master.ip, master.port);
  json.text("leader", pid);
  json.open("leader_info", '{');
  json.text("id", master.id);
  json.text("pid", pid);
  json.integer("port", master.port);
  json.text("hostname", master.hostname);
  json.close('}');
}

// What is no number counts as not given.
std::size_t number_or(const HttpQuery& query, std::string_view name, std::size_t otherwise) {
  const std::string* text = find_query(query, name);
  std::size_t number = 0;
  if (text == nullptr) return otherwise;
  const auto parsed = std::from_chars(text->data(), text->data() + text->size(), number);
  return parsed.ec == std::errc{} && parsed.ptr == text->data() + text->size() ? number : otherwise;
}

// Tasks without a status count as the oldest.
TimePoint first_time(const TaskRecord& task) {
  const bool known = !task.statuses.empty() && task.statuses.front().timestamp;
  return known ? *task.statuses.front().timestamp : TimePoint{};
}

}  // namespace

std::string master_state_json(const EngineView& engine) {
  const Picture& state = engine.state();
  const Cluster cluster{state};
  const MasterInfo master = master_info(state);
  JsonWriter json;
  json.open('{');
  json.text("version", master.version);
  json.number("start_time", to_seconds(engine.started_at()));
  json.number("elected_time", to_seconds(engine.started_at()));
  json.text("id", master.id);
  json.text("pid", address("master", master.ip, master.port));
  json.text("hostname", master.hostname);
  json.raw("capabilities", R"(["AGENT_UPDATE","AGENT_DRAINING","QUOTA_V2"])");
  // The one agent is this process: it is there whenever anybody can ask.
  json.number("activated_slaves", 1);
  json.number("deactivated_slaves", 0);
  json.number("unreachable_slaves", 0);
  write_leader(json, master);
  write_flags(json, master_flags(engine));
  json.open("slaves", '[');
  json.open('{');
  write_slave_summary(json, engine, cluster.held.all);
  json.close('}');
  json.close(']');
  json.raw("recovered_slaves", "[]");
  write_frameworks(json, cluster, nullptr);
  json.raw("orphan_tasks", "[]");
  json.raw("unregistered_frameworks", "[]");
  json.close('}');
  return json.take();
}

std::string state_summary_json(const EngineView& engine) {
  const Picture& state = engine.state();
  const Cluster cluster{state};
  JsonWriter json;
  json.open('{');
  json.text("hostname", state.settings.master.hostname);
  std::vector<const operator_api::TaskList*> all;
  std::vector<std::string> busy;
  for (const auto& [id, framework] : state.frameworks) {
    if (framework.completed()) continue;
    all.push_back(&part_of(cluster.tasks, id));
    all.push_back(&part_of(cluster.completed, id));
    if (!all.back()->empty() || !all[all.size() - 2]->empty()) busy.push_back(id.value);
  }
  json.open("slaves", '[');
  json.open('{');
  write_slave_summary(json, engine, cluster.held.all);
  write_counts(json, all);
  json.open("framework_ids", '[');
  for (const std::string& id : busy) json.text(id);
  json.close(']');
  json.close('}');
  json.close(']');
  json.open("frameworks", '[');
  for (const auto& [id, framework] : state.frameworks) {
    if (framework.completed()) continue;
    json.open('{');
    write_framework_summary(json, framework, cluster.held.of(id));
    write_counts(json, {&part_of(cluster.tasks, id), &part_of(cluster.completed, id)});
    json.open("slave_ids", '[');
    if (std::find(busy.begin(), busy.end(), id.value) != busy.end()) json.text(state.record.agent_id.value);
    json.close(']');
    json.close('}');
  }
  json.close(']');
  json.close('}');
  return json.take();
}

std::string slaves_json(const EngineView& engine, const HttpQuery& query) {
  const Picture& state = engine.state();
  const Holdings held = holdings(state);
  JsonWriter json;
  json.open('{');
  json.open("slaves", '[');
  if (admits(query, "slave_id", state.record.agent_id.value)) {
    const Resources& resources = state.settings.agent.resources;
    json.open('{');
    write_slave_summary(json, engine, held.all);
    write_reserved_full(json, "reserved_resources_full", resources);
    write_full(json, "unreserved_resources_full", reserved_to(resources, ""));
    write_full(json, "used_resources_full", held.all.allocated);
    write_full(json, "offered_resources_full", held.all.offered);
    json.close('}');
  }
  json.close(']');
  json.raw("recovered_slaves", "[]");
  json.close('}');
  return json.take();
}

std::string frameworks_json(const EngineView& engine, const HttpQuery& query) {
  JsonWriter json;
  json.open('{');
  write_frameworks(json, Cluster{engine.state()}, find_query(query, "framework_id"));
  json.raw("unregistered_frameworks", "[]");
  json.close('}');
  return json.take();
}

std::string tasks_json(const EngineView& engine, const HttpQuery& query) {
  const Picture& state = engine.state();
  operator_api::TaskList tasks;
  const auto add = [&](const TaskRecord& task) {
    const bool wanted =
        admits(query, "framework_id", task.framework_id.value) && admits(query, "task_id", task.info.id.value);
    if (wanted) tasks.push_back(&task);
  };
  for (const auto& [key, task] : state.tasks) add(task.record);
  // Completed ones as well (mesos.md 5.4).
  for (const auto& [number, task] : state.completed_tasks) add(task);
  const std::string* order = find_query(query, "order");
  const bool ascending = order != nullptr && *order == "asc";
  // Stable, so that pages of equal times do not overlap.
  std::stable_sort(tasks.begin(), tasks.end(), [&](const TaskRecord* left, const TaskRecord* right) {
    return ascending ? first_time(*left) < first_time(*right) : first_time(*right) < first_time(*left);
  });
  // An offset beyond the end is an empty page, no error.
  const std::size_t begin = std::min(number_or(query, "offset", 0), tasks.size());
  const std::size_t limit = std::min(number_or(query, "limit", tasks_limit_default), tasks.size() - begin);
  JsonWriter json;
  json.open('{');
  json.open("tasks", '[');
  for (std::size_t at = begin; at < begin + limit; ++at) write_task(json, *tasks[at]);
  json.close(']');
  json.close('}');
  return json.take();
}

std::string roles_json(const EngineView& engine) {
  const Picture& state = engine.state();
  const Holdings held = holdings(state);
  JsonWriter json;
  json.open('{');
  json.open("roles", '[');
  for (const auto& [role, frameworks] : roles_of(state)) {
    const auto found = held.by_role.find(role);
    const Holding sums = found == held.by_role.end() ? Holding{} : found->second;
    json.open('{');
    json.text("name", role);
    json.number("weight", 1.0);
    json.open("quota", '{');
    json.text("role", role);
    json.raw("guarantee", "{}");
    json.raw("limit", "{}");
    write_quantities(json, "consumed", sums.allocated);
    json.close('}');
    write_quantities(json, "resources", sums.allocated + sums.offered);
    write_quantities(json, "allocated", sums.allocated);
    write_quantities(json, "offered", sums.offered);
    write_quantities(json, "reserved", reserved_to(state.settings.agent.resources, role));
    json.open("frameworks", '[');
    for (const FrameworkId& id : frameworks) json.text(id.value);
    json.close(']');
    json.close('}');
  }
  json.close(']');
  json.close('}');
  return json.take();
}

}  // namespace windlass
