#pragma once
// `docker run` options as DockerInfo.parameters, which an agent turns back into `--key=value` (mesos.md 4.2).

#include "model/task.hpp"

#include <string>
#include <vector>

namespace windlass::scheduler {

// Adds what the options say to `docker`. Short options get their long names; what has no meaning for a task (--name,
// --rm, -i, -t, -d) and words that are no options are left out.
void add_docker_options(DockerInfo& docker, const std::vector<std::string>& options);

}  // namespace windlass::scheduler
