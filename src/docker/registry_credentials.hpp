#pragma once
// The login for a pull, from the first of these that knows the image's registry: the task's own configuration, what was
// fetched into the sandbox (.docker/config.json, .dockercfg; as with Mesos), the host's (as for `docker pull` there).
// What a credential helper knows is asked of that program, docker-credential-<name>, as Docker's client does.

#include "base/error.hpp"

#include <boost/asio/awaitable.hpp>

#include <string>

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

// The value of X-Registry-Auth; empty: nobody knows the registry, or who should know it cannot say, which is logged.
[[nodiscard]] asio::awaitable<std::string> registry_credentials(CredentialPlaces places, std::string image);

}  // namespace windlass
