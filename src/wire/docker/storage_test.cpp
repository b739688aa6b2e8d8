#include "wire/docker/storage.hpp"

#include <gtest/gtest.h>

namespace windlass {
namespace {

TEST(DockerStorage, ReadsWhatInfoSays) {
  auto storage = read_docker_storage(R"({"ID":"x","Driver":"overlay2","DriverStatus":[["Backing Filesystem","xfs"],
    ["Supports d_type","true"]],"DockerRootDir":"/data/docker"})");
  ASSERT_TRUE(storage);
  EXPECT_EQ(*storage, (DockerStorage{.driver = "overlay2", .backing_filesystem = "xfs", .root = "/data/docker"}));
  for (const char* odd : {"{}", R"({"Driver":7,"DriverStatus":null})", R"({"DriverStatus":[[],["Backing Filesystem"],
       ["Backing Filesystem",5],{}]})"}) {
    ASSERT_TRUE(read_docker_storage(odd)) << odd;
    EXPECT_EQ(*read_docker_storage(odd), DockerStorage{}) << odd;
  }
  EXPECT_EQ(read_docker_storage("[]").error().code, Errc::malformed);
  EXPECT_EQ(read_docker_storage("").error().code, Errc::malformed);
}

TEST(DockerStorage, TakesASizeOnlyWhereDockerDoes) {
  EXPECT_TRUE(takes_size_limit({.driver = "overlay2", .backing_filesystem = "xfs"}, true));
  EXPECT_FALSE(takes_size_limit({.driver = "overlay2", .backing_filesystem = "xfs"}, false));
  EXPECT_FALSE(takes_size_limit({.driver = "overlay2", .backing_filesystem = "extfs"}, true));
  EXPECT_TRUE(takes_size_limit({.driver = "btrfs", .backing_filesystem = "btrfs"}, false));
  EXPECT_TRUE(takes_size_limit({.driver = "zfs"}, false));
  EXPECT_FALSE(takes_size_limit({.driver = "vfs"}, true));
  EXPECT_FALSE(takes_size_limit({}, true));
}

}  // namespace
}  // namespace windlass
