#pragma once
// The options of `docker run`, as users give them in container.options and in DockerInfo.parameters, into the fields
// of a ContainerSpec. One table (options.cpp) holds every option: name, short letter, value, meaning.

#include "base/error.hpp"
#include "model/container_spec.hpp"
#include "model/task.hpp"

#include <map>
#include <string>
#include <vector>

namespace windlass {

// Where the CLI would look on the machine that it runs on.
struct OptionSources {
  // Where relative paths begin: the sandbox. Empty: they stay as they are.
  std::string directory = {};
  // What `--env NAME` and a NAME without value in an --env-file take.
  std::map<std::string, std::string> environment = {};
  // Reads a file for --env-file, --label-file and --security-opt seccomp=<file>. nullptr: such options are refused.
  Result<std::string> (*read_file)(const std::string& directory, const std::string& path) = nullptr;
  friend bool operator==(const OptionSources&, const OptionSources&) = default;
};

// The list form: {"-v", "/a:/b", "--net=host", "-it"}. Repeated options, `=` and space forms, clustered short flags.
// Later options add to lists and replace single values, as with the CLI; --env replaces a variable that is set already.
// The first --network replaces spec.network_mode; without one --ip and the like are for the network that spec has.
// Errors: Errc::invalid naming the option: unknown, without its value, with a value that the CLI would not take;
// Errc::unsupported for options that the executor has to refuse, with the reason. spec is then half filled.
[[nodiscard]] Result<void> apply_docker_options(ContainerSpec& spec, const std::vector<std::string>& options,
                                                const OptionSources& sources = {});

// The key/value form: each is --key=value. Of several network parameters the first counts, as in Mesos. Errors as
// above.
[[nodiscard]] Result<void> apply_docker_parameters(ContainerSpec& spec, const std::vector<Parameter>& parameters,
                                                   const OptionSources& sources = {});

// The list form said in the key/value form, for a DockerInfo: "-itv", "/a:/b" -> interactive=true, tty=true,
// volume=/a:/b. Judges nothing: whoever takes the parameters refuses those that are wrong, and so an option that cannot
// be understood stays, as a key of its own.
std::vector<Parameter> as_docker_parameters(const std::vector<std::string>& options);

}  // namespace windlass
