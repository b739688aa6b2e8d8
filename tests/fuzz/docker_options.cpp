// `docker run` options, one word a line: whatever is taken can be written as a create body that is JSON, the
// rest is refused in UTF-8.

#include "container/options.hpp"
#include "wire/docker/container_body.hpp"

#include "base/check.hpp"
#include "container/scalars.hpp"
#include "wire/json/reader.hpp"

#include <boost/json/value.hpp>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace {

// A file's text is its name, with ';' for the ends of lines.
windlass::Result<std::string> file_of_name(const std::string&, const std::string& path) {
  std::string text = path;
  std::replace(text.begin(), text.end(), ';', '\n');
  return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::vector<std::string> words;
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  while (!rest.empty()) {
    const auto end = rest.find('\n');
    words.emplace_back(rest.substr(0, end));
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
  }
  windlass::ContainerSpec spec{.name = "n", .image = "i"};
  const windlass::OptionSources sources{
      .directory = "/sandbox", .environment = {{"A", "1"}}, .read_file = file_of_name};
  const auto applied = windlass::apply_docker_options(spec, words, sources);
  if (!applied) {
    CHECK(!applied.error().message.empty() && windlass::docker::is_utf8(applied.error().message));
    return 0;
  }
  for (const int minor : {25, 41, 51}) {
    const auto checked = windlass::check_api_version(spec, {minor});
    if (!checked) CHECK(!checked.error().message.empty());
    CHECK(windlass::read_json(windlass::encode_container_spec(spec, {minor})));
  }
  return 0;
}
