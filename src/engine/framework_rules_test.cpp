#include "engine/framework_rules.hpp"

#include "engine/engine_testing.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace windlass::engine {
namespace {

std::string text(const std::optional<std::string>& error) { return error.value_or("valid"); }

TEST(FrameworkRules, Roles) {
  const std::vector<std::pair<std::string, std::string>> table = {
      {"*", "valid"},
      {"web", "valid"},
      {"eng/web_2", "valid"},
      {"", "Role names cannot be the empty string"},
      {"/a", "Role '/a' cannot start with a slash"},
      {"a/", "Role 'a/' cannot end with a slash"},
      {"a//b", "Role 'a//b' cannot contain two adjacent slashes"},
      {".", "Role '.' cannot include '.' as a component"},
      {"a/..", "Role 'a/..' cannot include '..' as a component"},
      {"a/*", "Role 'a/*' cannot include '*' as a component"},
      {"-x", "Role component '-x' is invalid because it starts with a dash"},
      {"a b", "Role component 'a b' is invalid because it contains backspace or whitespace"},
  };
  for (const auto& [role, expected] : table) EXPECT_EQ(text(role_error(role)), expected) << role;
}

TEST(FrameworkRules, Ids) {
  EXPECT_EQ(text(id_error("a b:c")), "valid");
  EXPECT_EQ(text(id_error("")), "ID must not be empty");
  EXPECT_EQ(text(id_error(std::string(255, 'a'))), "valid");
  EXPECT_EQ(text(id_error(std::string(256, 'a'))), "ID must not be greater than 255 characters");
  EXPECT_EQ(text(id_error("..")), "'..' is disallowed");
  EXPECT_EQ(text(id_error("bad/2")), "'bad/2' contains invalid characters");
  EXPECT_EQ(text(id_error("a\nb")), "'a\nb' contains invalid characters");
}

TEST(FrameworkRules, RolesAndCapabilities) {
  FrameworkInfo info = modern_framework();
  EXPECT_EQ(text(framework_error(info)), "valid");
  info.role = "a";
  EXPECT_EQ(text(framework_error(info)),
            "'FrameworkInfo.role' must not be set when the framework is MULTI_ROLE capable");
  info.role.reset();
  info.roles = {"a b", "-x"};
  EXPECT_EQ(text(framework_error(info)),
            "'FrameworkInfo.roles' contains invalid role: Role component 'a b' is invalid because it contains "
            "backspace or whitespace");
  info.roles = {"a", "b", "a"};
  EXPECT_EQ(text(framework_error(info)), "'FrameworkInfo.roles' contains duplicate items: { a }");

  FrameworkInfo old = old_framework();
  old.roles = {"a"};
  EXPECT_EQ(text(framework_error(old)),
            "'FrameworkInfo.roles' must not be set when the framework is not MULTI_ROLE capable");
  old.roles.clear();
  old.role = "/a";
  EXPECT_EQ(text(framework_error(old)),
            "'FrameworkInfo.role' is not a valid role: Role '/a' cannot start with a slash");
}

TEST(FrameworkRules, FailoverTimeoutMustFitInto64BitsOfNanoseconds) {
  FrameworkInfo info = modern_framework();
  info.failover_timeout = 1e10;
  EXPECT_EQ(text(framework_error(info)), "The framework failover_timeout (1e+10) is invalid");
  info.failover_timeout = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(text(framework_error(info)), "The framework failover_timeout (nan) is invalid");
}

TEST(FrameworkRules, SuppressedRolesMustBeItsOwn) {
  EXPECT_EQ(text(suppressed_roles_error(modern_framework(), {"*"})), "valid");
  EXPECT_EQ(text(suppressed_roles_error(modern_framework(), {"*", "b", "a"})),
            "Suppressed roles { a, b } are not contained in the set of roles");
}

}  // namespace
}  // namespace windlass::engine
