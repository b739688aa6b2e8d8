#include "wire/docker/api_version.hpp"

#include "wire/docker/json_fields.hpp"

#include <algorithm>
#include <charconv>

namespace windlass {

namespace {

using docker_json::read_object;
using docker_json::text_at;

std::optional<int> minor_of(const std::string& version) {
  const auto dot = version.find('.');
  int minor = 0;
  // Compared as numbers: as text 1.9 would be newer than 1.41.
  if (dot == std::string::npos || version.substr(0, dot) != "1") return std::nullopt;
  auto [end, error] = std::from_chars(version.data() + dot + 1, version.data() + version.size(), minor);
  if (error != std::errc{} || end != version.data() + version.size()) return std::nullopt;
  return minor;
}

}  // namespace

Result<DockerApiVersion> negotiate_docker_api(std::string_view version_json) {
  auto version = read_object(version_json, "version");
  if (!version) return version.error();
  const std::string newest_text = text_at(*version, "ApiVersion");
  const std::string oldest_text = text_at(*version, "MinAPIVersion");
  const auto newest = minor_of(newest_text);
  if (!newest) return Error{Errc::malformed, "Docker's API version '" + newest_text + "' is not understood", {}};
  const DockerApiVersion theirs{*newest};
  // An Engine that does not tell its oldest version sets no bound.
  const DockerApiVersion minimum{minor_of(oldest_text).value_or(0)};
  if (theirs < docker_api_oldest) {
    return Error{Errc::unsupported,
                 "Docker speaks API " + newest_text + "; " + docker_api_oldest.to_string() + " is needed",
                 {}};
  }
  const DockerApiVersion chosen = std::min(theirs, docker_api_newest);
  if (chosen < minimum) {
    return Error{Errc::unsupported,
                 "Docker wants API " + oldest_text + " or newer; this executor knows up to " + chosen.to_string(),
                 {}};
  }
  return chosen;
}

std::optional<DockerApiVersion> docker_api_of_ping(std::string_view header) {
  const auto minor = minor_of(std::string{header});
  if (!minor) return std::nullopt;
  const DockerApiVersion newest{*minor};
  // An Engine that is newer than what we know may have dropped our versions: only /version has its oldest one.
  if (newest < docker_api_oldest || newest > docker_api_newest) return std::nullopt;
  return newest;
}

bool is_version_refusal(std::string_view words) {
  // Docker has no code of its own for it: it is a 400 like any wrong argument, and known by its words.
  return words.find("client version ") != std::string_view::npos &&
         (words.find(" is too old") != std::string_view::npos || words.find(" is too new") != std::string_view::npos);
}

}  // namespace windlass
