#pragma once
// Who we are to a registry: from the configuration of Docker's client to the X-Registry-Auth of a pull.

#include "base/error.hpp"

#include <string>
#include <string_view>

namespace windlass {

// What a configuration says of one registry. Neither: nothing, the pull is anonymous.
struct RegistryLogin {
  std::string header = {};  // the value of X-Registry-Auth
  std::string helper = {};  // docker-credential-<helper> knows it, asked by `server`; made of letters, digits, '-', '_'
  std::string server = {};
  friend bool operator==(const RegistryLogin&, const RegistryLogin&) = default;
};

// From the text of a config.json ({"auths": {…}, "credHelpers": {…}, "credsStore": "…"}) or of a .dockercfg (the same
// without "auths"). As with Docker's client, a helper counts more than "auths". Errors: Errc::malformed.
[[nodiscard]] Result<RegistryLogin> registry_login(std::string_view config_json, const std::string& image);

// What the helper printed: {"Username": …, "Secret": …}; the user "<token>" marks an identity token. The value of
// X-Registry-Auth. Errors: Errc::malformed.
[[nodiscard]] Result<std::string> read_helper_login(std::string_view output, const std::string& server);

}  // namespace windlass
