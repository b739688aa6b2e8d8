// Any bytes as the protobuf of WINDLASS_MESSAGE: refused, or serialized to the same message and printed as JSON.

#include "wire/json/reader.hpp"
#include "wire/mesos/json.hpp"

#include "base/check.hpp"
#include "executor.pb.h"
#include "scheduler.pb.h"

#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  WINDLASS_MESSAGE message;
  // Partial, because protobuf logs what is missing otherwise.
  if (!message.ParsePartialFromArray(data, static_cast<int>(size)) || !message.IsInitialized()) return 0;
  const std::string printed = windlass::to_mesos_json(message);
  auto json = windlass::read_json(printed);
  CHECK(json || json.error().message.starts_with("nested deeper"));
  WINDLASS_MESSAGE again;
  CHECK(again.ParseFromString(message.SerializeAsString()));
  CHECK(windlass::to_mesos_json(again) == printed);
  return 0;
}
