#include "scheduler/service_ports.hpp"

#include <gtest/gtest.h>

namespace windlass::scheduler {
namespace {

const AppId a{"/a"};

TEST(ServicePorts, TheLowestFreeOneIsFound) {
  ServicePorts ports;
  EXPECT_EQ(ports.lowest_free(10'000, 20'000), 10'000);
  for (int port = 10'000; port < 12'345; ++port) ports.add(static_cast<std::uint16_t>(port), a);
  EXPECT_EQ(ports.lowest_free(10'000, 20'000), 12'345);
  EXPECT_EQ(ports.lowest_free(10'001, 12'345), 12'345);
  EXPECT_EQ(ports.lowest_free(10'000, 12'344), std::nullopt);
  ports.remove(10'063, a);
  EXPECT_EQ(ports.lowest_free(10'000, 20'000), 10'063);
  EXPECT_EQ(ports.lowest_free(10'064, 20'000), 12'345);
}

TEST(ServicePorts, OneOfSeveralAppsIsFreeWhenTheLastGoes) {
  ServicePorts ports;
  const AppId b{"/b"};
  ports.add(7, a);
  ports.add(7, b);
  EXPECT_EQ(ports.apps_of(7), (std::set<AppId>{a, b}));
  ports.remove(7, a);
  EXPECT_EQ(ports.apps_of(7), std::set<AppId>{b});
  EXPECT_EQ(ports.lowest_free(7, 7), std::nullopt);
  ports.remove(7, b);
  EXPECT_TRUE(ports.apps_of(7).empty());
  EXPECT_EQ(ports.lowest_free(7, 7), 7);
}

TEST(ServicePorts, BoundsMayBeTheEnds) {
  ServicePorts ports;
  EXPECT_EQ(ports.lowest_free(0, 65'535), 0);
  EXPECT_EQ(ports.lowest_free(65'535, 65'535), 65'535);
  for (int port = 0; port < 65'536; ++port) ports.add(static_cast<std::uint16_t>(port), a);
  EXPECT_EQ(ports.lowest_free(0, 65'535), std::nullopt);
}

}  // namespace
}  // namespace windlass::scheduler
