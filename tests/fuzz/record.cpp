// Any bytes as a row of the journal: refused, or a value that encodes to bytes which read back as the same bytes.

#include "wire/record/record.hpp"

#include "base/check.hpp"
#include "model/app.hpp"
#include "model/engine_records.hpp"
#include "node/mesos_record.hpp"

#include <cstdint>

namespace {

template <class T>
void try_as(std::string_view bytes) {
  const auto value = windlass::record::decode<T>(bytes);
  if (!value) return;
  const std::string again = windlass::record::encode(*value);
  const auto reread = windlass::record::decode<T>(again);
  CHECK(reread);
  CHECK(windlass::record::encode(*reread) == again);
}

}  // namespace

// The first byte says which kind of row it is.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 6) {
    case 0: try_as<windlass::App>(bytes); break;
    case 1: try_as<windlass::Instance>(bytes); break;
    case 2: try_as<windlass::EngineRecord>(bytes); break;
    case 3: try_as<windlass::FrameworkRecord>(bytes); break;
    case 4: try_as<windlass::ExecutorRecord>(bytes); break;
    default: try_as<windlass::TaskRecord>(bytes); break;
  }
  return 0;
}
