#include "api/mesos/views/resources_json.hpp"

#include "wire/mesos/operator.hpp"

#include <cstdint>
#include <map>
#include <set>

namespace windlass {

namespace {

std::string set_text(const std::set<std::string>& items) {
  std::string text;
  for (const std::string& item : items) text += (text.empty() ? "" : ", ") + item;
  return "{" + text + "}";
}

std::set<std::string> reservations(const Resources& resources) {
  std::set<std::string> roles;
  for (const Resource& each : resources.entries()) {
    if (!each.reservation.empty()) roles.insert(each.reservation);
  }
  return roles;
}

}  // namespace

void write_resources(JsonWriter& json, std::string_view name, const Resources& resources) {
  // These four are always there, because tools read them without asking (mesos.md 5.3).
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

// Of ranges and sets, how many there are: roles are told amounts, not which ports (mesos.md 5.4).
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

void write_attributes(JsonWriter& json, const std::vector<Attribute>& attributes) {
  json.open("attributes", '{');
  for (const Attribute& each : attributes) {
    if (each.type == AttributeType::scalar) json.number(each.name, from_milli(each.milli));
    if (each.type == AttributeType::ranges) json.text(each.name, to_string(each.ranges));
    if (each.type == AttributeType::text) json.text(each.name, each.text);
  }
  json.close('}');
}

}  // namespace windlass
