#include "wire/mesos/state_summary.hpp"

#include "wire/json/reader.hpp"

#include <boost/json.hpp>

#include <utility>

namespace windlass {
namespace {

// Lenient throughout: the summary helps to find a framework of ours, and a master that words it differently must not
// stop us.
std::string summary_text(const boost::json::object& object, std::string_view key) {
  const boost::json::value* value = object.if_contains(key);
  const boost::json::string* text = value == nullptr ? nullptr : value->if_string();
  return text == nullptr ? "" : std::string{*text};
}

// Mesos counts tasks by state. Those that have ended stay counted for a while; they do not matter here.
std::uint64_t live_tasks(const boost::json::object& framework) {
  std::uint64_t count = 0;
  for (const char* state : {"TASK_STAGING", "TASK_STARTING", "TASK_RUNNING", "TASK_KILLING"}) {
    const boost::json::value* value = framework.if_contains(state);
    if (value == nullptr || !value->is_number()) continue;
    boost::system::error_code wrong;
    const auto number = value->to_number<std::uint64_t>(wrong);
    if (!wrong) count += number;
  }
  return count;
}

}  // namespace

std::vector<FrameworkSummary> read_state_summary(std::string_view json) {
  std::vector<FrameworkSummary> summaries;
  const auto summary = read_json(json);
  const boost::json::object* root = summary ? summary->if_object() : nullptr;
  const boost::json::value* found = root == nullptr ? nullptr : root->if_contains("frameworks");
  const boost::json::array* frameworks = found == nullptr ? nullptr : found->if_array();
  if (frameworks == nullptr) return summaries;
  for (const boost::json::value& each : *frameworks) {
    const boost::json::object* framework = each.if_object();
    if (framework == nullptr || summary_text(*framework, "id").empty()) continue;
    const boost::json::value* connected = framework->if_contains("connected");
    summaries.push_back({.id = {summary_text(*framework, "id")},
                         .name = summary_text(*framework, "name"),
                         .connected = connected != nullptr && connected->is_bool() && connected->get_bool(),
                         .live_tasks = live_tasks(*framework)});
  }
  return summaries;
}

}  // namespace windlass
