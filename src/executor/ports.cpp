#include "executor/ports.hpp"

#include <algorithm>
#include <cstddef>

namespace windlass::executor {

namespace {

// "31002, 31003".
template <class Ports>
std::string join(const Ports& ports) {
  std::string text;
  for (const auto port : ports) text += (text.empty() ? "" : ", ") + std::to_string(port);
  return text;
}

}  // namespace

std::vector<std::string> pair_ports(ContainerPlan& plan, const DockerImage& image) {
  std::vector<std::string> warnings;
  ContainerSpec& spec = plan.spec;
  // A container without a network of its own has no ports to map: Docker ignores such a request or refuses it.
  const bool can_publish =
      spec.network_mode != "host" && spec.network_mode != "none" && !spec.network_mode.starts_with("container:");
  if (plan.ports_to_pair.empty() || !can_publish) return warnings;
  std::vector<std::uint16_t> exposed = image.exposed_tcp_ports;
  // What the options publish is the user's choice, and takes no allocated port.
  std::erase_if(exposed, [&](std::uint16_t port) {
    return std::any_of(spec.ports.begin(), spec.ports.end(), [&](const PortBinding& binding) {
      return binding.container_port == port && binding.protocol == "tcp";
    });
  });
  // Ascending EXPOSEd ports with allocated ports in their order, as the seed's executor did (mesos.md 8.1). Where their
  // numbers differ it warns and goes on, and so do we.
  const std::size_t pairs = std::min(exposed.size(), plan.ports_to_pair.size());
  for (std::size_t i = 0; i < pairs; ++i) {
    PortBinding binding{.container_port = exposed[i]};
    binding.host_port = std::to_string(plan.ports_to_pair[i]);
    spec.ports.push_back(std::move(binding));
  }
  const std::vector<std::uint16_t> unused(plan.ports_to_pair.begin() + static_cast<std::ptrdiff_t>(pairs),
                                          plan.ports_to_pair.end());
  const std::vector<std::uint16_t> unreachable(exposed.begin() + static_cast<std::ptrdiff_t>(pairs), exposed.end());
  if (!unused.empty()) {
    warnings.push_back("warning: more ports are allocated than the image exposes; not used: " + join(unused));
  }
  if (!unreachable.empty()) {
    warnings.push_back("warning: the image exposes more ports than are allocated; not published: " + join(unreachable));
  }
  return warnings;
}

}  // namespace windlass::executor
