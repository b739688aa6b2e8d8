#include "executor/ports.hpp"

#include <gtest/gtest.h>

namespace windlass::executor {
namespace {

ContainerPlan plan_with(std::vector<std::uint16_t> ports, std::string network = {}) {
  ContainerPlan plan{.spec = {.name = "n", .image = "i"}};
  plan.ports_to_pair = std::move(ports);
  plan.spec.network_mode = std::move(network);
  return plan;
}

TEST(PairPorts, PairsInAscendingOrder) {
  ContainerPlan plan = plan_with({31000, 31001});
  EXPECT_TRUE(pair_ports(plan, {.exposed_tcp_ports = {80, 443}}).empty());
  ASSERT_EQ(plan.spec.ports.size(), 2U);
  EXPECT_EQ(plan.spec.ports[0], (PortBinding{.container_port = 80, .host_port = "31000"}));
  EXPECT_EQ(plan.spec.ports[1], (PortBinding{.container_port = 443, .host_port = "31001"}));
}

TEST(PairPorts, WarnsAboutWhatIsLeftOver) {
  ContainerPlan more = plan_with({31000, 31001, 31002});
  EXPECT_EQ(
      pair_ports(more, {.exposed_tcp_ports = {80}}),
      (std::vector<std::string>{"warning: more ports are allocated than the image exposes; not used: 31001, 31002"}));
  ContainerPlan fewer = plan_with({31000});
  EXPECT_EQ(pair_ports(fewer, {.exposed_tcp_ports = {80, 443}}),
            (std::vector<std::string>{"warning: the image exposes more ports than are allocated; not published: 443"}));
  EXPECT_EQ(fewer.spec.ports.size(), 1U);
}

TEST(PairPorts, LeavesAloneWhatAnOptionPublishes) {
  ContainerPlan plan = plan_with({31000});
  plan.spec.ports = {{.container_port = 80, .host_port = "8080"}};
  EXPECT_TRUE(pair_ports(plan, {.exposed_tcp_ports = {80, 443}}).empty());
  ASSERT_EQ(plan.spec.ports.size(), 2U);
  EXPECT_EQ(plan.spec.ports[1].container_port, 443);
}

TEST(PairPorts, DoesNothingWithoutANetworkOfItsOwn) {
  for (const char* network : {"host", "none", "container:x"}) {
    ContainerPlan plan = plan_with({31000}, network);
    EXPECT_TRUE(pair_ports(plan, {.exposed_tcp_ports = {80}}).empty());
    EXPECT_TRUE(plan.spec.ports.empty()) << network;
  }
}

}  // namespace
}  // namespace windlass::executor
