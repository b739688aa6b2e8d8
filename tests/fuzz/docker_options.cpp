// `docker run` options, one word a line: whatever is taken can be written as a create body that is JSON.

#include "wire/docker_options.hpp"
#include "wire/docker_api.hpp"

#include "base/check.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::vector<std::string> words;
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  while (!rest.empty()) {
    const auto end = rest.find('\n');
    words.emplace_back(rest.substr(0, end));
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
  }
  windlass::ContainerSpec spec{.name = "n", .image = "i"};
  const auto applied = windlass::apply_docker_options(spec, words);
  if (!applied) CHECK(!applied.error().message.empty());
  CHECK(!windlass::encode_container_spec(spec).empty());
  return 0;
}
