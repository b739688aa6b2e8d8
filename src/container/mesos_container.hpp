#pragma once
// Containers of type MESOS with a Docker image, said as Docker has them.
//
//   image        its name; not `cached`: pulled though it is there
//   network      without network_infos the host's; with one the network of its name, or Docker's bridge. Its
//                port_mappings are published
//   volumes      as of type DOCKER; the sandbox path of a volume is a folder of the task's sandbox
//   linux_info   capabilities: these and no others. shm_size, shared pid and ipc namespaces, seccomp unconfined
//   rlimit_info  ulimits
//   tty_info     a terminal
//
// The operator's policy judges each of these as it would the `docker run` option (container/policy_check.hpp).

#include "base/error.hpp"
#include "model/task.hpp"

#include <string>

namespace windlass {

// REQUIRES: the container is of type MESOS. sandbox: of the task, on the host. The result has `docker`, and `mesos` as
// it was. Errors: Errc::invalid or unsupported naming the field.
[[nodiscard]] Result<ContainerInfo> as_docker_container(const ContainerInfo& container, const std::string& sandbox);

}  // namespace windlass
