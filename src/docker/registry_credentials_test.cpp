// Logins from the places that an agent has, with a credential helper of the test's own in PATH.

#include "docker/registry_credentials.hpp"

#include "io/loop_testing.hpp"
#include "wire/docker/registry_auth_testing.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

namespace windlass {
namespace {

// The configuration that knows one login.
std::string config_of(const std::string& registry, const std::string& user) {
  return R"({"auths":{")" + registry + R"(":{"username":")" + user + R"(","password":"p"}}})";
}

class RegistryCredentials : public testing::Test {
 protected:
  RegistryCredentials() : path_{::getenv("PATH")} {
    std::filesystem::create_directories(sandbox() / ".docker");
    ::setenv("PATH", (folder_.path + ":" + path_).c_str(), 1);
  }
  ~RegistryCredentials() override { ::setenv("PATH", path_.c_str(), 1); }

  [[nodiscard]] std::filesystem::path sandbox() const { return std::filesystem::path{folder_.path} / "sandbox"; }
  void write(const std::filesystem::path& path, const std::string& text) { std::ofstream{path} << text; }
  void write_helper(const std::string& name, const std::string& script) {
    const std::filesystem::path path = std::filesystem::path{folder_.path} / ("docker-credential-" + name);
    write(path, "#!/bin/sh\n" + script);
    std::filesystem::permissions(path, std::filesystem::perms::owner_all);
  }

  asio::awaitable<void> ask(CredentialPlaces places, std::string image) {
    auto asking = registry_credentials(std::move(places), std::move(image));
    const Credentials credentials = co_await std::move(asking);
    header_ = credentials.header;
    account_ = credentials.account;
  }
  // The user that a pull of that image is made as; empty: anonymous.
  std::string user(const std::string& task, const std::string& host, const std::string& image = "r.example/a") {
    run_until_done(loop_, ask({task, sandbox().string(), host}, image));
    if (header_.empty()) return {};
    const std::string text = decoded_login(header_);
    const auto begin = text.find("username\":\"") + 11;
    return text.substr(begin, text.find('"', begin) - begin);
  }

  TempDir folder_;
  std::string path_;
  asio::io_context loop_{1};
  std::string header_, account_;
};

TEST_F(RegistryCredentials, TheTasksOwnThenTheSandboxThenTheHost) {
  const std::string host = folder_.path + "/host.json";
  write(host, config_of("r.example", "host"));
  EXPECT_EQ(user("", ""), "");
  EXPECT_EQ(user("", host), "host");
  write(sandbox() / ".dockercfg", R"({"r.example":{"username":"old","password":"p"}})");
  EXPECT_EQ(user("", host), "old");
  write(sandbox() / ".docker/config.json", config_of("r.example", "sandbox"));
  EXPECT_EQ(user("", host), "sandbox");
  EXPECT_EQ(user(config_of("r.example", "task"), host), "task");
  EXPECT_EQ(user(config_of("other.example", "task"), host), "sandbox")
      << "who does not know the registry is passed over";
  EXPECT_EQ(user("{broken", host), "sandbox");
  EXPECT_EQ(user("", config_of("flag.example", "flag"), "flag.example/a"), "flag") << "the host's as text";
}

TEST_F(RegistryCredentials, AHelperIsAsked) {
  write_helper("one", R"(read server; echo "{\"Username\":\"$1-$server\",\"Secret\":\"s\"}")");
  EXPECT_EQ(user("", R"({"credHelpers":{"r.example":"one"}})"), "get-r.example");
  EXPECT_EQ(user("", R"({"credsStore":"one"})", "redis"), "get-https://index.docker.io/v1/");
}

TEST_F(RegistryCredentials, AHelperThatFailsLeavesThePullToTheNext) {
  write_helper("two", "echo 'credentials not found in native keychain'; exit 1");
  write_helper("three", "echo nonsense");
  for (const char* helper : {"two", "three", "absent"}) {
    const std::string task = std::string{R"({"credsStore":")"} + helper + R"("})";
    EXPECT_EQ(user(task, config_of("r.example", "host")), "host") << helper;
    EXPECT_EQ(user(task, ""), "") << helper;
  }
}

TEST_F(RegistryCredentials, TheAccountSaysWhereTheLoginIsFrom) {
  user(config_of("r.example", "task"), "");
  EXPECT_EQ(account_, "the login is from the task's own configuration");
  write_helper("four", R"(echo "{\"Username\":\"u\",\"Secret\":\"s\"}")");
  user("", R"({"credsStore":"four"})");
  EXPECT_EQ(account_, "the login is from --docker_config, by four");
}

TEST_F(RegistryCredentials, TheAccountSaysWhereItWasLookedFor) {
  write(sandbox() / ".dockercfg", R"({"other.example":{"username":"u","password":"p"}})");
  EXPECT_EQ(user("", "/no/such/config.json"), "");
  EXPECT_EQ(account_,
            "no login for r.example in the task's own configuration (none), .docker/config.json in the sandbox (not "
            "there), .dockercfg in the sandbox (does not have it), /no/such/config.json of the agent (not there)");
}

TEST_F(RegistryCredentials, APlainConfigInTheSandboxIsALikelyMistake) {
  write(sandbox() / "config.json", config_of("r.example", "misplaced"));
  EXPECT_EQ(user("", ""), "") << "it may be the application's own";
  EXPECT_TRUE(account_.ends_with(
      ". The sandbox has a config.json with a login for it, which is not looked at: fetch it as .docker/config.json "
      "(output_file)"))
      << account_;
  write(sandbox() / "config.json", "{}");
  user("", "");
  EXPECT_NE(account_.find("has a config.json, which is not looked at"), std::string::npos) << account_;
}

TEST(RegistryLogins, WordsThatMayBeAboutOne) {
  for (const char* words : {"pull access denied for x, repository does not exist or may require 'docker login'",
                            "no basic auth credentials", "unauthorized: authentication required"}) {
    EXPECT_TRUE(is_about_login(words)) << words;
  }
  EXPECT_FALSE(is_about_login("manifest unknown"));
  EXPECT_FALSE(is_about_login("connection refused"));
}

TEST_F(RegistryCredentials, TheHostsPlace) {
  EXPECT_EQ(host_docker_config("/etc/x.json"), "/etc/x.json");
  const char* home = ::getenv("HOME");
  const std::string before = home == nullptr ? "" : home;
  ::unsetenv("DOCKER_CONFIG");
  ::setenv("HOME", "/home/a", 1);
  EXPECT_EQ(host_docker_config(""), "/home/a/.docker/config.json");
  ::setenv("DOCKER_CONFIG", "/etc/docker-login", 1);
  EXPECT_EQ(host_docker_config(""), "/etc/docker-login/config.json");
  ::unsetenv("DOCKER_CONFIG");
  ::unsetenv("HOME");
  EXPECT_EQ(host_docker_config(""), "");
  if (home != nullptr) ::setenv("HOME", before.c_str(), 1);
}

}  // namespace
}  // namespace windlass
