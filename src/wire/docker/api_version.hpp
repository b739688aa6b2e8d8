#pragma once
// Which version of the Docker Engine API is spoken: 1.25 to 1.51.

#include "base/error.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace windlass {

// An API version: 1.<minor>.
struct DockerApiVersion {
  int minor = 0;
  [[nodiscard]] std::string to_string() const { return "1." + std::to_string(minor); }
  auto operator<=>(const DockerApiVersion&) const = default;
};
inline constexpr DockerApiVersion docker_api_oldest{25};
inline constexpr DockerApiVersion docker_api_newest{51};

// The version to speak, from the answer to GET /version. Errors: Errc::unsupported when the Engine is too old or
// refuses everything up to our newest, Errc::malformed.
[[nodiscard]] Result<DockerApiVersion> negotiate_docker_api(std::string_view version_json);
// The same from the header Api-Version of GET /_ping, which costs the Engine a tenth of that: its newest version, if we
// know that one. Nothing: GET /version has to say.
[[nodiscard]] std::optional<DockerApiVersion> docker_api_of_ping(std::string_view header);

// Whether these words refuse the version that was spoken: the Engine has been exchanged for another since it was asked.
bool is_version_refusal(std::string_view words);

}  // namespace windlass
