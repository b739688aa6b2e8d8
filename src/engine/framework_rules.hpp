#pragma once
// What a framework may say of itself, with Mesos' texts (mesos.md 1.10).

#include "base/prng.hpp"
#include "model/framework.hpp"

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

inline const std::string principal_changed = "Changing framework's principal is not allowed.";

}  // namespace windlass::engine
