#include "api/mesos/state.hpp"

#include "api/mesos/metrics.hpp"
#include "api/mesos/views.hpp"
#include "wire/json/writer.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <set>
#include <utility>
#include <vector>

namespace windlass {
namespace {

using engine::Picture;

constexpr std::array<TaskState, 10> counted_states{
    TaskState::staging, TaskState::starting, TaskState::running, TaskState::killing, TaskState::finished,
    TaskState::killed,  TaskState::failed,   TaskState::lost,    TaskState::error,   TaskState::unreachable};
constexpr std::size_t tasks_limit_default = 100;

std::string address(const std::string& name, const std::string& ip, std::uint16_t port) {
  return name + "@" + ip + ":" + std::to_string(port);
}

const char* capability_name(Capability capability) {
  static constexpr std::array<const char*, 9> names{"UNKNOWN",       "REVOCABLE_RESOURCES",    "TASK_KILLING_STATE",
                                                    "GPU_RESOURCES", "SHARED_RESOURCES",       "PARTITION_AWARE",
                                                    "MULTI_ROLE",    "RESERVATION_REFINEMENT", "REGION_AWARE"};
  const auto number = static_cast<std::size_t>(capability);
  return number < names.size() ? names[number] : names[0];
}

void write_members(JsonWriter& json, const std::map<std::string, std::string>& members) {
  for (const auto& [name, text] : members) json.raw(name, text);
}

// --- resources ---

std::string set_text(const std::set<std::string>& items) {
  std::string text;
  for (const std::string& item : items) text += (text.empty() ? "" : ", ") + item;
  return "{" + text + "}";
}

// Sums over roles; the four well-known scalars are always there.
void write_resources(JsonWriter& json, std::string_view name, const Resources& resources) {
  std::map<std::string, std::int64_t> scalars{{"cpus", 0}, {"disk", 0}, {"gpus", 0}, {"mem", 0}};
  std::map<std::string, std::string> texts;
  for (const Resource& each : resources.entries()) {
    if (each.type == ResourceType::scalar) scalars[each.name] += each.milli;
    if (each.type == ResourceType::ranges) texts[each.name] = to_string(resources.ranges(each.name));
    if (each.type == ResourceType::set) texts[each.name] = set_text(each.items);
  }
  json.open(name, '{');
  for (const auto& [key, milli] : scalars) json.number(key, from_milli(milli));
  for (const auto& [key, text] : texts) json.text(key, text);
  json.close('}');
}

Resources reserved_to(const Resources& resources, const std::string& role) {
  Resources part;
  for (const Resource& each : resources.entries()) {
    if (each.reservation == role) part.add(each);
  }
  return part;
}

std::set<std::string> reservations(const Resources& resources) {
  std::set<std::string> roles;
  for (const Resource& each : resources.entries()) {
    if (!each.reservation.empty()) roles.insert(each.reservation);
  }
  return roles;
}

void write_reserved(JsonWriter& json, std::string_view name, const Resources& resources) {
  json.open(name, '{');
  for (const std::string& role : reservations(resources)) write_resources(json, role, reserved_to(resources, role));
  json.close('}');
}

void write_full(JsonWriter& json, std::string_view name, const Resources& resources) {
  json.open(name, '[');
  for (const Resource& each : resources.entries()) json.raw(operator_api::resource_json(each));
  json.close(']');
}

void write_reserved_full(JsonWriter& json, std::string_view name, const Resources& resources) {
  json.open(name, '{');
  for (const std::string& role : reservations(resources)) write_full(json, role, reserved_to(resources, role));
  json.close('}');
}

// As /roles has them: numbers only, ranges by their size.
void write_quantities(JsonWriter& json, std::string_view name, const Resources& resources) {
  std::map<std::string, double> sums;
  for (const Resource& each : resources.entries()) {
    if (each.type == ResourceType::scalar) sums[each.name] = resources.scalar(each.name);
    if (each.type == ResourceType::ranges) sums[each.name] = static_cast<double>(count(resources.ranges(each.name)));
    if (each.type == ResourceType::set) sums[each.name] += static_cast<double>(each.items.size());
  }
  json.open(name, '{');
  for (const auto& [key, sum] : sums) json.number(key, sum);
  json.close('}');
}

// --- tasks and executors ---

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

void write_task(JsonWriter& json, const TaskRecord& task) {
  json.open('{');
  json.text("id", task.info.id.value);
  json.text("name", task.info.name);
  json.text("framework_id", task.framework_id.value);
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

std::string role_of(const Resources& resources) {
  return resources.empty() ? "*" : resources.entries().front().allocation;
}

void write_command(JsonWriter& json, const CommandInfo& command) {
  json.open("command", '{');
  if (command.value) json.text("value", *command.value);
  json.open("argv", '[');
  for (const std::string& argument : command.arguments) json.text(argument);
  json.close(']');
  if (!command.environment.empty()) {
    json.open("environment", '{');
    json.open("variables", '[');
    for (const EnvironmentVariable& variable : command.environment) {
      json.open('{');
      json.text("name", variable.name);
      json.text("type", "VALUE");
      json.text("value", variable.value);
      json.close('}');
    }
    json.close(']');
    json.close('}');
  }
  json.open("uris", '[');
  for (const Uri& uri : command.uris) {
    json.open('{');
    json.text("value", uri.value);
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

// As the master shows it.
void write_executor(JsonWriter& json, const ExecutorRecord& executor, const AgentId& agent) {
  json.open('{');
  json.text("executor_id", executor.info.id.value);
  json.text("name", executor.info.name);
  json.text("framework_id", executor.framework_id.value);
  write_command(json, executor.info.command.value_or(CommandInfo{}));
  write_resources(json, "resources", executor.info.resources);
  json.text("role", role_of(executor.info.resources));
  if (!executor.info.source.empty()) json.text("source", executor.info.source);
  write_members(json, operator_api::executor_members_json(executor.info));
  write_type(json, executor.info.type);
  json.text("slave_id", agent.value);
  json.close('}');
}

// As the agent does.
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
  operator_api::TaskList ended = executor.tasks.completed;
  ended.insert(ended.end(), executor.tasks.terminated.begin(), executor.tasks.terminated.end());
  write_tasks(json, "completed_tasks", ended);
  json.close('}');
}

// --- frameworks ---

// One pass over everything, so that each framework's part is at hand.
struct Cluster {
  explicit Cluster(const Picture& the_state) : state{the_state}, held{holdings(the_state)} {
    for (const auto& [key, task] : state.tasks) tasks[key.first].push_back(&task.record);
    for (const auto& [number, task] : state.completed_tasks) completed[task.framework_id].push_back(&task);
    for (const auto& [id, executor] : state.executors) {
      if (!executor.record.is_command) executors[executor.record.framework_id].push_back(&executor.record);
    }
    for (const auto& [id, offer] : state.offers) offers[offer.framework_id].push_back(&offer);
  }

  const Picture& state;
  Holdings held;
  std::map<FrameworkId, operator_api::TaskList> tasks;
  std::map<FrameworkId, operator_api::TaskList> completed;
  std::map<FrameworkId, std::vector<const ExecutorRecord*>> executors;
  std::map<FrameworkId, std::vector<const Offer*>> offers;
};

template <class Value>
const Value& part_of(const std::map<FrameworkId, Value>& parts, const FrameworkId& id) {
  static const Value none{};
  const auto found = parts.find(id);
  return found == parts.end() ? none : found->second;
}

void write_counts(JsonWriter& json, const std::vector<const operator_api::TaskList*>& lists) {
  std::map<TaskState, std::int64_t> counts;
  for (const auto* list : lists) {
    for (const TaskRecord* task : *list) ++counts[task->state];
  }
  for (const TaskState state : counted_states) json.integer(to_string(state), counts[state]);
}

// What /state and /state-summary have in common.
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
  if (!info.can(Capability::multi_role)) {
    json.text("role", info.role.value_or("*"));
    return;
  }
  json.open("roles", '[');
  for (const std::string& role : info.roles) json.text(role);
  json.close(']');
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

// --- the agent ---

void write_attributes(JsonWriter& json, const std::vector<Attribute>& attributes) {
  json.open("attributes", '{');
  for (const Attribute& each : attributes) {
    if (each.type == AttributeType::scalar) json.number(each.name, from_milli(each.milli));
    if (each.type == AttributeType::ranges) json.text(each.name, to_string(each.ranges));
    if (each.type == AttributeType::text) json.text(each.name, each.text);
  }
  json.close('}');
}

void write_agent_capabilities(JsonWriter& json) {
  json.open("capabilities", '[');
  for (const char* name : operator_api::agent_capabilities) json.text(name);
  json.close(']');
}

void write_slave_summary(JsonWriter& json, const EngineView& engine, const Holding& held) {
  const AgentInfo agent = agent_info(engine.state());
  json.text("id", agent.id.value);
  json.text("hostname", agent.hostname);
  json.integer("port", agent.port);
  write_attributes(json, agent.attributes);
  json.text("pid", address("slave(1)", agent.ip, agent.port));
  json.number("registered_time", to_seconds(engine.started_at()));
  write_resources(json, "resources", agent.resources);
  write_resources(json, "used_resources", held.allocated);
  write_resources(json, "offered_resources", held.offered);
  write_reserved(json, "reserved_resources", agent.resources);
  write_resources(json, "unreserved_resources", reserved_to(agent.resources, ""));
  json.boolean("active", true);
  json.boolean("deactivated", false);
  json.text("version", engine.state().settings.master.version);
  write_agent_capabilities(json);
}

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

void write_flags(JsonWriter& json, const std::map<std::string, std::string>& flags) {
  json.open("flags", '{');
  for (const auto& [name, value] : flags) json.text(name, value);
  json.close('}');
}

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

// --- queries ---

bool admits(const HttpQuery& query, std::string_view name, const std::string& value) {
  const std::string* wanted = find_query(query, name);
  return wanted == nullptr || *wanted == value;
}

// What is no number counts as not given.
std::size_t number_or(const HttpQuery& query, std::string_view name, std::size_t otherwise) {
  const std::string* text = find_query(query, name);
  std::size_t number = 0;
  if (text == nullptr) return otherwise;
  const auto parsed = std::from_chars(text->data(), text->data() + text->size(), number);
  return parsed.ec == std::errc{} && parsed.ptr == text->data() + text->size() ? number : otherwise;
}

TimePoint first_time(const TaskRecord& task) {
  const bool known = !task.statuses.empty() && task.statuses.front().timestamp;
  return known ? *task.statuses.front().timestamp : TimePoint{};
}

}  // namespace

std::string version_json(const EngineView& engine) {
  JsonWriter json;
  json.open('{');
  json.text("version", engine.state().settings.master.version);
  json.close('}');
  return json.take();
}

std::string flags_json(const std::map<std::string, std::string>& flags) {
  JsonWriter json;
  json.open('{');
  write_flags(json, flags);
  json.close('}');
  return json.take();
}

std::string metrics_json(const std::map<std::string, double>& metrics) {
  JsonWriter json;
  json.open('{');
  for (const auto& [name, value] : metrics) json.number(name, value);
  json.close('}');
  return json.take();
}

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
  for (const auto& [number, task] : state.completed_tasks) add(task);
  const std::string* order = find_query(query, "order");
  const bool ascending = order != nullptr && *order == "asc";
  std::stable_sort(tasks.begin(), tasks.end(), [&](const TaskRecord* left, const TaskRecord* right) {
    return ascending ? first_time(*left) < first_time(*right) : first_time(*right) < first_time(*left);
  });
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

std::string agent_state_json(const EngineView& engine) {
  const Picture& state = engine.state();
  const AgentInfo agent = agent_info(state);
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
