// Any text as the JSON of WINDLASS_MESSAGE: refused, or printed as JSON that means the same message.

#include "wire/mesos/json.hpp"

#include "base/check.hpp"
#include "executor.pb.h"
#include "scheduler.pb.h"

#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  WINDLASS_MESSAGE message;
  if (!windlass::from_mesos_json({reinterpret_cast<const char*>(data), size}, message)) {
    CHECK(message.ByteSizeLong() == 0);
    return 0;
  }
  const std::string printed = windlass::to_mesos_json(message);
  WINDLASS_MESSAGE again;
  CHECK(windlass::from_mesos_json(printed, again));
  CHECK(windlass::to_mesos_json(again) == printed);
  return 0;
}
