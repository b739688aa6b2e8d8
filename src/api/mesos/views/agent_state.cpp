#include "api/mesos/views/agent_state.hpp"

#include "api/mesos/views/agent_json.hpp"
#include "api/mesos/views/frameworks_json.hpp"
#include "api/mesos/views/metrics.hpp"
#include "api/mesos/views/resources_json.hpp"
#include "api/mesos/views/server_json.hpp"
#include "api/mesos/views/tasks_json.hpp"
#include "api/mesos/views/views.hpp"

#include <vector>

namespace windlass {

namespace {

using engine::Picture;

// Frameworks as this agent knows them: by their executors, those that run or those whose tasks are remembered. UIs find
// a task's sandbox here (mesos.md 5.10).
void write_agent_frameworks(JsonWriter& json, const EngineView& engine) {
  struct Part {
    std::vector<const ExecutorView*> executors;
    std::vector<const ExecutorView*> completed;
  };
  const auto running = executor_views(engine.state());
  const auto ended = completed_executors(engine);
  std::map<FrameworkId, Part> parts;
  for (const ExecutorView& view : running) parts[view.record.framework_id].executors.push_back(&view);
  for (const ExecutorView& view : ended) parts[view.record.framework_id].completed.push_back(&view);
  for (const bool completed : {false, true}) {
    json.open(completed ? "completed_frameworks" : "frameworks", '[');
    for (const auto& [id, part] : parts) {
      const auto framework = engine.state().frameworks.find(id);
      if (part.executors.empty() != completed || framework == engine.state().frameworks.end()) continue;
      const FrameworkInfo& info = framework->second.record.info;
      json.open('{');
      json.text("id", id.value);
      json.text("name", info.name);
      json.text("user", info.user);
      json.number("failover_timeout", info.failover_timeout);
      json.boolean("checkpoint", info.checkpoint);
      json.text("hostname", info.hostname);
      if (!info.principal.empty()) json.text("principal", info.principal);
      write_roles(json, info);
      json.open("executors", '[');
      for (const ExecutorView* view : part.executors) write_executor(json, *view);
      json.close(']');
      json.open("completed_executors", '[');
      for (const ExecutorView* view : part.completed) write_executor(json, *view);
      json.close(']');
      json.close('}');
    }
    json.close(']');
  }
}

void write_statistics(JsonWriter& json, const ExecutorView& view, TimePoint now) {
  const auto statistics = executor_statistics(view, now);
  json.text("executor_id", view.record.info.id.value);
  json.text("executor_name", view.record.info.name);
  json.text("framework_id", view.record.framework_id.value);
  json.text("source", view.record.info.source);
  json.open("statistics", '{');
  json.number("cpus_soft_limit", statistics.cpus_soft_limit);
  json.number("cpus_system_time_secs", statistics.cpus_system_seconds);
  json.number("cpus_user_time_secs", statistics.cpus_user_seconds);
  json.integer("mem_limit_bytes", static_cast<std::int64_t>(statistics.memory_limit_bytes));
  json.integer("mem_rss_bytes", static_cast<std::int64_t>(statistics.memory_rss_bytes));
  json.integer("mem_soft_limit_bytes", static_cast<std::int64_t>(statistics.memory_limit_bytes));
  json.number("timestamp", to_seconds(statistics.timestamp));
  json.close('}');
}

}  // namespace

std::string agent_state_json(const EngineView& engine) {
  const Picture& state = engine.state();
  const AgentInfo agent = agent_info(state);
  // What executors hold, tasks included; offers are the master's business.
  Resources used;
  for (const ExecutorView& view : executor_views(state)) used += view.resources;
  JsonWriter json;
  json.open('{');
  json.text("version", state.settings.master.version);
  json.number("start_time", to_seconds(engine.started_at()));
  json.text("id", agent.id.value);
  json.text("pid", address("slave(1)", agent.ip, agent.port));
  json.text("hostname", agent.hostname);
  write_agent_capabilities(json);
  write_resources(json, "resources", agent.resources);
  write_reserved(json, "reserved_resources", agent.resources);
  write_resources(json, "unreserved_resources", reserved_to(agent.resources, ""));
  write_reserved_full(json, "reserved_resources_full", agent.resources);
  write_full(json, "unreserved_resources_full", reserved_to(agent.resources, ""));
  write_reserved(json, "reserved_resources_allocated", used);
  write_resources(json, "unreserved_resources_allocated", reserved_to(used, ""));
  json.raw("resource_providers", "[]");
  write_attributes(json, agent.attributes);
  json.text("master_hostname", state.settings.master.hostname);
  write_flags(json, agent_flags(engine));
  write_agent_frameworks(json, engine);
  json.close('}');
  return json.take();
}

std::string containers_json(const EngineView& engine, const HttpQuery& query) {
  JsonWriter json;
  json.open('[');
  for (const ExecutorView& view : executor_views(engine.state())) {
    const ExecutorRecord& record = view.record;
    const bool wanted = admits(query, "framework_id", record.framework_id.value) &&
                        admits(query, "executor_id", record.info.id.value) &&
                        admits(query, "container_id", record.container_id.value);
    if (!wanted) continue;
    json.open('{');
    json.text("container_id", record.container_id.value);
    write_statistics(json, view, engine.now());
    json.open("status", '{');
    json.open("container_id", '{');
    json.text("value", record.container_id.value);
    json.close('}');
    if (record.pid > 0) json.integer("executor_pid", record.pid);
    json.close('}');
    json.close('}');
  }
  json.close(']');
  return json.take();
}

std::string statistics_json(const EngineView& engine) {
  JsonWriter json;
  json.open('[');
  for (const ExecutorView& view : executor_views(engine.state())) {
    json.open('{');
    write_statistics(json, view, engine.now());
    json.close('}');
  }
  json.close(']');
  return json.take();
}

}  // namespace windlass
