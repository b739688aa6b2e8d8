#include "wire/docker/api_version.hpp"

#include <gtest/gtest.h>

namespace windlass {
namespace {

TEST(DockerVersion, IsTheNewestThatBothKnow) {
  EXPECT_EQ(negotiate_docker_api(R"({"ApiVersion":"1.41","MinAPIVersion":"1.12"})")->to_string(), "1.41");
  EXPECT_EQ(negotiate_docker_api(R"({"ApiVersion":"1.99","MinAPIVersion":"1.44"})")->to_string(), "1.51");
  EXPECT_EQ(negotiate_docker_api(R"({"ApiVersion":"1.25"})")->to_string(), "1.25");
  EXPECT_EQ(negotiate_docker_api(R"({"ApiVersion":"1.24"})").error().code, Errc::unsupported);
  EXPECT_EQ(negotiate_docker_api(R"({"ApiVersion":"1.99","MinAPIVersion":"1.60"})").error().message,
            "Docker wants API 1.60 or newer; this executor knows up to 1.51");
  EXPECT_EQ(negotiate_docker_api("{}").error().code, Errc::malformed);
  EXPECT_EQ(negotiate_docker_api("<html>").error().code, Errc::malformed);
}

TEST(DockerVersion, APingTellsAVersionThatWeKnow) {
  EXPECT_EQ(docker_api_of_ping("1.41"), DockerApiVersion{41});
  EXPECT_EQ(docker_api_of_ping("1.25"), docker_api_oldest);
  EXPECT_EQ(docker_api_of_ping("1.51"), docker_api_newest);
  for (const char* other : {"1.24", "1.52", "", "2.0", "words"}) EXPECT_FALSE(docker_api_of_ping(other)) << other;
}

TEST(DockerVersion, RefusalsAreKnownByTheirWords) {
  EXPECT_TRUE(
      is_version_refusal("client version 1.41 is too old. Minimum supported API version is 1.44, please upgrade"));
  EXPECT_TRUE(is_version_refusal("client version 1.52 is too new. Maximum supported API version is 1.45"));
  EXPECT_FALSE(is_version_refusal("invalid reference format"));
}

}  // namespace
}  // namespace windlass
