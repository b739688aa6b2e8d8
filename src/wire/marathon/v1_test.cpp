#include "wire/marathon/v1.hpp"

#include "base/prng.hpp"

#include <gtest/gtest.h>

namespace windlass {
namespace {

std::string first_error(const std::string& body) {
  const auto read = read_v1_app(body);
  if (read.malformed) return "malformed";
  if (read.errors.empty()) return "";
  return read.errors[0].attribute + ": " + read.errors[0].error;
}

TEST(ReadV1App, TakesTheTutorialsStrings) {
  const auto read = read_v1_app(
      R"({"id":"multidis","instances":"2","mem":"512","cpus":"1",
          "executor":"/var/lib/mesos/executors/docker","cmd":"johncosta/redis"})");
  ASSERT_TRUE(read.ok());
  const App& app = read.value;
  EXPECT_EQ(app.id, AppId{"/multidis"});
  EXPECT_EQ(app.instances, 2);
  EXPECT_EQ(app.mem, 512);
  EXPECT_EQ(app.cpus, 1);
  EXPECT_EQ(app.executor, "/var/lib/mesos/executors/docker");
  EXPECT_EQ(app.cmd, "johncosta/redis");
  ASSERT_EQ(app.ports.size(), 1U) << "no ports: one, to be assigned";
  EXPECT_EQ(app.ports[0].port, 0);
}

TEST(ReadV1App, HasV1sDefaults) {
  const auto read = read_v1_app(R"({"id":"a","cmd":"x","env":null,"container":null,"instances":null})");
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read.value.instances, 0);
  EXPECT_EQ(read.value.cpus, 1.0);
  EXPECT_EQ(read.value.mem, 128.0);
  EXPECT_FALSE(read.value.seed_container);
}

TEST(ReadV1App, ReadsEveryField) {
  const auto read = read_v1_app(
      R"({"id":"a.B_c-1","cmd":"x","env":{"A":"1","B":2,"C":true,"D":1.5},"instances":3.0,"cpus":0.1,"mem":"64.5",
          "disk":10,"executor":"//cmd","ports":[8080,"9090",0],"uris":["http://x/y.tgz"],"taskRateLimit":2,
          "constraints":[["hostname","unique"],["rack",1,"a.*"],["rack","CLUSTER","b"],["rack","3"]],
          "container":{"image":"docker:///redis","options":["-p","1:2"]},"whatever":{"x":[1]}})");
  ASSERT_TRUE(read.ok()) << read.errors[0].attribute << " " << read.errors[0].error;
  const App& app = read.value;
  EXPECT_EQ(app.env, (std::map<std::string, std::string>{{"A", "1"}, {"B", "2"}, {"C", "true"}, {"D", "1.5"}}));
  EXPECT_EQ(app.instances, 3);
  EXPECT_EQ(app.mem, 64.5);
  EXPECT_EQ(app.disk, 10);
  EXPECT_EQ(app.ports[1].port, 9090);
  EXPECT_EQ(app.fetch.at(0).value, "http://x/y.tgz");
  using enum ConstraintOperator;
  EXPECT_EQ(app.constraints,
            (std::vector<Constraint>{
                {"hostname", unique}, {"rack", like, "a.*"}, {"rack", cluster, "b"}, {"rack", group_by}}));
  EXPECT_EQ(app.seed_container->image, "docker:///redis");
  EXPECT_EQ(app.seed_container->options.size(), 2U);
}

TEST(ReadV1App, TakesTheOldSinglePort) {
  EXPECT_EQ(read_v1_app(R"({"id":"a","cmd":"x","port":17753})").value.ports.at(0).port, 17753);
  EXPECT_EQ(read_v1_app(R"({"id":"a","cmd":"x","port":1,"ports":[2,3]})").value.ports.size(), 2U);
}

TEST(ReadV1App, NamesTheFieldThatIsWrong) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {R"({"cmd":"x"})", "id: may not be empty"},
      {R"({"id":"","cmd":"x"})", "id: may not be empty"},
      {R"({"id":"a b","cmd":"x"})", R"(id: must match "^[A-Za-z0-9_.-]+$")"},
      {R"({"id":"a/b","cmd":"x"})", R"(id: must match "^[A-Za-z0-9_.-]+$")"},
      {R"({"id":{},"cmd":"x"})", "id: must be a string"},
      {R"({"id":"a"})", "cmd: may not be empty"},
      {R"({"id":"a","cmd":"x","instances":-1})", "instances: must be greater than or equal to 0"},
      {R"({"id":"a","cmd":"x","instances":"1.5"})", "instances: must be a whole number"},
      {R"({"id":"a","cmd":"x","instances":1e300})", "instances: must be a whole number"},
      {R"({"id":"a","cmd":"x","instances":99999999999})", "instances: must be less than or equal to 1000000"},
      {R"({"id":"a","cmd":"x","mem":"abc"})", "mem: must be a number"},
      {R"({"id":"a","cmd":"x","mem":"nan"})", "mem: must be a number"},
      {R"({"id":"a","cmd":"x","mem":"inf"})", "mem: must be a number"},
      {R"({"id":"a","cmd":"x","mem":"1e999"})", "mem: must be a number"},
      {R"({"id":"a","cmd":"x","mem":"12 MB"})", "mem: must be a number"},
      {R"({"id":"a","cmd":"x","mem":true})", "mem: must be a number"},
      {R"({"id":"a","cmd":"x","mem":""})", "mem: must be a number"},
      {R"({"id":"a","cmd":"x","mem":1e10})", "mem: must be less than or equal to 1000000000"},
      {R"({"id":"a","cmd":"x","cpus":0})", "cpus: must be greater than or equal to 0.001"},
      {R"({"id":"a","cmd":"x","executor":"relative"})", R"(executor: must match "(^//cmd$)|(^/[^/].*$)|")"},
      {R"({"id":"a","cmd":"x","executor":"//other"})", R"(executor: must match "(^//cmd$)|(^/[^/].*$)|")"},
      {R"({"id":"a","cmd":"x","env":[]})", "env: must be an object"},
      {R"({"id":"a","cmd":"x","env":{"A":[]}})", "env: the value of A must be a string"},
      {R"({"id":"a","cmd":"x","env":{"A=B":"x"}})", "env: has a variable without a usable name"},
      {R"({"id":"a","cmd":"x","ports":[70000]})", "ports: must be numbers from 0 to 65535"},
      {R"({"id":"a","cmd":"x","ports":80})", "ports: must be a list of numbers"},
      {R"({"id":"a","cmd":"x","uris":"http://x"})", "uris: must be a list of strings"},
      {R"({"id":"a","cmd":"x","constraints":[["hostname"]]})",
       "constraints: Each constraint must have either 2 or 3 fields"},
      {R"({"id":"a","cmd":"x","constraints":[["hostname","SOMEHOW"]]})",
       "constraints: operator must be one of the following UNIQUE, CLUSTER, GROUP_BY, LIKE, MAX_PER, UNLIKE or IS"},
      {R"({"id":"a","cmd":"x","constraints":[["hostname",9]]})",
       "constraints: operator must be one of the following UNIQUE, CLUSTER, GROUP_BY, LIKE, MAX_PER, UNLIKE or IS"},
      {R"({"id":"a","container":{"image":"redis"}})", R"(container.image: must match "^docker:///.+$")"},
      {R"({"id":"a","container":{"image":"docker:///Redis"}})",
       "container.image: 'docker:///Redis' is not the name of an image: repositories are written in lower case"},
      {R"({"id":"a","container":{"type":"DOCKER","docker":{"image":"redis"}}})",
       R"(container.image: is missing: this is a container as /v2/apps has it (type, docker, volumes); v1 wants )"
       R"({"image": "docker:///redis", "options": ["-v", "/host:/container"]})"},
      {R"({"id":")" + std::string(180, 'x') + R"(","cmd":"x"})", "id: length must be between 1 and 179"},
      {R"({"id":"a","cmd":"x","ports":[80,80]})", "ports: Ports must be unique."},
      {R"({"id":"a","container":{"image":"docker:///x","options":[{}]}})",
       "container.options: must be a list of strings"},
      {R"([])", "malformed"},
      {R"("x")", "malformed"},
      {R"({"id":"a")", "malformed"},
      {"", "malformed"},
      {std::string(100'000, '['), "malformed"},
  };
  for (const auto& [body, expected] : cases) EXPECT_EQ(first_error(body), expected) << body.substr(0, 200);
}

TEST(ReadV1App, SkipsAByteOrderMark) {
  EXPECT_EQ(first_error("\xef\xbb\xbf{\"id\":\"a\",\"cmd\":\"x\"}"), "");
  EXPECT_EQ(first_error("\xef\xbb\xbf"), "malformed");
}

TEST(ReadV1App, NamesAllFieldsThatAreWrong) {
  const auto read = read_v1_app(R"({"instances":-1,"mem":"abc"})");
  ASSERT_EQ(read.errors.size(), 4U);
  EXPECT_EQ(
      write_v1_errors({read.errors[0], read.errors[3]}),
      R"({"errors":[{"attribute":"id","error":"may not be empty"},{"attribute":"mem","error":"must be a number"}]})");
}

TEST(ReadV1App, SurvivesGarbage) {
  Prng prng{42};
  const std::string good = R"({"id":"a","cmd":"x","constraints":[["h","LIKE","x"]],"env":{"A":"1"},"ports":[1,2]})";
  for (int i = 0; i < 20'000; ++i) {
    std::string body = good;
    for (std::uint64_t change = 0; change <= prng.below(4); ++change) {
      body[prng.below(body.size())] = static_cast<char>(prng.below(256));
    }
    const auto read = read_v1_app(body);
    if (!read.ok()) continue;
    const auto again = read_v1_app(write_v1_app(read.value));
    ASSERT_TRUE(again.ok()) << body;
    ASSERT_EQ(again.value.id, read.value.id);
  }
}

TEST(ReadV1Scale, NeedsIdAndCount) {
  const auto read = read_v1_scale(R"({"id":"a","instances":"5","cpus":"nonsense"})");
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read.value.id, AppId{"/a"});
  EXPECT_EQ(read.value.instances, 5);
  EXPECT_EQ(read_v1_scale(R"({"id":"a"})").errors.at(0).attribute, "instances");
  EXPECT_EQ(read_v1_scale(R"({"instances":1})").errors.at(0).attribute, "id");
  EXPECT_EQ(read_v1_app_ref(R"({"id":"a","cmd":7,"cpus":[]})").value.id, AppId{"/a"});
  EXPECT_TRUE(read_v1_app_ref("nonsense").malformed);
}

App sample() {
  App app;
  app.id = AppId{"/web"};
  app.cmd = "run \"it\"";
  app.instances = 2;
  app.cpus = 0.5;
  app.mem = 64;
  app.env = {{"A", "1"}};
  app.ports = {{.port = 10445}};
  app.constraints = {{"hostname", ConstraintOperator::unique}, {"rack", ConstraintOperator::group_by, "2"}};
  app.fetch = {{.value = "http://x/y"}};
  return app;
}

Instance task(const std::string& id, const std::string& host, std::vector<std::uint16_t> ports) {
  Instance instance;
  instance.task_id = TaskId{id};
  instance.host = host;
  instance.ports = std::move(ports);
  return instance;
}

TEST(WriteV1, AppsAsJacksonDid) {
  EXPECT_EQ(
      write_v1_app(sample()),
      R"({"cmd":"run \"it\"","constraints":[["hostname","UNIQUE"],["rack","GROUP_BY","2"]],"cpus":0.5,)"
      R"("env":{"A":"1"},"executor":"","id":"web","instances":2,"mem":64.0,"ports":[10445],"uris":["http://x/y"]})");
  App app = sample();
  app.seed_container = SeedContainer{"docker:///redis", {"-t"}};
  app.task_rate_limit = 2;
  const std::string text = write_v1_app(app);
  EXPECT_NE(text.find(R"(,"container":{"image":"docker:///redis","options":["-t"]},"cpus")"), std::string::npos);
  EXPECT_NE(text.find(R"("taskRateLimit":2.0)"), std::string::npos);
  const auto again = read_v1_app(text);
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again.value, app) << "what is written can be read back";
  EXPECT_EQ(write_v1_apps({}), "[]");
}

TEST(WriteV1, Tasks) {
  const Instance one = task("web.1", "h1", {31000, 31001});
  EXPECT_EQ(write_v1_tasks({&one}), R"([{"id":"web.1","host":"h1","ports":[31000,31001]}])");
  EXPECT_EQ(write_v1_app_tasks({{AppId{"/web"}, {&one}}, {AppId{"/no"}, {}}}),
            R"({"web":[{"id":"web.1","host":"h1","ports":[31000,31001]}],"no":[]})");
}

TEST(WriteV1, TaskStates) {
  Instance one = task("web.1", "h1", {31000});
  one.condition = Condition::staging;
  one.message = "Pulling \"redis\"";
  Instance two = task("web.2", "h1", {});
  two.condition = Condition::unreachable_inactive;
  two.healthy = false;
  EXPECT_EQ(write_app_task_states({{AppId{"/web"}, {&one, &two}}, {AppId{"/no"}, {}}}),
            R"({"web":[{"id":"web.1","host":"h1","ports":[31000],"state":"staging","message":"Pulling \"redis\""},)"
            R"({"id":"web.2","host":"h1","ports":[],"state":"unreachable_inactive","healthy":false}],"no":[]})");
}

TEST(WriteV1, EndpointsAsTextAndJson) {
  App app = sample();
  const Instance one = task("web.1", "10.1.2.3", {31001});
  const Instance two = task("web.2", "10.1.2.3", {31000});
  EXPECT_EQ(v1_endpoints_text({{&app, {&one, &two}}}), "web 10445 10.1.2.3:31001 10.1.2.3:31000\n");
  EXPECT_EQ(v1_endpoints_text({{&app, {}}}), "web 10445\n");
  EXPECT_EQ(write_v1_endpoints({{&app, {&one}}}),
            R"([{"id":"web","ports":[10445],"instances":[{"host":"10.1.2.3","id":"web.1","ports":[31001]}]}])");
  app.id = AppId{"/shop/cart"};
  app.ports = {{.port = 10445}, {.port = 10446}};
  const Instance both = task("web.3", "h", {31000, 31001});
  EXPECT_EQ(v1_endpoints_text({{&app, {&both}}}), "shop_cart_10445 10445 h:31000\nshop_cart_10446 10446 h:31001\n");
  app.ports.clear();
  EXPECT_EQ(v1_endpoints_text({{&app, {&both}}}), "");
}

TEST(WriteV1, Ipv6AddressesOfEndpointsStandInBrackets) {
  const App app = sample();
  const Instance bare = task("web.1", "2001:db8::1", {31001});
  const Instance bracketed = task("web.2", "[::1]", {31002});
  EXPECT_EQ(v1_endpoints_text({{&app, {&bare, &bracketed}}}), "web 10445 [2001:db8::1]:31001 [::1]:31002\n");
}

}  // namespace
}  // namespace windlass
