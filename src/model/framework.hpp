#pragma once
// Who a framework is (FrameworkInfo), who the master is (MasterInfo) and who the agent is (AgentInfo).

#include "model/ids.hpp"
#include "model/resources.hpp"

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace windlass {

// Numbers as in FrameworkInfo.Capability.Type.
enum class Capability {
  revocable_resources = 1,
  task_killing_state = 2,
  gpu_resources = 3,
  shared_resources = 4,
  partition_aware = 5,
  multi_role = 6,
  reservation_refinement = 7,
  region_aware = 8,
};

struct FrameworkInfo {
  std::string user;
  std::string name;
  FrameworkId id = {};          // empty: not given yet
  double failover_timeout = 0;  // seconds
  bool checkpoint = false;
  std::optional<std::string> role = {};  // the deprecated single role, when set
  std::vector<std::string> roles = {};
  std::string hostname = {};
  std::string principal = {};
  std::string webui_url = {};
  std::set<Capability> capabilities = {};
  std::string raw = {};  // the protobuf bytes as received: passed on, so that no field is lost

  [[nodiscard]] bool can(Capability capability) const { return capabilities.contains(capability); }
  // The roles that it subscribes to: `roles`, or the single role, or "*".
  [[nodiscard]] std::vector<std::string> all_roles() const;
  friend bool operator==(const FrameworkInfo&, const FrameworkInfo&) = default;
};

struct MasterInfo {
  std::string id;
  std::string hostname;
  std::string ip;  // dotted IPv4
  std::uint16_t port = 5050;
  std::string version = {};
  friend bool operator==(const MasterInfo&, const MasterInfo&) = default;
};

enum class AttributeType { scalar, ranges, text };

struct Attribute {
  std::string name;
  AttributeType type = AttributeType::text;
  std::int64_t milli = 0;
  std::vector<Range> ranges = {};
  std::string text = {};

  // As Marathon compares it: text verbatim, scalar without trailing zeros, ranges as [a-b,c-d].
  [[nodiscard]] std::string to_string() const;
  friend bool operator==(const Attribute&, const Attribute&) = default;
};

// Text of --attributes (mesos.md 6.3): "rack:abc;zone:west;level:10;keys:[1000-1500]". Errors: Errc::invalid.
[[nodiscard]] Result<std::vector<Attribute>> parse_attributes(std::string_view text);

struct AgentInfo {
  AgentId id;
  std::string hostname;
  std::string ip;  // dotted IPv4
  std::uint16_t port = 5051;
  Resources resources = {};  // all of the agent's
  std::vector<Attribute> attributes = {};
  friend bool operator==(const AgentInfo&, const AgentInfo&) = default;
};

// One offer: all free resources of one agent for one role of one framework.
struct Offer {
  OfferId id;
  FrameworkId framework_id;
  AgentId agent_id;
  std::string hostname;
  std::string agent_ip = {};
  std::uint16_t agent_port = 5051;
  std::string role = {};  // allocation_info.role; the wire omits it for frameworks without MULTI_ROLE
  Resources resources = {};
  std::vector<Attribute> attributes = {};
  std::vector<ExecutorId> executor_ids = {};
  friend bool operator==(const Offer&, const Offer&) = default;
};

}  // namespace windlass
