#pragma once
// The options of `docker run`, as users give them in container.options and in DockerInfo.parameters, into the fields
// of a ContainerSpec. One table (docker_options.cpp) holds every option: name, short letter, value, meaning.

#include "base/error.hpp"
#include "model/container_spec.hpp"
#include "model/task.hpp"

#include <string>
#include <vector>

namespace windlass {

// The list form: {"-v", "/a:/b", "--net=host", "-it"}. Repeated options, `=` and space forms, clustered short flags.
// Later options add to lists and replace single values, as with the CLI; --env replaces a variable that is set already.
// The first --network replaces spec.network_mode.
// Errors: Errc::invalid naming the option: unknown, without its value, with a value that Docker would not take;
// Errc::unsupported for options that the executor has to refuse, with the reason. spec is then half filled.
[[nodiscard]] Result<void> apply_docker_options(ContainerSpec& spec, const std::vector<std::string>& options);

// The key/value form: each is --key=value. Of several network parameters the first counts, as in Mesos. Errors as
// above.
[[nodiscard]] Result<void> apply_docker_parameters(ContainerSpec& spec, const std::vector<Parameter>& parameters);

}  // namespace windlass
