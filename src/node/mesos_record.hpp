#pragma once
// Mesos messages inside the journal's rows: as protobuf, so that what the model does not know of them survives.

#include "wire/mesos/codec.hpp"
#include "wire/record/record.hpp"

namespace windlass::record {

template <>
struct OwnBytes<FrameworkInfo> {
  static std::string encode(const FrameworkInfo& info) { return encode_framework_info(info); }
  static Result<FrameworkInfo> decode(std::string_view bytes) { return decode_framework_info(bytes); }
};

template <>
struct OwnBytes<ExecutorInfo> {
  static std::string encode(const ExecutorInfo& info) { return encode_executor_info(info); }
  static Result<ExecutorInfo> decode(std::string_view bytes) { return decode_executor_info(bytes); }
};

template <>
struct OwnBytes<TaskInfo> {
  static std::string encode(const TaskInfo& info) { return encode_task_info(info); }
  static Result<TaskInfo> decode(std::string_view bytes) { return decode_task_info(bytes); }
};

template <>
struct OwnBytes<TaskStatus> {
  static std::string encode(const TaskStatus& status) { return encode_task_status(status); }
  static Result<TaskStatus> decode(std::string_view bytes) { return decode_task_status(bytes); }
};

}  // namespace windlass::record
