#include "node/orphans.hpp"

#include <gtest/gtest.h>

namespace windlass {
namespace {

using Summaries = std::vector<FrameworkSummary>;

TEST(Orphans, AreFrameworksOfOurNameThatNobodyDrives) {
  const FrameworkSummary lost{{"F-0"}, "windlass", false, 3};
  const Summaries all{lost,
                      {{"F-1"}, "windlass", true, 1},
                      {{"F-2"}, "other", false, 1},
                      {{"F-3"}, "windlass", false, 0},
                      {{"F-4"}, "windlass", false, 1}};
  EXPECT_EQ(find_orphans(all, "windlass", {"F-4"}), Summaries{lost});
  EXPECT_EQ(find_orphans(all, "marathon", {"F-4"}), Summaries{});
}

TEST(Orphans, TheAdviceNamesTheCommand) {
  EXPECT_NE(advice_on({{"F-0"}, "windlass", false, 3}).find("windlass engine teardown F-0"), std::string::npos);
}

}  // namespace
}  // namespace windlass
