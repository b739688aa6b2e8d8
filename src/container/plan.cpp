#include "container/plan.hpp"

#include "base/text.hpp"
#include "container/mesos_container.hpp"
#include "container/options.hpp"
#include "container/policy_check.hpp"
#include "container/registry_config.hpp"
#include "container/seed_data.hpp"
#include "model/image_name.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

namespace windlass {

namespace {

constexpr double cpu_shares_per_cpu = 1024;
// Linux takes no fewer, and Mesos asks for as many at least (mesos.md 4.2).
constexpr std::int64_t cpu_shares_min = 2;
constexpr std::int64_t cpu_shares_max = 262'144;  // more is refused by runc
constexpr std::int64_t cfs_period_us = 100'000;
// The kernel takes no shorter one, and Mesos none either (mesos.md 4.2).
constexpr std::int64_t cfs_quota_min_us = 1'000;
constexpr double mebibyte = 1 << 20;
constexpr std::int64_t memory_min = 6 << 20;  // less is refused by Docker Engines since 20.10
constexpr double amount_max = 9e18;           // what fits into the API's numbers
constexpr const char* app_id_variable = "MARATHON_APP_ID";

Error invalid(std::string message) { return Error{Errc::invalid, std::move(message), {}}; }

// Clamped first: a double that does not fit makes the conversion undefined, and the number is a framework's.
std::int64_t whole(double amount) { return static_cast<std::int64_t>(std::clamp(amount, 0.0, amount_max)); }

std::int64_t memory_from_mb(double megabytes) { return std::max(memory_min, whole(megabytes * mebibyte)); }

// --- what both contracts share -------------------------------------------------------------------------------------

// Mesos sets none, so that a container cannot be traced to its task (mesos.md 4.6).
void set_labels(ContainerSpec& spec, const TaskInfo& task, const ContainerContext& context) {
  spec.labels["MESOS_TASK_ID"] = task.id.value;
  spec.labels["MESOS_FRAMEWORK_ID"] = context.framework_id.value;
  spec.labels["MESOS_EXECUTOR_ID"] = context.executor_id.value;
  spec.labels["MESOS_CONTAINER_ID"] = context.container_id.value;
  const std::string prefix = std::string{app_id_variable} + "=";
  for (const std::string& entry : spec.env) {
    if (entry.starts_with(prefix)) spec.labels.emplace(app_id_variable, entry.substr(prefix.size()));
  }
}

// The docker CLI splits "a:b" at colons, and so does the Engine: such paths need the long form.
void add_bind(ContainerSpec& spec, const std::string& host, const std::string& container, VolumeMode mode) {
  if (host.find(':') == std::string::npos && container.find(':') == std::string::npos) {
    spec.binds.push_back(host + ":" + container + (mode == VolumeMode::ro ? ":ro" : ":rw"));
    return;
  }
  MountSpec mount{.type = MountType::bind, .source = host, .target = container};
  mount.read_only = mode == VolumeMode::ro;
  spec.mounts.push_back(std::move(mount));
}

// What the options have set stays: these come after them.
void set_cpu_limits(ContainerSpec& spec, const TaskInfo& task, const ContainerContext& context) {
  const double cpus = task.resources.scalar("cpus");
  // The task's cpus alone: Mesos adds the executor's 0.1, and people ask why the number is not theirs (mesos.md 4.6).
  if (cpus > 0 && !spec.cpu_shares) {
    spec.cpu_shares = std::clamp(whole(cpus * cpu_shares_per_cpu), cpu_shares_min, cpu_shares_max);
  }
  double limit = context.enable_cfs ? cpus : 0;
  const auto given = task.limits.find("cpus");
  if (given != task.limits.end()) limit = given->second;
  const bool limited = std::isfinite(limit) && (limit > 0 || given != task.limits.end());
  // What the options say stays, and Docker refuses a quota beside --cpus.
  if (!limited || spec.nano_cpus || spec.cpu_quota_us) return;
  // A period that the user has chosen stays; the quota is the same share of it.
  const std::int64_t period = spec.cpu_period_us.value_or(0) > 0 ? *spec.cpu_period_us : cfs_period_us;
  spec.cpu_period_us = period;
  spec.cpu_quota_us = std::max(cfs_quota_min_us, whole(limit * static_cast<double>(period)));
}

// As Mesos computes it. Never negative: that would protect a task that asks for more than the machine has.
std::optional<int> burstable_score(double request_mb, std::uint64_t host_memory) {
  if (host_memory == 0) return std::nullopt;
  const auto share = whole(1000.0 * request_mb * mebibyte / static_cast<double>(host_memory));
  return static_cast<int>(std::max<std::int64_t>(0, 1000 - std::min<std::int64_t>(share, 1000)));
}

void set_memory_limits(ContainerSpec& spec, const TaskInfo& task, const ContainerContext& context) {
  const double mem = task.resources.scalar("mem");
  const auto given = task.limits.find("mem");
  const double limit = given == task.limits.end() ? mem : given->second;
  const bool limited = std::isfinite(limit) && (limit > 0 || given != task.limits.end());
  if (limited && !spec.memory_bytes) spec.memory_bytes = memory_from_mb(limit);
  if (given != task.limits.end() && mem > 0) {
    // The Engine refuses a reservation above the limit, which an option may have lowered.
    const std::int64_t most = spec.memory_bytes.value_or(0) > 0 ? *spec.memory_bytes : whole(amount_max);
    if (!spec.memory_reservation_bytes) spec.memory_reservation_bytes = std::min(memory_from_mb(mem), most);
    // Only of tasks that may use more than they have asked for, as in Mesos (mesos.md 4.2).
    if (limit > mem && !spec.oom_score_adj) spec.oom_score_adj = burstable_score(mem, context.host_memory_bytes);
  }
  const bool has_limit = spec.memory_bytes.value_or(0) > 0;
  // MemorySwap is the sum of memory and swap: the same number means no swap.
  if (context.limit_swap && has_limit && !spec.memory_swap_bytes) spec.memory_swap_bytes = spec.memory_bytes;
}

void set_gpus(ContainerSpec& spec, const TaskInfo& task) {
  const std::int64_t gpus = whole(task.resources.scalar("gpus"));
  if (gpus > 0 && spec.device_requests.empty()) {
    spec.device_requests.push_back({.count = gpus, .capabilities = {{"gpu"}}});
  }
}

void set_disk_limit(ContainerSpec& spec, const TaskInfo& task, const ContainerContext& context) {
  const double disk = task.resources.scalar("disk");
  // Docker would refuse to create the container where its storage cannot do it.
  if (disk > 0 && context.can_limit_disk) {
    spec.storage_options.emplace("size", std::to_string(whole(disk * mebibyte)));
  }
}

// PORT0.., PORT and PORTS from the allocated host ports.
void set_port_env(ContainerSpec& spec, const std::vector<std::uint16_t>& ports) {
  if (ports.empty()) return;
  std::string list;
  const auto set_missing = [&](const std::string& name, const std::string& value) {
    // What the framework sets itself stays: Marathon sets these variables too.
    if (!has_env(spec, name)) set_env(spec, name, value);
  };
  for (std::size_t i = 0; i < ports.size(); ++i) {
    const std::string port = std::to_string(ports[i]);
    set_missing("PORT" + std::to_string(i), port);
    list += (i == 0 ? "" : ",") + port;
  }
  set_missing("PORT", std::to_string(ports.front()));
  set_missing("PORTS", list);
}

void set_mesos_env(ContainerSpec& spec, const TaskInfo& task, const ContainerContext& context) {
  set_env(spec, "MESOS_SANDBOX", mapped_sandbox);
  set_env(spec, "MESOS_CONTAINER_NAME", container_name(context.container_id));
  const auto& entries = task.resources.entries();
  // Of the first resource, as in Mesos (mesos.md 4.2).
  if (!entries.empty() && !entries.front().allocation.empty()) {
    set_env(spec, "MESOS_ALLOCATION_ROLE", entries.front().allocation);
  }
}

void set_command_env(ContainerSpec& spec, const CommandInfo& command) {
  for (const EnvironmentVariable& variable : command.environment) set_env(spec, variable.name, variable.value);
}

// With a custom executor the framework's variables are in the executor's command.
void set_framework_env(ContainerSpec& spec, const TaskInfo& task) {
  if (task.command) set_command_env(spec, *task.command);
  if (task.executor && task.executor->command) set_command_env(spec, *task.executor->command);
}

ContainerSpec new_spec(const ContainerContext& context) {
  ContainerSpec spec{.name = container_name(context.container_id), .image = {}};
  // Under the executor's own group, so that what the agent measures and ends there includes the container.
  spec.cgroup_parent = context.cgroup_parent;
  return spec;
}

OptionSources option_sources(const ContainerContext& context) {
  return {.directory = context.sandbox, .environment = context.environment, .read_file = context.read_file};
}

// What the executor adds by itself, the sandbox above all, is not asked of the operator.
Result<void> finish_plan(ContainerPlan& plan, const TaskInfo& task, const ContainerContext& context) {
  ContainerSpec& spec = plan.spec;
  auto allowed = check_policy(spec, context.policy, context.cgroup_parent);
  if (!allowed) return allowed;
  // Last, as in Mesos (mesos.md 4.2).
  if (!context.sandbox.empty()) add_bind(spec, context.sandbox, mapped_sandbox, VolumeMode::rw);
  set_cpu_limits(spec, task, context);
  set_memory_limits(spec, task, context);
  set_gpus(spec, task);
  set_disk_limit(spec, task, context);
  set_labels(spec, task, context);
  if (spec.pull == PullPolicy::always) plan.force_pull = true;
  if (spec.pull == PullPolicy::never) plan.never_pull = true;
  return {};
}

Result<void> set_image(ContainerSpec& spec, const std::string& image) {
  auto name = parse_image_name(image);
  if (!name) return name.error();
  spec.image = with_tag(*name);
  return {};
}

// --- first-class contract ------------------------------------------------------------------------------------------

Result<std::string> network_of(const DockerInfo& docker, const ContainerInfo& container) {
  // Mesos' default is the host's network, and not Docker's bridge (mesos.md 4.2).
  switch (docker.network.value_or(NetworkMode::host)) {
    case NetworkMode::host: return std::string{"host"};
    case NetworkMode::bridge: return std::string{"bridge"};
    case NetworkMode::none: return std::string{"none"};
    case NetworkMode::user: break;
  }
  if (container.network_names.empty()) return invalid("No network info found in container info");
  if (container.network_names.size() > 1) return invalid("Only a single network can be defined in Docker run");
  if (container.network_names.front().empty()) return invalid("No network name found in network info");
  return container.network_names.front();
}

Result<void> set_port_mappings(ContainerSpec& spec, const DockerInfo& docker, const TaskInfo& task) {
  if (docker.port_mappings.empty()) return {};
  const NetworkMode mode = docker.network.value_or(NetworkMode::host);
  // Against the network that DockerInfo declares, though a parameter may replace it later: so does Mesos
  // (mesos.md 4.2).
  if (mode != NetworkMode::bridge && mode != NetworkMode::user) {
    return invalid("Port mappings are only supported for bridge and user-defined networks");
  }
  const std::vector<Range> allocated = task.resources.ranges("ports");
  if (allocated.empty()) return invalid("Port mappings require port resources");
  for (const PortMapping& mapping : docker.port_mappings) {
    // A port that is not the task's may be another task's, and Docker would only say at the start that it is taken.
    if (!contains(allocated, {Range{mapping.host_port, mapping.host_port}})) {
      return invalid("Port [" + std::to_string(mapping.host_port) + "] not included in resources");
    }
    // Mesos' message has 32 bits for it, Docker's API 16.
    if (mapping.container_port > 65535) {
      return invalid("Container port [" + std::to_string(mapping.container_port) + "] is not a port");
    }
    PortBinding binding{.container_port = static_cast<std::uint16_t>(mapping.container_port)};
    if (!mapping.protocol.empty()) {
      binding.protocol = to_lower(mapping.protocol);
    }
    binding.host_port = std::to_string(mapping.host_port);
    spec.ports.push_back(std::move(binding));
  }
  return {};
}

bool is_absolute(const std::string& path) { return path.starts_with('/'); }

// The API has one driver for all volumes of a container.
Result<void> set_volume_driver(ContainerSpec& spec, const std::string& driver, const char* conflict) {
  if (driver.empty()) return {};
  if (!spec.volume_driver.empty() && spec.volume_driver != driver) return invalid(conflict);
  spec.volume_driver = driver;
  return {};
}

Result<void> add_host_volume(ContainerSpec& spec, const Volume& volume, const std::string& target,
                             const std::string& volume_driver, const std::string& sandbox) {
  const std::string& host = *volume.host_path;
  if (!is_absolute(host) && !is_absolute(volume.container_path)) {
    return invalid("Both host_path '" + host + "' and container_path '" + volume.container_path +
                   "' of a volume are relative");
  }
  // With a volume driver a relative host path is the name of a volume.
  const bool joins_sandbox = !is_absolute(host) && volume_driver.empty();
  add_bind(spec, joins_sandbox ? sandbox + "/" + host : host, target, volume.mode);
  return {};
}

Result<void> add_volume(ContainerSpec& spec, const Volume& volume, const DockerInfo& docker,
                        const std::string& sandbox) {
  const std::string target = is_absolute(volume.container_path)
                                 ? volume.container_path
                                 : std::string{mapped_sandbox} + "/" + volume.container_path;
  if (volume.has_image) return invalid("Volume '" + volume.container_path + "': Docker cannot mount an image");
  if (volume.host_path) return add_host_volume(spec, volume, target, docker.volume_driver, sandbox);
  if (!volume.has_source) return invalid("Host path or volume source is required");
  if (volume.docker_name.empty()) return {};  // sources of other types are not Docker's, as in Mesos
  auto driver = set_volume_driver(spec, volume.docker_driver, "Only one volume driver per task is supported");
  if (!driver) return driver;
  if (volume.docker_options.empty()) {
    add_bind(spec, volume.docker_name, target, volume.mode);
    return {};
  }
  // Options of the driver have no place in the short form.
  MountSpec mount{.type = MountType::volume, .source = volume.docker_name, .target = target};
  mount.read_only = volume.mode == VolumeMode::ro;
  mount.volume = VolumeOptions{.driver = volume.docker_driver};
  for (const Parameter& option : volume.docker_options) mount.volume->driver_options[option.key] = option.value;
  spec.mounts.push_back(std::move(mount));
  return {};
}

Result<void> set_task_command(ContainerSpec& spec, const TaskInfo& task, const ContainerContext& context) {
  const bool is_mesos = task.container->type == ContainerType::mesos;
  if (!task.command) {
    // A custom executor and a container in the task: the executor's own arguments are the command.
    spec.command = context.argv;
    set_framework_env(spec, task);
    return {};
  }
  const CommandInfo& command = *task.command;
  set_command_env(spec, command);
  if (command.shell) {
    if (!command.value) return invalid("Shell specified but no command value provided");
    // The image's ENTRYPOINT must not get the shell's words as arguments (mesos.md 4.2).
    spec.entrypoint = std::vector<std::string>{"/bin/sh"};
    spec.command = {"-c", *command.value};
    return {};
  }
  auto arguments = command.arguments.begin();
  if (command.value && is_mesos) {
    // In containers of type MESOS the first argument is what the program sees as its own name.
    spec.entrypoint = std::vector<std::string>{*command.value};
    if (!command.arguments.empty()) ++arguments;
  } else if (command.value) {
    spec.command.push_back(*command.value);
  }
  spec.command.insert(spec.command.end(), arguments, command.arguments.end());
  return {};
}

Result<void> set_network(ContainerSpec& spec, const ContainerInfo& container, const TaskInfo& task) {
  const DockerInfo& docker = *container.docker;
  auto network = network_of(docker, container);
  if (!network) return network.error();
  spec.network_mode = *network;
  if (!container.hostname.empty()) {
    if (*network == "host") return invalid("Unable to set hostname with host network mode");
    spec.hostname = container.hostname;
  }
  return set_port_mappings(spec, docker, task);
}

Result<void> set_volumes(ContainerSpec& spec, const ContainerInfo& container, const ContainerContext& context) {
  for (const Volume& volume : container.volumes) {
    auto added = add_volume(spec, volume, *container.docker, context.sandbox);
    if (!added) return added;
  }
  return set_volume_driver(spec, container.docker->volume_driver, "Only one volume driver is supported");
}

// container: the task's, as one of type DOCKER.
Result<ContainerPlan> plan_first_class(const TaskInfo& task, const ContainerInfo& container,
                                       const ContainerContext& context) {
  if (!container.docker) return invalid("ContainerInfo of type DOCKER without 'docker'");
  const DockerInfo& docker = *container.docker;
  if (docker.image.empty()) return invalid("DockerInfo.image is empty");
  ContainerPlan plan{.spec = new_spec(context), .force_pull = docker.force_pull_image};
  ContainerSpec& spec = plan.spec;
  auto named = set_image(spec, docker.image);
  if (!named) return named.error();
  spec.privileged = docker.privileged;
  auto command = set_task_command(spec, task, context);
  if (!command) return command.error();
  set_mesos_env(spec, task, context);
  set_port_env(spec, task.resources.ports());
  auto volumes = set_volumes(spec, container, context);
  if (!volumes) return volumes.error();
  auto network = set_network(spec, container, task);
  if (!network) return network.error();
  // After all fields of the task: parameters replace what the fields say, as on the command line that Mesos writes.
  auto parameters = apply_docker_parameters(spec, docker.parameters, option_sources(context));
  if (!parameters) return parameters.error();
  auto finished = finish_plan(plan, task, context);
  if (!finished) return finished.error();
  return plan;
}

Result<ContainerPlan> plan_mesos(const TaskInfo& task, const ContainerContext& context) {
  auto container = as_docker_container(*task.container, context.sandbox);
  if (!container) return container.error();
  auto plan = plan_first_class(task, *container, context);
  if (!plan) return plan;
  // Mesos' containerizer runs the container's process as this user; for Docker's it is the owner of the sandbox only.
  if (task.command && task.command->user) plan->spec.user = *task.command->user;
  const MesosImage& image = *container->mesos->image;
  // A configuration that the framework has written counts more than a login.
  plan->registry_config = image.registry_config;
  if (image.registry_config.empty() && image.registry_user) {
    plan->registry_config = registry_config(image.name, *image.registry_user);
  }
  // Only arguments: they are for the image's own program, whose name is known when the image is here
  // (executor/step.hpp).
  plan->keeps_program = task.command && !task.command->shell && !task.command->value && !plan->spec.command.empty();
  return plan;
}

// --- seed contract -------------------------------------------------------------------------------------------------

// What the container runs, in the words of either contract; `argv` as an executor got it.
Result<void> set_seed_command(ContainerSpec& spec, const SeedData& seed, const TaskInfo& task,
                              const std::vector<std::string>& argv) {
  if (seed.image.empty() && argv.empty()) {
    return invalid("No image: the executor has no arguments, the task has no container, and its data names no image");
  }
  // An image in the data makes all of argv the command; without one argv begins with the image (mesos.md 8.1).
  auto named = set_image(spec, seed.image.empty() ? argv.front() : seed.image);
  if (!named) return named;
  if (task.command && task.command->shell && task.command->value) {
    spec.entrypoint = std::vector<std::string>{"/bin/sh"};
    spec.command = {"-c", *task.command->value};
    return {};
  }
  spec.command.assign(argv.begin() + (seed.image.empty() ? 1 : 0), argv.end());
  return {};
}

// Options come after the command: with another entrypoint the text for the shell would become that program's arguments.
Result<void> check_shell(const ContainerSpec& spec, const TaskInfo& task) {
  const bool wants_shell = task.command && task.command->shell && task.command->value;
  if (!wants_shell || spec.entrypoint == std::vector<std::string>{"/bin/sh"}) return {};
  return invalid("docker option --entrypoint and a command that needs a shell exclude each other: '" +
                 *task.command->value + "'");
}

Result<ContainerPlan> plan_seed(const TaskInfo& task, SeedData seed, const std::vector<std::string>& argv,
                                const ContainerContext& context) {
  ContainerPlan plan{.spec = new_spec(context)};
  plan.warnings = std::move(seed.warnings);
  ContainerSpec& spec = plan.spec;
  auto command = set_seed_command(spec, seed, task, argv);
  if (!command) return command.error();
  const std::vector<std::uint16_t> ports = task.resources.ports();
  set_framework_env(spec, task);
  set_mesos_env(spec, task, context);
  set_port_env(spec, ports);
  // After the ports: the seed's executor let the app's variables replace PORT (mesos.md 8.1).
  for (const auto& [name, value] : seed.env) set_env(spec, name, value);
  auto options = apply_docker_options(spec, seed.options, option_sources(context));
  if (options) options = check_shell(spec, task);
  if (!options) return options.error();
  // Which ports the image EXPOSEs is known when it is here; executor/ports.hpp pairs them then.
  plan.ports_to_pair = ports;
  auto finished = finish_plan(plan, task, context);
  if (!finished) return finished.error();
  return plan;
}

// A scheduler that does not know which executor an agent has says a container in both contracts: as DockerInfo for
// Mesos' own Docker support, and in the data, which says more (EXPOSEd ports, options as they were written). The same
// image in both tells that they are one.
std::optional<SeedData> seed_of_both(const TaskInfo& task) {
  const ContainerInfo& container = *task.container;
  const bool in_both =
      container.type == ContainerType::docker && container.docker && task.command && !task.data.empty();
  if (!in_both) return std::nullopt;
  SeedData seed = parse_seed_data(task.data);
  const auto image = parse_image_name(container.docker->image);
  // Compared as Docker would read them: "redis" and "redis:latest" are one image.
  const auto in_data = parse_image_name(seed.image);
  if (!image || !in_data || with_tag(*image) != with_tag(*in_data)) return std::nullopt;
  return seed;
}

}  // namespace

std::string container_name(const ContainerId& container_id) { return "mesos-" + container_id.value; }

Result<ContainerPlan> plan_container(const TaskInfo& task, const ContainerContext& context) {
  if (!task.container) return plan_seed(task, parse_seed_data(task.data), context.argv, context);
  auto said_twice = seed_of_both(task);
  if (said_twice) return plan_seed(task, std::move(*said_twice), task.command->arguments, context);
  if (task.container->type == ContainerType::mesos) return plan_mesos(task, context);
  return plan_first_class(task, *task.container, context);
}

}  // namespace windlass
