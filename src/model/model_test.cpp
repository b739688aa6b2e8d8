#include "model/container_policy.hpp"
#include "model/container_spec.hpp"
#include "model/framework.hpp"
#include "model/ids.hpp"
#include "model/resources.hpp"
#include "model/statistics.hpp"
#include "model/status.hpp"

#include <gtest/gtest.h>

namespace windlass {
namespace {

Resources resources(std::string_view text) {
  auto parsed = parse_resources(text);
  EXPECT_TRUE(parsed) << text;
  return parsed ? *parsed : Resources{};
}

TEST(Ranges, SetAlgebra) {
  const std::vector<Range> ports{{31000, 32000}};
  EXPECT_EQ(subtract(ports, {{31000, 31000}}), (std::vector<Range>{{31001, 32000}}));
  EXPECT_EQ(subtract(ports, {{31500, 31501}}), (std::vector<Range>{{31000, 31499}, {31502, 32000}}));
  EXPECT_EQ(subtract(ports, {{30000, 33000}}), std::vector<Range>{});
  EXPECT_EQ(subtract(ports, {{31999, 40000}}), (std::vector<Range>{{31000, 31998}}));
  EXPECT_EQ(unite({{1, 2}}, {{3, 4}, {9, 9}}), (std::vector<Range>{{1, 4}, {9, 9}}));
  EXPECT_TRUE(contains(ports, {{31000, 31001}, {32000, 32000}}));
  EXPECT_FALSE(contains(ports, {{32000, 32001}}));
  EXPECT_EQ(count({{1, 3}, {5, 5}}), 4u);
  EXPECT_EQ(to_string(ports), "[31000-32000]");
}

TEST(Ranges, SubtractSpansSeveralCuts) {
  const std::vector<Range> left{{1, 10}, {20, 30}};
  EXPECT_EQ(subtract(left, {{0, 2}, {5, 22}, {25, 25}, {30, 99}}), (std::vector<Range>{{3, 4}, {23, 24}, {26, 29}}));
}

TEST(ResourcesTest, ParsesTheFlagAndRefusesNonsense) {
  const Resources all = resources("cpus:24;mem:24576.5;disk:409600;ports:[21000-24000,30000-34000];bugs(role):{a,b}");
  EXPECT_EQ(all.scalar("cpus"), 24);
  EXPECT_EQ(all.milli("mem"), 24576500);
  EXPECT_EQ(all.ranges("ports"), (std::vector<Range>{{21000, 24000}, {30000, 34000}}));
  for (const char* text : {"cpus", "cpus:", ":4", "cpus:x", "cpus:-1", "cpus:nan", "ports:[5]", "ports:[5-3]",
                           "ports:[a-b]", "cpus:1e99"}) {
    EXPECT_FALSE(parse_resources(text)) << text;
  }
}

TEST(ResourcesTest, ArithmeticKeepsThreeDecimals) {
  Resources total = resources("cpus:1");
  const Resources tenth = resources("cpus:0.1");
  for (int i = 0; i < 10; ++i) total -= tenth;
  EXPECT_TRUE(total.empty()) << total.to_string();
  EXPECT_EQ(resources("cpus:0.1") + resources("cpus:0.2"), resources("cpus:0.3"));
}

TEST(ResourcesTest, OnlyEqualRolesCombine) {
  const Resources reserved = resources("cpus(web):2");
  const Resources free = resources("cpus:2");
  EXPECT_FALSE(free.contains(reserved));
  EXPECT_EQ((free + reserved).entries().size(), 2u);
  EXPECT_FALSE(free.allocated_to("*").contains(free));
}

TEST(ResourcesTest, PrintsAsMesosDoes) {
  EXPECT_EQ(resources("cpus:1000;mem:32").allocated_to("*").to_string(),
            "cpus(allocated: *):1000; mem(allocated: *):32");
  EXPECT_EQ(scalar_text(100), "0.1");
  EXPECT_EQ(scalar_text(-500), "-0.5");
  EXPECT_EQ(scalar_text(3500), "3.5");
}

TEST(Attributes, TypesFollowTheValue) {
  const auto parsed = parse_attributes("rack:abc;level:10;keys:[1000-1500];set:{a,b}");
  ASSERT_TRUE(parsed);
  ASSERT_EQ(parsed->size(), 4u);
  EXPECT_EQ((*parsed)[0].to_string(), "abc");
  EXPECT_EQ((*parsed)[1].type, AttributeType::scalar);
  EXPECT_EQ((*parsed)[2].to_string(), "[1000-1500]");
  EXPECT_EQ((*parsed)[3].text, "{a,b}");
  EXPECT_FALSE(parse_attributes("rack"));
  EXPECT_FALSE(parse_attributes("rack:"));
}

TEST(Status, TerminalStates) {
  EXPECT_TRUE(is_terminal(TaskState::lost));
  EXPECT_FALSE(is_terminal(TaskState::unreachable));
  EXPECT_FALSE(is_terminal(TaskState::killing));
  EXPECT_STREQ(to_string(TaskState::gone_by_operator), "TASK_GONE_BY_OPERATOR");
  EXPECT_STREQ(to_string(Reason::agent_draining), "REASON_AGENT_DRAINING");
}

TEST(Ids, SafePath) { EXPECT_EQ(safe_path({"/shop/cart"}), "shop_cart"); }

TEST(ContainerEnv, UnsetIsAnEntryToo) {
  ContainerSpec spec{.name = "n", .image = "i"};
  set_env(spec, "A", "1");
  unset_env(spec, "A");
  unset_env(spec, "AB");
  EXPECT_EQ(spec.env, (std::vector<std::string>{"A", "AB"}));
  EXPECT_TRUE(has_env(spec, "A"));
  set_env(spec, "A", "2");
  EXPECT_EQ(spec.env, (std::vector<std::string>{"A=2", "AB"}));
}

TEST(ContainerPolicy, NamesOfRights) {
  for (const ContainerRight right : all_container_rights()) EXPECT_EQ(container_right(to_string(right)), right);
  EXPECT_EQ(container_right("colour"), std::nullopt);
}

TEST(ContainerPolicy, BothAllowLessThanEach) {
  using Right = ContainerRight;
  const ContainerPolicy some{.denied = {Right::mounts}, .mounts = {"/a", "/b/c"}};
  const ContainerPolicy other{.denied = {Right::mounts, Right::pid}, .mounts = {"/a/x", "/b"}};
  EXPECT_EQ(both(some, other), (ContainerPolicy{.denied = {Right::mounts, Right::pid}, .mounts = {"/a/x", "/b/c"}}));
  EXPECT_EQ(both(some, {}), some);
  EXPECT_EQ(both({}, some), some);
  const ContainerPolicy caps{.denied = {Right::capabilities}, .capabilities = {"CAP_A", "CAP_B"}};
  EXPECT_EQ(both(caps, {.denied = {Right::capabilities}, .capabilities = {"CAP_B"}}).capabilities,
            (std::set<std::string>{"CAP_B"}));
  EXPECT_TRUE(both(caps, {.denied = {Right::capabilities}}).capabilities.empty());
}

TEST(Statistics, WhyTheKernelKilled) {
  OomEvents events{.kills = 1, .at_limit = true, .limit_bytes = 64 << 20, .peak_bytes = 64 << 20};
  EXPECT_EQ(describe_oom(events), "the container is limited to 64 MB and used 64 MB at its peak");
  events.at_limit = false;
  events.peak_bytes = 12687769;
  EXPECT_EQ(describe_oom(events),
            "the host or a group above the container ran out of memory; the container is limited to 64 MB and used "
            "12.1 MB at its peak");
  EXPECT_EQ(describe_oom({.kills = 1}),
            "the host or a group above the container ran out of memory; the container has no limit of its own");
}

}  // namespace
}  // namespace windlass
