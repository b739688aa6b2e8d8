#include "wire/marathon/v1.hpp"

#include "wire/json/text.hpp"

#include <boost/describe/enum_to_string.hpp>

#include <algorithm>
#include <array>
#include <utility>

namespace windlass {
namespace {

void append_string_field(std::string& out, std::string_view key, std::string_view value) {
  append_json_string(out, key);
  out += ':';
  append_json_string(out, value);
}

template <class List, class Append>
void append_list(std::string& out, const List& list, Append append) {
  out += '[';
  bool first = true;
  for (const auto& each : list) {
    if (!first) out += ',';
    first = false;
    append(each);
  }
  out += ']';
}

void append_strings(std::string& out, const std::vector<std::string>& texts) {
  append_list(out, texts, [&](const std::string& text) { append_json_string(out, text); });
}

// In the order of ConstraintOperator, which is not that of the numbers on the wire (to_operator() in v1_read.cpp).
const char* operator_name(ConstraintOperator op) {
  static constexpr std::array<const char*, 7> names{"UNIQUE", "CLUSTER", "LIKE", "GROUP_BY", "UNLIKE", "MAX_PER", "IS"};
  return names.at(static_cast<std::size_t>(op));
}

void append_constraints(std::string& out, const std::vector<Constraint>& constraints) {
  append_list(out, constraints, [&](const Constraint& constraint) {
    std::vector<std::string> words{constraint.field, operator_name(constraint.op)};
    if (constraint.value) words.push_back(*constraint.value);
    append_strings(out, words);
  });
}

// Only the reasons that there were.
void append_refusals(std::string& out, const Funnel& funnel) {
  out += '{';
  bool first = true;
  for (std::size_t at = 0; at < refusals_count; ++at) {
    const auto refusal = static_cast<Refusal>(at);
    if (funnel.count_of(refusal) == 0) continue;
    if (!std::exchange(first, false)) out += ',';
    append_json_string(out, to_string(refusal));
    out += ':' + std::to_string(funnel.count_of(refusal));
  }
  out += '}';
}

void append_container(std::string& out, const SeedContainer& container) {
  out += R"("container":{)";
  append_string_field(out, "image", container.image);
  out += R"(,"options":)";
  append_strings(out, container.options);
  out += "},";
}

void append_env(std::string& out, const std::map<std::string, std::string>& env) {
  out += '{';
  bool first = true;
  for (const auto& [name, value] : env) {
    if (!first) out += ',';
    first = false;
    append_string_field(out, name, value);
  }
  out += '}';
}

// Service ports, not those of a task: load balancers take them from here (marathon.md 1.4).
void append_service_ports(std::string& out, const App& app) {
  append_list(out, app.ports, [&](const PortDefinition& port) { out += std::to_string(port.port); });
}

void append_host_ports(std::string& out, const Instance& instance) {
  append_list(out, instance.ports, [&](std::uint16_t port) { out += std::to_string(port); });
}

// Members in the alphabetical order of Jackson's. Those that v1 got later are there only when they say something, so
// that older clients see what they know (marathon.md 1.2).
void append_app(std::string& out, const App& app) {
  out += '{';
  // A string in v1, never null (marathon.md 1.2).
  append_string_field(out, "cmd", app.cmd.value_or(""));
  out += R"(,"constraints":)";
  append_constraints(out, app.constraints);
  out += ',';
  if (app.seed_container) append_container(out, *app.seed_container);
  out += R"("cpus":)";
  append_json_double(out, app.cpus);
  if (app.disk != 0.0) {
    out += R"(,"disk":)";
    append_json_double(out, app.disk);
  }
  out += R"(,"env":)";
  append_env(out, app.env);
  out += ',';
  append_string_field(out, "executor", app.executor);
  out += ',';
  append_string_field(out, "id", v1_id(app.id));
  out += R"(,"instances":)" + std::to_string(app.instances) + R"(,"mem":)";
  append_json_double(out, app.mem);
  out += R"(,"ports":)";
  append_service_ports(out, app);
  // As Marathon 0.4 did (marathon.md 1.2).
  if (app.task_rate_limit != 1.0) {
    out += R"(,"taskRateLimit":)";
    append_json_double(out, app.task_rate_limit);
  }
  out += R"(,"uris":)";
  append_list(out, app.fetch, [&](const Uri& uri) { append_json_string(out, uri.value); });
  out += '}';
}

// Without the closing brace.
void append_task_fields(std::string& out, const Instance& instance) {
  out += '{';
  append_string_field(out, "id", instance.task_id.value);
  out += ',';
  append_string_field(out, "host", instance.host);
  out += R"(,"ports":)";
  append_host_ports(out, instance);
}

void append_task(std::string& out, const Instance& instance) {
  append_task_fields(out, instance);
  out += '}';
}

void append_task_state(std::string& out, const Instance& instance) {
  append_task_fields(out, instance);
  out += ',';
  append_string_field(out, "state", boost::describe::enum_to_string(instance.condition, "unknown"));
  if (instance.healthy) out += *instance.healthy ? R"(,"healthy":true)" : R"(,"healthy":false)";
  if (!instance.message.empty()) {
    out += ',';
    append_string_field(out, "message", instance.message);
  }
  out += '}';
}

void append_tasks(std::string& out, const std::vector<const Instance*>& tasks) {
  append_list(out, tasks, [&](const Instance* task) { append_task(out, *task); });
}

std::string app_tasks(const std::vector<V1AppTasks>& apps, void (*append)(std::string&, const Instance&)) {
  std::string out = "{";
  for (const V1AppTasks& app : apps) {
    if (out.size() > 1) out += ',';
    append_json_string(out, v1_id(app.id));
    out += ':';
    append_list(out, app.tasks, [&](const Instance* task) { append(out, *task); });
  }
  return out + "}";
}

void append_endpoint(std::string& out, const V1Endpoints& endpoints) {
  out += '{';
  append_string_field(out, "id", v1_id(endpoints.app->id));
  out += R"(,"ports":)";
  append_service_ports(out, *endpoints.app);
  out += R"(,"instances":)";
  append_list(out, endpoints.instances, [&](const Instance* instance) {
    out += '{';
    append_string_field(out, "host", instance->host);
    out += ',';
    append_string_field(out, "id", instance->task_id.value);
    out += R"(,"ports":)";
    append_host_ports(out, *instance);
    out += '}';
  });
  out += '}';
}

// "10.0.0.1:31000", "[2001:db8::1]:31000": only brackets tell an IPv6 address from its port.
std::string host_port(const std::string& host, std::uint16_t port) {
  const bool bare_ipv6 = host.find(':') != std::string::npos && !host.starts_with('[');
  return (bare_ipv6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

// haproxy_cfg splits the lines at white space and needs a number in the second column (marathon.md 1.4).
void append_endpoint_lines(std::string& out, const V1Endpoints& endpoints) {
  const App& app = *endpoints.app;
  for (std::size_t i = 0; i < app.ports.size(); ++i) {
    const std::string port = std::to_string(app.ports[i].port);
    out += safe_path(app.id);
    if (app.ports.size() > 1) out += "_" + port;
    out += " " + port;
    for (const Instance* instance : endpoints.instances) {
      // An instance of an older version of the app may have fewer ports.
      if (i < instance->ports.size()) out += " " + host_port(instance->host, instance->ports[i]);
    }
    out += '\n';
  }
}

}  // namespace

std::string v1_id(const AppId& id) { return id.value.starts_with('/') ? id.value.substr(1) : id.value; }

// v1 has no groups: its ids are all in the root group.
AppId app_id_from_v1(std::string_view id) { return {"/" + std::string{id}}; }

std::string write_v1_app(const App& app) {
  std::string out;
  append_app(out, app);
  return out;
}

std::string write_v1_apps(const std::vector<const App*>& apps) {
  std::string out;
  append_list(out, apps, [&](const App* app) { append_app(out, *app); });
  return out;
}

std::string write_v1_tasks(const std::vector<const Instance*>& tasks) {
  std::string out;
  append_tasks(out, tasks);
  return out;
}

std::string write_v1_app_tasks(const std::vector<V1AppTasks>& apps) { return app_tasks(apps, append_task); }

std::string write_app_task_states(const std::vector<V1AppTasks>& apps) { return app_tasks(apps, append_task_state); }

// An addition of ours: Marathon's /v1/debug tells of the leader only (marathon.md 1.3).
std::string write_app_waits(const std::vector<AppWait>& waits) {
  std::string out = "{";
  for (const AppWait& wait : waits) {
    if (out.size() > 1) out += ',';
    append_json_string(out, v1_id(wait.app));
    out += ":{";
    append_string_field(out, "since", to_iso8601(wait.since));
    out += R"(,"missing":)" + std::to_string(wait.missing);
    if (wait.delayed_until) {
      out += ',';
      append_string_field(out, "delayedUntil", to_iso8601(*wait.delayed_until));
    }
    out += R"(,"offers":)" + std::to_string(wait.funnel.offers) + R"(,"refused":)";
    append_refusals(out, wait.funnel);
    out += ',';
    append_string_field(out, "reason", wait.reason);
    out += '}';
  }
  return out + "}";
}

std::string write_v1_endpoint(const V1Endpoints& endpoints) {
  std::string out;
  append_endpoint(out, endpoints);
  return out;
}

std::string write_v1_endpoints(const std::vector<V1Endpoints>& endpoints) {
  std::string out;
  append_list(out, endpoints, [&](const V1Endpoints& each) { append_endpoint(out, each); });
  return out;
}

std::string v1_endpoints_text(const std::vector<V1Endpoints>& endpoints) {
  std::string out;
  for (const V1Endpoints& each : endpoints) append_endpoint_lines(out, each);
  return out;
}

// The shape that Marathon's validation had (marathon.md 1.3).
std::string write_v1_errors(const std::vector<FieldError>& errors) {
  std::string out = R"({"errors":)";
  append_list(out, errors, [&](const FieldError& each) {
    out += '{';
    append_string_field(out, "attribute", each.attribute);
    out += ',';
    append_string_field(out, "error", each.error);
    out += '}';
  });
  return out + "}";
}

std::string write_message(std::string_view message) {
  std::string out = "{";
  append_string_field(out, "message", message);
  return out + "}";
}

}  // namespace windlass
