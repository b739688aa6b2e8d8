#include "base/text.hpp"
#include "wire/docker/registry_auth.hpp"
#include "wire/mesos/convert.hpp"

#include <algorithm>
#include <cmath>

namespace windlass::convert {
namespace {

Duration duration_from(const pb::DurationInfo& in) { return Duration{in.nanoseconds()}; }

// Seconds to the nanosecond; what is longer than a Duration can be becomes the longest.
constexpr double longest_seconds = 9.2e9;
Duration duration_from(double seconds) {
  if (std::isnan(seconds)) return Duration{};
  if (std::fabs(seconds) >= longest_seconds) return seconds < 0 ? Duration::min() : Duration::max();
  return Duration{std::llround(seconds * 1e9)};
}
double seconds_of(Duration duration) { return static_cast<double>(duration.count()) / 1e9; }

DockerInfo docker_from(const pb::ContainerInfo::DockerInfo& in) {
  DockerInfo out{.image = in.image()};
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
  if (in.has_host_path()) out.host_path = in.host_path();
  if (in.source().has_host_path()) out.host_path = in.source().host_path().path();
  out.has_image = in.has_image();
  out.has_source = in.has_source();
  const auto& docker = in.source().docker_volume();
  const auto& source = in.source().sandbox_path();
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
    out.registry_config = docker.config().value().data();
  } else if (docker.has_credential()) {
    out.registry_config = registry_config(out.name, docker.credential().principal(), docker.credential().secret());
  }
  return out;
}

void image_to(const MesosImage& in, pb::Image& out) {
  out.set_type(in.is_docker ? pb::Image::DOCKER : pb::Image::APPC);
  out.set_cached(in.cached);
  if (!in.is_docker) return;
  out.mutable_docker()->set_name(in.name);
  if (in.registry_config.empty()) return;
  auto& config = *out.mutable_docker()->mutable_config();
  config.set_type(pb::Secret::VALUE);
  config.mutable_value()->set_data(in.registry_config);
}

// What the container may do: the effective set, else the bounding one, else the one of before they were two.
const pb::CapabilityInfo* capabilities_in(const pb::LinuxInfo& in) {
  if (in.has_effective_capabilities()) return &in.effective_capabilities();
  if (in.has_bounding_capabilities()) return &in.bounding_capabilities();
  return in.has_capability_info() ? &in.capability_info() : nullptr;
}

void linux_from(const pb::LinuxInfo& in, MesosContainer& out) {
  const auto* capabilities = capabilities_in(in);
  if (capabilities != nullptr) {
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

// The port mappings are those of the first network.
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

std::vector<Label> labels_from(const pb::Labels& in) {
  std::vector<Label> labels;
  for (const auto& label : in.labels()) labels.push_back({label.key(), label.value()});
  return labels;
}

void labels_to(const std::vector<Label>& in, pb::Labels& out) {
  out.Clear();
  for (const Label& each : in) {
    auto* label = out.add_labels();
    label->set_key(each.key);
    label->set_value(each.value);
  }
}

// What the engine may have changed in a task that came from a framework.
void overlay(const TaskInfo& in, pb::TaskInfo& out) {
  out.mutable_agent_id()->set_value(in.agent_id.value);
  resources_to(in.resources, *out.mutable_resources());
  if (!in.executor) return;
  auto& executor = *out.mutable_executor();
  if (!in.executor->framework_id.empty()) executor.mutable_framework_id()->set_value(in.executor->framework_id.value);
  resources_to(in.executor->resources, *executor.mutable_resources());
}

}  // namespace

CommandInfo from(const pb::CommandInfo& in) {
  CommandInfo out;
  out.shell = in.shell();
  if (in.has_value()) out.value = in.value();
  out.arguments = {in.arguments().begin(), in.arguments().end()};
  for (const auto& variable : in.environment().variables()) {
    const bool is_secret = variable.type() == pb::Environment::Variable::SECRET;
    out.environment.push_back({variable.name(), is_secret ? variable.secret().value().data() : variable.value()});
  }
  for (const auto& uri : in.uris()) {
    out.uris.push_back({uri.value(), uri.executable(), uri.extract(), uri.cache(), uri.output_file()});
  }
  if (in.has_user()) out.user = in.user();
  return out;
}

void to(const CommandInfo& in, pb::CommandInfo& out) {
  out.set_shell(in.shell);
  if (in.value) out.set_value(*in.value);
  for (const std::string& argument : in.arguments) out.add_arguments(argument);
  for (const EnvironmentVariable& each : in.environment) {
    auto* variable = out.mutable_environment()->add_variables();
    variable->set_name(each.name);
    variable->set_value(each.value);
  }
  for (const Uri& each : in.uris) {
    auto* uri = out.add_uris();
    uri->set_value(each.value);
    uri->set_extract(each.extract);
    if (each.executable) uri->set_executable(true);
    if (each.cache) uri->set_cache(true);
    if (!each.output_file.empty()) uri->set_output_file(each.output_file);
  }
  if (in.user) out.set_user(*in.user);
}

ContainerInfo from(const pb::ContainerInfo& in) {
  ContainerInfo out{.type = static_cast<ContainerType>(in.type())};
  if (in.has_docker()) out.docker = docker_from(in.docker());
  for (const auto& volume : in.volumes()) out.volumes.push_back(volume_from(volume));
  out.hostname = in.hostname();
  for (const auto& network : in.network_infos()) out.network_names.push_back(network.name());
  if (out.type == ContainerType::mesos) out.mesos = mesos_from(in);
  return out;
}

void to(const ContainerInfo& in, pb::ContainerInfo& out) {
  out.set_type(static_cast<pb::ContainerInfo::Type>(in.type));
  if (in.docker) docker_to(*in.docker, *out.mutable_docker());
  for (const Volume& volume : in.volumes) volume_to(volume, *out.add_volumes());
  if (!in.hostname.empty()) out.set_hostname(in.hostname);
  for (const std::string& name : in.network_names) {
    auto* network = out.add_network_infos();
    if (!name.empty()) network->set_name(name);
  }
  if (in.mesos) mesos_to(*in.mesos, out);
}

KillPolicy from(const pb::KillPolicy& in) {
  KillPolicy out;
  if (in.has_grace_period()) out.grace_period = duration_from(in.grace_period());
  return out;
}

void to(const KillPolicy& in, pb::KillPolicy& out) {
  if (in.grace_period) out.mutable_grace_period()->set_nanoseconds(in.grace_period->count());
}

namespace {

HttpCheck http_from(const pb::HealthCheck::HTTPCheckInfo& in) {
  HttpCheck out{.port = in.port()};
  if (in.has_path()) out.path = in.path();
  if (in.has_scheme()) out.scheme = in.scheme();
  out.statuses = {in.statuses().begin(), in.statuses().end()};
  if (in.has_protocol()) out.family = static_cast<AddressFamily>(in.protocol());
  return out;
}

void http_to(const HttpCheck& in, pb::HealthCheck::HTTPCheckInfo& out) {
  out.set_port(in.port);
  if (in.path) out.set_path(*in.path);
  if (in.scheme) out.set_scheme(*in.scheme);
  for (const std::uint32_t status : in.statuses) out.add_statuses(status);
  if (in.family) out.set_protocol(static_cast<pb::NetworkInfo::Protocol>(*in.family));
}

TcpCheck tcp_from(const pb::HealthCheck::TCPCheckInfo& in) {
  TcpCheck out{.port = in.port()};
  if (in.has_protocol()) out.family = static_cast<AddressFamily>(in.protocol());
  return out;
}

void tcp_to(const TcpCheck& in, pb::HealthCheck::TCPCheckInfo& out) {
  out.set_port(in.port);
  if (in.family) out.set_protocol(static_cast<pb::NetworkInfo::Protocol>(*in.family));
}

}  // namespace

HealthCheck from(const pb::HealthCheck& in) {
  HealthCheck out{.type = static_cast<CheckType>(in.type())};
  // The type was added later; old frameworks say it by what they fill in.
  if (!in.has_type() && in.has_command() && !in.has_http()) out.type = CheckType::command;
  if (!in.has_type() && in.has_http() && !in.has_command()) out.type = CheckType::http;
  if (in.has_command()) out.command = from(in.command());
  if (in.has_http()) out.http = http_from(in.http());
  if (in.has_tcp()) out.tcp = tcp_from(in.tcp());
  out.delay = duration_from(in.delay_seconds());
  out.interval = duration_from(in.interval_seconds());
  out.timeout = duration_from(in.timeout_seconds());
  out.grace_period = duration_from(in.grace_period_seconds());
  out.consecutive_failures = in.consecutive_failures();
  return out;
}

void to(const HealthCheck& in, pb::HealthCheck& out) {
  out.set_type(static_cast<pb::HealthCheck::Type>(in.type));
  if (in.command) to(*in.command, *out.mutable_command());
  if (in.http) http_to(*in.http, *out.mutable_http());
  if (in.tcp) tcp_to(*in.tcp, *out.mutable_tcp());
  out.set_delay_seconds(seconds_of(in.delay));
  out.set_interval_seconds(seconds_of(in.interval));
  out.set_timeout_seconds(seconds_of(in.timeout));
  out.set_grace_period_seconds(seconds_of(in.grace_period));
  out.set_consecutive_failures(in.consecutive_failures);
}

CheckInfo from(const pb::CheckInfo& in) {
  CheckInfo out{.type = static_cast<CheckType>(in.type())};
  if (in.has_command()) out.command = from(in.command().command());
  if (in.has_http()) {
    out.http = HttpCheck{.port = in.http().port()};
    if (in.http().has_path()) out.http->path = in.http().path();
  }
  if (in.has_tcp()) out.tcp = TcpCheck{.port = in.tcp().port()};
  out.delay = duration_from(in.delay_seconds());
  out.interval = duration_from(in.interval_seconds());
  out.timeout = duration_from(in.timeout_seconds());
  return out;
}

void to(const CheckInfo& in, pb::CheckInfo& out) {
  out.set_type(static_cast<pb::CheckInfo::Type>(in.type));
  if (in.command) to(*in.command, *out.mutable_command()->mutable_command());
  if (in.http) {
    out.mutable_http()->set_port(in.http->port);
    if (in.http->path) out.mutable_http()->set_path(*in.http->path);
  }
  if (in.tcp) out.mutable_tcp()->set_port(in.tcp->port);
  out.set_delay_seconds(seconds_of(in.delay));
  out.set_interval_seconds(seconds_of(in.interval));
  out.set_timeout_seconds(seconds_of(in.timeout));
}

ExecutorInfo from(const pb::ExecutorInfo& in) {
  ExecutorInfo out;
  out.id.value = in.executor_id().value();
  out.type = static_cast<ExecutorType>(in.type());
  out.framework_id.value = in.framework_id().value();
  if (in.has_command()) out.command = from(in.command());
  if (in.has_container()) out.container = from(in.container());
  out.resources = resources_from(in.resources());
  out.name = in.name();
  out.source = in.source();
  if (in.has_shutdown_grace_period()) out.shutdown_grace_period = duration_from(in.shutdown_grace_period());
  out.raw = in.SerializePartialAsString();
  return out;
}

void to(const ExecutorInfo& in, pb::ExecutorInfo& out) {
  if (!in.raw.empty()) {
    out.ParsePartialFromString(in.raw);
  } else {
    if (in.type != ExecutorType::unknown) out.set_type(static_cast<pb::ExecutorInfo::Type>(in.type));
    out.mutable_executor_id()->set_value(in.id.value);
    if (in.command) to(*in.command, *out.mutable_command());
    if (in.container) to(*in.container, *out.mutable_container());
    if (!in.name.empty()) out.set_name(in.name);
    if (!in.source.empty()) out.set_source(in.source);
    if (in.shutdown_grace_period) {
      out.mutable_shutdown_grace_period()->set_nanoseconds(in.shutdown_grace_period->count());
    }
  }
  if (!in.framework_id.empty()) out.mutable_framework_id()->set_value(in.framework_id.value);
  resources_to(in.resources, *out.mutable_resources());
}

TaskInfo from(const pb::TaskInfo& in) {
  TaskInfo out;
  out.id.value = in.task_id().value();
  out.name = in.name();
  out.agent_id.value = in.agent_id().value();
  out.resources = resources_from(in.resources());
  if (in.has_executor()) out.executor = from(in.executor());
  if (in.has_command()) out.command = from(in.command());
  if (in.has_container()) out.container = from(in.container());
  out.data = in.data();
  out.labels = labels_from(in.labels());
  if (in.has_kill_policy()) out.kill_policy = from(in.kill_policy());
  if (in.has_max_completion_time()) out.max_completion_time = duration_from(in.max_completion_time());
  for (const auto& [name, limit] : in.limits()) out.limits[name] = limit.value();
  if (in.has_health_check()) out.health_check = from(in.health_check());
  if (in.has_check()) out.check = from(in.check());
  out.defect = task_defect(in);
  pb::TaskInfo normal = in;
  if (in.has_health_check() && out.health_check->type != CheckType::unknown) {
    normal.mutable_health_check()->set_type(static_cast<pb::HealthCheck::Type>(out.health_check->type));
  }
  out.raw = normal.SerializePartialAsString();
  return out;
}

void to(const TaskInfo& in, pb::TaskInfo& out) {
  if (!in.raw.empty()) {
    out.ParsePartialFromString(in.raw);
    overlay(in, out);
    return;
  }
  out.set_name(in.name);
  out.mutable_task_id()->set_value(in.id.value);
  out.mutable_agent_id()->set_value(in.agent_id.value);
  resources_to(in.resources, *out.mutable_resources());
  if (in.executor) to(*in.executor, *out.mutable_executor());
  if (in.command) to(*in.command, *out.mutable_command());
  if (in.container) to(*in.container, *out.mutable_container());
  if (!in.data.empty()) out.set_data(in.data);
  if (!in.labels.empty()) labels_to(in.labels, *out.mutable_labels());
  if (in.kill_policy) to(*in.kill_policy, *out.mutable_kill_policy());
  if (in.max_completion_time) out.mutable_max_completion_time()->set_nanoseconds(in.max_completion_time->count());
  for (const auto& [name, limit] : in.limits) (*out.mutable_limits())[name].set_value(limit);
  if (in.health_check) to(*in.health_check, *out.mutable_health_check());
  if (in.check) to(*in.check, *out.mutable_check());
}

namespace {

NetworkInfo network_from(const pb::NetworkInfo& in) {
  NetworkInfo out{.name = in.name(), .raw = in.SerializePartialAsString()};
  for (const auto& each : in.ip_addresses()) {
    IpAddress address{.address = each.ip_address()};
    if (each.has_protocol()) address.protocol = each.protocol();
    out.addresses.push_back(std::move(address));
  }
  return out;
}

void network_to(const NetworkInfo& in, pb::NetworkInfo& out) {
  if (!in.raw.empty()) out.ParsePartialFromString(in.raw);
  out.clear_ip_addresses();
  for (const IpAddress& each : in.addresses) {
    auto* address = out.add_ip_addresses();
    if (each.protocol) address->set_protocol(static_cast<pb::NetworkInfo::Protocol>(*each.protocol));
    address->set_ip_address(each.address);
  }
  if (!in.name.empty()) out.set_name(in.name);
}

ContainerStatus container_status_from(const pb::ContainerStatus& in) {
  ContainerStatus out{.container_id = {in.container_id().value()}};
  for (const auto& network : in.network_infos()) out.networks.push_back(network_from(network));
  if (in.has_executor_pid()) out.executor_pid = in.executor_pid();
  return out;
}

void container_status_to(const ContainerStatus& in, pb::ContainerStatus& out) {
  if (!in.container_id.empty()) out.mutable_container_id()->set_value(in.container_id.value);
  out.clear_network_infos();
  for (const NetworkInfo& network : in.networks) network_to(network, *out.add_network_infos());
  if (in.executor_pid) out.set_executor_pid(*in.executor_pid);
}

CheckStatus check_status_from(const pb::CheckStatusInfo& in) {
  CheckStatus out{.type = static_cast<CheckType>(in.type())};
  if (in.command().has_exit_code()) out.exit_code = in.command().exit_code();
  if (in.http().has_status_code()) out.status_code = in.http().status_code();
  if (in.tcp().has_succeeded()) out.succeeded = in.tcp().succeeded();
  return out;
}

// The message of its type is always there, if only empty.
void check_status_to(const CheckStatus& in, pb::CheckStatusInfo& out) {
  out.Clear();
  out.set_type(static_cast<pb::CheckInfo::Type>(in.type));
  if (in.type == CheckType::command) out.mutable_command();
  if (in.type == CheckType::http) out.mutable_http();
  if (in.type == CheckType::tcp) out.mutable_tcp();
  if (in.exit_code) out.mutable_command()->set_exit_code(*in.exit_code);
  if (in.status_code) out.mutable_http()->set_status_code(*in.status_code);
  if (in.succeeded) out.mutable_tcp()->set_succeeded(*in.succeeded);
}

std::int64_t nanoseconds(TimePoint time) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count();
}

}  // namespace

TaskStatus from(const pb::TaskStatus& in) {
  TaskStatus out;
  out.task_id.value = in.task_id().value();
  out.state = static_cast<TaskState>(in.state());
  out.message = in.message();
  out.source = static_cast<StatusSource>(in.source());
  if (in.has_reason()) out.reason = static_cast<Reason>(in.reason());
  if (in.has_data()) out.data = in.data();
  out.agent_id.value = in.agent_id().value();
  out.executor_id.value = in.executor_id().value();
  if (in.has_timestamp() && std::fabs(in.timestamp()) < 9e12) out.timestamp = from_seconds(in.timestamp());
  Uuid uuid;
  if (in.has_uuid() && Uuid::from_bytes(in.uuid(), uuid)) out.uuid = uuid;
  if (in.has_healthy()) out.healthy = in.healthy();
  out.labels = labels_from(in.labels());
  if (in.has_container_status()) out.container = container_status_from(in.container_status());
  if (in.has_unreachable_time()) {
    const std::chrono::nanoseconds since{in.unreachable_time().nanoseconds()};
    out.unreachable_time = TimePoint{std::chrono::floor<std::chrono::microseconds>(since)};
  }
  if (in.has_check_status()) out.check = check_status_from(in.check_status());
  out.raw = in.SerializePartialAsString();
  return out;
}

void to(const TaskStatus& in, pb::TaskStatus& out) {
  if (!in.raw.empty()) out.ParsePartialFromString(in.raw);
  out.mutable_task_id()->set_value(in.task_id.value);
  out.set_state(static_cast<pb::TaskState>(in.state));
  in.message.empty() ? out.clear_message() : out.set_message(in.message);
  out.set_source(static_cast<pb::TaskStatus::Source>(in.source));
  in.reason ? out.set_reason(static_cast<pb::TaskStatus::Reason>(*in.reason)) : out.clear_reason();
  in.data ? out.set_data(*in.data) : out.clear_data();
  in.agent_id.empty() ? out.clear_agent_id() : out.mutable_agent_id()->set_value(in.agent_id.value);
  in.executor_id.empty() ? out.clear_executor_id() : out.mutable_executor_id()->set_value(in.executor_id.value);
  // A time that came in stays as exact as it came.
  const bool same_time = in.timestamp && out.has_timestamp() && from_seconds(out.timestamp()) == *in.timestamp;
  if (!in.timestamp) out.clear_timestamp();
  if (in.timestamp && !same_time) out.set_timestamp(to_seconds(*in.timestamp));
  in.uuid ? out.set_uuid(in.uuid->to_bytes()) : out.clear_uuid();
  in.healthy ? out.set_healthy(*in.healthy) : out.clear_healthy();
  out.clear_labels();
  if (!in.labels.empty()) labels_to(in.labels, *out.mutable_labels());
  if (in.container) container_status_to(*in.container, *out.mutable_container_status());
  if (!in.container) out.clear_container_status();
  if (in.unreachable_time) out.mutable_unreachable_time()->set_nanoseconds(nanoseconds(*in.unreachable_time));
  // As it came in, unless it has changed.
  const bool same_check = in.check && out.has_check_status() && check_status_from(out.check_status()) == *in.check;
  if (!in.check) out.clear_check_status();
  if (in.check && !same_check) check_status_to(*in.check, *out.mutable_check_status());
}

}  // namespace windlass::convert
