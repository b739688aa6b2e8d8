#pragma once
// Tasks and executors, as the older reads show them.

#include "api/mesos/views/views.hpp"
#include "model/engine_records.hpp"
#include "wire/json/writer.hpp"

#include <map>
#include <string>
#include <string_view>

namespace windlass {

// Members of the v1 message that are shown unchanged: operator_api::task_members_json and its like.
void write_members(JsonWriter& json, const std::map<std::string, std::string>& members);

void write_task(JsonWriter& json, const TaskRecord& task);
void write_tasks(JsonWriter& json, std::string_view name, const operator_api::TaskList& tasks);

// As the master shows an executor.
void write_executor(JsonWriter& json, const ExecutorRecord& executor, const AgentId& agent);
// As the agent does.
void write_executor(JsonWriter& json, const ExecutorView& executor);

}  // namespace windlass
