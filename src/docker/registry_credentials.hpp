#pragma once
// The login for a pull, from the first of these that knows the image's registry: the task's own configuration, what was
// fetched into the sandbox (.docker/config.json, .dockercfg; as with Mesos), the host's (as for `docker pull` there).
// What a credential helper knows is asked of that program, docker-credential-<name>, as Docker's client does.

#include "base/error.hpp"

#include <boost/asio/awaitable.hpp>

#include <string>
#include <string_view>

namespace windlass {

namespace asio = boost::asio;

struct CredentialPlaces {
  std::string task = {};     // the text of a configuration; empty: none
  std::string sandbox = {};  // the folder
  std::string host = {};     // host_docker_config(); empty: none
};

// The host's configuration: a file, or its text. `flag` is a path or begins with "{"; empty: config.json in
// $DOCKER_CONFIG, else in $HOME/.docker.
[[nodiscard]] std::string host_docker_config(const std::string& flag);

struct Credentials {
  std::string header = {};  // the value of X-Registry-Auth; empty: there is no login for the registry
  // Where the login is from, or where it was looked for and what was found there: for whoever wonders why the registry
  // refuses the pull.
  std::string account = {};
};

[[nodiscard]] asio::awaitable<Credentials> registry_credentials(CredentialPlaces places, std::string image);

// Whether these words, Docker's about a pull that failed, may be about a login that is missing or wrong. Some
// registries say that there is no such image.
bool is_about_login(std::string_view words);

}  // namespace windlass
