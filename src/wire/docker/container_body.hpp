#pragma once
// What we ask the Docker Engine for: the bodies of POST /containers/create and of exec.

#include "base/error.hpp"
#include "model/container_spec.hpp"
#include "wire/docker/api_version.hpp"

#include <string>

namespace windlass {

// Whether an Engine of this version knows all that the spec asks for. Errors: Errc::unsupported with the option's name.
[[nodiscard]] Result<void> check_api_version(const ContainerSpec& spec, DockerApiVersion version);

// The body of POST /containers/create for an Engine of this version.
std::string encode_container_spec(const ContainerSpec& spec, DockerApiVersion version = docker_api_newest);
// The platform to put into its query as `platform`; empty: none, or the Engine does not know it there.
std::string create_platform(const ContainerSpec& spec, DockerApiVersion version);

// The body of POST /containers/{id}/exec, and of POST /exec/{id}/start; the answer to the first is read as a created
// container's.
std::string encode_exec(const ExecSpec& spec);
std::string encode_exec_start();

}  // namespace windlass
