#pragma once
// What a framework may say of itself, with Mesos' texts (mesos.md 1.10).

#include "base/prng.hpp"
#include "base/time.hpp"
#include "model/engine_records.hpp"
#include "model/framework.hpp"
#include "model/scheduler_api.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace windlass::engine {

// Why it is not the name of a role; none: it is.
std::optional<std::string> role_error(const std::string& role);

// Why an id cannot be one (frameworks, tasks, executors: mesos.md 2.4); none: it can.
std::optional<std::string> id_error(const std::string& id);

// Why a FrameworkInfo is not valid, by itself.
std::optional<std::string> framework_error(const FrameworkInfo& info);

// Why these cannot be the suppressed roles of that framework.
std::optional<std::string> suppressed_roles_error(const FrameworkInfo& info, const std::vector<std::string>& roles);

// Why UPDATE_FRAMEWORK may not replace one by the other.
std::optional<std::string> update_error(const FrameworkInfo& old_info, const FrameworkInfo& new_info);

// Why a call other than SUBSCRIBE is not taken, as the answer's status and text; none: it is. `stream` is that of the
// framework, none when it is not connected; `header` is what came as Mesos-Stream-Id.
struct CallRefusal {
  int status = 0;
  std::string text;
};
std::optional<CallRefusal> call_refusal(const FrameworkId& id, bool is_known, const std::optional<Uuid>& stream,
                                        const std::optional<std::string>& header);

// Why a SUBSCRIBE is refused; none: it is not. `known` is the framework that has its id, if there is one.
std::optional<std::string> subscribe_error(const FrameworkRecord* known, const calls::Subscribe& call);

// The id of a framework that is new: "<master>-0007".
FrameworkId framework_id(const std::string& master_id, std::uint64_t number);

// When a framework that is not connected is removed; none: it is connected, or was removed.
std::optional<TimePoint> failover_deadline(const FrameworkRecord& record);

inline constexpr std::chrono::seconds framework_heartbeat_interval{15};

// Of the frameworks that were removed only the newest are remembered. This is the oldest of them when there are too
// many, else the end.
inline constexpr std::size_t completed_frameworks_max = 50;
template <class Frameworks>
auto surplus_removed(Frameworks& frameworks) {
  auto oldest = frameworks.end();
  std::size_t removed = 0;
  for (auto at = frameworks.begin(); at != frameworks.end(); ++at) {
    if (!at->second.completed()) continue;
    ++removed;
    if (oldest == frameworks.end() || at->second.record.removed < oldest->second.record.removed) oldest = at;
  }
  return removed > completed_frameworks_max ? oldest : frameworks.end();
}

inline const std::string no_framework = "No framework found with specified ID";
inline const std::string principal_changed = "Changing framework's principal is not allowed.";

}  // namespace windlass::engine
