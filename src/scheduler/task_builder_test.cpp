#include "scheduler/task_builder.hpp"

#include "scheduler/docker_parameters.hpp"

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

TEST(TaskBuilder, QuotesPathsForTheShell) {
  EXPECT_EQ(shell_quote("it's"), "'it'\\''s'");
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

TEST(TaskBuilder, ContainersWithoutExecutorAreGivenToTheAgentsDocker) {
  App app = multidis();
  app.executor = "";
  app.cmd.reset();
  app.seed_container = SeedContainer{"docker:///redis:7", {"-v", "/data:/data", "--privileged"}};
  const TaskInfo task = build(app);
  ASSERT_TRUE(task.container && task.container->docker && task.command);
  const DockerInfo& docker = *task.container->docker;
  EXPECT_EQ(docker.image, "redis:7");
  EXPECT_EQ(docker.network, NetworkMode::bridge);
  EXPECT_EQ(docker.port_mappings, (std::vector<PortMapping>{{31001, 31001, "tcp"}}));
  EXPECT_EQ(docker.parameters, (std::vector<Parameter>{{"volume", "/data:/data"}}));
  EXPECT_TRUE(docker.privileged);
  EXPECT_FALSE(task.command->shell) << "the image's own command";
  EXPECT_FALSE(task.command->value);
  Settings settings;
  settings.docker_executor = "/usr/bin/windlass-executor";
  const TaskInfo by_executor = build(app, settings);
  EXPECT_EQ(by_executor.executor->command->value, "/usr/bin/windlass-executor");
  EXPECT_FALSE(by_executor.container);
  EXPECT_EQ(by_executor.data, "data of /multidis");
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

TEST(TaskBuilder, NamesAreReversedPaths) {
  App app = multidis();
  app.id = AppId{"/shop/cart"};
  EXPECT_EQ(build(app).name, "cart.shop");
  EXPECT_EQ(build(app).id, TaskId{"shop_cart.instance-1._app.1"});
}

TEST(DockerParameters, AreLongOptionsWithValues) {
  DockerInfo docker;
  add_docker_options(docker, {"-p", "80:80", "-eA=b", "--net=host", "--dns", "8.8.8.8", "--rm", "-t", "--name", "x",
                              "--read-only", "stray", "-m=1g", "-P", "--label"});
  const std::vector<Parameter> expected{{"publish", "80:80"},   {"env", "A=b"},        {"net", "host"},
                                        {"dns", "8.8.8.8"},     {"read-only", "true"}, {"memory", "1g"},
                                        {"publish-all", "true"}};
  EXPECT_EQ(docker.parameters, expected);
  EXPECT_FALSE(docker.privileged);
}

}  // namespace
}  // namespace windlass::scheduler
