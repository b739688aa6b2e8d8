#pragma once
// The values of --volume and --mount, read as the docker CLI reads them.
// Errors: Errc::invalid with the value in the message; the caller adds the option's name.

#include "base/error.hpp"
#include "model/container_spec.hpp"

#include <string>
#include <string_view>

namespace windlass::docker {

// "/a:/b:ro", "name:/data", "/data". Relative sources ("./a") are taken from `directory`.
struct VolumeText {
  bool anonymous = false;  // no source: the text is the container's path
  std::string text;        // as the Engine takes it
  friend bool operator==(const VolumeText&, const VolumeText&) = default;
};
[[nodiscard]] Result<VolumeText> parse_volume(std::string_view text, const std::string& directory);

// "type=bind,source=/a,target=/b,readonly".
[[nodiscard]] Result<MountSpec> parse_mount(std::string_view text, const std::string& directory);

}  // namespace windlass::docker
