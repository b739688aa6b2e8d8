// Containers of type MESOS, from the bytes of a task to the plan.

#include "container/mesos_container.hpp"

#include "container/plan.hpp"
#include "container/registry_config.hpp"
#include "wire/docker/registry_auth.hpp"
#include "wire/docker/registry_auth_testing.hpp"
#include "wire/mesos/codec.hpp"

#include <gtest/gtest.h>

namespace windlass {
namespace {

using List = std::vector<std::string>;

// "name" and ports 31000 to 31001 besides what is given; container: what stands in ContainerInfo beside the type.
TaskInfo mesos_task(const std::string& container, const std::string& command = R"({"shell":false})") {
  const std::string task =
      R"({"name":"t1","task_id":{"value":"t1"},"agent_id":{"value":"a1"},"resources":[{"name":"ports","type":"RANGES",
          "ranges":{"range":[{"begin":31000,"end":31001}]}}],"command":)" +
      command + R"(,"container":{"type":"MESOS")" + (container.empty() ? "" : ",") + container + "}}";
  const auto call = decode_scheduler_call(
      R"({"framework_id":{"value":"f"},"type":"ACCEPT","accept":{"operations":[
         {"type":"LAUNCH","launch":{"task_infos":[)" +
          task + "]}}]}}",
      Encoding::json);
  EXPECT_TRUE(call) << (call ? "" : call.error().message);
  return call ? std::get<calls::Accept>(call->body).operations.at(0).tasks.at(0) : TaskInfo{};
}

constexpr const char* redis = R"("mesos":{"image":{"type":"DOCKER","docker":{"name":"redis"}}})";

std::string with(const std::string& more) { return std::string{redis} + "," + more; }

Result<ContainerPlan> plan(const TaskInfo& task) { return plan_container(task, {.sandbox = "/sandbox"}); }

ContainerSpec spec(const TaskInfo& task) {
  auto planned = plan(task);
  EXPECT_TRUE(planned) << (planned ? "" : planned.error().message);
  return planned ? planned->spec : ContainerSpec{};
}

std::string refused(const TaskInfo& task) {
  auto planned = plan(task);
  return planned ? "taken" : planned.error().message;
}

TEST(MesosContainer, ImageRunsOnTheHostsNetwork) {
  auto planned = plan(mesos_task(redis));
  ASSERT_TRUE(planned);
  EXPECT_EQ(planned->spec.image, "redis:latest");
  EXPECT_EQ(planned->spec.network_mode, "host");
  EXPECT_FALSE(planned->force_pull);
  auto fresh = plan(mesos_task(R"("mesos":{"image":{"type":"DOCKER","docker":{"name":"a"},"cached":false}})"));
  EXPECT_TRUE(fresh && fresh->force_pull);
}

TEST(MesosContainer, Commands) {
  const ContainerSpec shell = spec(mesos_task(redis, R"({"value":"echo $A"})"));
  EXPECT_EQ(shell.entrypoint, List{"/bin/sh"});
  EXPECT_EQ(shell.command, (List{"-c", "echo $A"}));
  const ContainerSpec program = spec(mesos_task(redis, R"({"shell":false,"value":"ls","arguments":["name","-l"]})"));
  EXPECT_EQ(program.entrypoint, List{"ls"});
  EXPECT_EQ(program.command, List{"-l"}) << "the first argument is the program's name";
  auto arguments = plan(mesos_task(redis, R"({"shell":false,"arguments":["-l"]})"));
  ASSERT_TRUE(arguments);
  EXPECT_FALSE(arguments->spec.entrypoint);
  EXPECT_EQ(arguments->spec.command, List{"-l"});
  EXPECT_TRUE(arguments->keeps_program);
  EXPECT_FALSE(plan(mesos_task(redis))->keeps_program);
  EXPECT_EQ(spec(mesos_task(redis, R"({"shell":false,"user":"nobody"})")).user, "nobody");
}

TEST(MesosContainer, Networks) {
  const ContainerSpec bridge = spec(mesos_task(
      with(R"("hostname":"h","network_infos":[{"port_mappings":[{"host_port":31000,"container_port":80}]}])")));
  EXPECT_EQ(bridge.network_mode, "bridge");
  EXPECT_EQ(bridge.hostname, "h");
  ASSERT_EQ(bridge.ports.size(), 1U);
  EXPECT_EQ(bridge.ports.front().host_port, "31000");
  EXPECT_EQ(spec(mesos_task(with(R"("network_infos":[{"name":"front"}])"))).network_mode, "front");
  EXPECT_EQ(refused(mesos_task(with(R"("network_infos":[{"name":"a"},{"name":"b"}])"))),
            "Only a single network can be defined in Docker run");
}

TEST(MesosContainer, VolumesOfTheSandbox) {
  const TaskInfo task = mesos_task(with(
      R"("volumes":[{"container_path":"/data","mode":"RW","source":{"type":"SANDBOX_PATH","sandbox_path":{"type":"SELF",
         "path":"d"}}}])"));
  ASSERT_FALSE(spec(task).mounts.empty() && spec(task).binds.empty());
  EXPECT_EQ(spec(task).binds.front(), "/sandbox/d:/data:rw");
}

TEST(MesosContainer, LinuxInfo) {
  const ContainerSpec made = spec(mesos_task(with(
      R"("linux_info":{"effective_capabilities":{"capabilities":["NET_ADMIN"]},"shm_size":128,
         "share_pid_namespace":true,"ipc_mode":"SHARE_PARENT","seccomp":{"unconfined":true}},
         "rlimit_info":{"rlimits":[{"type":"RLMT_NOFILE","soft":10,"hard":20},{"type":"RLMT_CORE"}]},"tty_info":{})")));
  EXPECT_EQ(made.cap_drop, List{"ALL"});
  ASSERT_EQ(made.cap_add.size(), 1U);
  EXPECT_NE(made.cap_add.front().find("NET_ADMIN"), std::string::npos);
  EXPECT_EQ(made.shm_bytes, 128 << 20);
  EXPECT_EQ(made.pid_mode, "host");
  EXPECT_EQ(made.ipc_mode, "host");
  EXPECT_TRUE(made.tty);
  ASSERT_EQ(made.ulimits.size(), 2U);
}

TEST(MesosContainer, SetsOfCapabilitiesInTheirOrder) {
  const char* both = R"("linux_info":{"bounding_capabilities":{"capabilities":["KILL"]},
                        "capability_info":{"capabilities":["CHOWN"]}})";
  EXPECT_NE(spec(mesos_task(with(both))).cap_add.front().find("KILL"), std::string::npos);
  const char* old = R"("linux_info":{"capability_info":{"capabilities":["CHOWN"]}})";
  EXPECT_NE(spec(mesos_task(with(old))).cap_add.front().find("CHOWN"), std::string::npos);
  EXPECT_TRUE(spec(mesos_task(with(R"("linux_info":{})"))).cap_drop.empty());
}

TEST(MesosContainer, LoginsOfTheTask) {
  const auto config_of = [](const std::string& docker) {
    auto planned =
        plan(mesos_task(R"("mesos":{"image":{"type":"DOCKER","docker":{"name":"r.example/a")" + docker + "}}}"));
    return planned ? planned->registry_config : planned.error().message;
  };
  EXPECT_EQ(config_of(R"(,"config":{"type":"VALUE","value":{"data":"e30="}})"), "{}");
  const std::string user = R"(,"credential":{"principal":"u","secret":"p"})";
  EXPECT_EQ(config_of(user), R"({"auths":{"r.example":{"username":"u","password":"p"}}})");
  EXPECT_EQ(config_of(user + R"(,"config":{"type":"VALUE","value":{"data":"e30="}})"), "{}");
  EXPECT_EQ(config_of(""), "");
}

TEST(MesosContainer, ALoginIsFoundForItsRegistryAlone) {
  const auto login = [](const std::string& image, const std::string& asked) {
    auto found = registry_login(registry_config(image, {.name = "u", .password = "p\"\n"}), asked);
    return found && !found->header.empty() ? decoded_login(found->header) : "anonymous";
  };
  EXPECT_EQ(login("r.example/a", "r.example/b"), R"({"serveraddress":"r.example","username":"u","password":"p\"\n"})");
  EXPECT_EQ(login("redis", "redis"),
            R"({"serveraddress":"https://index.docker.io/v1/","username":"u","password":"p\"\n"})");
  EXPECT_EQ(login("r.example/a", "redis"), "anonymous");
}

TEST(MesosContainer, WhatDockerHasNotIsRefused) {
  EXPECT_EQ(refused(mesos_task(R"("network_infos":[{}])")),
            "ContainerInfo.mesos.image is needed for volumes and networks");
  EXPECT_EQ(refused(mesos_task(R"("mesos":{"image":{"type":"APPC","appc":{"name":"a"}}})")),
            "ContainerInfo.mesos.image: Docker cannot run images of type APPC");
  EXPECT_EQ(refused(mesos_task(R"("mesos":{"image":{"type":"DOCKER"}})")),
            "ContainerInfo.mesos.image.docker.name is empty");
  EXPECT_EQ(refused(mesos_task(with(R"("linux_info":{"seccomp":{"profile_name":"p"}})"))),
            "ContainerInfo.linux_info.seccomp.profile_name: profiles of Mesos agents are not read");
  EXPECT_EQ(refused(mesos_task(with(R"("rlimit_info":{"rlimits":[{"type":"RLMT_NOFILE","soft":1}]})"))),
            "ContainerInfo.rlimit_info: 'nofile' has only one of soft and hard");
}

TEST(MesosContainer, WithoutAnythingOfAContainerItIsAProcess) {
  EXPECT_TRUE(is_plain_process(*mesos_task("").container));
  EXPECT_FALSE(is_plain_process(*mesos_task(redis).container));
  EXPECT_FALSE(is_plain_process(*mesos_task(R"("network_infos":[{}])").container));
}

TEST(MesosContainer, SurvivesBothWays) {
  TaskInfo task = mesos_task(with(
      R"("volumes":[{"container_path":"/d","mode":"RO","source":{"type":"SANDBOX_PATH","sandbox_path":{"path":"d"}}}],
         "linux_info":{"effective_capabilities":{"capabilities":["KILL"]},"shm_size":1,"share_pid_namespace":true,
         "ipc_mode":"SHARE_PARENT","seccomp":{"unconfined":true,"profile_name":"p"}},"tty_info":{},
         "network_infos":[{"name":"n","port_mappings":[{"host_port":1,"container_port":2,"protocol":"udp"}]}],
         "rlimit_info":{"rlimits":[{"type":"RLMT_NOFILE","soft":1,"hard":2}]})"));
  task.container->mesos->image->registry_config = "{}";
  TaskInfo made = task;
  made.raw.clear();
  auto read = decode_task_info(encode_task_info(made));
  ASSERT_TRUE(read);
  EXPECT_EQ(*read->container, *task.container);
  task.container->mesos->image->registry_config.clear();
  task.container->mesos->image->registry_user = RegistryUser{"u", "p"};
  made = task;
  made.raw.clear();
  EXPECT_EQ(*decode_task_info(encode_task_info(made))->container, *task.container);
  task.container->mesos->image = MesosImage{.is_docker = false, .name = ""};
  made = task;
  made.raw.clear();
  EXPECT_FALSE(decode_task_info(encode_task_info(made))->container->mesos->image->is_docker);
}

}  // namespace
}  // namespace windlass
