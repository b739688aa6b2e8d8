#pragma once
// Seed contract: which allocated host port leads to which port of the image.

#include "model/container_spec.hpp"

#include <string>
#include <vector>

namespace windlass::executor {

// Publishes the plan's ports_to_pair, in order, to the image's EXPOSEd tcp ports in ascending order; ports that an
// option publishes already are left out. Returns warnings about what is left over on either side.
std::vector<std::string> pair_ports(ContainerPlan& plan, const DockerImage& image);

}  // namespace windlass::executor
