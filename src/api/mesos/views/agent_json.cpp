#include "api/mesos/views/agent_json.hpp"

#include "api/mesos/views/resources_json.hpp"
#include "api/mesos/views/server_json.hpp"
#include "wire/mesos/operator.hpp"

namespace windlass {

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
  // Nothing here can drain or deactivate the agent.
  json.boolean("active", true);
  json.boolean("deactivated", false);
  json.text("version", engine.state().settings.master.version);
  write_agent_capabilities(json);
}

}  // namespace windlass
