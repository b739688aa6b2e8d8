#include "api/mesos/views/server_json.hpp"

namespace windlass {

// A libprocess PID, "slave(1)@10.0.0.1:5051": mesos-dns and others take hosts and ports out of it (mesos.md 5.10).
std::string address(const std::string& name, const std::string& ip, std::uint16_t port) {
  return name + "@" + ip + ":" + std::to_string(port);
}

void write_flags(JsonWriter& json, const std::map<std::string, std::string>& flags) {
  json.open("flags", '{');
  for (const auto& [name, value] : flags) json.text(name, value);
  json.close('}');
}

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

}  // namespace windlass
