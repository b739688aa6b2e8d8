#pragma once
// The Mesos v1 APIs: values of model/ to bytes and back, as protobuf or as Mesos-style JSON (mesos.md 1, 2, 3).
//
// What a message carries beyond the model survives: each *Info and TaskStatus keeps the bytes it came in (`raw`), and
// encoding lays the model's fields over them.

#include "base/error.hpp"
#include "model/executor_api.hpp"
#include "model/scheduler_api.hpp"

#include <string>
#include <string_view>

namespace windlass {

enum class Encoding { protobuf, json };

// "application/x-protobuf", "application/json".
inline const char* content_type(Encoding encoding) {
  return encoding == Encoding::json ? "application/json" : "application/x-protobuf";
}

// Scheduler API. Decoding a call also does the checks that need no state; the message of the Error is then the complete
// text of the 400 answer (mesos.md 1.3 items 7-8, 1.4).
std::string encode(const SchedulerCall& call, Encoding encoding);
[[nodiscard]] Result<SchedulerCall> decode_scheduler_call(std::string_view bytes, Encoding encoding);
std::string encode(const SchedulerEvent& event, Encoding encoding);
[[nodiscard]] Result<SchedulerEvent> decode_scheduler_event(std::string_view bytes, Encoding encoding);

// Executor API, likewise (mesos.md 1.5).
std::string encode(const ExecutorCall& call, Encoding encoding);
[[nodiscard]] Result<ExecutorCall> decode_executor_call(std::string_view bytes, Encoding encoding);
std::string encode(const ExecutorEvent& event, Encoding encoding);
[[nodiscard]] Result<ExecutorEvent> decode_executor_event(std::string_view bytes, Encoding encoding);

// Single messages as protobuf bytes, for the journal. Errors: Errc::malformed.
std::string encode_framework_info(const FrameworkInfo& info);
[[nodiscard]] Result<FrameworkInfo> decode_framework_info(std::string_view bytes);
std::string encode_executor_info(const ExecutorInfo& info);
[[nodiscard]] Result<ExecutorInfo> decode_executor_info(std::string_view bytes);
std::string encode_task_info(const TaskInfo& info);
[[nodiscard]] Result<TaskInfo> decode_task_info(std::string_view bytes);
std::string encode_task_status(const TaskStatus& status);
[[nodiscard]] Result<TaskStatus> decode_task_status(std::string_view bytes);

}  // namespace windlass
