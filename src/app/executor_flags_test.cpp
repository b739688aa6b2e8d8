#include "app/executor_flags.hpp"

#include <gtest/gtest.h>

namespace windlass {
namespace {

using Words = std::vector<std::string>;

ExecutorFlags read(const Words& argv, const Environment& environment = {}) {
  auto flags = read_executor_flags(argv, environment);
  EXPECT_TRUE(flags) << (flags ? "" : flags.error().message);
  return flags ? *flags : ExecutorFlags{};
}

std::string refused(const Words& argv, const Environment& environment = {}) {
  auto flags = read_executor_flags(argv, environment);
  return flags ? "taken" : flags.error().message;
}

TEST(ExecutorFlags, ComeBeforeTheImage) {
  EXPECT_EQ(read({}), ExecutorFlags{});
  EXPECT_EQ(read({"redis", "--enable_cfs"}), (ExecutorFlags{.arguments = {"redis", "--enable_cfs"}}));
  EXPECT_EQ(read({"--enable_cfs", "--limit_swap=1", "--statistics_interval=5secs", "redis", "-x"}),
            (ExecutorFlags{.enable_cfs = true,
                           .limit_swap = true,
                           .statistics_interval = std::chrono::seconds{5},
                           .arguments = {"redis", "-x"}}));
  EXPECT_EQ(read({"--enable_cfs", "--no-enable_cfs", "--limit_swap=false"}), ExecutorFlags{});
}

TEST(ExecutorFlags, WhatIsNoneOfThemIsTheContainers) {
  EXPECT_EQ(read({"--port", "5"}).arguments, (Words{"--port", "5"}));
  EXPECT_EQ(read({"-c", "true"}).arguments, (Words{"-c", "true"}));
  EXPECT_EQ(read({"--no-thing"}).arguments, (Words{"--no-thing"}));
  EXPECT_EQ(read({"--", "--enable_cfs", "--"}), (ExecutorFlags{.arguments = {"--enable_cfs", "--"}}));
  EXPECT_EQ(read({""}).arguments, (Words{""}));
}

TEST(ExecutorFlags, TheEnvironmentSetsThemToo) {
  const Environment environment{{"WINDLASS_EXECUTOR_ENABLE_CFS", "true"},
                                {"WINDLASS_EXECUTOR_STATISTICS_INTERVAL", "1mins"}};
  EXPECT_EQ(
      read({"redis"}, environment),
      (ExecutorFlags{.enable_cfs = true, .statistics_interval = std::chrono::minutes{1}, .arguments = {"redis"}}));
  EXPECT_FALSE(read({"--no-enable_cfs"}, environment).enable_cfs);
}

TEST(ExecutorFlags, WrongValuesNameTheFlag) {
  EXPECT_EQ(refused({"--enable_cfs=yes"}), "--enable_cfs: 'yes' is neither true nor false");
  EXPECT_EQ(refused({"--statistics_interval"}), "--statistics_interval needs a value: =5secs");
  EXPECT_EQ(refused({"--statistics_interval=often"}), "--statistics_interval: 'often' is not a duration like 5secs");
  EXPECT_EQ(refused({"--statistics_interval=-1secs"}), "--statistics_interval: '-1secs' is negative");
  EXPECT_EQ(refused({}, {{"WINDLASS_EXECUTOR_LIMIT_SWAP", ""}}),
            "WINDLASS_EXECUTOR_LIMIT_SWAP: '' is neither true nor false");
}

TEST(ExecutorFlags, HelpHasALineForEach) {
  const std::string help = describe_executor_flags();
  EXPECT_NE(help.find("  --enable_cfs                 cpus are"), std::string::npos) << help;
  EXPECT_NE(help.find("  --statistics_interval=TIME   send"), std::string::npos) << help;
}

}  // namespace
}  // namespace windlass
