#include "wire/mesos/operator.hpp"

#include "base/check.hpp"
#include "wire/json/text.hpp"
#include "wire/mesos/convert.hpp"
#include "wire/mesos/message.hpp"
#include "wire/mesos/secrets.hpp"

#include <google/protobuf/descriptor.pb.h>

#include "agent.pb.h"
#include "master.pb.h"

#include <chrono>
#include <type_traits>
#include <utility>

namespace windlass::operator_api {
namespace {

namespace pb = mesos::v1;
namespace master = mesos::v1::master;
namespace agent = mesos::v1::agent;
using convert::to;

constexpr convert::ResourceStyle with_role{.allocation = true, .refined = false};

// --- calls --------------------------------------------------------------------------------------------------------

// Two tables, because the two enums give one number to different calls (mesos.md 5.9).
std::optional<CallType> call_type(master::Call::Type type) {
  switch (type) {
    case master::Call::GET_HEALTH: return CallType::get_health;
    case master::Call::GET_FLAGS: return CallType::get_flags;
    case master::Call::GET_VERSION: return CallType::get_version;
    case master::Call::GET_METRICS: return CallType::get_metrics;
    case master::Call::GET_LOGGING_LEVEL: return CallType::get_logging_level;
    case master::Call::LIST_FILES: return CallType::list_files;
    case master::Call::READ_FILE: return CallType::read_file;
    case master::Call::GET_STATE: return CallType::get_state;
    case master::Call::GET_AGENTS: return CallType::get_agents;
    case master::Call::GET_FRAMEWORKS: return CallType::get_frameworks;
    case master::Call::GET_EXECUTORS: return CallType::get_executors;
    case master::Call::GET_OPERATIONS: return CallType::get_operations;
    case master::Call::GET_TASKS: return CallType::get_tasks;
    case master::Call::GET_ROLES: return CallType::get_roles;
    case master::Call::GET_WEIGHTS: return CallType::get_weights;
    case master::Call::GET_MASTER: return CallType::get_master;
    case master::Call::GET_MAINTENANCE_STATUS: return CallType::get_maintenance_status;
    case master::Call::GET_QUOTA: return CallType::get_quota;
    case master::Call::TEARDOWN: return CallType::teardown;
    default: return std::nullopt;
  }
}

std::optional<CallType> call_type(agent::Call::Type type) {
  switch (type) {
    case agent::Call::GET_HEALTH: return CallType::get_health;
    case agent::Call::GET_FLAGS: return CallType::get_flags;
    case agent::Call::GET_VERSION: return CallType::get_version;
    case agent::Call::GET_METRICS: return CallType::get_metrics;
    case agent::Call::GET_LOGGING_LEVEL: return CallType::get_logging_level;
    case agent::Call::LIST_FILES: return CallType::list_files;
    case agent::Call::READ_FILE: return CallType::read_file;
    case agent::Call::GET_STATE: return CallType::get_state;
    case agent::Call::GET_CONTAINERS: return CallType::get_containers;
    case agent::Call::GET_FRAMEWORKS: return CallType::get_frameworks;
    case agent::Call::GET_EXECUTORS: return CallType::get_executors;
    case agent::Call::GET_OPERATIONS: return CallType::get_operations;
    case agent::Call::GET_TASKS: return CallType::get_tasks;
    case agent::Call::GET_AGENT: return CallType::get_agent;
    default: return std::nullopt;
  }
}

// `side`: "master" or "agent", as the refusals name it.
template <class Message>
Result<Call> decode_call(std::string_view bytes, Encoding encoding, const std::string& side) {
  Message in;
  auto parsed = convert::read_message(bytes, encoding, "Call", in);
  if (!parsed) return parsed.error();
  const auto refused = [&](const std::string& member) {
    return Error{Errc::invalid, "Failed to validate " + side + "::Call: Expecting '" + member + "' to be present"};
  };
  if (!in.has_type()) return refused("type");
  const auto type = call_type(in.type());
  if (!type) return Error{Errc::unsupported, "'" + Message::Type_Name(in.type()) + "' is not served by this " + side};
  Call out{.type = *type};
  if (*type == CallType::list_files) {
    if (!in.has_list_files()) return refused("list_files");
    out.path = in.list_files().path();
  } else if (*type == CallType::read_file) {
    if (!in.has_read_file()) return refused("read_file");
    out.path = in.read_file().path();
    out.offset = in.read_file().offset();
    if (in.read_file().has_length()) out.length = in.read_file().length();
  } else if (*type == CallType::get_metrics && !in.has_get_metrics()) {
    // Its only member, a timeout, may be missing; the message itself may not.
    return refused("get_metrics");
  }
  if constexpr (std::is_same_v<Message, master::Call>) {
    if (*type == CallType::teardown && !in.has_teardown()) return refused("teardown");
    out.framework_id = {in.teardown().framework_id().value()};
  }
  return out;
}

// --- values to messages -------------------------------------------------------------------------------------------

std::int64_t nanoseconds(TimePoint time) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count();
}

// pb::Task is what views show of a task: most of TaskInfo, and what has become of it since.
void task_to(const TaskRecord& in, pb::Task& out) {
  pb::TaskInfo info;
  to(in.info, info);
  out.set_name(info.name());
  *out.mutable_task_id() = info.task_id();
  out.mutable_framework_id()->set_value(in.framework_id.value);
  // Tasks with a command have none at the master, though their executor at the agent has the task's id (mesos.md 10.2).
  if (in.info.executor) out.mutable_executor_id()->set_value(in.executor_id.value);
  *out.mutable_agent_id() = info.agent_id();
  out.set_state(static_cast<pb::TaskState>(in.state));
  *out.mutable_resources() = info.resources();
  for (const TaskStatus& status : in.statuses) to(status, *out.add_statuses());
  // What was last sent to the framework, which may lag behind `state` (mesos.md 2.11).
  if (!in.statuses.empty() && in.statuses.back().uuid) {
    out.set_status_update_state(static_cast<pb::TaskState>(in.statuses.back().state));
    out.set_status_update_uuid(in.statuses.back().uuid->to_bytes());
  }
  if (info.has_labels()) *out.mutable_labels() = info.labels();
  if (info.has_discovery()) *out.mutable_discovery() = info.discovery();
  if (info.has_container()) *out.mutable_container() = info.container();
  if (info.command().has_user()) out.set_user(info.command().user());
  if (info.has_health_check()) *out.mutable_health_check() = info.health_check();
  if (info.has_kill_policy()) *out.mutable_kill_policy() = info.kill_policy();
  *out.mutable_limits() = info.limits();
}

template <class Repeated>
void tasks_to(const TaskList& in, Repeated& out) {
  for (const TaskRecord* task : in) task_to(*task, *out.Add());
}

void framework_to(const FrameworkView& in, master::Response::GetFrameworks::Framework& out) {
  to(*in.info, *out.mutable_framework_info());
  // There is nothing here that deactivates a connected framework.
  out.set_active(in.connected);
  out.set_connected(in.connected);
  out.set_recovered(in.recovered);
  out.mutable_registered_time()->set_nanoseconds(nanoseconds(in.registered));
  out.mutable_reregistered_time()->set_nanoseconds(nanoseconds(in.registered));
  if (in.unregistered) out.mutable_unregistered_time()->set_nanoseconds(nanoseconds(*in.unregistered));
  for (const Offer* offer : in.offers) to(*offer, *out.add_offers(), {});
  convert::resources_to(in.allocated, *out.mutable_allocated_resources(), with_role);
  convert::resources_to(in.offered, *out.mutable_offered_resources(), with_role);
  // Empty, as Mesos has it for a framework without constraints.
  out.mutable_offer_constraints();
}

void framework_to(const FrameworkView& in, agent::Response::GetFrameworks::Framework& out) {
  to(*in.info, *out.mutable_framework_info());
}

template <class Message>
void frameworks_to(const Frameworks& in, Message& out) {
  for (const FrameworkView& each : in.frameworks) framework_to(each, *out.add_frameworks());
  for (const FrameworkView& each : in.completed) framework_to(each, *out.add_completed_frameworks());
}

// One entry: the engine is a single machine.
void agents_to(const Agents& in, master::Response::GetAgents& out) {
  auto& only = *out.add_agents();
  to(in.info, *only.mutable_agent_info());
  only.set_active(true);
  only.set_deactivated(false);
  only.set_version(in.version);
  // mesos-dns takes it apart as id@host:port (mesos.md 5.10).
  only.set_pid("slave(1)@" + in.info.ip + ":" + std::to_string(in.info.port));
  only.mutable_registered_time()->set_nanoseconds(nanoseconds(in.registered));
  convert::resources_to(in.info.resources, *only.mutable_total_resources(), with_role);
  convert::resources_to(in.allocated, *only.mutable_allocated_resources(), with_role);
  convert::resources_to(in.offered, *only.mutable_offered_resources(), with_role);
  for (const char* name : agent_capabilities) {
    auto type = pb::AgentInfo::Capability::UNKNOWN;
    CHECK(pb::AgentInfo::Capability::Type_Parse(name, &type));
    only.add_capabilities()->set_type(type);
  }
}

// No pending ones: a launch is authorized and applied within its call (mesos.md 2.5).
void tasks_to(const Tasks& in, master::Response::GetTasks& out) {
  tasks_to(in.launched, *out.mutable_tasks());
  tasks_to(in.completed, *out.mutable_completed_tasks());
}

void tasks_to(const Tasks& in, agent::Response::GetTasks& out) {
  tasks_to(in.queued, *out.mutable_queued_tasks());
  tasks_to(in.launched, *out.mutable_launched_tasks());
  tasks_to(in.terminated, *out.mutable_terminated_tasks());
  tasks_to(in.completed, *out.mutable_completed_tasks());
}

void executors_to(const Executors& in, master::Response::GetExecutors& out) {
  for (const ExecutorInfo* info : in.executors) {
    auto& executor = *out.add_executors();
    to(*info, *executor.mutable_executor_info());
    executor.mutable_agent_id()->set_value(in.agent_id.value);
  }
}

void executors_to(const Executors& in, agent::Response::GetExecutors& out) {
  for (const ExecutorInfo* info : in.executors) to(*info, *out.add_executors()->mutable_executor_info());
  for (const ExecutorInfo& info : in.completed) to(info, *out.add_completed_executors()->mutable_executor_info());
}

void container_to(const Container& in, agent::Response::GetContainers::Container& out) {
  const ExecutorRecord& executor = *in.executor;
  out.mutable_framework_id()->set_value(executor.framework_id.value);
  out.mutable_executor_id()->set_value(executor.info.id.value);
  out.set_executor_name(executor.info.name);
  out.mutable_container_id()->set_value(executor.container_id.value);
  auto& status = *out.mutable_container_status();
  status.mutable_container_id()->set_value(executor.container_id.value);
  if (executor.pid > 0) status.set_executor_pid(static_cast<std::uint32_t>(executor.pid));
  auto& statistics = *out.mutable_resource_statistics();
  statistics.set_timestamp(to_seconds(in.statistics.timestamp));
  statistics.set_cpus_user_time_secs(in.statistics.cpus_user_seconds);
  statistics.set_cpus_system_time_secs(in.statistics.cpus_system_seconds);
  statistics.set_cpus_soft_limit(in.statistics.cpus_soft_limit);
  statistics.set_mem_limit_bytes(in.statistics.memory_limit_bytes);
  statistics.set_mem_soft_limit_bytes(in.statistics.memory_limit_bytes);
  statistics.set_mem_rss_bytes(in.statistics.memory_rss_bytes);
}

void file_to(const File& in, pb::FileInfo& out) {
  out.set_path(in.path);
  out.set_nlink(in.links);
  out.set_size(in.size);
  out.mutable_mtime()->set_nanoseconds(nanoseconds(in.modified));
  out.set_mode(in.mode);
  out.set_uid(in.user);
  out.set_gid(in.group);
}

// --- answers ------------------------------------------------------------------------------------------------------

// What both sides have under the same names.
template <class Message>
struct ResponseWriter {
  Message& out;
  static constexpr bool is_master = std::is_same_v<Message, master::Response>;

  void operator()(const Health&) const {
    out.set_type(Message::GET_HEALTH);
    out.mutable_get_health()->set_healthy(true);
  }
  void operator()(const Version& in) const {
    out.set_type(Message::GET_VERSION);
    out.mutable_get_version()->mutable_version_info()->set_version(in.version);
  }
  void operator()(const Flags& in) const {
    out.set_type(Message::GET_FLAGS);
    for (const auto& [name, value] : in.flags) {
      auto& flag = *out.mutable_get_flags()->add_flags();
      flag.set_name(name);
      flag.set_value(value);
    }
  }
  void operator()(const Metrics& in) const {
    out.set_type(Message::GET_METRICS);
    for (const auto& [name, value] : in.metrics) {
      auto& metric = *out.mutable_get_metrics()->add_metrics();
      metric.set_name(name);
      metric.set_value(value);
    }
  }
  void operator()(const LoggingLevel& in) const {
    out.set_type(Message::GET_LOGGING_LEVEL);
    out.mutable_get_logging_level()->set_level(in.level);
  }
  void operator()(const Files& in) const {
    out.set_type(Message::LIST_FILES);
    out.mutable_list_files();
    for (const File& file : in.files) file_to(file, *out.mutable_list_files()->add_file_infos());
  }
  void operator()(const FileData& in) const {
    out.set_type(Message::READ_FILE);
    // The size is the file's; the data may be less, and is base64 in JSON (mesos.md 5.9).
    out.mutable_read_file()->set_size(in.size);
    out.mutable_read_file()->set_data(in.data);
  }
  void operator()(const Tasks& in) const {
    out.set_type(Message::GET_TASKS);
    tasks_to(in, *out.mutable_get_tasks());
  }
  void operator()(const Executors& in) const {
    out.set_type(Message::GET_EXECUTORS);
    executors_to(in, *out.mutable_get_executors());
  }
  void operator()(const Frameworks& in) const {
    out.set_type(Message::GET_FRAMEWORKS);
    frameworks_to(in, *out.mutable_get_frameworks());
  }
  void operator()(const StateView& in) const {
    out.set_type(Message::GET_STATE);
    auto& state = *out.mutable_get_state();
    tasks_to(in.tasks, *state.mutable_get_tasks());
    executors_to(in.executors, *state.mutable_get_executors());
    frameworks_to(in.frameworks, *state.mutable_get_frameworks());
    if constexpr (is_master) {
      if (in.agents) agents_to(*in.agents, *state.mutable_get_agents());
    }
  }
  void operator()(const Agents& in) const {
    if constexpr (is_master) {
      out.set_type(Message::GET_AGENTS);
      agents_to(in, *out.mutable_get_agents());
    } else {
      CHECK(!"the agent does not list agents");
    }
  }
  void operator()(const Roles& in) const {
    if constexpr (is_master) {
      out.set_type(Message::GET_ROLES);
      // Also without roles: the member is there, and empty.
      out.mutable_get_roles();
      for (const Role& each : in.roles) {
        auto& role = *out.mutable_get_roles()->add_roles();
        role.set_name(each.name);
        // Weights cannot be set here; 1 is Mesos' default.
        role.set_weight(1.0);
        for (const FrameworkId& id : each.frameworks) role.add_frameworks()->set_value(id.value);
        convert::resources_to(each.resources, *role.mutable_resources());
      }
    } else {
      CHECK(!"the agent has no roles");
    }
  }
  void operator()(const Master& in) const {
    if constexpr (is_master) {
      out.set_type(Message::GET_MASTER);
      to(in.info, *out.mutable_get_master()->mutable_master_info());
      out.mutable_get_master()->set_start_time(to_seconds(in.started));
      // Nobody else can lead: it is elected when it starts.
      out.mutable_get_master()->set_elected_time(to_seconds(in.started));
    } else {
      CHECK(!"the agent is no master");
    }
  }
  void operator()(const Containers& in) const {
    if constexpr (is_master) {
      CHECK(!"the master has no containers");
    } else {
      out.set_type(Message::GET_CONTAINERS);
      out.mutable_get_containers();
      for (const Container& each : in.containers) container_to(each, *out.mutable_get_containers()->add_containers());
    }
  }
  void operator()(const Agent& in) const {
    if constexpr (is_master) {
      CHECK(!"the master is no agent");
    } else {
      out.set_type(Message::GET_AGENT);
      to(in.info, *out.mutable_get_agent()->mutable_agent_info());
    }
  }
  void operator()(const Nothing& in) const {
    if (in.type == CallType::get_operations) {
      out.set_type(Message::GET_OPERATIONS);
      out.mutable_get_operations();
      return;
    }
    if constexpr (is_master) {
      if (in.type == CallType::get_weights) {
        out.set_type(Message::GET_WEIGHTS);
      } else if (in.type == CallType::get_quota) {
        out.set_type(Message::GET_QUOTA);
        out.mutable_get_quota()->mutable_status();
      } else {
        out.set_type(Message::GET_MAINTENANCE_STATUS);
        out.mutable_get_maintenance_status()->mutable_status();
      }
    }
  }
};

// GET_STATE and its four parts are written by Mesos without protobuf's help: lists appear there also when empty.
bool is_listing(const google::protobuf::Descriptor& type) {
  for (const char* name : {"GetState", "GetTasks", "GetExecutors", "GetFrameworks", "GetAgents"}) {
    if (type.name() == name) return true;
  }
  return false;
}

void append_member_name(std::string& out, const std::string& name) {
  if (out.back() != '{') out += ',';
  append_json_string(out, name);
  out += ':';
}

// Deprecated lists are left out even so, and what is inside a list is ordinary Mesos JSON again.
void append_listing(std::string& out, const google::protobuf::Message& message) {
  const auto* reflection = message.GetReflection();
  out += '{';
  for (int i = 0; i < message.GetDescriptor()->field_count(); ++i) {
    const auto* field = message.GetDescriptor()->field(i);
    if (field->is_repeated()) {
      if (field->options().deprecated()) continue;
      append_member_name(out, field->name());
      out += '[';
      for (int at = 0; at < reflection->FieldSize(message, field); ++at) {
        if (at > 0) out += ',';
        out += to_mesos_json(reflection->GetRepeatedMessage(message, field, at));
      }
      out += ']';
    } else if (reflection->HasField(message, field)) {
      append_member_name(out, field->name());
      append_listing(out, reflection->GetMessage(message, field));
    }
  }
  out += '}';
}

template <class Message>
std::string encode(const Response& response, Encoding encoding) {
  Message out;
  std::visit(ResponseWriter<Message>{out}, response);
  // At the one place that every answer passes, so that no view can forget it.
  convert::hide_secrets(out);
  if (encoding == Encoding::json) {
    std::vector<const google::protobuf::FieldDescriptor*> fields;
    out.GetReflection()->ListFields(out, &fields);
    // An answer has its type and one member.
    const auto* body = fields.back();  // `type` is the first
    if (body->message_type() != nullptr && is_listing(*body->message_type())) {
      std::string text = "{\"type\":";
      append_json_string(text, Message::Type_Name(out.type()));
      append_member_name(text, body->name());
      append_listing(text, out.GetReflection()->GetMessage(out, body));
      return text + "}";
    }
  }
  return convert::write_message(out, encoding);
}

// The older routes show labels as a plain list, without the object around it.
std::string labels_json(const pb::Labels& labels) {
  std::string text = "[";
  for (const auto& label : labels.labels()) {
    if (text.size() > 1) text += ',';
    text += to_mesos_json(label);
  }
  return text + "]";
}

}  // namespace

Result<Call> decode_master_call(std::string_view bytes, Encoding encoding) {
  return decode_call<master::Call>(bytes, encoding, "master");
}

Result<Call> decode_agent_call(std::string_view bytes, Encoding encoding) {
  return decode_call<agent::Call>(bytes, encoding, "agent");
}

std::string encode_master(const Response& response, Encoding encoding) {
  return encode<master::Response>(response, encoding);
}

std::string encode_agent(const Response& response, Encoding encoding) {
  return encode<agent::Response>(response, encoding);
}

std::string resource_json(const Resource& resource) {
  pb::Resource out;
  to(resource, out, with_role);
  return to_mesos_json(out);
}

// By way of a status, because that is what the conversion knows how to fill.
std::string network_json(const NetworkInfo& network) {
  TaskStatus status;
  status.container.emplace().networks.push_back(network);
  pb::TaskStatus out;
  to(status, out);
  return to_mesos_json(out.container_status().network_infos(0));
}

std::map<std::string, std::string> task_members_json(const TaskInfo& task) {
  pb::TaskInfo info;
  to(task, info);
  convert::hide_secrets(info);
  std::map<std::string, std::string> members;
  if (info.has_labels()) members["labels"] = labels_json(info.labels());
  if (info.has_discovery()) members["discovery"] = to_mesos_json(info.discovery());
  if (info.has_container()) members["container"] = to_mesos_json(info.container());
  if (info.has_health_check()) members["health_check"] = to_mesos_json(info.health_check());
  if (info.command().has_user()) append_json_string(members["user"], info.command().user());
  return members;
}

std::string environment_json(const ExecutorInfo& executor) {
  pb::ExecutorInfo info;
  to(executor, info);
  convert::hide_secrets(info);
  return to_mesos_json(info.command().environment());
}

std::map<std::string, std::string> executor_members_json(const ExecutorInfo& executor) {
  pb::ExecutorInfo info;
  to(executor, info);
  convert::hide_secrets(info);
  std::map<std::string, std::string> members;
  if (info.has_labels()) members["labels"] = labels_json(info.labels());
  if (info.has_container()) members["container"] = to_mesos_json(info.container());
  return members;
}

std::map<std::string, std::string> framework_members_json(const FrameworkInfo& framework) {
  pb::FrameworkInfo info;
  to(framework, info);
  std::map<std::string, std::string> members;
  if (info.has_labels()) members["labels"] = labels_json(info.labels());
  return members;
}

}  // namespace windlass::operator_api
