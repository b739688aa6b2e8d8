#include "api/mesos/views/tasks_json.hpp"

#include "api/mesos/views/resources_json.hpp"
#include "base/url.hpp"

#include <map>
#include <string>

namespace windlass {

namespace {

void write_status(JsonWriter& json, const TaskStatus& status) {
  json.open('{');
  json.text("state", to_string(status.state));
  json.number("timestamp", status.timestamp ? to_seconds(*status.timestamp) : 0.0);
  if (!status.labels.empty()) {
    json.open("labels", '[');
    for (const Label& label : status.labels) {
      json.open('{');
      json.text("key", label.key);
      json.text("value", label.value);
      json.close('}');
    }
    json.close(']');
  }
  if (status.container) {
    json.open("container_status", '{');
    json.open("container_id", '{');
    json.text("value", status.container->container_id.value);
    json.close('}');
    json.open("network_infos", '[');
    for (const NetworkInfo& network : status.container->networks) json.raw(operator_api::network_json(network));
    json.close(']');
    json.close('}');
  }
  if (status.healthy) json.boolean("healthy", *status.healthy);
  json.close('}');
}

std::string role_of(const Resources& resources) {
  return resources.empty() ? "*" : resources.entries().front().allocation;
}

void write_command(JsonWriter& json, const ExecutorInfo& executor) {
  const CommandInfo command = executor.command.value_or(CommandInfo{});
  json.open("command", '{');
  if (command.value) json.text("value", *command.value);
  json.open("argv", '[');
  for (const std::string& argument : command.arguments) json.text(argument);
  json.close(']');
  if (!command.environment.empty()) json.raw("environment", operator_api::environment_json(executor));
  json.open("uris", '[');
  for (const Uri& uri : command.uris) {
    json.open('{');
    // Whoever may read /state need not know how the task gets its files.
    json.text("value", without_password(uri.value));
    json.boolean("executable", uri.executable);
    json.close('}');
  }
  json.close(']');
  json.close('}');
}

void write_type(JsonWriter& json, ExecutorType type) {
  if (type == ExecutorType::custom) json.text("type", "CUSTOM");
  if (type == ExecutorType::default_executor) json.text("type", "DEFAULT");
}

}  // namespace

void write_members(JsonWriter& json, const std::map<std::string, std::string>& members) {
  for (const auto& [name, text] : members) json.raw(name, text);
}

void write_task(JsonWriter& json, const TaskRecord& task) {
  json.open('{');
  json.text("id", task.info.id.value);
  json.text("name", task.info.name);
  json.text("framework_id", task.framework_id.value);
  // Empty for command tasks: the master has no executor for them (mesos.md 5.3).
  json.text("executor_id", task.info.executor ? task.executor_id.value : "");
  json.text("slave_id", task.info.agent_id.value);
  json.text("state", to_string(task.state));
  write_resources(json, "resources", task.info.resources);
  if (!task.info.limits.empty()) {
    json.open("limits", '{');
    for (const auto& [name, value] : task.info.limits) json.number(name, value);
    json.close('}');
  }
  json.text("role", task.role);
  json.open("statuses", '[');
  for (const TaskStatus& status : task.statuses) write_status(json, status);
  json.close(']');
  write_members(json, operator_api::task_members_json(task.info));
  json.close('}');
}

void write_tasks(JsonWriter& json, std::string_view name, const operator_api::TaskList& tasks) {
  json.open(name, '[');
  for (const TaskRecord* task : tasks) write_task(json, *task);
  json.close(']');
}

void write_executor(JsonWriter& json, const ExecutorRecord& executor, const AgentId& agent) {
  json.open('{');
  json.text("executor_id", executor.info.id.value);
  json.text("name", executor.info.name);
  json.text("framework_id", executor.framework_id.value);
  write_command(json, executor.info);
  write_resources(json, "resources", executor.info.resources);
  json.text("role", role_of(executor.info.resources));
  if (!executor.info.source.empty()) json.text("source", executor.info.source);
  write_members(json, operator_api::executor_members_json(executor.info));
  write_type(json, executor.info.type);
  json.text("slave_id", agent.value);
  json.close('}');
}

void write_executor(JsonWriter& json, const ExecutorView& executor) {
  const ExecutorRecord& record = executor.record;
  json.open('{');
  json.text("id", record.info.id.value);
  json.text("name", record.info.name);
  json.text("source", record.info.source);
  json.text("container", record.container_id.value);
  json.text("directory", record.directory);
  write_resources(json, "resources", executor.resources);
  json.text("role", role_of(executor.resources));
  write_type(json, record.info.type);
  const auto members = operator_api::executor_members_json(record.info);
  if (const auto labels = members.find("labels"); labels != members.end()) json.raw("labels", labels->second);
  write_tasks(json, "tasks", executor.tasks.launched);
  write_tasks(json, "queued_tasks", executor.tasks.queued);
  // The old API does not tell ended ones from those that are acknowledged as well.
  operator_api::TaskList ended = executor.tasks.completed;
  ended.insert(ended.end(), executor.tasks.terminated.begin(), executor.tasks.terminated.end());
  write_tasks(json, "completed_tasks", ended);
  json.close('}');
}

}  // namespace windlass
