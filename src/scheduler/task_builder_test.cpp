#include "scheduler/task_builder.hpp"

#include <gtest/gtest.h>

namespace windlass::scheduler {
namespace {

std::string fake_data(const App& app) { return "data of " + app.id.value; }

App multidis() {
  App app;
  app.id = AppId{"/multidis"};
  app.cmd = "johncosta/redis";
  app.executor = "/var/lib/mesos/executors/docker";
  app.ports = {{.port = 10445}};
  app.cpus = 1;
  app.mem = 512;
  app.fetch = {{.value = "http://x/y.tgz"}};
  return app;
}

Instance instance_of(const App& app) {
  Instance instance;
  instance.id = InstanceId{safe_path(app.id) + ".instance-1"};
  instance.app_id = app.id;
  instance.task_id = task_id_of(instance.id, 1);
  instance.agent_id = AgentId{"A1"};
  instance.host = "10.1.2.3";
  instance.ports = {31001};
  return instance;
}

TaskInfo build(const App& app, Settings settings = {}) {
  settings.task_data = fake_data;
  return build_task(settings, app, instance_of(app), Resources{});
}

std::string variable(const CommandInfo& command, const std::string& name) {
  for (const EnvironmentVariable& each : command.environment) {
    if (each.name == name) return each.value;
  }
  return "(unset)";
}

TEST(TaskBuilder, PathExecutorGetsTheSeedsCommandLineAndData) {
  const TaskInfo task = build(multidis());
  EXPECT_EQ(task.id, TaskId{"multidis.instance-1._app.1"});
  EXPECT_EQ(task.name, "multidis");
  EXPECT_FALSE(task.command);
  ASSERT_TRUE(task.executor);
  EXPECT_EQ(task.executor->id, ExecutorId{"marathon-multidis.instance-1._app.1"});
  EXPECT_EQ(task.executor->command->value,
            "[ -x '/var/lib/mesos/executors/docker' ] || chmod ug+rx '/var/lib/mesos/executors/docker' && exec "
            "'/var/lib/mesos/executors/docker' johncosta/redis");
  EXPECT_EQ(task.executor->command->uris.at(0).value, "http://x/y.tgz");
  EXPECT_EQ(variable(*task.executor->command, "PORT0"), "31001");
  EXPECT_TRUE(task.executor->resources.empty());
  EXPECT_EQ(task.data, "data of /multidis");
}

TEST(TaskBuilder, TheUserIsGivenWithEachTask) {
  Settings settings;
  EXPECT_FALSE(build(multidis(), settings).executor->command->user);
  settings.mesos_user = "nobody";
  EXPECT_EQ(build(multidis(), settings).executor->command->user, "nobody");
  App app = multidis();
  app.executor = "//cmd";
  EXPECT_EQ(build(app, settings).command->user, "nobody");
}

TEST(TaskBuilder, QuotesPathsForTheShell) {
  App app = multidis();
  app.executor = "/a'; rm -rf /; '";
  app.cmd.reset();
  app.args = {"one", "two words"};
  const TaskInfo task = build(app);
  EXPECT_EQ(task.executor->command->value,
            "[ -x '/a'\\''; rm -rf /; '\\''' ] || chmod ug+rx '/a'\\''; rm -rf /; '\\''' && exec '/a'\\''; rm -rf /; "
            "'\\''' 'one' 'two words'");
}

TEST(TaskBuilder, CommandAppsHaveNoExecutor) {
  App app = multidis();
  app.executor = "";
  const TaskInfo task = build(app);
  EXPECT_FALSE(task.executor);
  EXPECT_EQ(task.command->value, "johncosta/redis");
  EXPECT_TRUE(task.command->shell);
  EXPECT_EQ(task.command->uris.size(), 1U);
  EXPECT_TRUE(task.data.empty());
  Settings settings;
  settings.default_executor = "/bin/my-executor";
  EXPECT_TRUE(build(app, settings).executor);
  app.executor = "//cmd";
  EXPECT_FALSE(build(app, settings).executor);
}

TEST(TaskBuilder, ArgumentsAreNoShellCommand) {
  App app = multidis();
  app.executor = "//cmd";
  app.cmd.reset();
  app.args = {"/bin/echo", "a b"};
  const TaskInfo task = build(app);
  EXPECT_FALSE(task.command->shell);
  EXPECT_EQ(task.command->value, "/bin/echo");
  EXPECT_EQ(task.command->arguments, (std::vector<std::string>{"/bin/echo", "a b"}));
}

// Each option as "key=value", as the real one makes them of the list form.
std::vector<Parameter> fake_parameters(const std::vector<std::string>& options) {
  std::vector<Parameter> parameters;
  for (const std::string& option : options) {
    const auto equals = option.find('=');
    parameters.push_back({option.substr(0, equals), option.substr(equals + 1)});
  }
  return parameters;
}

App contained(std::vector<std::string> options) {
  App app = multidis();
  app.executor = "";
  app.cmd.reset();
  app.seed_container = SeedContainer{"docker:///redis:7", std::move(options)};
  return app;
}

ContainerInfo container_with(std::vector<std::string> options) {
  Settings settings;
  settings.docker_parameters = fake_parameters;
  return *build(contained(std::move(options)), settings).container;
}

TEST(TaskBuilder, ContainersWithoutExecutorAreGivenToTheAgentsDocker) {
  Settings settings;
  settings.docker_parameters = fake_parameters;
  const TaskInfo task = build(contained({"volume=/data:/data", "privileged=true", "tty=true"}), settings);
  ASSERT_TRUE(task.container && task.container->docker && task.command);
  const DockerInfo& docker = *task.container->docker;
  EXPECT_EQ(docker.image, "redis:7");
  EXPECT_EQ(docker.network, NetworkMode::bridge);
  EXPECT_EQ(docker.port_mappings, (std::vector<PortMapping>{{31001, 31001, "tcp"}}));
  EXPECT_EQ(docker.parameters, (std::vector<Parameter>{{"volume", "/data:/data"}, {"tty", "true"}}));
  EXPECT_TRUE(docker.privileged);
  EXPECT_FALSE(task.command->shell) << "the image's own command";
  EXPECT_FALSE(task.command->value);
  EXPECT_EQ(task.data, "data of /multidis") << "an executor of ours makes the same container as for a path";
}

TEST(TaskBuilder, ContainersWithoutExecutorGetOurs) {
  Settings settings;
  settings.docker_executor = "/usr/bin/windlass executor";
  App app = contained({});
  app.cmd = "--port $PORT0";
  const TaskInfo task = build(app, settings);
  EXPECT_EQ(task.executor->command->value, "exec '/usr/bin/windlass executor' --port $PORT0");
  EXPECT_FALSE(task.container);
  EXPECT_FALSE(task.command);
  EXPECT_EQ(task.data, "data of /multidis");
}

TEST(TaskBuilder, TheNetworkIsOneOfMesos) {
  EXPECT_EQ(container_with({"net=host"}).docker->network, NetworkMode::host);
  EXPECT_TRUE(container_with({"net=host"}).docker->port_mappings.empty()) << "Mesos would refuse them";
  EXPECT_EQ(container_with({"network=none"}).docker->network, NetworkMode::none);
  EXPECT_EQ(container_with({"network=default"}).docker->network, NetworkMode::bridge);
  const ContainerInfo mine = container_with({"network=mine", "net=second"});
  EXPECT_EQ(mine.docker->network, NetworkMode::user);
  EXPECT_EQ(mine.network_names, std::vector<std::string>{"mine"});
  EXPECT_EQ(mine.docker->parameters, (std::vector<Parameter>{{"net", "second"}}));
  EXPECT_EQ(mine.docker->port_mappings.size(), 1U);
  EXPECT_TRUE(container_with({"net=container:other"}).docker->port_mappings.empty());
}

TEST(TaskBuilder, TheCommandOfAContainerIsWordsWhereNoShellIsNeeded) {
  App app = contained({});
  app.cmd = "hello \"$PORT0 times\"";
  const CommandInfo words = *build(app).command;
  EXPECT_FALSE(words.shell);
  EXPECT_EQ(words.arguments, (std::vector<std::string>{"hello", "31001 times"}));
  EXPECT_FALSE(words.value);
  app.cmd = "hello && world";
  const CommandInfo text = *build(app).command;
  EXPECT_TRUE(text.shell);
  EXPECT_EQ(text.value, "hello && world");
  app.cmd.reset();
  app.args = {"a b", "$c"};
  EXPECT_EQ(build(app).command->arguments, app.args);
}

TEST(TaskBuilder, EnvironmentTellsTheTaskWhatItIs) {
  App app = multidis();
  app.executor = "";
  app.ports = {{.port = 10445, .name = "http-api"}};
  app.labels = {{"team name", "blue"}};
  app.env = {{"PORT", "80"}, {"MINE", "yes"}};
  const CommandInfo command = *build(app).command;
  EXPECT_EQ(variable(command, "MESOS_TASK_ID"), "multidis.instance-1._app.1");
  EXPECT_EQ(variable(command, "MARATHON_APP_ID"), "/multidis");
  EXPECT_EQ(variable(command, "MARATHON_APP_RESOURCE_CPUS"), "1.0");
  EXPECT_EQ(variable(command, "MARATHON_APP_RESOURCE_MEM"), "512.0");
  EXPECT_EQ(variable(command, "MARATHON_APP_LABELS"), "TEAM_NAME");
  EXPECT_EQ(variable(command, "MARATHON_APP_LABEL_TEAM_NAME"), "blue");
  EXPECT_EQ(variable(command, "HOST"), "10.1.2.3");
  EXPECT_EQ(variable(command, "PORT0"), "31001");
  EXPECT_EQ(variable(command, "PORTS"), "31001");
  EXPECT_EQ(variable(command, "PORT_10445"), "31001");
  EXPECT_EQ(variable(command, "PORT_HTTP_API"), "31001");
  EXPECT_EQ(variable(command, "PORT"), "80") << "what the user sets wins";
  EXPECT_EQ(variable(command, "MINE"), "yes");
}

// A template gives each task its own, whoever came before.
TEST(TaskBuilder, TasksOfOneTemplateShareNothingOfTheirOwn) {
  App app;
  app.id = AppId{"/web"};
  app.cmd = "serve --port=$PORT0 --at $HOST";
  app.seed_container = SeedContainer{"docker:///web"};
  app.ports = {{.port = 10000}, {.port = 10001}};
  app.env = {{"PORT", "mine"}};
  const TaskTemplate tasks{Settings{}, app};
  Instance first = instance_of(app);
  first.ports = {31001, 31002};
  Instance second = first;
  second.task_id = TaskId{"web.instance-2._app.1"};
  second.host = "10.9.9.9";
  second.ports = {31005, 31006};
  const TaskInfo before = tasks.make(first, {});
  const TaskInfo task = tasks.make(second, Resources{{Resource::scalar("cpus", 1)}});
  EXPECT_EQ(task.id, second.task_id);
  EXPECT_EQ(task.resources.milli("cpus"), 1000);
  EXPECT_EQ(task.command->arguments, (std::vector<std::string>{"serve", "--port=31005", "--at", "10.9.9.9"}));
  EXPECT_EQ(variable(*task.command, "MESOS_TASK_ID"), "web.instance-2._app.1");
  EXPECT_EQ(variable(*task.command, "PORTS"), "31005,31006");
  EXPECT_EQ(variable(*task.command, "PORT_10001"), "31006");
  EXPECT_EQ(variable(*task.command, "PORT"), "mine");
  EXPECT_EQ(task.container->docker->port_mappings.at(1).host_port, 31006U);
  EXPECT_EQ(tasks.make(first, {}), before);
}

TEST(TaskBuilder, NamesAreReversedPaths) {
  App app = multidis();
  app.id = AppId{"/shop/cart"};
  EXPECT_EQ(build(app).name, "cart.shop");
  EXPECT_EQ(build(app).id, TaskId{"shop_cart.instance-1._app.1"});
}

}  // namespace
}  // namespace windlass::scheduler
