#include "scheduler/task_builder.hpp"

#include "base/text.hpp"
#include "model/image_name.hpp"
#include "scheduler/shell_words.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace windlass::scheduler {
namespace {

// Longer labels are left out of the environment (marathon.md 4.8).
constexpr std::size_t label_key_bytes_max = 492;
constexpr std::size_t label_value_bytes_max = 511;

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

// Where the value of a variable comes from. Only `text` is the same in all tasks of an app.
enum class Source { text, task_id, host, port, all_ports };
struct VariableValue {
  Source source = Source::text;
  std::string text = {};
  std::size_t port = 0;  // which of the app's
};
using Variables = std::map<std::string, VariableValue>;

// Marathon's names (marathon.md 4.8): programs in containers read them.
void add_app_variables(Variables& env, const App& app) {
  const auto set = [&env](const std::string& name, std::string value) { env[name] = {.text = std::move(value)}; };
  env["MESOS_TASK_ID"] = {.source = Source::task_id};
  set("MARATHON_APP_ID", app.id.value);
  set("MARATHON_APP_VERSION", to_iso8601(app.version));
  set("MARATHON_APP_RESOURCE_CPUS", double_text(app.cpus));
  set("MARATHON_APP_RESOURCE_MEM", double_text(app.mem));
  set("MARATHON_APP_RESOURCE_DISK", double_text(app.disk));
  set("MARATHON_APP_RESOURCE_GPUS", "0");
  if (const std::string image = image_of(app); !image.empty()) set("MARATHON_APP_DOCKER_IMAGE", image);
  std::string names;
  for (const auto& [key, value] : app.labels) {
    if (key.size() > label_key_bytes_max || value.size() > label_value_bytes_max) continue;
    const std::string name = variable_name(key);
    names += (names.empty() ? "" : " ") + name;
    set("MARATHON_APP_LABEL_" + name, value);
  }
  set("MARATHON_APP_LABELS", names);
}

void add_port_variables(Variables& env, const App& app) {
  env["HOST"] = {.source = Source::host};
  for (std::size_t i = 0; i < app.ports.size(); ++i) {
    const VariableValue port{.source = Source::port, .port = i};
    const PortDefinition& definition = app.ports[i];
    if (i == 0) env["PORT"] = port;
    env["PORT" + std::to_string(i)] = port;
    env["PORT_" + std::to_string(definition.port)] = port;
    if (!definition.name.empty()) env["PORT_" + variable_name(definition.name)] = port;
  }
  if (!app.ports.empty()) env["PORTS"] = {.source = Source::all_ports};
}

// What the user sets wins over what we make, as in later Marathons; those of 2013 had it the other way round
// (marathon.md 1.6, 4.8).
Variables variables_of(const App& app) {
  Variables env;
  add_app_variables(env, app);
  add_port_variables(env, app);
  for (const auto& [name, value] : app.env) env[name] = {.text = value};
  return env;
}

std::string port_list(const std::vector<std::uint16_t>& ports) {
  std::string text;
  for (const std::uint16_t port : ports) text += (text.empty() ? "" : ",") + std::to_string(port);
  return text;
}

std::string quoted_words(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + shell_quote(word);
  return text;
}

// "/group/app" -> "app.group" (marathon.md 4.8).
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

CommandInfo plain_command(const App& app) {
  CommandInfo command;
  command.uris = app.fetch;
  if (app.cmd && !app.cmd->empty()) {
    command.value = app.cmd;
    return command;
  }
  // Without a shell, `value` is the program and `arguments` is all of its argv, its own name first.
  command.shell = false;
  command.arguments = app.args;
  if (!app.args.empty()) command.value = app.args.front();
  return command;
}

// The seed executor gets the words of cmd as its arguments and hands them to the image's entrypoint. Here they are
// words of the TaskInfo to the same effect, unless only a shell can read them: Mesos runs that in place of the
// entrypoint (mesos.md 4.2).
void set_arguments(CommandInfo& command, const App& app, const std::map<std::string, std::string>& env) {
  const auto words = app.cmd && !app.cmd->empty() ? shell_words(*app.cmd, env) : app.args;
  command.shell = !words;
  if (words) command.arguments = *words;
  if (!words) command.value = app.cmd;
}

// `run` is the executor's part of the command line. The app's cmd follows unquoted, as in Marathon: its words are the
// executor's arguments (marathon.md 1.6, 1.7).
void set_executor(TaskInfo& task, const Settings& settings, const App& app, std::string run) {
  const std::string arguments = app.cmd && !app.cmd->empty() ? *app.cmd : quoted_words(app.args);
  if (!arguments.empty()) run += " " + arguments;
  ExecutorInfo executor;
  executor.command = CommandInfo{.value = std::move(run), .uris = app.fetch};
  task.executor = std::move(executor);
  if (settings.task_data != nullptr) task.data = settings.task_data(app);
}

// In DockerInfo's own field rather than among the parameters: Mesos checks port mappings and the host name against that
// field, and takes HOST where it is unset (mesos.md 4.2).
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

// What `docker run` would make of the app's options, as far as Mesos can say it, with the ports of PORT0 and so on
// published where the container has a network of its own. Our executor finds all of the options in the task's data.
ContainerInfo container_of(const Settings& settings, const App& app) {
  ContainerInfo container;
  container.docker = DockerInfo{.image = image_of(app)};
  add_options(settings, container, app.seed_container->options);
  DockerInfo& docker = *container.docker;
  // The default of `docker run`. That of Mesos is the host's network (mesos.md 4.2).
  if (!docker.network) docker.network = NetworkMode::bridge;
  // Whoever joins another container's network cannot publish ports of its own.
  const bool joins = !container.network_names.empty() && container.network_names.front().starts_with("container:");
  const bool publishes = (docker.network == NetworkMode::bridge || docker.network == NetworkMode::user) && !joins;
  for (std::size_t i = 0; publishes && i < app.ports.size(); ++i) {
    docker.port_mappings.push_back({.protocol = app.ports[i].protocol});  // the instance says which
  }
  return container;
}

}  // namespace

TaskId task_id_of(const InstanceId& instance, std::uint32_t incarnation) {
  const std::string number = std::to_string(incarnation);
  static constexpr std::string_view separator = "._app.";
  std::string text;
  text.reserve(instance.value.size() + separator.size() + number.size());
  text.append(instance.value).append(separator).append(number);
  return {std::move(text)};
}

// A task that is complete but for what differs from instance to instance.
struct TaskTemplate::Parts {
  TaskInfo task = {};  // what is the same in all
  std::vector<EnvironmentVariable> environment = {};
  struct Hole {
    std::size_t variable = 0;  // in `environment`, and its value is missing there
    Source source = Source::text;
    std::size_t port = 0;
  };
  std::vector<Hole> holes = {};
  // An app whose cmd names variables, so that its words differ from task to task. None: they are in `task`.
  std::optional<App> app = {};

  void set_environment(const App& app);
  void set_program(const Settings& settings, const App& app);
  [[nodiscard]] std::vector<EnvironmentVariable> environment_of(const Instance& instance) const;
};

void TaskTemplate::Parts::set_environment(const App& of) {
  const Variables variables = variables_of(of);
  environment.reserve(variables.size());
  for (const auto& [name, value] : variables) {
    if (value.source != Source::text) holes.push_back({environment.size(), value.source, value.port});
    environment.push_back({name, value.text});
  }
}

std::vector<EnvironmentVariable> TaskTemplate::Parts::environment_of(const Instance& instance) const {
  std::vector<EnvironmentVariable> filled = environment;
  for (const Hole& hole : holes) {
    std::string& value = filled[hole.variable].value;
    switch (hole.source) {
      case Source::text: break;
      case Source::task_id: value = instance.task_id.value; break;
      case Source::host: value = instance.host; break;
      case Source::port: value = std::to_string(instance.ports[hole.port]); break;
      case Source::all_ports: value = port_list(instance.ports); break;
    }
  }
  return filled;
}

void TaskTemplate::Parts::set_program(const Settings& settings, const App& of) {
  const std::string& executor = of.executor.empty() ? settings.default_executor : of.executor;
  const bool path = !executor.empty() && executor != "//cmd";
  if (path) {
    const std::string quoted = shell_quote(executor);
    // As Marathon has it, but the shell needs no PATH where the executor may be run already: PATH may be the app's own.
    set_executor(task, settings, of, "[ -x " + quoted + " ] || chmod ug+rx " + quoted + " && exec " + quoted);
  } else if (of.seed_container && !settings.docker_executor.empty()) {
    set_executor(task, settings, of, "exec " + shell_quote(settings.docker_executor));
  } else if (of.seed_container) {
    task.command = CommandInfo{.uris = of.fetch};
    if (of.cmd && of.cmd->find('$') != std::string::npos) {
      app = of;
    } else {
      set_arguments(*task.command, of, {});
    }
    task.container = container_of(settings, of);
    if (settings.task_data != nullptr) task.data = settings.task_data(of);
  } else {
    task.command = plain_command(of);
  }
}

TaskTemplate::TaskTemplate(const Settings& settings, const App& app) : parts_{std::make_unique<Parts>()} {
  TaskInfo& task = parts_->task;
  task.name = task_name(app.id);
  for (const auto& [key, value] : app.labels) task.labels.push_back({key, value});
  parts_->set_environment(app);
  parts_->set_program(settings, app);
  if (settings.mesos_user.empty()) return;
  if (task.command) task.command->user = settings.mesos_user;
  if (task.executor) task.executor->command->user = settings.mesos_user;
}

TaskTemplate::~TaskTemplate() = default;
TaskTemplate::TaskTemplate(TaskTemplate&&) noexcept = default;

TaskInfo TaskTemplate::make(const Instance& instance, Resources resources) const {
  TaskInfo task = parts_->task;
  task.id = instance.task_id;
  task.agent_id = instance.agent_id;
  task.resources = std::move(resources);
  std::vector<EnvironmentVariable> environment = parts_->environment_of(instance);
  if (parts_->app) {
    std::map<std::string, std::string> values;
    for (const auto& [name, value] : environment) values.emplace(name, value);
    set_arguments(*task.command, *parts_->app, values);
  }
  // Marathon's form (marathon.md 1.6): one executor for each task, because the seed executor takes only one (1.7).
  if (task.executor) task.executor->id.value = "marathon-" + instance.task_id.value;
  CommandInfo& command = task.executor ? *task.executor->command : *task.command;
  command.environment = std::move(environment);
  if (task.container) {
    std::vector<PortMapping>& mappings = task.container->docker->port_mappings;
    for (std::size_t i = 0; i < mappings.size(); ++i) {
      // The program is told to listen on PORT0, so that is its port inside, too.
      mappings[i].host_port = mappings[i].container_port = instance.ports[i];
    }
  }
  return task;
}

TaskInfo build_task(const Settings& settings, const App& app, const Instance& instance, const Resources& resources) {
  return TaskTemplate{settings, app}.make(instance, resources);
}

}  // namespace windlass::scheduler
