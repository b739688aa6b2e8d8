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

}  // namespace
}  // namespace windlass
