#include "wire/mesos/convert.hpp"

#include <cmath>

namespace windlass::convert {
namespace {

NetworkInfo network_from(const pb::NetworkInfo& in) {
  NetworkInfo out{.name = in.name(), .raw = in.SerializePartialAsString()};
  for (const auto& each : in.ip_addresses()) {
    IpAddress address{.address = each.ip_address()};
    if (each.has_protocol()) address.protocol = each.protocol();
    out.addresses.push_back(std::move(address));
  }
  return out;
}

// A network has fields that the model lacks; they come from `raw`, and only the addresses are the model's.
void network_to(const NetworkInfo& in, pb::NetworkInfo& out) {
  if (!in.raw.empty()) out.ParsePartialFromString(in.raw);
  out.clear_ip_addresses();
  for (const IpAddress& each : in.addresses) {
    auto* address = out.add_ip_addresses();
    if (each.protocol) address->set_protocol(static_cast<pb::NetworkInfo::Protocol>(*each.protocol));
    address->set_ip_address(each.address);
  }
  if (!in.name.empty()) out.set_name(in.name);
}

ContainerStatus container_status_from(const pb::ContainerStatus& in) {
  ContainerStatus out{.container_id = {in.container_id().value()}};
  for (const auto& network : in.network_infos()) out.networks.push_back(network_from(network));
  if (in.has_executor_pid()) out.executor_pid = in.executor_pid();
  return out;
}

void container_status_to(const ContainerStatus& in, pb::ContainerStatus& out) {
  if (!in.container_id.empty()) out.mutable_container_id()->set_value(in.container_id.value);
  out.clear_network_infos();
  for (const NetworkInfo& network : in.networks) network_to(network, *out.add_network_infos());
  if (in.executor_pid) out.set_executor_pid(*in.executor_pid);
}

CheckStatus check_status_from(const pb::CheckStatusInfo& in) {
  CheckStatus out{.type = static_cast<CheckType>(in.type())};
  if (in.command().has_exit_code()) out.exit_code = in.command().exit_code();
  if (in.http().has_status_code()) out.status_code = in.http().status_code();
  if (in.tcp().has_succeeded()) out.succeeded = in.tcp().succeeded();
  return out;
}

// The message of its type is always there, if only empty.
void check_status_to(const CheckStatus& in, pb::CheckStatusInfo& out) {
  out.Clear();
  out.set_type(static_cast<pb::CheckInfo::Type>(in.type));
  if (in.type == CheckType::command) out.mutable_command();
  if (in.type == CheckType::http) out.mutable_http();
  if (in.type == CheckType::tcp) out.mutable_tcp();
  if (in.exit_code) out.mutable_command()->set_exit_code(*in.exit_code);
  if (in.status_code) out.mutable_http()->set_status_code(*in.status_code);
  if (in.succeeded) out.mutable_tcp()->set_succeeded(*in.succeeded);
}

std::int64_t nanoseconds(TimePoint time) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count();
}

}  // namespace

TaskStatus from(const pb::TaskStatus& in) {
  TaskStatus out;
  out.task_id.value = in.task_id().value();
  out.state = static_cast<TaskState>(in.state());
  out.message = in.message();
  out.source = static_cast<StatusSource>(in.source());
  if (in.has_reason()) out.reason = static_cast<Reason>(in.reason());
  if (in.has_data()) out.data = in.data();
  out.agent_id.value = in.agent_id().value();
  out.executor_id.value = in.executor_id().value();
  // Beyond that a 64-bit count of microseconds overflows; the bytes in `raw` keep what was sent.
  if (in.has_timestamp() && std::fabs(in.timestamp()) < 9e12) out.timestamp = from_seconds(in.timestamp());
  Uuid uuid;
  if (in.has_uuid() && Uuid::from_bytes(in.uuid(), uuid)) out.uuid = uuid;
  if (in.has_healthy()) out.healthy = in.healthy();
  out.labels = labels_from(in.labels());
  if (in.has_container_status()) out.container = container_status_from(in.container_status());
  if (in.has_unreachable_time()) {
    const std::chrono::nanoseconds since{in.unreachable_time().nanoseconds()};
    // Rounded down: the model counts in microseconds.
    out.unreachable_time = TimePoint{std::chrono::floor<std::chrono::microseconds>(since)};
  }
  if (in.has_check_status()) out.check = check_status_from(in.check_status());
  out.raw = in.SerializePartialAsString();
  return out;
}

// What the model lacks comes from `raw`. Everything else is set or cleared: an answer to RECONCILE is made from a
// stored status, but bears no uuid and no data (mesos.md 2.13).
void to(const TaskStatus& in, pb::TaskStatus& out) {
  if (!in.raw.empty()) out.ParsePartialFromString(in.raw);
  out.mutable_task_id()->set_value(in.task_id.value);
  out.set_state(static_cast<pb::TaskState>(in.state));
  in.message.empty() ? out.clear_message() : out.set_message(in.message);
  out.set_source(static_cast<pb::TaskStatus::Source>(in.source));
  in.reason ? out.set_reason(static_cast<pb::TaskStatus::Reason>(*in.reason)) : out.clear_reason();
  in.data ? out.set_data(*in.data) : out.clear_data();
  in.agent_id.empty() ? out.clear_agent_id() : out.mutable_agent_id()->set_value(in.agent_id.value);
  in.executor_id.empty() ? out.clear_executor_id() : out.mutable_executor_id()->set_value(in.executor_id.value);
  // A time that came in stays as exact as it came.
  const bool same_time = in.timestamp && out.has_timestamp() && from_seconds(out.timestamp()) == *in.timestamp;
  if (!in.timestamp) out.clear_timestamp();
  if (in.timestamp && !same_time) out.set_timestamp(to_seconds(*in.timestamp));
  in.uuid ? out.set_uuid(in.uuid->to_bytes()) : out.clear_uuid();
  in.healthy ? out.set_healthy(*in.healthy) : out.clear_healthy();
  out.clear_labels();
  if (!in.labels.empty()) labels_to(in.labels, *out.mutable_labels());
  if (in.container) container_status_to(*in.container, *out.mutable_container_status());
  if (!in.container) out.clear_container_status();
  if (in.unreachable_time) out.mutable_unreachable_time()->set_nanoseconds(nanoseconds(*in.unreachable_time));
  // As it came in, unless it has changed.
  const bool same_check = in.check && out.has_check_status() && check_status_from(out.check_status()) == *in.check;
  if (!in.check) out.clear_check_status();
  if (in.check && !same_check) check_status_to(*in.check, *out.mutable_check_status());
}

}  // namespace windlass::convert
