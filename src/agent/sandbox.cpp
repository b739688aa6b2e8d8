#include "agent/sandbox.hpp"

#include "io/files.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <map>

namespace windlass {
namespace {

std::string runs_directory(const SandboxPlace& place) {
  return place.work_dir + "/slaves/" + place.agent_id.value + "/frameworks/" + place.framework_id.value +
         "/executors/" + place.executor_id.value + "/runs";
}

Error disk_error(const std::string& path) { return {Errc::disk, std::strerror(errno), path}; }

Result<void> make_output_file(const std::string& path, const std::string& user) {
  // Not O_TRUNC: a launch that comes again keeps what its first attempt has written.
  const int file = ::open(path.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
  if (file < 0) return disk_error(path);
  ::close(file);
  return user.empty() ? Result<void>{} : change_owner(path, user);
}

// `latest` is replaced in one step, so that a reader never finds it missing.
Result<void> point_latest(const std::string& runs, const std::string& container) {
  const std::string fresh = runs + "/.latest." + container;
  ::unlink(fresh.c_str());
  if (::symlink(container.c_str(), fresh.c_str()) != 0) return disk_error(fresh);
  if (::rename(fresh.c_str(), (runs + "/latest").c_str()) != 0) return disk_error(runs + "/latest");
  return {};
}

// What would mislead an executor, or is not for it: where the engine itself runs as a Mesos task, these name another
// agent, and the engine's own flags may hold credentials.
bool speaks_of_us(std::string_view name) {
  return name.starts_with("MESOS_") || name.starts_with("LIBPROCESS_") || name.starts_with("WINDLASS_");
}

// What steers windlass-executor, set by the operator beside our own flags.
bool is_executors(std::string_view name) { return name.starts_with("WINDLASS_EXECUTOR_"); }

}  // namespace

std::string sandbox_directory(const SandboxPlace& place) {
  return runs_directory(place) + "/" + place.container_id.value;
}

Result<void> make_sandbox(const SandboxPlace& place, const std::string& user) {
  const std::string runs = runs_directory(place);
  // Those above are everybody's to pass, since each user must reach its own sandbox, which nobody else may read.
  auto made = make_directories(runs, 0755);
  if (!made) return made;
  const std::string directory = sandbox_directory(place);
  made = make_directories(directory, 0750);
  if (!made) return made;
  // Not the folders above it (mesos.md 3.8).
  if (!user.empty()) {
    auto owned = change_owner(directory, user);
    if (!owned) return owned;
  }
  for (const char* name : {"/stdout", "/stderr"}) {
    auto file = make_output_file(directory + name, user);
    if (!file) return file;
  }
  return point_latest(runs, place.container_id.value);
}

std::vector<std::string> executor_environment(const SandboxPlace& place, const ExecutorEnvironment& environment,
                                              const std::vector<std::string>& inherited) {
  std::map<std::string, std::string> values;
  for (const std::string& variable : inherited) {
    const auto equals = variable.find('=');
    if (equals == std::string::npos || equals == 0) continue;
    const std::string name = variable.substr(0, equals);
    if (!speaks_of_us(name) || is_executors(name)) values[name] = variable.substr(equals + 1);
  }
  const std::string directory = sandbox_directory(place);
  const std::string endpoint = environment.agent_ip + ":" + std::to_string(environment.agent_port);
  values["LIBPROCESS_IP"] = environment.agent_ip;
  // 0: executors that use libprocess listen on any free port.
  values["LIBPROCESS_PORT"] = "0";
  values["MESOS_FRAMEWORK_ID"] = place.framework_id.value;
  values["MESOS_EXECUTOR_ID"] = place.executor_id.value;
  values["MESOS_DIRECTORY"] = directory;
  values["MESOS_SANDBOX"] = directory;
  values["MESOS_SLAVE_ID"] = place.agent_id.value;
  // Mesos' v1 library in C++ takes the address from here and no other variable (mesos.md 3.2).
  values["MESOS_SLAVE_PID"] = "slave(1)@" + endpoint;
  values["MESOS_AGENT_ENDPOINT"] = endpoint;
  values["MESOS_CHECKPOINT"] = environment.checkpoint ? "1" : "0";
  values["MESOS_HTTP_COMMAND_EXECUTOR"] = "0";
  values["MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD"] = to_mesos_duration(environment.shutdown_grace_period);
  // Without checkpointing an executor ends itself when it loses the agent, and waits for nothing (mesos.md 3.5).
  if (environment.checkpoint) {
    values["MESOS_RECOVERY_TIMEOUT"] = to_mesos_duration(environment.recovery_timeout);
    values["MESOS_SUBSCRIPTION_BACKOFF_MAX"] = to_mesos_duration(environment.subscription_backoff_max);
  }
  if (environment.max_log_size != "0") {
    values["WINDLASS_EXECUTOR_MAX_LOG_SIZE"] = environment.max_log_size;
    values["WINDLASS_EXECUTOR_MAX_LOG_FILES"] = std::to_string(environment.max_log_files);
  }
  if (!environment.docker_host.empty()) values["DOCKER_HOST"] = environment.docker_host;
  values["WINDLASS_DOCKER_HOST"] = environment.docker_host;
  // A framework may say how to find things, but not where the agent is: its executor would not find the way back. And
  // not how windlass-executor works, whose denials are the operator's; its container gets those variables all the same.
  for (const EnvironmentVariable& variable : environment.framework) {
    if (variable.name.starts_with("WINDLASS_")) continue;
    if (!speaks_of_us(variable.name) || !values.contains(variable.name)) values[variable.name] = variable.value;
  }
  std::vector<std::string> result;
  for (const auto& [name, value] : values) result.push_back(name + "=" + value);
  return result;
}

}  // namespace windlass
