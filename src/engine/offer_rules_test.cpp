#include "engine/offer_rules.hpp"

#include "engine/engine_testing.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace windlass::engine {
namespace {

using namespace std::chrono_literals;
using Roles = std::vector<std::string>;

TEST(OfferRules, ReservedResourcesAreForTheirRoleAndThoseBelowIt) {
  const Resources free = parse_resources("cpus:1;cpus(web):2;cpus(db):4").value();
  EXPECT_EQ(open_to(free, "*").milli("cpus"), 1000);
  EXPECT_EQ(open_to(free, "web").milli("cpus"), 3000);
  EXPECT_EQ(open_to(free, "web/blog").milli("cpus"), 3000);
  EXPECT_EQ(open_to(free, "website").milli("cpus"), 1000);
}

TEST(OfferRules, TooLittleIsNotOffered) {
  EXPECT_TRUE(is_allocatable(parse_resources("cpus:0.01;mem:0").value()));
  EXPECT_TRUE(is_allocatable(parse_resources("mem:32").value()));
  EXPECT_FALSE(is_allocatable(parse_resources("cpus:0.009;mem:31;disk:1000").value()));
}

TEST(OfferRules, ARoleThatIsNotTheFrameworksMakesACallVoid) {
  FrameworkInfo info = modern_framework();
  info.roles = {"a", "b"};
  EXPECT_EQ(meant_roles(info, {}), (Roles{"a", "b"}));
  EXPECT_EQ(meant_roles(info, {"b"}), Roles{"b"});
  EXPECT_EQ(meant_roles(info, {"b", "c"}), Roles{});
}

TEST(OfferRules, RefusalsLastWithinBounds) {
  EXPECT_EQ(refusal_time(0, 1s), std::nullopt);
  EXPECT_EQ(refusal_time(0.2, 1s), 1s);
  EXPECT_EQ(refusal_time(7, 1s), 7s);
  EXPECT_EQ(refusal_time(-1, 1s), 5s);
  EXPECT_EQ(refusal_time(std::numeric_limits<double>::quiet_NaN(), 1s), 5s);
  EXPECT_EQ(refusal_time(std::numeric_limits<double>::infinity(), 1s), 365 * 24h);
}

}  // namespace
}  // namespace windlass::engine
