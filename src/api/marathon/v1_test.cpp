// The v1 routes over real sockets, in front of the real core.
#include "api/marathon/server.hpp"
#include "io/http/client.hpp"
#include "io/loop_testing.hpp"
#include "scheduler/dialogue_testing.hpp"

#include <gtest/gtest.h>

#include <optional>

namespace windlass {
namespace {

using scheduler::Dialogue;

constexpr std::chrono::milliseconds limit{10'000};

class FakePort final : public SchedulerPort {
 public:
  asio::awaitable<Result<scheduler::Answer>> submit(scheduler::Event event) override {
    if (failure) co_return *failure;
    const scheduler::Effects fx = dialogue.say(event);
    co_return fx.notices.at(0);
  }
  [[nodiscard]] std::shared_ptr<const scheduler::World> world() const override { return dialogue.world; }

  Dialogue dialogue;
  std::optional<Error> failure;
};

class V1 : public ::testing::Test {
 protected:
  V1() {
    const HttpHandler handler = marathon_handler(port, {.hostname = "10.1.2.3", .port = 8080});
    auto listening = HttpServer::listen(loop.get_executor(), {}, handler);
    server = std::move(*listening);
    auto created = HttpClient::create(loop.get_executor(), "http://127.0.0.1:" + std::to_string(server->port()), {});
    client = std::move(*created);
    port.dialogue.subscribe();
  }

  HttpClientResponse send(HttpClientRequest request) {
    HttpClientResponse response;
    run_until_done(loop, exchange(*client, std::move(request), response));
    return response;
  }
  HttpClientResponse get(const std::string& target, const std::string& accept = {}) {
    HttpClientRequest request{.target = target};
    if (!accept.empty()) request.headers.emplace_back("Accept", accept);
    return send(std::move(request));
  }
  HttpClientResponse post(const std::string& target, const std::string& body,
                          const std::string& type = "application/json") {
    HttpClientRequest request{.method = "POST", .target = target, .body = body};
    if (!type.empty()) request.headers.emplace_back("Content-Type", type);
    return send(std::move(request));
  }

  // An app that runs; its tasks in the order of their ids.
  std::vector<Instance> run(const std::string& id, int instances) {
    port.dialogue.run(scheduler::make_app("/" + id, instances));
    return port.dialogue.instances(AppId{"/" + id});
  }

  asio::io_context loop;
  FakePort port;
  std::unique_ptr<HttpServer> server;
  std::unique_ptr<HttpClient> client;

 private:
  static asio::awaitable<void> exchange(HttpClient& client, HttpClientRequest request, HttpClientResponse& response) {
    auto sending = client.request(std::move(request), limit);
    auto answer = co_await std::move(sending);
    if (!answer) ADD_FAILURE() << to_string(answer.error());
    if (answer) response = std::move(*answer);
  }
};

std::string header(const HttpClientResponse& response, const char* name) {
  const std::string* value = find_header(response.headers, name);
  return value == nullptr ? "(none)" : *value;
}

TEST_F(V1, RunsTheTutorial) {
  const auto started =
      post("/v1/apps/start", R"({"id":"multidis","instances":"2","mem":"512","cpus":"1",)"
                             R"("executor":"/var/lib/mesos/executors/docker","cmd":"johncosta/redis"})");
  EXPECT_EQ(started.status, 204);
  EXPECT_EQ(header(started, "content-type"), "application/json");
  EXPECT_EQ(started.body, "");
  EXPECT_EQ(get("/v1/endpoints").body, "multidis 10000\n");
  const Offer offer = scheduler::make_offer("O1", "10.1.2.3");
  const auto tasks = scheduler::launched(port.dialogue.offer(offer));
  ASSERT_EQ(tasks.size(), 2U);
  EXPECT_EQ(get("/v1/endpoints").body, "multidis 10000\n") << "not running yet";
  for (const TaskInfo& task : tasks) port.dialogue.update(task.id, TaskState::running);
  const auto endpoints = get("/v1/endpoints");
  EXPECT_EQ(header(endpoints, "content-type"), "text/plain");
  std::string expected = "multidis 10000";
  for (const Instance& each : port.dialogue.instances(AppId{"/multidis"})) {
    expected += " 10.1.2.3:" + std::to_string(each.ports.at(0));
  }
  EXPECT_EQ(endpoints.body, expected + "\n");
  const auto apps = get("/v1/apps", "application/json");
  EXPECT_EQ(apps.body, R"([{"cmd":"johncosta/redis","constraints":[],"cpus":1.0,"env":{},)"
                       R"("executor":"/var/lib/mesos/executors/docker","id":"multidis","instances":2,"mem":512.0,)"
                       R"("ports":[10000],"uris":[]}])");
}

TEST_F(V1, SaysWhatAnAppWaitsFor) {
  port.dialogue.start(scheduler::make_app("/web", 1));
  App big = scheduler::make_app("/big", 2);
  big.cpus = 1000;
  port.dialogue.start(big);
  const std::string since = to_iso8601(port.dialogue.now);
  EXPECT_EQ(get("/v1/debug/waiting?appId=web").body, R"({"web":{"since":")" + since +
                                                         R"(","missing":1,"offers":0,"refused":{},)"
                                                         R"("reason":"no offers have come"}})");
  port.dialogue.offer(scheduler::make_offer("O1"));
  const std::string big_waits = R"({"big":{"since":")" + since +
                                R"(","missing":2,"offers":1,"refused":{"InsufficientCpus":1},)"
                                R"("reason":"1 of 1 offer: InsufficientCpus"}})";
  EXPECT_EQ(get("/v1/debug/waiting").body, big_waits) << "web has what it wants";
  EXPECT_EQ(get("/v1/debug/waiting?appId=big").body, big_waits);
  EXPECT_EQ(get("/v1/debug/waiting?appId=web").body, "{}");
  EXPECT_EQ(get("/v1/debug/waiting?appId=ghost").status, 404);
  EXPECT_EQ(get("/v1/debug/waiting", "text/plain").status, 406);
}

TEST_F(V1, SaysUntilWhenAFailedAppIsDelayed) {
  const TaskId task = port.dialogue.run(scheduler::make_app("/web", 1)).at(0);
  port.dialogue.update(task, TaskState::failed);
  const std::string body = get("/v1/debug/waiting").body;
  EXPECT_NE(body.find(R"("delayedUntil":"20)"), std::string::npos) << body;
  EXPECT_NE(body.find(R"("reason":"it has failed, and is started again at )"), std::string::npos) << body;
}

TEST_F(V1, TellsPullingFromRunning) {
  port.dialogue.run(scheduler::make_app("/ready", 1));
  port.dialogue.start(scheduler::make_app("/slow", 1));
  port.dialogue.offer(scheduler::make_offer("O9"));
  const auto fields = [&](const char* app) {
    const Instance instance = port.dialogue.instances(AppId{app}).at(0);
    return R"({"id":")" + instance.task_id.value + R"(","host":"h1","ports":[)" + std::to_string(instance.ports.at(0)) +
           "]";
  };
  const std::string ready = R"("ready":[)" + fields("/ready") + R"(,"state":"running"}])";
  EXPECT_EQ(get("/v1/debug/tasks").body,
            "{" + ready + R"(,"slow":[)" + fields("/slow") + R"(,"state":"provisioned"}]})");
  const TaskId task = port.dialogue.instances(AppId{"/slow"}).at(0).task_id;
  port.dialogue.update(task, TaskState::staging, {}, "Pulling redis: 1 of 3 layers");
  EXPECT_EQ(get("/v1/debug/tasks?appId=slow").body,
            R"({"slow":[)" + fields("/slow") + R"(,"state":"staging","message":"Pulling redis: 1 of 3 layers"}]})");
  EXPECT_EQ(get("/v1/debug/tasks?appId=ghost").status, 404);
  EXPECT_EQ(get("/v1/debug/tasks?appId=ghost").body, R"({"message":"Unknown app 'ghost'"})");
  EXPECT_EQ(get("/v1/debug/tasks", "text/plain").status, 406);
}

TEST_F(V1, StartTwiceIsUnprocessable) {
  EXPECT_EQ(post("/v1/apps/start", R"({"id":"x","cmd":"y"})").status, 204);
  const auto again = post("/v1/apps/start", R"({"id":"x","cmd":"y"})");
  EXPECT_EQ(again.status, 422);
  EXPECT_EQ(header(again, "content-type"), "application/json");
  EXPECT_EQ(again.body, R"({"message":"requirement failed: Already started app 'x'"})");
}

TEST_F(V1, WrongInputIsNamed) {
  const auto missing = post("/v1/apps/start", R"({"cmd":"y"})");
  EXPECT_EQ(missing.status, 422);
  EXPECT_EQ(missing.body, R"({"errors":[{"attribute":"id","error":"may not be empty"}]})");
  const auto pattern = post("/v1/apps/start", R"({"id":"x","cmd":"y","constraints":[["hostname","LIKE","("]]})");
  EXPECT_EQ(pattern.status, 422);
  EXPECT_EQ(pattern.body,
            R"({"errors":[{"attribute":"constraints","error":"'(' is not a valid regular expression"}]})");
  const auto broken = post("/v1/apps/start", R"({"id":"x",)");
  EXPECT_EQ(broken.status, 400);
  EXPECT_TRUE(broken.body.starts_with(R"({"message":"Invalid JSON: syntax error at line 1)")) << broken.body;
  EXPECT_EQ(post("/v1/apps/start", "").status, 400);
  EXPECT_EQ(post("/v1/apps/scale", R"({"id":"x","instances":-1})").status, 422);
  EXPECT_EQ(post("/v1/apps/stop", R"({})").status, 422);
  EXPECT_TRUE(port.dialogue.state.apps.empty());
}

TEST_F(V1, UnknownAppsAreNotFound) {
  const std::string unknown = R"({"message":"Unknown app 'x'"})";
  for (const char* path : {"/v1/apps/stop", "/v1/apps/scale"}) {
    const auto answer = post(path, R"({"id":"x","instances":1})");
    EXPECT_EQ(answer.status, 404);
    EXPECT_EQ(answer.body, unknown);
  }
  EXPECT_EQ(post("/v1/tasks/kill?appId=x&host=*", "").body, unknown);
  for (const char* path : {"/v1/apps/x/tasks", "/v1/endpoints/x"}) {
    const auto answer = get(path);
    EXPECT_EQ(answer.status, 404);
    EXPECT_EQ(answer.body, "");
  }
}

TEST_F(V1, ScalesAndStops) {
  run("x", 1);
  EXPECT_EQ(post("/v1/apps/scale", R"({"id":"x","instances":"3"})").status, 204);
  EXPECT_EQ(port.dialogue.state.apps.at(AppId{"/x"})->instances, 3);
  const auto stopped = post("/v1/apps/stop", R"({"id":"x"})");
  EXPECT_EQ(stopped.status, 204);
  EXPECT_EQ(header(stopped, "content-type"), "application/json");
  EXPECT_EQ(get("/v1/apps").body, "[]");
  EXPECT_EQ(get("/v1/endpoints").body, "");
}

TEST_F(V1, MediaTypesAreChecked) {
  EXPECT_EQ(post("/v1/apps/start", R"({"id":"a","cmd":"y"})", "").status, 204) << "none is taken for JSON";
  EXPECT_EQ(post("/v1/apps/start", R"({"id":"b","cmd":"y"})", "application/json; charset=utf-8").status, 204);
  const auto form = post("/v1/apps/start", "id=c&cmd=y", "application/x-www-form-urlencoded");
  EXPECT_EQ(form.status, 415);
  EXPECT_TRUE(form.body.starts_with(R"({"message":"Unsupported Media Type)"));
  EXPECT_EQ(get("/v1/apps", "text/html").status, 406);
  EXPECT_EQ(get("/v1/endpoints", "text/html").status, 406);
  EXPECT_EQ(get("/v1/apps", "text/html, */*;q=0.1").status, 200);
}

TEST_F(V1, PathsAndMethodsAreChecked) {
  const auto missing = get("/v1/nothing%20here");
  EXPECT_EQ(missing.status, 404);
  EXPECT_EQ(missing.body, R"({"message":"URI not found: /v1/nothing here"})");
  const auto wrong = get("/v1/apps/start");
  EXPECT_EQ(wrong.status, 405);
  EXPECT_EQ(wrong.body, R"({"message":"Method Not Allowed"})");
  EXPECT_EQ(header(wrong, "allow"), "POST");
  EXPECT_EQ(send({.method = "DELETE", .target = "/v1/apps"}).status, 405);
  EXPECT_EQ(get("/v1/apps/").status, 200);
  EXPECT_EQ(send({.method = "HEAD", .target = "/ping"}).status, 200);
}

TEST_F(V1, ASharedServicePortIsAWarning) {
  EXPECT_EQ(header(post("/v1/apps/start", R"({"id":"a","cmd":"y","ports":[8080,0]})"), "warning"), "(none)");
  const auto second = post("/v1/apps/start", R"({"id":"b","cmd":"y","ports":[8080,0]})");
  EXPECT_EQ(second.status, 204) << "v1 allows it";
  EXPECT_EQ(header(second, "warning"), R"(199 windlass "Service port 8080 is also the one of app '/a'")");
}

TEST_F(V1, ADocumentOfV2IsToldWhatV1Wants) {
  const auto answer = post("/v1/apps/start", R"({"id":"a","container":{"type":"DOCKER","docker":{"image":"redis"}}})");
  EXPECT_EQ(answer.status, 422);
  EXPECT_NE(answer.body.find("this is a container as /v2/apps has it"), std::string::npos) << answer.body;
  EXPECT_EQ(post("/v1/apps/start", "\xef\xbb\xbf{\"id\":\"a\",\"cmd\":\"y\"}").status, 204) << "a byte order mark";
}

TEST_F(V1, SearchesByIdAndCommand) {
  post("/v1/apps/start", R"({"id":"web-One","cmd":"run a"})");
  post("/v1/apps/start", R"({"id":"web-two","cmd":"run B"})");
  const auto ids = [&](const std::string& query) {
    const std::string body = get("/v1/apps/search?" + query).body;
    return std::string{body.find("web-One") != body.npos ? "1" : ""} + (body.find("web-two") != body.npos ? "2" : "");
  };
  EXPECT_EQ(ids(""), "12");
  EXPECT_EQ(ids("id=WEB"), "12");
  EXPECT_EQ(ids("id=one"), "1");
  EXPECT_EQ(ids("cmd=run%20b"), "2");
  EXPECT_EQ(ids("id=one&cmd=b"), "");
  EXPECT_EQ(get("/v1/apps/search/?id=one").body, get("/v1/apps/search?id=one").body) << "the slash changes nothing";
}

TEST_F(V1, ListsTasks) {
  const auto tasks = run("x", 1);
  const std::string expected = R"({"x":[{"id":")" + tasks.at(0).task_id.value + R"(","host":"h1","ports":[)" +
                               std::to_string(tasks[0].ports.at(0)) + "]}]}";
  EXPECT_EQ(get("/v1/tasks").body, expected);
  EXPECT_EQ(get("/v1/apps/x/tasks").body, expected);
  const std::string endpoint = R"({"id":"x","ports":[10000],"instances":[{"host":"h1","id":")" +
                               tasks[0].task_id.value + R"(","ports":[)" + std::to_string(tasks[0].ports[0]) + "]}]}";
  EXPECT_EQ(get("/v1/endpoints/x", "application/json").body, endpoint);
  EXPECT_EQ(get("/v1/endpoints", "application/json").body, "[" + endpoint + "]");
  EXPECT_EQ(get("/v1/endpoints/x").body, "x 10000 h1:" + std::to_string(tasks[0].ports[0]) + "\n");
}

TEST_F(V1, KillsTasks) {
  const auto tasks = run("x", 3);
  EXPECT_EQ(post("/v1/tasks/kill?appId=x", "").body, "[]") << "nothing was chosen";
  const auto one = post("/v1/tasks/kill?appId=x&id=" + tasks[0].task_id.value, "");
  EXPECT_EQ(one.status, 200);
  EXPECT_TRUE(one.body.starts_with(R"([{"id":")" + tasks[0].task_id.value)) << one.body;
  EXPECT_EQ(port.dialogue.state.apps.at(AppId{"/x"})->instances, 3);
  post("/v1/tasks/kill?appId=x&host=h1&scale=true", "");
  EXPECT_EQ(port.dialogue.state.apps.at(AppId{"/x"})->instances, 1);
  EXPECT_EQ(post("/v1/tasks/kill?host=h1", "").status, 422);
}

TEST_F(V1, ABlockedJournalIsATimeout) {
  port.failure = Error{Errc::timeout, "The journal did not answer within 5 seconds"};
  const auto answer = post("/v1/apps/start", R"({"id":"x","cmd":"y"})");
  EXPECT_EQ(answer.status, 504);
  EXPECT_EQ(answer.body, R"({"message":"The journal did not answer within 5 seconds"})");
  EXPECT_EQ(post("/v1/tasks/kill?appId=x&host=*", "").status, 504);
}

TEST_F(V1, PortsThatRunOutAreAServersError) {
  port.dialogue.state.settings.local_port_max = 10001;
  post("/v1/apps/start", R"({"id":"x","cmd":"y"})");
  const auto answer = post("/v1/apps/start", R"({"id":"z","cmd":"y"})");
  EXPECT_EQ(answer.status, 500);
  EXPECT_EQ(answer.body, R"({"message":"All ports in the range [10000-10001) are already in use"})");
}

TEST_F(V1, PingDebugAndMetrics) {
  const auto pong = get("/ping");
  EXPECT_EQ(pong.body, "pong\n");
  EXPECT_EQ(header(pong, "content-type"), "text/plain");
  EXPECT_EQ(header(pong, "cache-control"), "must-revalidate,no-cache,no-store");
  EXPECT_EQ(get("/v1/debug/isLeader").body, "true");
  EXPECT_EQ(get("/v1/debug/leaderUrl").body, "10.1.2.3:8080");
  run("x", 2);
  const std::string json = get("/metrics").body;
  EXPECT_NE(json.find(R"("windlass.instances.running":{"value":2})"), std::string::npos) << json;
  EXPECT_NE(json.find(R"("windlass.instances.launched":{"count":2})"), std::string::npos);
  for (const auto& text : {get("/metrics/prometheus"), get("/metrics", "text/plain;version=0.0.4, */*;q=0.1")}) {
    EXPECT_TRUE(header(text, "content-type").starts_with("text/plain; version=0.0.4"));
    EXPECT_NE(text.body.find("# TYPE windlass_instances_running gauge\nwindlass_instances_running 2\n"),
              std::string::npos)
        << text.body;
  }
}

}  // namespace
}  // namespace windlass
