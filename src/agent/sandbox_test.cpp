#include "agent/sandbox.hpp"

#include "agent/machine.hpp"
#include "io/files.hpp"

#include <gtest/gtest.h>

#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

namespace windlass {
namespace {

namespace fs = std::filesystem;

class Sandbox : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "sandbox-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    place_ = {name, {"S0"}, {"F0"}, {"e1"}, {"c1"}};
  }
  void TearDown() override { fs::remove_all(place_.work_dir); }

  SandboxPlace place_;
};

TEST_F(Sandbox, HasTheTreeOfMesos) {
  ASSERT_TRUE(make_sandbox(place_, ""));
  const std::string directory = sandbox_directory(place_);
  EXPECT_EQ(directory, place_.work_dir + "/slaves/S0/frameworks/F0/executors/e1/runs/c1");
  struct stat status {};
  ASSERT_EQ(::stat(directory.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0750u);
  EXPECT_TRUE(fs::exists(directory + "/stdout"));
  EXPECT_TRUE(fs::exists(directory + "/stderr"));
}

TEST_F(Sandbox, LatestPointsToTheNewestRun) {
  ASSERT_TRUE(make_sandbox(place_, ""));
  place_.container_id = {"c2"};
  ASSERT_TRUE(make_sandbox(place_, ""));
  const fs::path latest = fs::path{sandbox_directory(place_)}.parent_path() / "latest";
  EXPECT_EQ(fs::read_symlink(latest), "c2");
}

TEST_F(Sandbox, UnknownUserAndReadOnlyPlaceAreErrors) {
  const auto nobody = make_sandbox(place_, "no-such-user-here");
  ASSERT_FALSE(nobody);
  EXPECT_EQ(nobody.error().code, Errc::not_found);
  place_.work_dir = "/proc/nowhere";
  EXPECT_FALSE(make_sandbox(place_, ""));
}

TEST_F(Sandbox, EnvironmentIsTheOneOfMesosAndTheFrameworkMayOverride) {
  const ExecutorEnvironment environment{.agent_ip = "127.0.0.1",
                                        .agent_port = 5051,
                                        .checkpoint = true,
                                        .shutdown_grace_period = std::chrono::seconds{5},
                                        .recovery_timeout = std::chrono::minutes{15},
                                        .subscription_backoff_max = std::chrono::seconds{2},
                                        .framework = {{"PATH", "/framework"}, {"PORT", "31000"}}};
  const auto variables =
      executor_environment(place_, environment, {"PATH=/bin", "MESOS_MASTER=x", "WINDLASS_HTTP_PORT=1", "HOME=/root"});
  const auto has = [&](const std::string& variable) {
    return std::find(variables.begin(), variables.end(), variable) != variables.end();
  };
  EXPECT_TRUE(has("MESOS_AGENT_ENDPOINT=127.0.0.1:5051"));
  EXPECT_TRUE(has("MESOS_SLAVE_PID=slave(1)@127.0.0.1:5051"));
  EXPECT_TRUE(has("MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD=5secs"));
  EXPECT_TRUE(has("MESOS_RECOVERY_TIMEOUT=15mins"));
  EXPECT_TRUE(has("MESOS_SUBSCRIPTION_BACKOFF_MAX=2secs"));
  EXPECT_TRUE(has("MESOS_CHECKPOINT=1"));
  EXPECT_TRUE(has("MESOS_DIRECTORY=" + sandbox_directory(place_)));
  EXPECT_TRUE(has("PATH=/framework"));
  EXPECT_TRUE(has("HOME=/root"));
  EXPECT_FALSE(has("MESOS_MASTER=x"));
  EXPECT_FALSE(has("WINDLASS_HTTP_PORT=1"));
}

TEST(Machine, TheExecutorsProgramMustBeThere) {
  EXPECT_TRUE(check_executor_program("/bin/sh"));
  const auto missing = check_executor_program("/no/such");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().message, "'/no/such' is no file");
  EXPECT_EQ(missing.error().where, "--docker_executor");
  EXPECT_FALSE(check_executor_program("/tmp")) << "a folder";
  const auto closed = check_executor_program("/etc/passwd");
  ASSERT_FALSE(closed);
  EXPECT_EQ(closed.error().message, "'/etc/passwd' is a file that may not be executed");
}

TEST_F(Sandbox, AFrameworkDoesNotMoveTheAgent) {
  ExecutorEnvironment environment;
  environment.agent_ip = "127.0.0.1";
  environment.max_log_size = "10MB";
  environment.framework = {{"MESOS_AGENT_ENDPOINT", "elsewhere:1"}, {"MESOS_OF_ITS_OWN", "x"}};
  environment.framework.push_back({"WINDLASS_EXECUTOR_MAX_LOG_SIZE", "1GB"});
  environment.framework.push_back({"WINDLASS_EXECUTOR_DENY", "pid"});
  environment.framework.push_back({"WINDLASS_EXECUTOR_ENABLE_CFS", "false"});
  environment.framework.push_back({"WINDLASS_DOCKER_HOST", "tcp://elsewhere:1"});
  const auto variables = executor_environment(place_, environment, {"WINDLASS_EXECUTOR_DENY=all"});
  const auto has = [&](const std::string& variable) {
    return std::find(variables.begin(), variables.end(), variable) != variables.end();
  };
  EXPECT_TRUE(has("MESOS_AGENT_ENDPOINT=127.0.0.1:5051"));
  EXPECT_TRUE(has("MESOS_OF_ITS_OWN=x"));
  EXPECT_TRUE(has("WINDLASS_EXECUTOR_MAX_LOG_SIZE=10MB"));
  EXPECT_TRUE(has("WINDLASS_EXECUTOR_DENY=all")) << "the operator's";
  EXPECT_FALSE(has("WINDLASS_EXECUTOR_ENABLE_CFS=false"));
  EXPECT_TRUE(has("WINDLASS_DOCKER_HOST="));
}

TEST(Machine, FlagsReplaceWhatIsMeasured) {
  const auto resources = agent_resources("cpus:3;ports:[1-5];gadgets:{a}", "/");
  ASSERT_TRUE(resources);
  ASSERT_EQ(resources->entries().size(), 5u);
  EXPECT_EQ(resources->entries()[0].name, "cpus");
  EXPECT_EQ(resources->scalar("cpus"), 3);
  EXPECT_GT(resources->scalar("mem"), 0);
  EXPECT_GT(resources->scalar("disk"), 0);
  EXPECT_EQ(count(resources->ranges("ports")), 5u);
  EXPECT_EQ(resources->entries()[4].name, "gadgets");
  EXPECT_FALSE(agent_resources("cpus:many", "/"));
}

}  // namespace
}  // namespace windlass
