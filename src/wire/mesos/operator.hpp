#pragma once
// The v1 operator API of master and agent as values (mesos.md 5.9): what is asked at POST /api/v1, and the answers.
// Answers point into the records that they show; the records must outlive the encoding. Whatever is encoded here, and
// the pieces below, is without secrets (wire/mesos/secrets.hpp).

#include "model/engine_records.hpp"
#include "wire/mesos/codec.hpp"

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace windlass::operator_api {

enum class CallType {
  get_health,
  get_flags,
  get_version,
  get_metrics,
  get_logging_level,
  list_files,
  read_file,
  get_state,
  get_agents,
  get_frameworks,
  get_executors,
  get_operations,
  get_tasks,
  get_roles,
  get_weights,
  get_master,
  get_maintenance_status,
  get_quota,
  get_containers,
  get_agent,
  teardown,
};

struct Call {
  CallType type = CallType::get_health;
  std::string path = {};  // LIST_FILES, READ_FILE
  std::uint64_t offset = 0;
  std::optional<std::uint64_t> length = {};
  FrameworkId framework_id = {};  // TEARDOWN
};

// Errors: the message is the complete text of the answer, 501 for Errc::unsupported (a call of the protocol that is not
// served here), 400 for any other.
[[nodiscard]] Result<Call> decode_master_call(std::string_view bytes, Encoding encoding);
[[nodiscard]] Result<Call> decode_agent_call(std::string_view bytes, Encoding encoding);

// What the agent can do, as it says.
inline constexpr std::array<const char*, 4> agent_capabilities{"MULTI_ROLE", "HIERARCHICAL_ROLE",
                                                               "RESERVATION_REFINEMENT", "TASK_RESOURCE_LIMITS"};

// --- answers ------------------------------------------------------------------------------------------------------

struct Health {};
struct Version {
  std::string version;
};
struct Flags {
  std::map<std::string, std::string> flags;
};
struct Metrics {
  std::map<std::string, double> metrics;
};
struct LoggingLevel {
  std::uint32_t level = 0;
};
struct File {
  std::string path;
  std::int32_t links = 0;
  std::uint64_t size = 0;
  TimePoint modified = {};
  std::uint32_t mode = 0;
  std::string user = {};
  std::string group = {};
};
struct Files {
  std::vector<File> files;
};
struct FileData {
  std::uint64_t size = 0;  // of the whole file
  std::string data;
};

using TaskList = std::vector<const TaskRecord*>;
// The master knows `launched` and `completed` ones.
struct Tasks {
  TaskList queued = {};
  TaskList launched = {};
  TaskList terminated = {};
  TaskList completed = {};
};
struct Executors {
  AgentId agent_id;
  std::vector<const ExecutorInfo*> executors = {};
  std::vector<ExecutorInfo> completed = {};  // the agent's only
};
struct FrameworkView {
  const FrameworkInfo* info = nullptr;
  bool connected = false;
  bool recovered = false;
  TimePoint registered = {};
  std::optional<TimePoint> unregistered = {};
  std::vector<const Offer*> offers = {};
  Resources allocated = {};
  Resources offered = {};
};
// The agent shows nothing but `info` of each.
struct Frameworks {
  std::vector<FrameworkView> frameworks = {};
  std::vector<FrameworkView> completed = {};
};
struct Agents {
  AgentInfo info;
  std::string version;
  TimePoint registered = {};
  Resources allocated = {};
  Resources offered = {};
};
struct StateView {
  Tasks tasks;
  Executors executors;
  Frameworks frameworks;
  std::optional<Agents> agents = {};  // the master's only
};
struct Role {
  std::string name;
  std::vector<FrameworkId> frameworks = {};
  Resources resources = {};
};
struct Roles {
  std::vector<Role> roles;
};
struct Master {
  MasterInfo info;
  TimePoint started = {};
};
struct Statistics {
  TimePoint timestamp = {};
  double cpus_user_seconds = 0;
  double cpus_system_seconds = 0;
  double cpus_soft_limit = 0;
  std::uint64_t memory_limit_bytes = 0;
  std::uint64_t memory_rss_bytes = 0;
};
struct Container {
  const ExecutorRecord* executor = nullptr;
  Statistics statistics = {};
};
struct Containers {
  std::vector<Container> containers;
};
struct Agent {
  AgentInfo info;
};
// Nothing of that kind exists: GET_OPERATIONS, GET_WEIGHTS, GET_QUOTA, GET_MAINTENANCE_STATUS.
struct Nothing {
  CallType type = CallType::get_operations;
};

using Response = std::variant<Health, Version, Flags, Metrics, LoggingLevel, Files, FileData, Tasks, Executors,
                              Frameworks, Agents, StateView, Roles, Master, Containers, Agent, Nothing>;

// REQUIRES: the side has that answer (Agents, Roles and Master are the master's, Containers and Agent the agent's).
std::string encode_master(const Response& response, Encoding encoding);
std::string encode_agent(const Response& response, Encoding encoding);

// --- pieces of messages that the older routes show as JSON ----------------------------------------------------------

// With "role", as the lists named *_full have it.
std::string resource_json(const Resource& resource);
std::string network_json(const NetworkInfo& network);
// {"discovery", "<JSON>"}, {"container", …}, {"health_check", …}, {"labels", "[…]"}: those that the task has.
std::map<std::string, std::string> task_members_json(const TaskInfo& task);
// {"variables":[{"name":…,"value":…,"type":"VALUE"}]}: of the executor's command.
std::string environment_json(const ExecutorInfo& executor);
// Likewise of an executor: "container", "labels"; and of a framework: "labels".
std::map<std::string, std::string> executor_members_json(const ExecutorInfo& executor);
std::map<std::string, std::string> framework_members_json(const FrameworkInfo& framework);

}  // namespace windlass::operator_api
