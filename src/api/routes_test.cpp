#include "api/routes.hpp"

#include <gtest/gtest.h>

namespace windlass {
namespace {

using Params = std::map<std::string, std::string>;

TEST(MatchPath, TakesSegmentsAndRests) {
  EXPECT_EQ(match_path("/v1/apps", "/v1/apps"), Params{});
  EXPECT_EQ(match_path("/v1/apps", "/v1%2fapps"), std::nullopt);
  EXPECT_EQ(match_path("/v1/apps", "/v1/apps/"), Params{});
  EXPECT_EQ(match_path("/v1/apps/{id}/tasks", "/v1/apps/web/tasks"), (Params{{"id", "web"}}));
  EXPECT_EQ(match_path("/v1/apps/{id}/tasks", "/v1/apps/shop%2Fcart/tasks"), (Params{{"id", "shop/cart"}}));
  EXPECT_EQ(match_path("/v1/apps/{id}/tasks", "/v1/apps//tasks"), std::nullopt);
  EXPECT_EQ(match_path("/v1/apps/{id}/tasks", "/v1/apps/%zz/tasks"), std::nullopt);
  EXPECT_EQ(match_path("/v2/apps/{id...}", "/v2/apps/shop/cart"), (Params{{"id", "shop/cart"}}));
  EXPECT_EQ(match_path("/v2/apps/{id...}", "/v2/apps//shop"), (Params{{"id", "/shop"}}));
  EXPECT_EQ(match_path("/v2/apps/{id...}", "/v2/apps/shop/"), (Params{{"id", "shop"}}));
  EXPECT_EQ(match_path("/v2/apps/{id...}", "/v2/apps/"), std::nullopt);
  EXPECT_EQ(match_path("/v2/apps/{id...}", "/v2/apps"), std::nullopt);
}

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
}

}  // namespace
}  // namespace windlass
