#include "link/agent_environment.hpp"

#include <gtest/gtest.h>

namespace windlass {
namespace {

Environment complete() {
  return {{"MESOS_AGENT_ENDPOINT", "127.0.0.1:5051"},
          {"MESOS_FRAMEWORK_ID", "f"},
          {"MESOS_EXECUTOR_ID", "e"},
          {"MESOS_DIRECTORY", "/sandbox"},
          {"MESOS_SANDBOX", "/mnt/sandbox"},
          {"MESOS_CHECKPOINT", "1"},
          {"MESOS_RECOVERY_TIMEOUT", "1.5mins"}};
}

TEST(AgentEnvironment, Complete) {
  auto agent = read_agent_environment(complete());
  ASSERT_TRUE(agent);
  EXPECT_EQ(agent->endpoint, "127.0.0.1:5051");
  EXPECT_EQ(agent->sandbox, "/sandbox");
  EXPECT_TRUE(agent->checkpoint);
  EXPECT_EQ(agent->recovery_timeout, std::chrono::seconds{90});
  EXPECT_EQ(agent->docker_host, "unix:///var/run/docker.sock");
}

TEST(AgentEnvironment, OtherSourcesOfTheEndpoint) {
  Environment variables = complete();
  variables.erase("MESOS_AGENT_ENDPOINT");
  variables["MESOS_SLAVE_PID"] = "slave(1)@10.0.0.1:5051";
  EXPECT_EQ(read_agent_environment(variables)->endpoint, "10.0.0.1:5051");
  variables["MESOS_DOMAIN_SOCKET"] = "/run/agent.sock";
  EXPECT_EQ(read_agent_environment(variables)->endpoint, "unix:///run/agent.sock");
}

TEST(AgentEnvironment, NamesAllThatIsWrong) {
  auto agent = read_agent_environment({{"MESOS_RECOVERY_TIMEOUT", "soon"}});
  ASSERT_FALSE(agent);
  EXPECT_EQ(agent.error().message,
            "MESOS_AGENT_ENDPOINT (or MESOS_SLAVE_PID) is not set; MESOS_FRAMEWORK_ID is not set; MESOS_EXECUTOR_ID is "
            "not set; MESOS_SANDBOX is not set; MESOS_RECOVERY_TIMEOUT='soon' is not a duration like 5secs");
}

TEST(OwnCgroup, OnlyOneThatBearsTheContainersId) {
  EXPECT_EQ(own_cgroup("9:name=systemd:/\n4:memory:/mesos/c1\n0::/\n", {"c1"}), "/mesos/c1");
  EXPECT_EQ(own_cgroup("4:memory:/system.slice/windlass.service\n0::/\n", {"c1"}), "");
  EXPECT_EQ(own_cgroup("0::/mesos/c1\n", {"c1"}), "") << "version 2: processes are in it";
  EXPECT_EQ(own_cgroup("0::/mesos/c1/leaf\n", {"c1"}), "/mesos/c1");
  EXPECT_EQ(own_cgroup("4:memory:/mesos/xc1\n", {"c1"}), "");
  EXPECT_EQ(own_cgroup("", {"c1"}), "");
  EXPECT_EQ(own_cgroup("4:memory:/\n", {""}), "");
}

}  // namespace
}  // namespace windlass
