#include "wire/mesos/convert.hpp"

#include "base/text.hpp"

#include <string_view>

namespace windlass::convert {
namespace {

DockerInfo docker_from(const pb::ContainerInfo::DockerInfo& in) {
  DockerInfo out{.image = in.image()};
  // Unset is not the first value of the enum: Mesos takes it for HOST (mesos.md 4.2).
  if (in.has_network()) out.network = static_cast<NetworkMode>(in.network());
  for (const auto& mapping : in.port_mappings()) {
    out.port_mappings.push_back({mapping.host_port(), mapping.container_port(), mapping.protocol()});
  }
  out.privileged = in.privileged();
  for (const auto& parameter : in.parameters()) out.parameters.push_back({parameter.key(), parameter.value()});
  out.force_pull_image = in.force_pull_image();
  out.volume_driver = in.volume_driver();
  return out;
}

// Optional fields are set only when they have a value: Mesos' JSON shows a field that is set, even when it is empty.
void docker_to(const DockerInfo& in, pb::ContainerInfo::DockerInfo& out) {
  out.set_image(in.image);
  if (in.network) out.set_network(static_cast<pb::ContainerInfo::DockerInfo::Network>(*in.network));
  for (const PortMapping& each : in.port_mappings) {
    auto* mapping = out.add_port_mappings();
    mapping->set_host_port(each.host_port);
    mapping->set_container_port(each.container_port);
    if (!each.protocol.empty()) mapping->set_protocol(each.protocol);
  }
  out.set_privileged(in.privileged);
  for (const Parameter& each : in.parameters) {
    auto* parameter = out.add_parameters();
    parameter->set_key(each.key);
    parameter->set_value(each.value);
  }
  if (in.force_pull_image) out.set_force_pull_image(true);
  if (!in.volume_driver.empty()) out.set_volume_driver(in.volume_driver);
}

Volume volume_from(const pb::Volume& in) {
  Volume out{.container_path = in.container_path(), .mode = static_cast<VolumeMode>(in.mode())};
  // There are two ways to say it; the one below source is the newer (mesos.md 0.1).
  if (in.has_host_path()) out.host_path = in.host_path();
  if (in.source().has_host_path()) out.host_path = in.source().host_path().path();
  // Kept so that a volume of a kind that Docker cannot serve is refused, not silently left out.
  out.has_image = in.has_image();
  out.has_source = in.has_source();
  const auto& docker = in.source().docker_volume();
  const auto& source = in.source().sandbox_path();
  // PARENT is for tasks of a group, whose executor has a sandbox of its own.
  if (in.source().has_sandbox_path() && source.type() != pb::Volume::Source::SandboxPath::PARENT) {
    out.sandbox_path = source.path();
  }
  out.docker_driver = docker.driver();
  out.docker_name = docker.name();
  for (const auto& option : docker.driver_options().parameter()) {
    out.docker_options.push_back({option.key(), option.value()});
  }
  return out;
}

void volume_to(const Volume& in, pb::Volume& out) {
  out.set_container_path(in.container_path);
  out.set_mode(static_cast<pb::Volume::Mode>(in.mode));
  // In the older form, which every Mesos reads.
  if (in.host_path) out.set_host_path(*in.host_path);
  if (in.sandbox_path) {
    out.mutable_source()->set_type(pb::Volume::Source::SANDBOX_PATH);
    auto& path = *out.mutable_source()->mutable_sandbox_path();
    path.set_type(pb::Volume::Source::SandboxPath::SELF);
    path.set_path(*in.sandbox_path);
  }
  if (in.docker_name.empty()) return;
  auto& source = *out.mutable_source();
  source.set_type(pb::Volume::Source::DOCKER_VOLUME);
  source.mutable_docker_volume()->set_name(in.docker_name);
  if (!in.docker_driver.empty()) source.mutable_docker_volume()->set_driver(in.docker_driver);
  for (const Parameter& option : in.docker_options) {
    auto* parameter = source.mutable_docker_volume()->mutable_driver_options()->add_parameter();
    parameter->set_key(option.key);
    parameter->set_value(option.value);
  }
}

MesosImage image_from(const pb::Image& in) {
  MesosImage out{.is_docker = in.type() == pb::Image::DOCKER, .name = in.docker().name(), .cached = in.cached()};
  const auto& docker = in.docker();
  if (docker.config().has_value()) {
    // A whole registry configuration wins over a single login.
    out.registry_config = docker.config().value().data();
  } else if (docker.has_credential()) {
    out.registry_user = RegistryUser{docker.credential().principal(), docker.credential().secret()};
  }
  return out;
}

void image_to(const MesosImage& in, pb::Image& out) {
  out.set_type(in.is_docker ? pb::Image::DOCKER : pb::Image::APPC);
  out.set_cached(in.cached);
  if (!in.is_docker) return;
  out.mutable_docker()->set_name(in.name);
  if (in.registry_user) {
    auto& credential = *out.mutable_docker()->mutable_credential();
    credential.set_principal(in.registry_user->name);
    credential.set_secret(in.registry_user->password);
  }
  if (in.registry_config.empty()) return;
  auto& config = *out.mutable_docker()->mutable_config();
  config.set_type(pb::Secret::VALUE);
  config.mutable_value()->set_data(in.registry_config);
}

// What the container may do: the effective set, else the bounding one, else the single set from before Mesos told them
// apart.
const pb::CapabilityInfo* capabilities_in(const pb::LinuxInfo& in) {
  if (in.has_effective_capabilities()) return &in.effective_capabilities();
  if (in.has_bounding_capabilities()) return &in.bounding_capabilities();
  return in.has_capability_info() ? &in.capability_info() : nullptr;
}

void linux_from(const pb::LinuxInfo& in, MesosContainer& out) {
  const auto* capabilities = capabilities_in(in);
  if (capabilities != nullptr) {
    // An empty list means no capabilities at all, so that it differs from none given.
    auto& names = out.capabilities.emplace();
    for (const int each : capabilities->capabilities()) {
      names.push_back(pb::CapabilityInfo::Capability_Name(static_cast<pb::CapabilityInfo::Capability>(each)));
    }
  }
  if (in.has_shm_size()) out.shm_megabytes = in.shm_size();
  out.shares_pid_namespace = in.share_pid_namespace();
  out.shares_ipc_namespace = in.ipc_mode() == pb::LinuxInfo::SHARE_PARENT;
  out.seccomp_unconfined = in.seccomp().unconfined();
  out.seccomp_profile = in.seccomp().profile_name();
}

void linux_to(const MesosContainer& in, pb::LinuxInfo& out) {
  // As the effective set, which is read first. An empty set is written too: it takes all capabilities away.
  if (in.capabilities) out.mutable_effective_capabilities();
  for (const std::string& name : in.capabilities.value_or(std::vector<std::string>{})) {
    pb::CapabilityInfo::Capability capability{};
    if (pb::CapabilityInfo::Capability_Parse(name, &capability)) {
      out.mutable_effective_capabilities()->add_capabilities(capability);
    }
  }
  if (in.shm_megabytes) out.set_shm_size(*in.shm_megabytes);
  if (in.shares_pid_namespace) out.set_share_pid_namespace(true);
  if (in.shares_ipc_namespace) out.set_ipc_mode(pb::LinuxInfo::SHARE_PARENT);
  if (in.seccomp_unconfined) out.mutable_seccomp()->set_unconfined(true);
  if (!in.seccomp_profile.empty()) out.mutable_seccomp()->set_profile_name(in.seccomp_profile);
}

constexpr std::string_view limit_prefix = "RLMT_";

// Docker has the same limits under the names of `ulimit`: RLMT_NOFILE is its nofile.
std::string limit_name(pb::RLimitInfo::RLimit::Type type) {
  std::string name = pb::RLimitInfo::RLimit::Type_Name(type);
  if (name.starts_with(limit_prefix)) name.erase(0, limit_prefix.size());
  return to_lower(name);
}

ProcessLimit limit_from(const pb::RLimitInfo::RLimit& in) {
  ProcessLimit out{.name = limit_name(in.type())};
  if (in.has_soft()) out.soft = in.soft();
  if (in.has_hard()) out.hard = in.hard();
  return out;
}

// A name that Mesos does not have leaves the type unset.
void limit_to(const ProcessLimit& in, pb::RLimitInfo::RLimit& out) {
  const std::string name = std::string{limit_prefix} + to_upper(in.name);
  pb::RLimitInfo::RLimit::Type type{};
  if (pb::RLimitInfo::RLimit::Type_Parse(name, &type)) out.set_type(type);
  if (in.soft) out.set_soft(*in.soft);
  if (in.hard) out.set_hard(*in.hard);
}

MesosContainer mesos_from(const pb::ContainerInfo& in) {
  MesosContainer out;
  if (in.mesos().has_image()) out.image = image_from(in.mesos().image());
  // Mesos containers have their port mappings in the network, Docker containers in DockerInfo.
  for (const auto& network : in.network_infos()) {
    for (const auto& mapping : network.port_mappings()) {
      out.port_mappings.push_back({mapping.host_port(), mapping.container_port(), mapping.protocol()});
    }
  }
  linux_from(in.linux_info(), out);
  for (const auto& limit : in.rlimit_info().rlimits()) out.limits.push_back(limit_from(limit));
  out.tty = in.has_tty_info();
  return out;
}

// All port mappings go to the first network: for the container they are one list.
void mesos_to(const MesosContainer& in, pb::ContainerInfo& out) {
  if (in.image) image_to(*in.image, *out.mutable_mesos()->mutable_image());
  for (const PortMapping& each : in.port_mappings) {
    if (out.network_infos().empty()) out.add_network_infos();
    auto* mapping = out.mutable_network_infos(0)->add_port_mappings();
    mapping->set_host_port(each.host_port);
    mapping->set_container_port(each.container_port);
    if (!each.protocol.empty()) mapping->set_protocol(each.protocol);
  }
  linux_to(in, *out.mutable_linux_info());
  for (const ProcessLimit& limit : in.limits) limit_to(limit, *out.mutable_rlimit_info()->add_rlimits());
  if (in.tty) out.mutable_tty_info();
}

}  // namespace

ContainerInfo from(const pb::ContainerInfo& in) {
  ContainerInfo out{.type = static_cast<ContainerType>(in.type())};
  if (in.has_docker()) out.docker = docker_from(in.docker());
  for (const auto& volume : in.volumes()) out.volumes.push_back(volume_from(volume));
  out.hostname = in.hostname();
  for (const auto& network : in.network_infos()) out.network_names.push_back(network.name());
  // Only then: Docker containers have network_infos too, but their port mappings are in DockerInfo.
  if (out.type == ContainerType::mesos) out.mesos = mesos_from(in);
  return out;
}

void to(const ContainerInfo& in, pb::ContainerInfo& out) {
  out.set_type(static_cast<pb::ContainerInfo::Type>(in.type));
  if (in.docker) docker_to(*in.docker, *out.mutable_docker());
  for (const Volume& volume : in.volumes) volume_to(volume, *out.add_volumes());
  if (!in.hostname.empty()) out.set_hostname(in.hostname);
  // One without a name as well: Mesos counts networks and refuses more than one (mesos.md 4.2).
  for (const std::string& name : in.network_names) {
    auto* network = out.add_network_infos();
    if (!name.empty()) network->set_name(name);
  }
  if (in.mesos) mesos_to(*in.mesos, out);
}

}  // namespace windlass::convert
