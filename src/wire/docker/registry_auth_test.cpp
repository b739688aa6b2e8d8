#include "wire/docker/registry_auth.hpp"

#include "wire/docker/registry_auth_testing.hpp"

#include "model/container_spec.hpp"

#include <gtest/gtest.h>

namespace windlass {
namespace {

std::string login(const std::string& config, const std::string& image) {
  auto found = registry_login(config, image);
  if (!found) return "error: " + found.error().message;
  if (!found->helper.empty()) return found->helper + " for " + found->server;
  return found->header.empty() ? "anonymous" : decoded_login(found->header);
}

TEST(RegistryAuth, FromBothKindsOfFile) {
  const std::string config = R"({"auths":{"https://r.example:5000/v1/":{"auth":"dTpwOnc="}}})";
  EXPECT_EQ(login(config, "r.example:5000/a"),
            R"({"serveraddress":"https://r.example:5000/v1/","username":"u","password":"p:w"})");
  EXPECT_EQ(login(config, "redis"), "anonymous");
  const std::string dockercfg = R"({"https://index.docker.io/v1/":{"auth":"dTpw","email":"e"}})";
  EXPECT_EQ(login(dockercfg, "redis"),
            R"({"serveraddress":"https://index.docker.io/v1/","username":"u","password":"p"})");
}

TEST(RegistryAuth, TokensTakeThePlaceOfPasswords) {
  EXPECT_EQ(login(R"({"auths":{"r.example":{"auth":"dTpw","identitytoken":"t"}}})", "r.example/a"),
            R"({"serveraddress":"r.example","identitytoken":"t"})");
}

TEST(RegistryAuth, HelpersCountMore) {
  const std::string config =
      R"({"auths":{"r.example":{"auth":"dTpw"}},"credsStore":"pass","credHelpers":{"ecr.example":"ecr-login"}})";
  EXPECT_EQ(login(config, "ecr.example/a"), "ecr-login for ecr.example");
  EXPECT_EQ(login(config, "r.example/a"), "pass for r.example");
  EXPECT_EQ(login(config, "redis"), "pass for https://index.docker.io/v1/");
  EXPECT_EQ(login(R"({"credHelpers":{"docker.io":"x"}})", "redis"), "x for https://index.docker.io/v1/");
  EXPECT_EQ(login(R"({"credHelpers":{"other":"x"}})", "redis"), "anonymous");
}

TEST(RegistryAuth, WhatIsWrongIsSaid) {
  EXPECT_EQ(login("nope", "redis"), "error: the Docker configuration is not a JSON object");
  EXPECT_EQ(login(R"({"auths":{"r.example":{"auth":"!"}}})", "r.example/a"),
            "error: the credentials of r.example are not base64 of user:password");
  EXPECT_EQ(login(R"({"credsStore":"../x"})", "redis"), "error: '../x' is no name of a credential helper");
  EXPECT_EQ(login(R"({"auths":[]})", "redis"), "anonymous");
  EXPECT_EQ(login(R"({"auths":{"docker.io":1}})", "redis"), "anonymous");
}

TEST(RegistryAuth, WhatAHelperSays) {
  EXPECT_EQ(decoded_login(*read_helper_login(R"({"ServerURL":"x","Username":"u","Secret":"s"})", "r.example")),
            R"({"serveraddress":"r.example","username":"u","password":"s"})");
  EXPECT_EQ(decoded_login(*read_helper_login(R"({"Username":"<token>","Secret":"t"})", "r.example")),
            R"({"serveraddress":"r.example","identitytoken":"t"})");
  EXPECT_FALSE(read_helper_login("[]", "r.example"));
  EXPECT_FALSE(read_helper_login("credentials not found", "r.example"));
}

TEST(DockerRegistry, OfAnImage) {
  EXPECT_EQ(registry_of("redis"), "docker.io");
  EXPECT_EQ(registry_of("library/redis"), "docker.io");
  EXPECT_EQ(registry_of("localhost/redis"), "localhost");
  EXPECT_EQ(registry_of("r.example:5000/a/b"), "r.example:5000");
}

}  // namespace
}  // namespace windlass
