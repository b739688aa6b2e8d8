#include "container/plan.hpp"

#include "wire/docker/container_body.hpp"

#include "container/seed_data.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

namespace windlass {
namespace {

using List = std::vector<std::string>;

ContainerContext context_with(List argv = {}) {
  return {.argv = std::move(argv),
          .framework_id = {"f1"},
          .executor_id = {"e1"},
          .container_id = {"c1"},
          .sandbox = "/sandbox/c1"};
}

TaskInfo seed_task(std::string data = {}) {
  TaskInfo task{.id = {"t1"}, .name = "t1", .agent_id = {"a1"}};
  task.resources.add(Resource::scalar("cpus", 1));
  task.resources.add(Resource::scalar("mem", 512));
  task.resources.add(Resource::make_ranges("ports", {{31000, 31001}, {31005, 31005}}));
  task.data = std::move(data);
  return task;
}

TaskInfo docker_task() {
  TaskInfo task = seed_task();
  task.container = ContainerInfo{.docker = DockerInfo{.image = "redis"}};
  task.command = CommandInfo{.shell = false};
  return task;
}

ContainerSpec planned(const TaskInfo& task, List argv = {}) {
  auto plan = plan_container(task, context_with(std::move(argv)));
  EXPECT_TRUE(plan) << (plan ? "" : plan.error().message);
  return plan ? plan->spec : ContainerSpec{};
}

std::string refused(const TaskInfo& task, List argv = {}) {
  auto plan = plan_container(task, context_with(std::move(argv)));
  return plan ? "taken" : plan.error().message;
}

TEST(SeedContract, ImageAndCommandFromArgv) {
  const ContainerSpec spec = planned(seed_task(), {"johncosta/redis", "redis-server", "--port", "1"});
  EXPECT_EQ(spec.image, "johncosta/redis:latest");
  EXPECT_EQ(spec.command, (List{"redis-server", "--port", "1"}));
  EXPECT_EQ(spec.name, "mesos-c1");
  EXPECT_EQ(spec.cpu_shares, 1024);
  EXPECT_EQ(spec.memory_bytes, 512 << 20);
  EXPECT_EQ(spec.network_mode, "");
  EXPECT_EQ(spec.labels, (std::map<std::string, std::string>{{"MESOS_CONTAINER_ID", "c1"},
                                                             {"MESOS_EXECUTOR_ID", "e1"},
                                                             {"MESOS_FRAMEWORK_ID", "f1"},
                                                             {"MESOS_TASK_ID", "t1"}}));
  for (const char* entry : {"PORT0=31000", "PORT1=31001", "PORT2=31005", "PORT=31000", "PORTS=31000,31001,31005",
                            "MESOS_SANDBOX=/mnt/mesos/sandbox", "MESOS_CONTAINER_NAME=mesos-c1"}) {
    EXPECT_NE(std::find(spec.env.begin(), spec.env.end(), entry), spec.env.end()) << entry;
  }
  EXPECT_EQ(spec.binds.back(), "/sandbox/c1:/mnt/mesos/sandbox:rw");
}

TEST(SeedContract, DataNamesTheImageAndOptions) {
  const std::string data = R"({"id":"x","env":{"PORT":"1","N":5},"ports":[10000],
    "container":{"image":"docker:///libmesos/ubuntu:12.04","options":["-v","/a:/b","--net","host"]}})";
  auto plan = plan_container(seed_task(data), context_with({"sleep", "100"}));
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->spec.image, "libmesos/ubuntu:12.04");
  EXPECT_EQ(plan->spec.command, (List{"sleep", "100"})) << "all of argv is the command";
  EXPECT_EQ(plan->spec.network_mode, "host");
  EXPECT_EQ(plan->spec.binds.front(), "/a:/b");
  EXPECT_TRUE(has_env(plan->spec, "PORT0"));
  EXPECT_NE(std::find(plan->spec.env.begin(), plan->spec.env.end(), "PORT=1"), plan->spec.env.end())
      << "the user's variable wins";
  EXPECT_NE(std::find(plan->spec.env.begin(), plan->spec.env.end(), "N=5"), plan->spec.env.end());
  EXPECT_EQ(plan->ports_to_pair, (std::vector<std::uint16_t>{31000, 31001, 31005}));
  EXPECT_TRUE(plan->warnings.empty());
}

TEST(SeedContract, TakesWhateverDataComes) {
  EXPECT_EQ(planned(seed_task(R"({"container":null,"env":null})"), {"redis"}).image, "redis:latest");
  for (const char* data :
       {"not json", "[]", R"({"container":[]})", R"({"container":{"image":"redis"}})", R"({"env":[1]})"}) {
    auto plan = plan_container(seed_task(data), context_with({"redis"}));
    ASSERT_TRUE(plan) << data;
    EXPECT_EQ(plan->spec.image, "redis:latest");
    EXPECT_EQ(plan->warnings.size(), 1U) << data;
  }
  EXPECT_NE(refused(seed_task()).find("No image"), std::string::npos);
  EXPECT_EQ(refused(seed_task(R"({"container":{"options":["--rm"]}})"), {"redis"}),
            "docker option --rm is not possible: the executor removes the container when the task has ended");
}

TEST(SeedContract, TheExecutorsVariablesReachTheContainer) {
  TaskInfo task = seed_task();
  task.executor = ExecutorInfo{.id = {"e1"}};
  task.executor->command = CommandInfo{.environment = {{"A", "1"}, {"PORT0", "7"}}};
  const ContainerSpec spec = planned(task, {"redis"});
  EXPECT_NE(std::find(spec.env.begin(), spec.env.end(), "A=1"), spec.env.end());
  EXPECT_NE(std::find(spec.env.begin(), spec.env.end(), "PORT0=7"), spec.env.end());
}

TEST(FirstClass, DefaultsAreHostNetworkAndTheImagesCommand) {
  const ContainerSpec spec = planned(docker_task(), {"ignored"});
  EXPECT_EQ(spec.network_mode, "host");
  EXPECT_TRUE(spec.command.empty());
  EXPECT_FALSE(spec.entrypoint);
  EXPECT_TRUE(has_env(spec, "PORT0"));
}

TEST(FirstClass, CommandForms) {
  TaskInfo task = docker_task();
  task.command = CommandInfo{.value = "echo $HOME"};
  EXPECT_EQ(planned(task).entrypoint, (List{"/bin/sh"}));
  EXPECT_EQ(planned(task).command, (List{"-c", "echo $HOME"}));
  task.command = CommandInfo{.shell = false, .value = "echo", .arguments = {"a", "b"}};
  EXPECT_EQ(planned(task).command, (List{"echo", "a", "b"}));
  task.command = CommandInfo{};
  EXPECT_EQ(refused(task), "Shell specified but no command value provided");
  task.command.reset();
  EXPECT_EQ(planned(task, {"own", "arguments"}).command, (List{"own", "arguments"}));
}

TEST(FirstClass, SchedulersVariablesWin) {
  TaskInfo task = docker_task();
  task.command->environment = {{"PORT0", "9"}, {"X", "y"}};
  const ContainerSpec spec = planned(task);
  EXPECT_EQ(spec.env.at(0), "PORT0=9");
  EXPECT_EQ(spec.env.at(1), "X=y");
}

TEST(FirstClass, Networks) {
  TaskInfo task = docker_task();
  task.container->docker->network = NetworkMode::user;
  EXPECT_EQ(refused(task), "No network info found in container info");
  task.container->network_names = {"a", "b"};
  EXPECT_EQ(refused(task), "Only a single network can be defined in Docker run");
  task.container->network_names = {""};
  EXPECT_EQ(refused(task), "No network name found in network info");
  task.container->network_names = {"mine"};
  EXPECT_EQ(planned(task).network_mode, "mine");
  task.container->docker->network = NetworkMode::host;
  task.container->hostname = "web";
  EXPECT_EQ(refused(task), "Unable to set hostname with host network mode");
  task.container->docker->network = NetworkMode::bridge;
  EXPECT_EQ(planned(task).hostname, "web");
}

TEST(FirstClass, PortMappings) {
  TaskInfo task = docker_task();
  task.container->docker->port_mappings = {{.host_port = 31000, .container_port = 80, .protocol = "UDP"}};
  EXPECT_EQ(refused(task), "Port mappings are only supported for bridge and user-defined networks");
  task.container->docker->network = NetworkMode::bridge;
  EXPECT_EQ(planned(task).ports,
            (std::vector<PortBinding>{{.container_port = 80, .protocol = "udp", .host_port = "31000"}}));
  task.container->docker->port_mappings[0].host_port = 31002;
  EXPECT_EQ(refused(task), "Port [31002] not included in resources");
  task.resources = Resources{};
  EXPECT_EQ(refused(task), "Port mappings require port resources");
}

TEST(FirstClass, Volumes) {
  TaskInfo task = docker_task();
  const auto binds = [&](Volume volume) {
    task.container->volumes = {std::move(volume)};
    return planned(task).binds;
  };
  const std::string sandbox = "/sandbox/c1:/mnt/mesos/sandbox:rw";
  EXPECT_EQ(binds({.container_path = "/b", .mode = VolumeMode::ro, .host_path = "/a"}), (List{"/a:/b:ro", sandbox}));
  EXPECT_EQ(binds({.container_path = "b", .host_path = "/a"}), (List{"/a:/mnt/mesos/sandbox/b:rw", sandbox}));
  EXPECT_EQ(binds({.container_path = "/b", .host_path = "a"}), (List{"/sandbox/c1/a:/b:rw", sandbox}));
  EXPECT_EQ(binds({.container_path = "/b", .has_source = true, .docker_driver = "d", .docker_name = "n"}),
            (List{"n:/b:rw", sandbox}));
  task.container->volumes = {{.container_path = "b", .host_path = "a"}};
  EXPECT_EQ(refused(task), "Both host_path 'a' and container_path 'b' of a volume are relative");
  task.container->volumes = {{.container_path = "/b"}};
  EXPECT_EQ(refused(task), "Host path or volume source is required");
  task.container->volumes = {{.container_path = "/a", .has_source = true, .docker_driver = "x", .docker_name = "n"},
                             {.container_path = "/b", .has_source = true, .docker_driver = "y", .docker_name = "m"}};
  EXPECT_EQ(refused(task), "Only one volume driver per task is supported");
}

TEST(FirstClass, ASandboxWithAColonIsMountedInTheLongForm) {
  ContainerContext context = context_with();
  context.sandbox = "/sandbox/a:b";
  auto plan = plan_container(docker_task(), context);
  ASSERT_TRUE(plan);
  EXPECT_TRUE(plan->spec.binds.empty());
  EXPECT_EQ(plan->spec.mounts.at(0).source, "/sandbox/a:b");
}

TEST(FirstClass, Limits) {
  TaskInfo task = docker_task();
  task.limits = {{"cpus", 2.5}, {"mem", 1024}};
  ContainerSpec spec = planned(task);
  EXPECT_EQ(spec.cpu_quota_us, 250'000);
  EXPECT_EQ(spec.cpu_period_us, 100'000);
  EXPECT_EQ(spec.memory_bytes, 1024LL << 20);
  EXPECT_EQ(spec.memory_reservation_bytes, 512 << 20);
  const double infinity = std::numeric_limits<double>::infinity();
  task.limits = {{"cpus", infinity}, {"mem", infinity}};
  spec = planned(task);
  EXPECT_FALSE(spec.cpu_quota_us);
  EXPECT_FALSE(spec.memory_bytes);
  EXPECT_EQ(spec.memory_reservation_bytes, 512 << 20);
}

ContainerSpec planned_with(const TaskInfo& task, const ContainerContext& context) {
  auto plan = plan_container(task, context);
  EXPECT_TRUE(plan) << (plan ? "" : plan.error().message);
  return plan ? plan->spec : ContainerSpec{};
}

TEST(Limits, CpusAreALimitWhenTheOperatorSaysSo) {
  ContainerContext context = context_with();
  TaskInfo task = docker_task();
  EXPECT_FALSE(planned_with(task, context).cpu_quota_us);
  context.enable_cfs = true;
  EXPECT_EQ(planned_with(task, context).cpu_quota_us, 100'000);
  EXPECT_EQ(planned_with(task, context).cpu_period_us, 100'000);
  task.limits = {{"cpus", 0.25}};
  EXPECT_EQ(planned_with(task, context).cpu_quota_us, 25'000) << "the task's own limit";
  task.limits = {{"cpus", std::numeric_limits<double>::infinity()}};
  EXPECT_FALSE(planned_with(task, context).cpu_quota_us);
  task.limits = {{"cpus", 0.0001}};
  EXPECT_EQ(planned_with(task, context).cpu_quota_us, 1'000) << "Docker takes no less";
  task.limits = {};
  task.resources = Resources{};
  EXPECT_FALSE(planned_with(task, context).cpu_quota_us) << "no cpus at all";
  EXPECT_FALSE(planned_with(task, context).cpu_shares);
}

TEST(Limits, TheUsersOptionsReplaceOurs) {
  ContainerContext context = context_with();
  context.enable_cfs = context.limit_swap = context.can_limit_disk = true;
  TaskInfo task = docker_task();
  task.resources.add(Resource::scalar("gpus", 2));
  task.resources.add(Resource::scalar("disk", 10));
  auto& parameters = task.container->docker->parameters;
  parameters = {{"cpus", "0.5"}, {"cpu-shares", "99"}, {"memory", "64m"}, {"oom-score-adj", "7"}};
  ContainerSpec spec = planned_with(task, context);
  EXPECT_EQ(spec.nano_cpus, 500'000'000);
  EXPECT_FALSE(spec.cpu_quota_us || spec.cpu_period_us) << "Docker refuses both together";
  EXPECT_EQ(spec.cpu_shares, 99);
  EXPECT_EQ(spec.memory_bytes, 64 << 20);
  EXPECT_EQ(spec.memory_swap_bytes, 64 << 20);
  task.limits = {{"mem", 1024}};
  context.host_memory_bytes = 1ULL << 40;
  spec = planned_with(task, context);
  EXPECT_EQ(spec.memory_reservation_bytes, 64 << 20) << "Docker takes no reservation above the limit";
  EXPECT_EQ(spec.oom_score_adj, 7);
  parameters = {{"cpu-period", "50000"}, {"memory-swap", "-1"}};
  spec = planned_with(task, context);
  EXPECT_EQ(spec.cpu_period_us, 50'000);
  EXPECT_EQ(spec.cpu_quota_us, 50'000) << "one CPU in their period";
  EXPECT_EQ(spec.memory_swap_bytes, -1);
  parameters = {{"cpu-quota", "20000"}};
  spec = planned_with(task, context);
  EXPECT_EQ(spec.cpu_quota_us, 20'000);
  EXPECT_FALSE(spec.cpu_period_us);
}

TEST(Limits, SwapIsDockersUnlessTheOperatorSaysSo) {
  ContainerContext context = context_with();
  TaskInfo task = docker_task();
  EXPECT_FALSE(planned_with(task, context).memory_swap_bytes);
  context.limit_swap = true;
  EXPECT_EQ(planned_with(task, context).memory_swap_bytes, 512 << 20);
  task.limits = {{"mem", 1024}};
  EXPECT_EQ(planned_with(task, context).memory_swap_bytes, 1024LL << 20);
  task.limits = {{"mem", std::numeric_limits<double>::infinity()}};
  EXPECT_FALSE(planned_with(task, context).memory_swap_bytes) << "without a limit there is nothing to add to";
}

TEST(Limits, WhoBorrowsMemoryIsTheFirstToGo) {
  ContainerContext context = context_with();
  context.host_memory_bytes = 4096ULL << 20;
  TaskInfo task = docker_task();  // 512 MB, an eighth of the machine
  EXPECT_FALSE(planned_with(task, context).oom_score_adj) << "no limit above the request";
  task.limits = {{"mem", 512}};
  EXPECT_FALSE(planned_with(task, context).oom_score_adj);
  task.limits = {{"mem", 513}};
  EXPECT_EQ(planned_with(task, context).oom_score_adj, 1000 - 125);
  task.limits = {{"mem", std::numeric_limits<double>::infinity()}};
  EXPECT_EQ(planned_with(task, context).oom_score_adj, 1000 - 125);
  context.host_memory_bytes = 256ULL << 20;
  EXPECT_EQ(planned_with(task, context).oom_score_adj, 0) << "never a protection";
  context.host_memory_bytes = 1ULL << 50;
  EXPECT_EQ(planned_with(task, context).oom_score_adj, 1000);
  context.host_memory_bytes = 0;
  EXPECT_FALSE(planned_with(task, context).oom_score_adj) << "unknown";
}

TEST(Limits, GpusAndDisk) {
  ContainerContext context = context_with();
  TaskInfo task = docker_task();
  task.resources.add(Resource::scalar("gpus", 2));
  task.resources.add(Resource::scalar("disk", 64));
  ContainerSpec spec = planned_with(task, context);
  EXPECT_EQ(spec.device_requests, (std::vector<DeviceRequest>{{.count = 2, .capabilities = {{"gpu"}}}}));
  EXPECT_TRUE(spec.storage_options.empty()) << "Docker would refuse it";
  context.can_limit_disk = true;
  EXPECT_EQ(planned_with(task, context).storage_options, (std::map<std::string, std::string>{{"size", "67108864"}}));
  EXPECT_TRUE(planned_with(docker_task(), context).storage_options.empty());
  EXPECT_TRUE(planned_with(docker_task(), context).device_requests.empty());
}

TEST(Limits, NumbersThatDockerCannotHaveAreCut) {
  TaskInfo task = docker_task();
  task.resources = Resources{};
  task.resources.add(Resource::scalar("cpus", 1000));
  task.resources.add(Resource::scalar("mem", 1));
  task.limits = {{"cpus", 1e300}, {"mem", 1e300}};
  const ContainerSpec spec = planned(task);
  EXPECT_EQ(spec.cpu_shares, 262'144) << "more is refused by runc";
  EXPECT_GT(spec.cpu_quota_us, 1'000'000'000);
  EXPECT_GT(spec.memory_bytes, 1LL << 62);
  task.limits = {{"cpus", std::numeric_limits<double>::quiet_NaN()}, {"mem", -1}};
  EXPECT_FALSE(planned(task).cpu_quota_us);
  EXPECT_EQ(planned(task).memory_bytes, 6 << 20);
}

TEST(Labels, TheAppIsNamedWhenTheEnvironmentHasIt) {
  TaskInfo task = docker_task();
  EXPECT_FALSE(planned(task).labels.contains("MARATHON_APP_ID"));
  task.command->environment = {{"MARATHON_APP_ID", "/shop/cart"}, {"MARATHON_APP_ID_2", "x"}};
  EXPECT_EQ(planned(task).labels.at("MARATHON_APP_ID"), "/shop/cart");
  task.container->docker->parameters = {{"label", "MARATHON_APP_ID=mine"}, {"label", "MESOS_TASK_ID=mine"}};
  EXPECT_EQ(planned(task).labels.at("MARATHON_APP_ID"), "mine");
  EXPECT_EQ(planned(task).labels.at("MESOS_TASK_ID"), "t1") << "who looks for a task finds the task";
  TaskInfo seed = seed_task();
  seed.executor = ExecutorInfo{.id = {"e1"}};
  seed.executor->command = CommandInfo{.environment = {{"MARATHON_APP_ID", "/multidis"}}};
  EXPECT_EQ(planned(seed, {"redis"}).labels.at("MARATHON_APP_ID"), "/multidis");
}

TEST(FirstClass, SmallNumbersAreRaisedToWhatDockerTakes) {
  TaskInfo task = docker_task();
  task.resources = Resources{};
  task.resources.add(Resource::scalar("cpus", 0.001));
  task.resources.add(Resource::scalar("mem", 1));
  EXPECT_EQ(planned(task).cpu_shares, 2);
  EXPECT_EQ(planned(task).memory_bytes, 6 << 20);
}

TEST(FirstClass, ParametersPrivilegedAndForcePull) {
  TaskInfo task = docker_task();
  task.container->docker->privileged = true;
  task.container->docker->force_pull_image = true;
  task.container->docker->parameters = {{"net", "mine"}, {"ulimit", "nofile=10"}};
  auto plan = plan_container(task, context_with());
  ASSERT_TRUE(plan);
  EXPECT_TRUE(plan->force_pull && plan->spec.privileged);
  EXPECT_EQ(plan->spec.network_mode, "mine");
  task.container->docker->parameters = {{"rm", "true"}};
  EXPECT_NE(refused(task), "taken");
}

TEST(ImageNames, AreCheckedBeforeDockerIsAsked) {
  EXPECT_EQ(planned(seed_task(), {"docker:///redis", "a"}).image, "redis:latest") << "the first word of cmd";
  EXPECT_TRUE(refused(seed_task(), {"http://host/redis"})
                  .starts_with("'http://host/redis' is not the name of an image: it begins with http://"));
  EXPECT_EQ(refused(seed_task(R"({"container":{"image":"docker:///Redis"}})")),
            "'Redis' is not the name of an image: repositories are written in lower case");
  TaskInfo task = docker_task();
  task.container->docker->image = "docker:///shop/cart:2";
  EXPECT_EQ(planned(task).image, "shop/cart:2");
  task.container->docker->image = "shop cart";
  EXPECT_EQ(refused(task), "'shop cart' is not the name of an image: 'shop cart' is not a part of a repository");
}

// As our scheduler says an app with a container and without an executor.
TaskInfo task_of_both(const std::string& options, std::vector<std::string> arguments) {
  TaskInfo task = seed_task(R"({"container":{"image":"docker:///redis","options":[)" + options + "]}}");
  task.executor.reset();
  task.container = ContainerInfo{.docker = DockerInfo{.image = "redis", .network = NetworkMode::bridge}};
  task.container->docker->port_mappings = {{31000, 31000, "tcp"}};
  task.command = CommandInfo{.shell = false, .arguments = std::move(arguments)};
  task.command->environment = {{"A", "b"}};
  return task;
}

TEST(SaidTwice, GivesTheContainerOfTheSeedContract) {
  const std::string options = R"("--net","host","-it","--entrypoint","/bin/echo")";
  const TaskInfo both = task_of_both(options, {"hello", "world"});
  TaskInfo seed = seed_task(both.data);
  seed.executor = ExecutorInfo{.id = {"e1"}, .command = CommandInfo{.environment = {{"A", "b"}}}};
  const auto plan = plan_container(both, context_with());
  const auto wanted = plan_container(seed, context_with({"hello", "world"}));
  ASSERT_TRUE(plan && wanted);
  EXPECT_EQ(encode_container_spec(plan->spec), encode_container_spec(wanted->spec));
  EXPECT_EQ(*plan, *wanted);
  EXPECT_EQ(plan->ports_to_pair, (std::vector<std::uint16_t>{31000, 31001, 31005}));
  EXPECT_EQ(plan->spec.command, (List{"hello", "world"}));
  EXPECT_TRUE(plan->spec.ports.empty()) << "the image's EXPOSEd ports are published, not the agent's";
}

TEST(SaidTwice, ACommandThatNeedsAShellHasOne) {
  TaskInfo task = task_of_both("", {});
  task.command = CommandInfo{.value = "a && b"};
  const ContainerSpec spec = planned(task);
  EXPECT_EQ(spec.entrypoint, (List{"/bin/sh"}));
  EXPECT_EQ(spec.command, (List{"-c", "a && b"}));
  task = task_of_both(R"("--entrypoint","/bin/echo")", {});
  task.command = CommandInfo{.value = "a && b"};
  EXPECT_EQ(refused(task), "docker option --entrypoint and a command that needs a shell exclude each other: 'a && b'");
}

TEST(SaidTwice, OnlyWhereBothNameOneImage) {
  TaskInfo task = task_of_both(R"("--net","none")", {"a"});
  task.container->docker->image = "redis:7";
  EXPECT_EQ(planned(task).network_mode, "bridge") << "the data is somebody's own";
  task = task_of_both(R"("--net","none")", {"a"});
  task.container->docker->image = "docker:///redis:latest";
  EXPECT_EQ(planned(task).network_mode, "none");
}

TEST(BothContracts, TheOperatorsPolicy) {
  ContainerContext context = context_with({"redis"});
  context.policy.denied = {ContainerRight::mounts, ContainerRight::privileged};
  EXPECT_TRUE(plan_container(seed_task(), context)) << "the sandbox is the executor's own mount";
  TaskInfo task = docker_task();
  EXPECT_TRUE(plan_container(task, context));
  task.container->docker->privileged = true;
  auto plan = plan_container(task, context);
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().message, "The operator of this agent does not allow privileged containers (--privileged)");
  task = docker_task();
  task.container->volumes.push_back({.container_path = "/d", .host_path = "/etc"});
  EXPECT_FALSE(plan_container(task, context));
  EXPECT_FALSE(plan_container(seed_task(R"({"container":{"image":"docker:///i","options":["-v","/a:/b"]}})"), context));
}

TEST(BothContracts, PullOption) {
  const auto plan_with = [](const std::string& policy) {
    TaskInfo task = docker_task();
    task.container->docker->parameters = {{"pull", policy}};
    return *plan_container(task, context_with());
  };
  EXPECT_TRUE(plan_with("always").force_pull);
  EXPECT_TRUE(plan_with("never").never_pull);
  EXPECT_FALSE(plan_with("missing").force_pull || plan_with("missing").never_pull);
}

TEST(BothContracts, FilesAndVariablesOfTheExecutor) {
  ContainerContext context = context_with();
  context.environment = {{"FROM_EXECUTOR", "1"}};
  context.read_file = [](const std::string& directory, const std::string& path) -> Result<std::string> {
    return "WHERE=" + directory + "/" + path;
  };
  TaskInfo task = docker_task();
  task.container->docker->parameters = {{"env-file", "x"}, {"env", "FROM_EXECUTOR"}, {"volume", "./a:/b"}};
  const auto plan = plan_container(task, context);
  ASSERT_TRUE(plan);
  EXPECT_TRUE(has_env(plan->spec, "FROM_EXECUTOR"));
  EXPECT_NE(std::find(plan->spec.env.begin(), plan->spec.env.end(), "WHERE=/sandbox/c1/x"), plan->spec.env.end());
  EXPECT_EQ(plan->spec.binds.front(), "/sandbox/c1/a:/b");
}

}  // namespace
}  // namespace windlass
