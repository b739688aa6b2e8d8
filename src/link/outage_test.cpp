#include "link/outage.hpp"

#include "io/log.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace windlass {
namespace {

class OutageTest : public testing::Test {
 protected:
  OutageTest() {
    set_log_sink([this](LogLevel, const std::string& line) { lines_.push_back(line); });
  }
  ~OutageTest() override { set_log_sink(nullptr); }

  std::vector<std::string> lines_;
};

TEST_F(OutageTest, ManyFailuresInARowAreOneLine) {
  Outage outage{"master"};
  for (int i = 0; i < 100; ++i) outage.failed("10.0.0.1:5050", "Connection refused");
  ASSERT_EQ(lines_.size(), 1u);
  EXPECT_NE(lines_[0].find("master is away address=10.0.0.1:5050"), std::string::npos) << lines_[0];
  outage.over();
  ASSERT_EQ(lines_.size(), 2u);
  EXPECT_NE(lines_[1].find("master is back"), std::string::npos);
  EXPECT_NE(lines_[1].find("tries=100"), std::string::npos);
  outage.over();
  EXPECT_EQ(lines_.size(), 2u) << "it is told once";
  outage.failed("10.0.0.1:5050", "Connection refused");
  EXPECT_EQ(lines_.size(), 3u) << "and the next outage is another one";
}

}  // namespace
}  // namespace windlass
