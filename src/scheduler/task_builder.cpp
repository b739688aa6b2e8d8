#include "scheduler/task_builder.hpp"

#include "base/text.hpp"
#include "model/image_name.hpp"
#include "scheduler/shell_words.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

namespace windlass::scheduler {
namespace {

constexpr std::size_t label_key_bytes_max = 492;
constexpr std::size_t label_value_bytes_max = 511;

using Environment = std::map<std::string, std::string>;

// As Scala prints a Double: 1.0, 0.25.
std::string double_text(double value) {
  std::string text = scalar_text(to_milli(value));
  return text.find('.') == std::string::npos ? text + ".0" : text;
}

// An environment variable's name: A-Z, 0-9 and _.
std::string variable_name(std::string text) {
  for (char& c : text) {
    c = to_upper(c);
    const bool fits = (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    if (!fits) c = '_';
  }
  return text;
}

std::string image_of(const App& app) {
  if (!app.seed_container) return {};
  const std::string& image = app.seed_container->image;
  return image.starts_with(image_scheme) ? image.substr(image_scheme.size()) : image;
}

void add_app_variables(Environment& env, const App& app, const Instance& instance) {
  env["MESOS_TASK_ID"] = instance.task_id.value;
  env["MARATHON_APP_ID"] = app.id.value;
  env["MARATHON_APP_VERSION"] = to_iso8601(app.version);
  env["MARATHON_APP_RESOURCE_CPUS"] = double_text(app.cpus);
  env["MARATHON_APP_RESOURCE_MEM"] = double_text(app.mem);
  env["MARATHON_APP_RESOURCE_DISK"] = double_text(app.disk);
  env["MARATHON_APP_RESOURCE_GPUS"] = "0";
  if (const std::string image = image_of(app); !image.empty()) env["MARATHON_APP_DOCKER_IMAGE"] = image;
  std::string names;
  for (const auto& [key, value] : app.labels) {
    if (key.size() > label_key_bytes_max || value.size() > label_value_bytes_max) continue;
    const std::string name = variable_name(key);
    names += (names.empty() ? "" : " ") + name;
    env["MARATHON_APP_LABEL_" + name] = value;
  }
  env["MARATHON_APP_LABELS"] = names;
}

void add_port_variables(Environment& env, const App& app, const Instance& instance) {
  env["HOST"] = instance.host;
  std::string all;
  for (std::size_t i = 0; i < instance.ports.size(); ++i) {
    const std::string port = std::to_string(instance.ports[i]);
    const PortDefinition& definition = app.ports[i];
    if (i == 0) env["PORT"] = port;
    env["PORT" + std::to_string(i)] = port;
    env["PORT_" + std::to_string(definition.port)] = port;
    if (!definition.name.empty()) env["PORT_" + variable_name(definition.name)] = port;
    all += (i == 0 ? "" : ",") + port;
  }
  if (!all.empty()) env["PORTS"] = all;
}

// What the user sets wins over what we make.
Environment environment_of(const App& app, const Instance& instance) {
  Environment env;
  add_app_variables(env, app, instance);
  add_port_variables(env, app, instance);
  for (const auto& [name, value] : app.env) env[name] = value;
  return env;
}

std::vector<EnvironmentVariable> to_variables(const Environment& env) {
  std::vector<EnvironmentVariable> variables;
  for (const auto& [name, value] : env) variables.push_back({name, value});
  return variables;
}

std::string quoted_words(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + shell_quote(word);
  return text;
}

// "/group/app" -> "app.group".
std::string task_name(const AppId& id) {
  std::string name;
  std::string_view rest = id.value;
  while (!rest.empty()) {
    const auto slash = rest.find('/');
    const std::string_view part = rest.substr(0, slash);
    if (!part.empty()) name = std::string{part} + (name.empty() ? "" : "." + name);
    rest.remove_prefix(slash == std::string_view::npos ? rest.size() : slash + 1);
  }
  return name;
}

CommandInfo plain_command(const App& app, const Instance& instance) {
  CommandInfo command;
  command.environment = to_variables(environment_of(app, instance));
  command.uris = app.fetch;
  if (app.cmd && !app.cmd->empty()) {
    command.value = app.cmd;
    return command;
  }
  command.shell = false;
  command.arguments = app.args;
  if (!app.args.empty()) command.value = app.args.front();
  return command;
}

// An executor would get the words of cmd as its arguments, and they are the arguments of the image's entrypoint. So
// they are here, unless only a shell can read them: Mesos runs that in place of the entrypoint.
CommandInfo container_command(const App& app, const Instance& instance) {
  const Environment env = environment_of(app, instance);
  CommandInfo command;
  command.environment = to_variables(env);
  command.uris = app.fetch;
  const auto words = app.cmd && !app.cmd->empty() ? shell_words(*app.cmd, env) : app.args;
  command.shell = !words;
  if (words) command.arguments = *words;
  if (!words) command.value = app.cmd;
  return command;
}

// `run` is the executor's part of the command line; the app's own command follows it.
void set_executor(TaskInfo& task, const Settings& settings, const App& app, const Instance& instance, std::string run) {
  const std::string arguments = app.cmd && !app.cmd->empty() ? *app.cmd : quoted_words(app.args);
  if (!arguments.empty()) run += " " + arguments;
  ExecutorInfo executor;
  executor.id = ExecutorId{"marathon-" + instance.task_id.value};
  executor.command = CommandInfo{
      .value = std::move(run), .environment = to_variables(environment_of(app, instance)), .uris = app.fetch};
  task.executor = std::move(executor);
  if (settings.task_data != nullptr) task.data = settings.task_data(app);
}

// Mesos says the network by itself and would say it twice.
void set_network(ContainerInfo& container, const std::string& name) {
  DockerInfo& docker = *container.docker;
  docker.network = NetworkMode::user;
  if (name == "host") docker.network = NetworkMode::host;
  if (name == "none") docker.network = NetworkMode::none;
  if (name == "bridge" || name == "default" || name.empty()) docker.network = NetworkMode::bridge;
  if (docker.network == NetworkMode::user) container.network_names = {name};
}

void add_options(const Settings& settings, ContainerInfo& container, const std::vector<std::string>& options) {
  if (settings.docker_parameters == nullptr) return;
  DockerInfo& docker = *container.docker;
  for (Parameter& parameter : settings.docker_parameters(options)) {
    const bool is_network = parameter.key == "net" || parameter.key == "network";
    if (is_network && !docker.network) {
      set_network(container, parameter.value);
    } else if (parameter.key == "privileged") {
      docker.privileged = parameter.value == "true";
    } else {
      docker.parameters.push_back(std::move(parameter));
    }
  }
}

// As `docker run` with these options would, with the ports that PORT0 and so on name published where the network has
// its own. What else our executor makes of the options it reads in the task's data.
ContainerInfo container_of(const Settings& settings, const App& app, const Instance& instance) {
  ContainerInfo container;
  container.docker = DockerInfo{.image = image_of(app)};
  add_options(settings, container, app.seed_container->options);
  DockerInfo& docker = *container.docker;
  if (!docker.network) docker.network = NetworkMode::bridge;
  const bool joins = !container.network_names.empty() && container.network_names.front().starts_with("container:");
  const bool publishes = (docker.network == NetworkMode::bridge || docker.network == NetworkMode::user) && !joins;
  for (std::size_t i = 0; publishes && i < instance.ports.size(); ++i) {
    docker.port_mappings.push_back({instance.ports[i], instance.ports[i], app.ports[i].protocol});
  }
  return container;
}

}  // namespace

TaskId task_id_of(const InstanceId& instance, std::uint32_t incarnation) {
  return {instance.value + "._app." + std::to_string(incarnation)};
}

namespace {

TaskInfo build_for_anybody(const Settings& settings, const App& app, const Instance& instance,
                           const Resources& resources) {
  TaskInfo task;
  task.id = instance.task_id;
  task.name = task_name(app.id);
  task.agent_id = instance.agent_id;
  task.resources = resources;
  for (const auto& [key, value] : app.labels) task.labels.push_back({key, value});
  const std::string& executor = app.executor.empty() ? settings.default_executor : app.executor;
  const bool path = !executor.empty() && executor != "//cmd";
  if (path) {
    const std::string quoted = shell_quote(executor);
    // As Marathon has it, but the shell needs no PATH where the executor may be run already: PATH may be the app's own.
    set_executor(task, settings, app, instance,
                 "[ -x " + quoted + " ] || chmod ug+rx " + quoted + " && exec " + quoted);
  } else if (app.seed_container && !settings.docker_executor.empty()) {
    set_executor(task, settings, app, instance, "exec " + shell_quote(settings.docker_executor));
  } else if (app.seed_container) {
    task.command = container_command(app, instance);
    task.container = container_of(settings, app, instance);
    if (settings.task_data != nullptr) task.data = settings.task_data(app);
  } else {
    task.command = plain_command(app, instance);
  }
  return task;
}

}  // namespace

TaskInfo build_task(const Settings& settings, const App& app, const Instance& instance, const Resources& resources) {
  TaskInfo task = build_for_anybody(settings, app, instance, resources);
  if (settings.mesos_user.empty()) return task;
  if (task.command) task.command->user = settings.mesos_user;
  if (task.executor && task.executor->command) task.executor->command->user = settings.mesos_user;
  return task;
}

}  // namespace windlass::scheduler
