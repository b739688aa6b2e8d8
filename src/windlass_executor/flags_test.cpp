#include "windlass_executor/flags.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

namespace windlass {
namespace {

using Words = std::vector<std::string>;
using Names = std::set<std::string>;

ExecutorFlags flags_of(const Words& words, const Environment& environment = {}) {
  auto flags = read_executor_flags(words, environment);
  EXPECT_TRUE(flags) << (flags ? "" : flags.error().message);
  return flags ? *flags : ExecutorFlags{};
}

std::string refused(const Words& words, const Environment& environment = {}) {
  auto flags = read_executor_flags(words, environment);
  return flags ? "taken" : flags.error().message;
}

TEST(ExecutorFlags, WithoutFlagsEverythingIsAllowed) {
  const ExecutorFlags flags = flags_of({"redis", "--port", "1"});
  EXPECT_EQ(flags.policy, ContainerPolicy{});
  EXPECT_EQ(flags.arguments, (Words{"redis", "--port", "1"}));
  EXPECT_TRUE(flags_of({}).arguments.empty());
}

TEST(ExecutorFlags, StandBeforeTheImage) {
  const ExecutorFlags flags = flags_of({"--deny=privileged, pid,", "redis", "--deny=all"});
  EXPECT_EQ(flags.policy.denied, (std::set{ContainerRight::privileged, ContainerRight::pid}));
  EXPECT_EQ(flags.arguments, (Words{"redis", "--deny=all"}));
  EXPECT_EQ(flags_of({"--deny=ipc", "--", "--deny=all"}).arguments, (Words{"--deny=all"}));
}

TEST(ExecutorFlags, ListsOfWhatIsAllowed) {
  const ContainerPolicy policy =
      flags_of({"--allow_mounts=/data/,/var//log", "--allow_devices=/dev/fuse", "--allow_capabilities=net_admin"})
          .policy;
  EXPECT_EQ(policy.denied, (std::set{ContainerRight::mounts, ContainerRight::devices, ContainerRight::capabilities}));
  EXPECT_EQ(policy.mounts, (Names{"/data", "/var/log"}));
  EXPECT_EQ(policy.devices, (Names{"/dev/fuse"}));
  EXPECT_EQ(policy.capabilities, (Names{"CAP_NET_ADMIN"}));
  EXPECT_EQ(flags_of({"--deny=all"}).policy.denied.size(), all_container_rights().size());
}

TEST(ExecutorFlags, TheEnvironmentCountsToo) {
  const ExecutorFlags flags =
      flags_of({"--deny=pid"}, {{"WINDLASS_EXECUTOR_DENY", "network"}, {"WINDLASS_EXECUTOR_ALLOW_MOUNTS", "/data"}});
  EXPECT_EQ(flags.policy.denied, (std::set{ContainerRight::mounts, ContainerRight::network, ContainerRight::pid}));
}

TEST(ExecutorFlags, SwitchesAndTimes) {
  const ExecutorFlags flags =
      flags_of({"--enable_cfs", "--limit_swap=1", "--statistics_interval=5secs", "redis", "-x"});
  EXPECT_TRUE(flags.enable_cfs && flags.limit_swap);
  EXPECT_EQ(flags.statistics_interval, std::chrono::seconds{5});
  EXPECT_EQ(flags.arguments, (Words{"redis", "-x"}));
  EXPECT_EQ(flags_of({"--enable_cfs", "--no-enable_cfs", "--limit_swap=false"}), ExecutorFlags{});
  const Environment environment{{"WINDLASS_EXECUTOR_ENABLE_CFS", "true"}};
  EXPECT_TRUE(flags_of({}, environment).enable_cfs);
  EXPECT_FALSE(flags_of({"--no-enable_cfs"}, environment).enable_cfs);
}

TEST(ExecutorFlags, LimitsOfTheOutput) {
  EXPECT_EQ(flags_of({}).log_limits.file_bytes, 0U);
  const LogLimits limits = flags_of({"--max_log_size=10MB", "--max_log_files=3"}).log_limits;
  EXPECT_EQ(limits, (LogLimits{.file_bytes = 10 << 20, .files = 3}));
  EXPECT_EQ(flags_of({}, {{"WINDLASS_EXECUTOR_MAX_LOG_SIZE", "64k"}}).log_limits.file_bytes, 65'536U);
  EXPECT_EQ(refused({"--max_log_size=big"}), "--max_log_size: 'big' is not a size like 10MB");
  EXPECT_EQ(refused({"--max_log_size=1KB"}), "--max_log_size: '1KB' is less than 4KB");
  for (const char* wrong : {"0", "-1", "1001", "5x", ""}) {
    EXPECT_EQ(refused({std::string{"--max_log_files="} + wrong}),
              "--max_log_files: '" + std::string{wrong} + "' is not a number from 1 to 1000");
  }
}

TEST(ExecutorFlags, WhatIsNoneOfThemIsTheContainers) {
  EXPECT_EQ(flags_of({"--port", "5"}).arguments, (Words{"--port", "5"}));
  EXPECT_EQ(flags_of({"-c", "true"}).arguments, (Words{"-c", "true"}));
  EXPECT_EQ(flags_of({"--no-deny"}).arguments, (Words{"--no-deny"}));
  EXPECT_EQ(flags_of({"--", "--enable_cfs", "--"}), (ExecutorFlags{.arguments = {"--enable_cfs", "--"}}));
  EXPECT_EQ(flags_of({""}).arguments, (Words{""}));
}

TEST(ExecutorFlags, NothingDeniedComesBack) {
  EXPECT_TRUE(flags_of({"--deny=mounts", "--allow_mounts=/data"}).policy.mounts.empty());
  EXPECT_EQ(flags_of({"--allow_mounts=/data", "--allow_mounts=/"}).policy.mounts, (Names{"/data"}));
}

TEST(ExecutorFlags, WhatIsWrong) {
  EXPECT_EQ(refused({"--deny", "pid"}), "--deny needs a value: --deny=RIGHT,...");
  EXPECT_EQ(refused({"--enable_cfs=yes"}), "--enable_cfs: 'yes' is neither true nor false");
  EXPECT_EQ(refused({"--statistics_interval"}), "--statistics_interval needs a value: --statistics_interval=TIME");
  EXPECT_EQ(refused({"--statistics_interval=often"}), "--statistics_interval: 'often' is not a duration like 5secs");
  EXPECT_EQ(refused({"--statistics_interval=-1secs"}), "--statistics_interval: '-1secs' is negative");
  EXPECT_EQ(refused({}, {{"WINDLASS_EXECUTOR_LIMIT_SWAP", ""}}),
            "WINDLASS_EXECUTOR_LIMIT_SWAP: '' is neither true nor false");
  EXPECT_EQ(refused({"--deny=everything"}), "--deny: 'everything' is not a right of containers");
  EXPECT_EQ(refused({"--allow_mounts=data"}), "--allow_mounts: 'data' is not an absolute path");
  EXPECT_EQ(refused({}, {{"WINDLASS_EXECUTOR_ALLOW_DEVICES", "fuse"}}),
            "WINDLASS_EXECUTOR_ALLOW_DEVICES: 'fuse' is not an absolute path");
}

TEST(ExecutorFlags, AreDocumented) {
  std::ifstream in{WINDLASS_SOURCE_DIR "/docs/executor_flags.md"};
  const std::string text{std::istreambuf_iterator<char>{in}, {}};
  EXPECT_EQ(text, executor_flags_markdown()) << "write it again: windlass-executor --markdown > docs/executor_flags.md";
  for (const ContainerRight right : all_container_rights()) {
    EXPECT_NE(executor_flags_help().find(to_string(right)), std::string::npos) << to_string(right);
  }
}

}  // namespace
}  // namespace windlass
