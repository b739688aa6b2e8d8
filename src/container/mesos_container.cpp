#include "container/mesos_container.hpp"

#include <utility>

namespace windlass {

namespace {

Error invalid(std::string message) { return Error{Errc::invalid, std::move(message), {}}; }
Error unsupported(std::string message) { return Error{Errc::unsupported, std::move(message), {}}; }

// Mesos writes "unlimited" by leaving both numbers out, the docker CLI as -1.
std::string limit_text(const std::optional<std::uint64_t>& limit) { return limit ? std::to_string(*limit) : "-1"; }

void add_linux_options(DockerInfo& docker, const MesosContainer& mesos) {
  auto& options = docker.parameters;
  // Mesos' list is the whole of what the task may do; --cap-add alone would add it to Docker's own set.
  if (mesos.capabilities) {
    options.push_back({"cap-drop", "ALL"});
    for (const std::string& name : *mesos.capabilities) options.push_back({"cap-add", name});
  }
  if (mesos.shm_megabytes) options.push_back({"shm-size", std::to_string(*mesos.shm_megabytes) + "m"});
  if (mesos.shares_pid_namespace) options.push_back({"pid", "host"});
  if (mesos.shares_ipc_namespace) options.push_back({"ipc", "host"});
  if (mesos.seccomp_unconfined) options.push_back({"security-opt", "seccomp=unconfined"});
  if (mesos.tty) options.push_back({"tty", "true"});
}

Result<void> add_limits(DockerInfo& docker, const MesosContainer& mesos) {
  for (const ProcessLimit& limit : mesos.limits) {
    // The missing one would become -1, unlimited, which the framework has not said.
    if (limit.soft.has_value() != limit.hard.has_value()) {
      return invalid("ContainerInfo.rlimit_info: '" + limit.name + "' has only one of soft and hard");
    }
    docker.parameters.push_back({"ulimit", limit.name + "=" + limit_text(limit.soft) + ":" + limit_text(limit.hard)});
  }
  return {};
}

// What cannot be done is refused: a container that silently gets less than it asks for is found out much later.
std::optional<Error> obstacle_of(const ContainerInfo& container) {
  // Without an image it is a plain process of this machine, unless it has one of these (is_plain_process).
  if (!container.mesos || !container.mesos->image) {
    return invalid("ContainerInfo.mesos.image is needed for volumes and networks");
  }
  const MesosContainer& mesos = *container.mesos;
  if (!mesos.image->is_docker) return unsupported("ContainerInfo.mesos.image: Docker cannot run images of type APPC");
  if (mesos.image->name.empty()) return invalid("ContainerInfo.mesos.image.docker.name is empty");
  if (!mesos.seccomp_profile.empty()) {
    return unsupported("ContainerInfo.linux_info.seccomp.profile_name: profiles of Mesos agents are not read");
  }
  return std::nullopt;
}

}  // namespace

Result<ContainerInfo> as_docker_container(const ContainerInfo& container, const std::string& sandbox) {
  const auto obstacle = obstacle_of(container);
  if (obstacle) return *obstacle;
  // Said in Docker's words and not planned by itself, so that defaults, checks and the operator's policy are the same
  // for both types of containers.
  ContainerInfo translated = container;
  const MesosContainer& mesos = *container.mesos;
  DockerInfo docker{.image = mesos.image->name, .port_mappings = mesos.port_mappings};
  // `cached` is true unless it is said: then an image that is here is good enough.
  docker.force_pull_image = !mesos.image->cached;
  if (!container.network_names.empty()) {
    const bool has_name = container.network_names.size() > 1 || !container.network_names.front().empty();
    docker.network = has_name ? NetworkMode::user : NetworkMode::bridge;
  }
  add_linux_options(docker, mesos);
  auto limited = add_limits(docker, mesos);
  if (!limited) return limited.error();
  for (Volume& volume : translated.volumes) {
    if (volume.sandbox_path) volume.host_path = sandbox + "/" + *volume.sandbox_path;
  }
  translated.docker = std::move(docker);
  return translated;
}

}  // namespace windlass
