#include "model/app_rules.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace windlass {
namespace {

App good() {
  App app;
  app.id = AppId{"/web"};
  app.cmd = "sleep 1";
  app.ports = {{.port = 0}, {.port = 0}, {.port = 80}};
  return app;
}

// What the rules say of an app that is good but for one change.
template <class Change>
std::string broken_by(Change change) {
  App app = good();
  change(app);
  std::string text;
  for (const FieldError& each : broken_rules(app)) text += each.attribute + " " + each.error + ";";
  return text;
}

TEST(AppRules, AGoodAppBreaksNone) {
  EXPECT_EQ(broken_by([](App&) {}), "");
  EXPECT_EQ(broken_by([](App& app) { app.id.value = "/" + std::string(179, 'x'); }), "");
  EXPECT_EQ(broken_by([](App& app) { app.cpus = 0.001, app.mem = 0, app.disk = 1e9, app.instances = 1'000'000; }), "");
  EXPECT_EQ(broken_by([](App& app) { app.executor = "//cmd"; }), "");
  EXPECT_EQ(broken_by([](App& app) { app.executor = "/a b"; }), "");
  EXPECT_EQ(broken_by([](App& app) { app.cmd.reset(), app.args = {"a"}; }), "");
  EXPECT_EQ(broken_by([](App& app) { app.cmd.reset(), app.seed_container = SeedContainer{"docker:///a/b:1"}; }), "");
}

TEST(AppRules, EachFieldHasItsOwn) {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(broken_by([](App& app) { app.id.value = "/"; }), "id may not be empty;");
  EXPECT_EQ(broken_by([](App& app) { app.id.value = "web"; }), "id may not be empty;");
  EXPECT_EQ(broken_by([](App& app) { app.id.value = "/" + std::string(180, 'x'); }),
            "id length must be between 1 and 179;");
  EXPECT_EQ(broken_by([](App& app) { app.id.value = "/a\nb"; }), "id contains characters that Mesos does not take;");
  EXPECT_EQ(broken_by([](App& app) { app.cmd.reset(); }), "cmd may not be empty;");
  EXPECT_EQ(broken_by([](App& app) { app.env["A=B"] = ""; }), "env has a variable without a usable name;");
  EXPECT_EQ(broken_by([](App& app) { app.env["A"] = std::string(1, '\0'); }), "env the value of A has a byte 0;");
  EXPECT_EQ(broken_by([](App& app) { app.instances = -1; }), "instances must be greater than or equal to 0;");
  EXPECT_EQ(broken_by([](App& app) { app.instances = 1'000'001; }), "instances must be less than or equal to 1000000;");
  EXPECT_EQ(broken_by([](App& app) { app.cpus = 0.0009; }), "cpus must be greater than or equal to 0.001;");
  EXPECT_EQ(broken_by([](App& app) { app.mem = -1; }), "mem must be greater than or equal to 0;");
  EXPECT_EQ(broken_by([](App& app) { app.mem = nan; }), "mem must be greater than or equal to 0;");
  EXPECT_EQ(broken_by([](App& app) { app.disk = 2e9; }), "disk must be less than or equal to 1000000000;");
  EXPECT_EQ(broken_by([](App& app) { app.task_rate_limit = -1; }), "taskRateLimit must be greater than or equal to 0;");
  for (const char* executor : {"docker", "//x", "/", "/a\nb"}) {
    EXPECT_EQ(broken_by([&](App& app) { app.executor = executor; }), "executor must match \"(^//cmd$)|(^/[^/].*$)|\";");
  }
  EXPECT_EQ(broken_by([](App& app) { app.fetch = {{.value = ""}}; }), "uris may not be empty;");
  EXPECT_EQ(broken_by([](App& app) { app.ports.push_back({.port = 80}); }), "ports Ports must be unique.;");
  EXPECT_EQ(broken_by([](App& app) { app.ports.assign(1001, {}); }), "ports size must be between 0 and 1000;");
  EXPECT_EQ(broken_by([](App& app) { app.seed_container = SeedContainer{"redis"}; }),
            "container.image must match \"^docker:///.+$\";");
  EXPECT_EQ(broken_by([](App& app) { app.seed_container = SeedContainer{"docker:///Redis"}; }),
            "container.image 'docker:///Redis' is not the name of an image: repositories are written in lower case;");
  EXPECT_EQ(broken_rule_of_count(-1)->error, "must be greater than or equal to 0");
  EXPECT_FALSE(broken_rule_of_count(0));
}

}  // namespace
}  // namespace windlass
