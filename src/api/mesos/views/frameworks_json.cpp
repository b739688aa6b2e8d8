#include "api/mesos/views/frameworks_json.hpp"

#include "api/mesos/views/resources_json.hpp"
#include "api/mesos/views/tasks_json.hpp"

#include <array>
#include <cstdint>

namespace windlass {

namespace {

// Each is written, also with no tasks (mesos.md 5.4).
constexpr std::array<TaskState, 10> counted_states{
    TaskState::staging, TaskState::starting, TaskState::running, TaskState::killing, TaskState::finished,
    TaskState::killed,  TaskState::failed,   TaskState::lost,    TaskState::error,   TaskState::unreachable};

const char* capability_name(Capability capability) {
  static constexpr std::array<const char*, 9> names{"UNKNOWN",       "REVOCABLE_RESOURCES",    "TASK_KILLING_STATE",
                                                    "GPU_RESOURCES", "SHARED_RESOURCES",       "PARTITION_AWARE",
                                                    "MULTI_ROLE",    "RESERVATION_REFINEMENT", "REGION_AWARE"};
  const auto number = static_cast<std::size_t>(capability);
  return number < names.size() ? names[number] : names[0];
}

void write_offer(JsonWriter& json, const Offer& offer) {
  json.open('{');
  json.text("id", offer.id.value);
  json.text("framework_id", offer.framework_id.value);
  json.open("allocation_info", '{');
  json.text("role", offer.role);
  json.close('}');
  json.text("slave_id", offer.agent_id.value);
  write_resources(json, "resources", offer.resources);
  json.close('}');
}

void write_framework(JsonWriter& json, const Cluster& cluster, const engine::Framework& framework) {
  const FrameworkInfo& info = framework.record.info;
  const Holding held = cluster.held.of(info.id);
  json.open('{');
  write_framework_summary(json, framework, held);
  json.text("user", info.user);
  json.number("failover_timeout", info.failover_timeout);
  json.boolean("checkpoint", info.checkpoint);
  json.number("registered_time", to_seconds(framework.record.registered));
  json.number("unregistered_time", framework.record.removed ? to_seconds(*framework.record.removed) : 0.0);
  write_resources(json, "resources", held.allocated + held.offered);
  write_roles(json, info);
  write_tasks(json, "tasks", part_of(cluster.tasks, info.id));
  // An agent in the same process is never out of reach.
  json.raw("unreachable_tasks", "[]");
  write_tasks(json, "completed_tasks", part_of(cluster.completed, info.id));
  json.open("offers", '[');
  for (const Offer* offer : part_of(cluster.offers, info.id)) write_offer(json, *offer);
  json.close(']');
  json.open("executors", '[');
  for (const ExecutorRecord* executor : part_of(cluster.executors, info.id)) {
    write_executor(json, *executor, cluster.state.record.agent_id);
  }
  json.close(']');
  write_members(json, operator_api::framework_members_json(info));
  json.raw("offer_constraints", "{}");
  json.close('}');
}

}  // namespace

// Sorted by framework in one pass each: to search all tasks for every framework would be quadratic.
Cluster::Cluster(const engine::Picture& the_state) : state{the_state}, held{holdings(the_state)} {
  for (const auto& [key, task] : state.tasks) tasks[key.first].push_back(&task.record);
  for (const auto& [number, task] : state.completed_tasks) completed[task.framework_id].push_back(&task);
  for (const auto& [id, executor] : state.executors) {
    if (!executor.record.is_command) executors[executor.record.framework_id].push_back(&executor.record);
  }
  for (const auto& [id, offer] : state.offers) offers[offer.framework_id].push_back(&offer);
}

void write_counts(JsonWriter& json, const std::vector<const operator_api::TaskList*>& lists) {
  std::map<TaskState, std::int64_t> counts;
  for (const auto* list : lists) {
    for (const TaskRecord* task : *list) ++counts[task->state];
  }
  for (const TaskState state : counted_states) json.integer(to_string(state), counts[state]);
}

void write_framework_summary(JsonWriter& json, const engine::Framework& framework, const Holding& held) {
  const FrameworkInfo& info = framework.record.info;
  const bool connected = framework.stream.has_value();
  json.text("id", info.id.value);
  json.text("name", info.name);
  write_resources(json, "used_resources", held.allocated);
  write_resources(json, "offered_resources", held.offered);
  json.open("capabilities", '[');
  for (const Capability each : info.capabilities) json.text(capability_name(each));
  json.close(']');
  json.text("hostname", info.hostname);
  json.text("webui_url", info.webui_url);
  if (!info.principal.empty()) json.text("principal", info.principal);
  json.boolean("active", connected);
  json.boolean("connected", connected);
  json.boolean("recovered", is_recovered(framework));
}

void write_roles(JsonWriter& json, const FrameworkInfo& info) {
  // One or the other, by capability (mesos.md 5.3).
  if (!info.can(Capability::multi_role)) {
    json.text("role", info.role.value_or("*"));
    return;
  }
  json.open("roles", '[');
  for (const std::string& role : info.roles) json.text(role);
  json.close(']');
}

void write_frameworks(JsonWriter& json, const Cluster& cluster, const std::string* only) {
  for (const bool completed : {false, true}) {
    json.open(completed ? "completed_frameworks" : "frameworks", '[');
    for (const auto& [id, framework] : cluster.state.frameworks) {
      const bool wanted = framework.completed() == completed && (only == nullptr || *only == id.value);
      if (wanted) write_framework(json, cluster, framework);
    }
    json.close(']');
  }
}

}  // namespace windlass
