#include "wire/mesos/codec.hpp"
#include "wire/mesos/convert.hpp"

namespace windlass {
namespace {

template <class Message, class Value>
std::string encode_as(const Value& value) {
  Message message;
  convert::to(value, message);
  // Partial, here and below: whether a message is complete was decided when it came in. A row that protobuf finds
  // incomplete must still be written and read.
  return message.SerializePartialAsString();
}

template <class Message, class Value>
Result<Value> decode_as(std::string_view bytes) {
  Message message;
  if (!message.ParsePartialFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return Error{Errc::malformed, "these bytes are no " + message.GetTypeName()};
  }
  return convert::from(message);
}

}  // namespace

std::string encode_framework_info(const FrameworkInfo& info) { return encode_as<mesos::v1::FrameworkInfo>(info); }
Result<FrameworkInfo> decode_framework_info(std::string_view bytes) {
  return decode_as<mesos::v1::FrameworkInfo, FrameworkInfo>(bytes);
}
std::string encode_executor_info(const ExecutorInfo& info) { return encode_as<mesos::v1::ExecutorInfo>(info); }
Result<ExecutorInfo> decode_executor_info(std::string_view bytes) {
  return decode_as<mesos::v1::ExecutorInfo, ExecutorInfo>(bytes);
}
std::string encode_task_info(const TaskInfo& info) { return encode_as<mesos::v1::TaskInfo>(info); }
Result<TaskInfo> decode_task_info(std::string_view bytes) { return decode_as<mesos::v1::TaskInfo, TaskInfo>(bytes); }
std::string encode_task_status(const TaskStatus& status) { return encode_as<mesos::v1::TaskStatus>(status); }
Result<TaskStatus> decode_task_status(std::string_view bytes) {
  return decode_as<mesos::v1::TaskStatus, TaskStatus>(bytes);
}

}  // namespace windlass
