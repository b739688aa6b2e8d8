#include "cli/client.hpp"

#include "io/http/server.hpp"

#include <gtest/gtest.h>
#include <boost/asio/io_context.hpp>

#include <deque>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>

namespace windlass {
namespace {

// A server that answers what the test lists, in this order, and remembers what it was asked.
class Cli : public ::testing::Test {
 protected:
  int run(const std::vector<std::string>& arguments) {
    const ClientWorld world{environment_,
                            [this](const ApiPlace& place) -> Transport {
                              url_ = place.url;
                              credentials_ = place.credentials;
                              return [this](const ApiRequest& request) { return answer(request); };
                            },
                            in_, out_, err_};
    return run_client(arguments, world);
  }
  Result<ApiReply> answer(const ApiRequest& request) {
    asked_.push_back(request.method + " " + request.target + (request.body.empty() ? "" : " " + request.body));
    accepts_ = request.accept;
    if (replies_.empty()) return Error{Errc::unavailable, "connect: Connection refused", url_};
    ApiReply reply = replies_.front();
    replies_.pop_front();
    return reply;
  }

  std::map<std::string, std::string> environment_;
  std::deque<ApiReply> replies_;
  std::vector<std::string> asked_;
  std::string accepts_;
  std::string url_;
  std::string credentials_;
  std::istringstream in_;
  std::ostringstream out_;
  std::ostringstream err_;
};

using Asked = std::vector<std::string>;

TEST_F(Cli, SaysWhoItIs) {
  const auto asked_as = [&](const std::vector<std::string>& flags) {
    replies_ = {{200, "[]"}, {200, "{}"}};
    std::vector<std::string> arguments{"app", "list"};
    arguments.insert(arguments.end(), flags.begin(), flags.end());
    EXPECT_EQ(run(arguments), 0) << err_.str();
    return credentials_ + " " + url_;
  };
  EXPECT_EQ(asked_as({}), " http://127.0.0.1:8080");
  environment_["WINDLASS_CREDENTIALS"] = "env:e";
  EXPECT_EQ(asked_as({}), "env:e http://127.0.0.1:8080");
  EXPECT_EQ(asked_as({"--url=http://ann:s%40crt@box:80"}), "ann:s@crt http://box:80") << "the URL counts more";
  EXPECT_EQ(asked_as({"--url=http://ann:x@box", "--credentials=bob:y"}), "bob:y http://box");
  EXPECT_EQ(run({"app", "list", "--credentials=/no/such"}), 2);
  EXPECT_EQ(run({"app", "list", "--url=http://a%zz:b@box"}), 2);
}

TEST_F(Cli, ListsApps) {
  replies_ = {{200, R"([{"id":"web","cmd":"run it","instances":3,"cpus":0.5,"mem":128.0,"ports":[80,81]},
                        {"id":"a","cmd":"","instances":1,"cpus":1,"mem":64,"ports":[]}])"},
              {200, R"({"web":[{"id":"t1"},{"id":"t2"}],"a":[]})"}};
  EXPECT_EQ(run({"app", "list"}), 0);
  EXPECT_EQ(asked_, (Asked{"GET /v1/apps", "GET /v1/tasks", "GET /v1/debug/waiting"}));
  const std::string listed =
      "ID   TASKS  CPUS  MEM  PORTS  COMMAND\n"
      "web  2/3    0.5   128  80,81  run it\n"
      "a    0/1    1     64\n";
  EXPECT_EQ(out_.str(), listed);
}

TEST_F(Cli, ListsWhatAppsWaitFor) {
  const ApiReply apps{200, R"([{"id":"web","cmd":"run it","instances":3,"cpus":0.5,"mem":128.0,"ports":[]},
                               {"id":"a","cmd":"x","instances":0,"cpus":1,"mem":64,"ports":[]}])"};
  replies_ = {
      apps, {200, R"({"web":[{"id":"t1"}],"a":[]})"}, {200, R"({"web":{"missing":2,"reason":"no offers have come"}})"}};
  EXPECT_EQ(run({"app", "list"}), 0);
  EXPECT_EQ(out_.str(),
            "ID   TASKS  CPUS  MEM  PORTS  COMMAND  WAITS, BECAUSE\n"
            "web  1/3    0.5   128         run it   no offers have come\n"
            "a    0/0    1     64          x\n");
  for (const ApiReply& silent : {ApiReply{404, ""}, ApiReply{200, "no JSON"}, ApiReply{200, "[]"}}) {
    out_.str("");
    replies_ = {apps, {200, "{}"}, silent};
    EXPECT_EQ(run({"app", "list"}), 0);
    EXPECT_TRUE(out_.str().starts_with("ID   TASKS  CPUS  MEM  PORTS  COMMAND\n")) << out_.str();
  }
}

TEST_F(Cli, StartsAnAppFromFlags) {
  replies_ = {{204, ""}};
  EXPECT_EQ(run({"app", "start", "/web", "--image=redis", "--option", "-v /a:/b", "--cmd=redis-server", "--cpus=0.5",
                 "--mem", "64", "--instances=2", "--env=A=b=c", "--port=0", "--port=8000", "--uri=http://x/y.tgz",
                 "--constraint=hostname:UNIQUE", "--constraint=rack:LIKE:a:b", "--executor=/e"}),
            0)
      << err_.str();
  EXPECT_EQ(asked_,
            (Asked{R"(POST /v1/apps/start {"id":"web","instances":2,"cmd":"redis-server","executor":"/e",)"
                   R"("uris":["http://x/y.tgz"],"container":{"image":"docker:///redis","options":["-v /a:/b"]},)"
                   R"("cpus":5E-1,"mem":6.4E1,"env":{"A":"b=c"},"ports":[0,8000],)"
                   R"("constraints":[["hostname","UNIQUE"],["rack","LIKE","a:b"]]})"}));
}

TEST_F(Cli, StartsAnAppFromAFileOrStandardInput) {
  replies_ = {{204, ""}, {204, ""}};
  in_.str(R"({"id":"web"})");
  EXPECT_EQ(run({"app", "start", "--file=-"}), 0);
  const std::string file = ::testing::TempDir() + "app.json";
  std::ofstream{file} << R"({"id":"b"})";
  EXPECT_EQ(run({"app", "start", "--file=" + file}), 0);
  EXPECT_EQ(asked_, (Asked{R"(POST /v1/apps/start {"id":"web"})", R"(POST /v1/apps/start {"id":"b"})"}));
  EXPECT_EQ(run({"app", "start", "--file=/no/such/file"}), 2);
  EXPECT_EQ(err_.str(), "windlass: --file: /no/such/file cannot be read, or is empty\n");
}

TEST_F(Cli, StopsAndScales) {
  replies_ = {{204, ""}, {204, ""}};
  EXPECT_EQ(run({"app", "stop", "web"}), 0);
  EXPECT_EQ(run({"app", "scale", "/web", "3"}), 0);
  EXPECT_EQ(asked_, (Asked{R"(POST /v1/apps/stop {"id":"web"})", R"(POST /v1/apps/scale {"id":"web","instances":3})"}));
}

TEST_F(Cli, ListsTasks) {
  const ApiReply reply{200, R"({"web":[{"id":"t1","host":"10.0.0.1","ports":[31000],"state":"running","healthy":false},
    {"id":"t2","host":"10.0.0.1","ports":[],"state":"staging","message":"Pulling redis:\n1 of 3 layers"}]})"};
  replies_ = {reply, reply};
  EXPECT_EQ(run({"task", "list"}), 0);
  EXPECT_EQ(out_.str(),
            "APP  TASK  STATE               HOST      PORTS  MESSAGE\n"
            "web  t1    running, unhealthy  10.0.0.1  31000\n"
            "web  t2    staging             10.0.0.1         Pulling redis: 1 of 3 layers\n");
  EXPECT_EQ(run({"task", "list", "/a b/web"}), 0);
  EXPECT_EQ(asked_, (Asked{"GET /v1/debug/tasks", "GET /v1/debug/tasks?appId=a%20b%2Fweb"}));
}

TEST_F(Cli, KillsTasks) {
  replies_ = {{200, R"([{"id":"t1","host":"h","ports":[1,2]}])"}, {200, "[]"}, {200, "[]"}};
  EXPECT_EQ(run({"task", "kill", "web", "--task=t1", "--scale"}), 0);
  EXPECT_EQ(out_.str(), "APP  KILLED  HOST  PORTS\nweb  t1      h     1,2\n");
  EXPECT_EQ(run({"task", "kill", "web", "--host=h"}), 1);
  EXPECT_EQ(err_.str(), "windlass: no task matched\n");
  EXPECT_EQ(run({"task", "kill", "web", "--all"}), 1);
  EXPECT_EQ(asked_, (Asked{"POST /v1/tasks/kill?appId=web&id=t1&scale=true", "POST /v1/tasks/kill?appId=web&host=h",
                           "POST /v1/tasks/kill?appId=web&host=*"}));
  EXPECT_EQ(run({"task", "kill", "web"}), 2);
  EXPECT_EQ(run({"task", "kill", "web", "--all", "--host=h"}), 2);
}

TEST_F(Cli, EndsAFramework) {
  replies_ = {{200, ""}, {400, "No framework found with specified ID"}};
  EXPECT_EQ(run({"engine", "teardown", "m-0/0", "--url=http://box:8080"}), 0) << err_.str();
  EXPECT_EQ(url_, "http://box:5050");
  EXPECT_EQ(asked_, (Asked{"POST /teardown frameworkId=m-0%2F0"}));
  EXPECT_EQ(run({"engine", "teardown", "x", "--master=mesos:5050"}), 1);
  EXPECT_EQ(url_, "http://mesos:5050");
  EXPECT_EQ(err_.str(), "windlass: No framework found with specified ID (400)\n");
  EXPECT_EQ(run({"engine", "teardown", "x", "--master=mesos:5050"}), 3);
  EXPECT_EQ(run({"engine", "teardown"}), 2);
  EXPECT_EQ(run({"engine", "fly"}), 2);
}

TEST_F(Cli, ShowsEndpointsAsText) {
  replies_ = {{200, "web 10000 h:31000 \n"}, {404, ""}};
  EXPECT_EQ(run({"endpoints"}), 0);
  EXPECT_EQ(out_.str(), "web 10000 h:31000 \n");
  EXPECT_EQ(accepts_, "text/plain");
  EXPECT_EQ(run({"endpoints", "ghost"}), 1);
  EXPECT_EQ(asked_.back(), "GET /v1/endpoints/ghost");
  EXPECT_EQ(err_.str(), "windlass: Unknown app 'ghost' (404)\n");
}

TEST_F(Cli, TasksOfAnUnknownApp) {
  replies_ = {{404, ""}};
  EXPECT_EQ(run({"task", "list", "/ghost"}), 1);
  EXPECT_EQ(err_.str(), "windlass: Unknown app 'ghost' (404)\n");
}

TEST_F(Cli, RefusalsAreShownInTheServersWords) {
  replies_ = {
      {422, R"({"message":"requirement failed: Already started app 'web'"})"},
      {422, R"({"errors":[{"attribute":"id","error":"may not be empty"},{"attribute":"cpus","error":"is bad"}]})"},
      {500, "boom"}};
  for (int n = 0; n < 3; ++n) EXPECT_EQ(run({"app", "stop", "web"}), 1);
  EXPECT_EQ(err_.str(),
            "windlass: requirement failed: Already started app 'web' (422)\n"
            "windlass: id may not be empty; cpus is bad (422)\n"
            "windlass: boom (500)\n");
}

TEST_F(Cli, AnAnswerThatIsNoJsonIsAnError) {
  replies_ = {{200, "<html>"}};
  EXPECT_EQ(run({"task", "list"}), 1);
  EXPECT_EQ(err_.str(), "windlass: the answer to /v1/debug/tasks is not JSON\n");
}

TEST_F(Cli, AServerThatIsNotThereIsNamed) {
  EXPECT_EQ(run({"app", "list"}), 3);
  EXPECT_EQ(err_.str(),
            "windlass: http://127.0.0.1:8080: connect: Connection refused\n"
            "Is Windlass running? --url or WINDLASS_URL says where.\n");
  environment_["WINDLASS_URL"] = "http://box:1/";
  run({"app", "list"});
  EXPECT_EQ(url_, "http://box:1");
  run({"app", "list", "--url=http://other:2"});
  EXPECT_EQ(url_, "http://other:2");
}

TEST_F(Cli, MisuseIsExplainedAndAsksNobody) {
  const std::map<std::vector<std::string>, std::string> cases{
      {{"app"}, "'app' is not a command"},
      {{"app", "burn"}, "'app burn' is not a command"},
      {{"app", "stop"}, "something is missing"},
      {{"app", "stop", "a", "b"}, "'b' is too much"},
      {{"app", "scale", "a", "many"}, "'many' is not a number of instances"},
      {{"app", "scale", "a", "-1"}, "'-1' is not a number of instances"},
      {{"app", "list", "--color"}, "--color: no such flag"},
      {{"app", "list", "--url"}, "--url: needs a value"},
      {{"task", "log", "t", "-n", "-1"}, "--lines: '-1' is not a number of lines"},
      {{"task", "log", "t", "--url=unix:///run/x"}, "--master: where is the engine, or the Mesos master? HOST:PORT"},
      {{"app", "list", "--url=http://ann:s3cret@box:99999"}, "http://ann:***@box:99999: not a port number"},
      {{"app", "list", "--url=http://ann:s3cret@"}, "http://ann:***@: the host is missing"},
      {{"app", "list", "--url=http://[::1"}, "http://[::1: not an address"},
      {{"app", "list", "--url=http://a%zz@box"}, "--url: the user in the URL has a broken percent code"},
      {{"task", "kill", "a", "--all=x"}, "--all: takes no value"},
      {{"app", "start"}, "app start needs an ID, or --file"},
      {{"app", "start", "a", "--file=x"}, "--file: the file says which app; give no ID"},
      {{"app", "start", "a", "--cpus=lots"}, "--cpus: 'lots' is not a number"},
      {{"app", "start", "a", "--instances=1.5"}, "--instances: '1.5' is not a number"},
      {{"app", "start", "a", "--port=70000"}, "--port: '70000' is not a port number (0: any)"},
      {{"app", "start", "a", "--env=A"}, "--env: 'A' is not NAME=value"},
      {{"app", "start", "a", "--option=-v"}, "--option: is a docker run option; it needs --image"},
      {{"app", "start", "a", "--constraint=x"}, "--constraint: 'x' is not field:OPERATOR or field:OPERATOR:value"},
  };
  for (const auto& [arguments, text] : cases) {
    err_.str("");
    EXPECT_EQ(run(arguments), 2) << text;
    EXPECT_TRUE(err_.str().starts_with("windlass: " + text + "\n")) << err_.str();
  }
  EXPECT_EQ(asked_, Asked{});
}

TEST_F(Cli, HelpIsShown) {
  EXPECT_EQ(run({"app", "scale", "--help"}), 0);
  EXPECT_EQ(out_.str(),
            "usage: windlass app scale ID COUNT [--url=URL] [--credentials=FILE]\nRun that many instances.\n");
  EXPECT_TRUE(is_client_command("task"));
  EXPECT_FALSE(is_client_command("up"));
}

asio::awaitable<HttpResponse> echo(HttpRequest request) {
  const std::string* accept = find_header(request.headers, "accept");
  const std::string* type = find_header(request.headers, "content-type");
  HttpResponse response;
  response.status = 422;
  response.body = request.method + " " + request.target + " " + request.body + " " + (accept ? *accept : "-") + " " +
                  (type ? *type : "-");
  if (const std::string* user = find_header(request.headers, "authorization")) response.body += " " + *user;
  co_return response;
}

// Answers on a thread of its own for as long as it lives.
class EchoServer {
 public:
  EchoServer() {
    auto server = HttpServer::listen(loop_.get_executor(), {}, echo);
    if (!server) throw std::runtime_error(to_string(server.error()));
    server_ = std::move(*server);
    thread_ = std::thread{[this] { loop_.run(); }};
  }
  ~EchoServer() {
    loop_.stop();
    thread_.join();
  }
  EchoServer(const EchoServer&) = delete;
  EchoServer& operator=(const EchoServer&) = delete;
  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(server_->port()); }

 private:
  asio::io_context loop_;
  std::unique_ptr<HttpServer> server_;
  std::thread thread_;
};

TEST(HttpTransport, AsksARealServer) {
  auto server = std::make_unique<EchoServer>();
  const std::string url = server->url();
  const auto reply = http_transport({url})({.method = "POST", .target = "/v1/x?a=b", .body = "{}"});
  ASSERT_TRUE(reply) << to_string(reply.error());
  EXPECT_EQ(reply->status, 422);
  EXPECT_EQ(reply->body, "POST /v1/x?a=b {} application/json application/json");
  const auto known = http_transport({url, "ann:secret"})({.target = "/"});
  ASSERT_TRUE(known);
  EXPECT_TRUE(known->body.ends_with(" Basic YW5uOnNlY3JldA==")) << known->body;
  server.reset();
  const auto refused = http_transport({url})({.target = "/"});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::unavailable);
  EXPECT_NE(to_string(refused.error()).find("127.0.0.1"), std::string::npos) << to_string(refused.error());
  const auto wrong = http_transport({"ftp://x"})({.target = "/"});
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, Errc::invalid);
}

}  // namespace
}  // namespace windlass
