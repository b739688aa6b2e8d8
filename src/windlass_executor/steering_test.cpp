#include "windlass_executor/steering.hpp"

#include <gtest/gtest.h>

namespace windlass {
namespace {

using Variables = std::vector<EnvironmentVariable>;
using VariableNames = std::vector<std::string>;

const std::string default_socket = "unix:///var/run/docker.sock";

// What the framework sets is in the executor's environment, as with a Mesos agent.
Steering steered(Environment all, const Variables& framework, const VariableNames& argv = {}) {
  for (const EnvironmentVariable& each : framework) all[each.name] = each.value;
  auto steering = steer(all, framework, argv);
  EXPECT_TRUE(steering);
  return steering ? *steering : Steering{};
}

TEST(Steering, WhatAgentAndOperatorSayCounts) {
  const Environment all{{"DOCKER_HOST", "tcp://10.0.0.1:2375"},
                        {"PATH", "/opt/bin"},
                        {"HOME", "/srv"},
                        {"WINDLASS_EXECUTOR_DENY", "pid"},
                        {"WINDLASS_EXECUTOR_ENABLE_CFS", "true"}};
  const Steering steering = steered(all, {{"A", "1"}}, {"redis"});
  EXPECT_EQ(steering.docker_host, "tcp://10.0.0.1:2375");
  EXPECT_TRUE(steering.flags.enable_cfs);
  EXPECT_TRUE(steering.flags.policy.denied.contains(ContainerRight::pid));
  EXPECT_EQ(steering.flags.arguments, VariableNames{"redis"});
  EXPECT_FALSE(steering.refusal);
  EXPECT_EQ(steering.ignored, VariableNames{});
  EXPECT_EQ(steering.environment, all) << "and nothing of the framework's";
}

TEST(Steering, WhatTheFrameworkSaysDoesNot) {
  const Variables framework{{"DOCKER_HOST", "tcp://ci:2375"},
                            {"DOCKER_CONFIG", "/ci"},
                            {"HTTP_PROXY", "http://ci"},
                            {"LD_PRELOAD", "/ci.so"},
                            {"PATH", ""},
                            {"HOME", "/ci"},
                            {"BASH_ENV", "/ci.sh"},
                            {"WINDLASS_EXECUTOR_DOCKER_CONFIG", "/ci"}};
  const Steering steering = steered({{"LANG", "C"}}, framework);
  EXPECT_EQ(steering.docker_host, default_socket);
  EXPECT_EQ(steering.flags, ExecutorFlags{});
  EXPECT_EQ(steering.ignored, (VariableNames{"DOCKER_CONFIG", "DOCKER_HOST", "WINDLASS_EXECUTOR_DOCKER_CONFIG"}));
  EXPECT_FALSE(steering.refusal);
  Environment left = steering.environment;
  EXPECT_NE(left["PATH"].find("/usr/bin"), std::string::npos);
  EXPECT_TRUE(left["HOME"].starts_with("/"));
  EXPECT_NE(left["HOME"], "/ci");
  left.erase("PATH");
  left.erase("HOME");
  EXPECT_EQ(left, (Environment{{"LANG", "C"}}));
}

TEST(Steering, ADenialThatTheFrameworkReplacesIsARefusal) {
  for (const char* name : {"WINDLASS_EXECUTOR_DENY", "WINDLASS_EXECUTOR_ALLOW_MOUNTS",
                           "WINDLASS_EXECUTOR_ALLOW_DEVICES", "WINDLASS_EXECUTOR_ALLOW_CAPABILITIES"}) {
    const Steering steering = steered({{name, "all"}}, {{name, ""}});
    ASSERT_TRUE(steering.refusal) << name;
    EXPECT_EQ(steering.refusal->message,
              std::string{name} + " is the operator's: a framework that sets it gets no container");
  }
}

TEST(Steering, ASecretHasNoValueThatCouldBeCompared) {
  auto steering = steer({{"DOCKER_HOST", "tcp://resolved:1"}}, {{"DOCKER_HOST", ""}}, {});
  ASSERT_TRUE(steering);
  EXPECT_EQ(steering->docker_host, default_socket);
}

// Our own agent lets no framework set what begins with WINDLASS_, so that the same value may be both the operator's and
// the framework's.
TEST(Steering, OurAgentsWordsAreTheOperators) {
  const Environment all{{"WINDLASS_DOCKER_HOST", "unix:///run/other.sock"},
                        {"DOCKER_HOST", "tcp://ci:2375"},
                        {"WINDLASS_EXECUTOR_DENY", "pid"}};
  auto steering = steer(all, {{"DOCKER_HOST", "tcp://ci:2375"}, {"WINDLASS_EXECUTOR_DENY", "pid"}}, {});
  ASSERT_TRUE(steering);
  EXPECT_EQ(steering->docker_host, "unix:///run/other.sock");
  EXPECT_FALSE(steering->refusal);
  EXPECT_TRUE(steering->flags.policy.denied.contains(ContainerRight::pid));
}

TEST(Steering, AFrameworkThatPretendsToBeOurAgentIsSeen) {
  const Steering steering = steered({{"WINDLASS_EXECUTOR_DENY", "all"}},
                                    {{"WINDLASS_DOCKER_HOST", "tcp://ci:2375"}, {"WINDLASS_EXECUTOR_DENY", "pid"}});
  EXPECT_EQ(steering.docker_host, default_socket);
  EXPECT_TRUE(steering.refusal);
}

TEST(Steering, AnEmptyWordOfOurAgentIsTheDefaultSocket) {
  const Steering steering = steered({{"WINDLASS_DOCKER_HOST", ""}}, {{"DOCKER_HOST", "tcp://ci:2375"}});
  EXPECT_EQ(steering.docker_host, default_socket);
}

TEST(Steering, FlagsThatAreWrongAreAnError) {
  const auto steering = steer({{"WINDLASS_EXECUTOR_ENABLE_CFS", "perhaps"}}, {}, {});
  ASSERT_FALSE(steering);
  EXPECT_EQ(steering.error().message, "WINDLASS_EXECUTOR_ENABLE_CFS: 'perhaps' is neither true nor false");
}

}  // namespace
}  // namespace windlass
