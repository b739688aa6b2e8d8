// What Docker answers, whatever it is: readers say a value or an error, and pull streams do not depend on their chunks.

#include "container/seed_data.hpp"
#include "wire/docker/answers.hpp"
#include "wire/docker/api_version.hpp"
#include "wire/docker/pull.hpp"
#include "wire/docker/registry_auth.hpp"
#include "wire/docker/stream.hpp"

#include "base/check.hpp"

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace {

std::pair<bool, std::string> pull(std::string_view bytes, std::size_t chunk) {
  windlass::PullReader reader;
  while (!bytes.empty()) {
    if (!reader.feed(bytes.substr(0, chunk))) return {false, {}};
    bytes.remove_prefix(std::min(chunk, bytes.size()));
  }
  return {true, reader.progress()};
}

std::pair<std::string, std::string> output(std::string_view bytes, std::size_t chunk) {
  windlass::OutputReader reader;
  std::pair<std::string, std::string> streams;
  while (!bytes.empty()) {
    for (const auto& piece : reader.feed(bytes.substr(0, chunk))) {
      (piece.stream == 1 ? streams.first : streams.second) += piece.bytes;
    }
    bytes.remove_prefix(std::min(chunk, bytes.size()));
  }
  return streams;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t chunk = 1u + data[0];
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  (void)windlass::negotiate_docker_api(text);
  (void)windlass::read_image(text);
  (void)windlass::read_container(text);
  (void)windlass::read_created_id(text);
  (void)windlass::read_wait(text);
  (void)windlass::read_exec(text);
  (void)windlass::read_error_text(text);
  (void)windlass::registry_login(text, "localhost:5000/a");
  (void)windlass::read_helper_login(text, "localhost:5000");
  (void)windlass::parse_seed_data(text);
  CHECK(pull(text, size) == pull(text, chunk));
  CHECK(output(text, size) == output(text, chunk));
  return 0;
}
