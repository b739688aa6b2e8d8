// Statistics that come back from anywhere: a value or an error, and what is a value is written and read as the same.

#include "wire/mesos/statistics.hpp"

#include "base/check.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto message = windlass::read_statistics({reinterpret_cast<const char*>(data), size});
  if (!message) return 0;
  (void)windlass::describe_statistics(message->statistics);
  auto again = windlass::read_statistics(windlass::encode_statistics(*message));
  CHECK(again.has_value());
  auto once_more = windlass::read_statistics(windlass::encode_statistics(*again));
  CHECK(once_more.has_value() && *once_more == *again);
  return 0;
}
