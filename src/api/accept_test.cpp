#include "api/accept.hpp"

#include <gtest/gtest.h>

namespace windlass {
namespace {

std::string chosen(const std::string& accept) {
  return choose_type(&accept, {"text/plain", "application/json"}).value_or("none");
}

TEST(ChooseType, FollowsTheClientsWish) {
  EXPECT_EQ(choose_type(nullptr, {"text/plain", "application/json"}), "text/plain");
  EXPECT_EQ(chosen(""), "text/plain");
  EXPECT_EQ(chosen("*/*"), "text/plain");
  EXPECT_EQ(chosen("application/json, */*;q=0.5"), "application/json") << "as HTTPie sends it";
  EXPECT_EQ(chosen("application/*"), "application/json");
  EXPECT_EQ(chosen("Text/Plain;q=0.2, application/json;q=0.9"), "application/json");
  EXPECT_EQ(chosen("text/plain;q=0, */*"), "application/json");
  EXPECT_EQ(chosen("text/html"), "none");
  EXPECT_EQ(chosen("text/html;q=x,,;"), "none");
  EXPECT_EQ(chosen("text/plain;Q=0, */*"), "application/json") << "names of parameters have no case";
}

bool accepts(const std::string& accept) { return accepts_type(&accept, "application/json"); }

TEST(AcceptsType, TakesAnyPreferenceAboveZero) {
  EXPECT_TRUE(accepts_type(nullptr, "application/json"));
  EXPECT_TRUE(accepts("application/x-protobuf, Application/JSON;q=0.001"));
  EXPECT_TRUE(accepts("application/*"));
  EXPECT_TRUE(accepts("text/html, */*;q=0.1"));
  EXPECT_FALSE(accepts("application/json;q=0, */*"));
  EXPECT_FALSE(accepts("application/x-protobuf"));
  EXPECT_FALSE(accepts("")) << "Mesos answers 406";
}

}  // namespace
}  // namespace windlass
