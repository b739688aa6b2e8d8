#include "wire/mesos/convert.hpp"

#include <array>
#include <cstdint>
#include <cstdio>

namespace windlass::convert {
namespace {

// MasterInfo.ip: the IPv4 address in network byte order, read as a little-endian number. 0 if it is no such address.
std::uint32_t ip_number(const std::string& text) {
  std::array<unsigned, 4> part{};
  if (std::sscanf(text.c_str(), "%3u.%3u.%3u.%3u", &part[0], &part[1], &part[2], &part[3]) != 4) return 0;
  return (part[0] & 255) | (part[1] & 255) << 8 | (part[2] & 255) << 16 | (part[3] & 255) << 24;
}

std::string ip_text(std::uint32_t number) {
  std::array<char, 16> text{};
  std::snprintf(text.data(), text.size(), "%u.%u.%u.%u", number & 255, number >> 8 & 255, number >> 16 & 255,
                number >> 24 & 255);
  return text.data();
}

}  // namespace

FrameworkInfo from(const pb::FrameworkInfo& in) {
  FrameworkInfo out;
  out.user = in.user();
  out.name = in.name();
  out.id.value = in.id().value();
  out.failover_timeout = in.failover_timeout();
  out.checkpoint = in.checkpoint();
  // Set or not is remembered: a MULTI_ROLE framework that sets `role` at all is refused (mesos.md 1.10).
  if (in.has_role()) out.role = in.role();
  out.roles = {in.roles().begin(), in.roles().end()};
  out.hostname = in.hostname();
  out.principal = in.principal();
  out.webui_url = in.webui_url();
  for (const auto& capability : in.capabilities()) {
    // A capability that is newer than we are reads as UNKNOWN; it survives in `raw`.
    if (capability.type() != pb::FrameworkInfo::Capability::UNKNOWN) {
      out.capabilities.insert(static_cast<Capability>(capability.type()));
    }
  }
  out.raw = in.SerializePartialAsString();
  return out;
}

void to(const FrameworkInfo& in, pb::FrameworkInfo& out) {
  if (!in.raw.empty()) {
    out.ParsePartialFromString(in.raw);
    // Only these may differ from what the framework has sent: a SUBSCRIBE cannot change user and checkpoint (mesos.md
    // 1.10), and the id is the master's to give. What was unset stays unset.
    out.set_user(in.user);
    if (out.has_checkpoint() || in.checkpoint) out.set_checkpoint(in.checkpoint);
    if (!in.id.empty()) out.mutable_id()->set_value(in.id.value);
    return;
  }
  out.set_user(in.user);
  out.set_name(in.name);
  if (!in.id.empty()) out.mutable_id()->set_value(in.id.value);
  out.set_failover_timeout(in.failover_timeout);
  out.set_checkpoint(in.checkpoint);
  if (in.role) out.set_role(*in.role);
  for (const std::string& role : in.roles) out.add_roles(role);
  if (!in.hostname.empty()) out.set_hostname(in.hostname);
  if (!in.principal.empty()) out.set_principal(in.principal);
  if (!in.webui_url.empty()) out.set_webui_url(in.webui_url);
  for (const Capability capability : in.capabilities) {
    out.add_capabilities()->set_type(static_cast<pb::FrameworkInfo::Capability::Type>(capability));
  }
}

MasterInfo from(const pb::MasterInfo& in) {
  MasterInfo out;
  out.id = in.id();
  out.hostname = in.hostname();
  // The text form is preferred; the number is IPv4 only (mesos.md 1.7).
  out.ip = in.address().has_ip() ? in.address().ip() : ip_text(in.ip());
  out.port = static_cast<std::uint16_t>(in.port());
  out.version = in.version();
  return out;
}

// Old clients read id, ip and pid, newer ones the address (mesos.md 1.7).
void to(const MasterInfo& in, pb::MasterInfo& out) {
  out.set_id(in.id);
  out.set_ip(ip_number(in.ip));
  out.set_port(in.port);
  out.set_pid("master@" + in.ip + ":" + std::to_string(in.port));
  out.set_hostname(in.hostname);
  out.set_version(in.version);
  out.mutable_address()->set_hostname(in.hostname);
  out.mutable_address()->set_ip(in.ip);
  out.mutable_address()->set_port(in.port);
  for (const auto type : {pb::MasterInfo::Capability::AGENT_UPDATE, pb::MasterInfo::Capability::AGENT_DRAINING,
                          pb::MasterInfo::Capability::QUOTA_V2}) {
    out.add_capabilities()->set_type(type);
  }
}

AgentInfo from(const pb::AgentInfo& in) {
  AgentInfo out;
  out.id.value = in.id().value();
  out.hostname = in.hostname();
  out.port = static_cast<std::uint16_t>(in.port());
  out.resources = resources_from(in.resources());
  for (const auto& attribute : in.attributes()) out.attributes.push_back(from(attribute));
  return out;
}

void to(const AgentInfo& in, pb::AgentInfo& out) {
  out.set_hostname(in.hostname);
  out.set_port(in.port);
  resources_to(in.resources, *out.mutable_resources());
  for (const Attribute& attribute : in.attributes) to(attribute, *out.add_attributes());
  if (!in.id.empty()) out.mutable_id()->set_value(in.id.value);
}

Offer from(const pb::Offer& in) {
  Offer out;
  out.id.value = in.id().value();
  out.framework_id.value = in.framework_id().value();
  out.agent_id.value = in.agent_id().value();
  out.hostname = in.hostname();
  out.agent_ip = in.url().address().ip();
  if (in.has_url()) out.agent_port = static_cast<std::uint16_t>(in.url().address().port());
  out.role = in.allocation_info().role();
  out.resources = resources_from(in.resources());
  for (const auto& attribute : in.attributes()) out.attributes.push_back(from(attribute));
  for (const auto& id : in.executor_ids()) out.executor_ids.push_back({id.value()});
  return out;
}

void to(const Offer& in, pb::Offer& out, ResourceStyle style) {
  out.mutable_id()->set_value(in.id.value);
  out.mutable_framework_id()->set_value(in.framework_id.value);
  out.mutable_agent_id()->set_value(in.agent_id.value);
  out.set_hostname(in.hostname);
  auto& url = *out.mutable_url();
  url.set_scheme("http");
  url.mutable_address()->set_hostname(in.hostname);
  url.mutable_address()->set_ip(in.agent_ip);
  url.mutable_address()->set_port(in.agent_port);
  // The agent's routes are below it; clients put it before /state (mesos.md 1.2, 5.10).
  url.set_path("/slave(1)");
  resources_to(in.resources, *out.mutable_resources(), style);
  for (const Attribute& attribute : in.attributes) to(attribute, *out.add_attributes());
  for (const ExecutorId& id : in.executor_ids) out.add_executor_ids()->set_value(id.value);
  // Only for MULTI_ROLE frameworks: others would not know what it is (mesos.md 2.2).
  if (style.allocation && !in.role.empty()) out.mutable_allocation_info()->set_role(in.role);
}

}  // namespace windlass::convert
