// Any bytes, cut into chunks of any size: the decoder gives the same records as from one piece, and they encode back.

#include "wire/mesos/recordio.hpp"

#include "base/check.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>

using windlass::RecordDecoder;
using Records = std::vector<std::string>;

namespace {

constexpr std::size_t small_record_max = 4096;

std::optional<Records> decode(std::string_view bytes, std::size_t chunk) {
  RecordDecoder decoder(small_record_max);
  Records all;
  while (!bytes.empty()) {
    auto some = decoder.feed(bytes.substr(0, chunk));
    if (!some) {
      CHECK(decoder.failed() && !decoder.feed("1\na"));
      return std::nullopt;
    }
    all.insert(all.end(), some->begin(), some->end());
    bytes.remove_prefix(std::min(chunk, bytes.size()));
  }
  return all;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto whole = decode(bytes, bytes.size() + 1);
  CHECK(whole == decode(bytes, 1u + data[0]));
  if (!whole) return 0;
  std::string encoded;
  for (const auto& record : *whole) encoded += windlass::encode_record(record);
  CHECK(decode(encoded, encoded.size() + 1) == whole);
  return 0;
}
