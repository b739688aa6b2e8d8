#include "api/mesos/server.hpp"

#include "api/mesos/reads.hpp"
#include "api/mesos/views/files.hpp"
#include "api/mesos/views/metrics.hpp"
#include "api/mesos/views/views.hpp"
#include "engine/accounts.hpp"
#include "engine/alarms.hpp"
#include "io/loop_testing.hpp"
#include "wire/json/reader.hpp"
#include "wire/mesos/codec.hpp"

#include <gtest/gtest.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/json.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>
#include <optional>

namespace windlass {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

// A machine with one framework, one task that runs in an executor of its own, and one that is completed.
class FakeEngine : public EnginePort {
 public:
  FakeEngine() {
    std::string name = fs::temp_directory_path() / "windlass-reads-XXXXXX";
    EXPECT_NE(::mkdtemp(name.data()), nullptr);
    folder = name;
    state_.record = {.master_id = "m", .agent_id = {"m-S0"}};
    state_.settings.master = {.id = {}, .hostname = "host", .ip = "10.0.0.1", .port = 5050, .version = "1.11.0"};
    state_.settings.agent = {.id = {}, .hostname = "host", .ip = "10.0.0.1", .port = 5051};
    state_.settings.agent.resources =
        parse_resources("cpus:4;mem:8192;disk:10;ports:[31000-32000];cpus(web):1").value();
    state_.settings.agent.attributes = parse_attributes("rack:abc;level:10;keys:[1-5]").value();
    add_framework();
    add_task("t1", TaskState::running);
    TaskRecord ended = task("t0", TaskState::failed, "c0");
    state_.completed_tasks.set(0, ended);
    state_.ended[TaskState::failed] = 7;
    make_sandbox("x-t1", "c1");
    make_sandbox("x-t0", "c0");
  }
  ~FakeEngine() override { fs::remove_all(folder); }

  void open_framework_stream(engine::FrameworkSubscribe, StreamPtr, Encoding) override {}
  [[nodiscard]] Uuid make_stream_id() override { return {}; }
  [[nodiscard]] asio::awaitable<engine::Answer> submit(engine::FrameworkCall) override { co_return engine::Answer{}; }
  // The real core's answer.
  [[nodiscard]] asio::awaitable<engine::Answer> submit(engine::FrameworkTeardown call) override {
    state_.accounts = engine::all_accounts(state_);
    state_.alarms = engine::all_alarms(state_);
    Prng prng{1};
    co_return engine::step(state_, call, engine::Inputs{started_at(), prng}).notices.at(0);
  }
  [[nodiscard]] asio::awaitable<engine::Answer> submit(engine::ExecutorCallReceived) override {
    co_return engine::Answer{};
  }
  [[nodiscard]] asio::awaitable<engine::Answer> submit(engine::ExecutorSubscribe, StreamPtr, Encoding) override {
    co_return engine::Answer{};
  }
  [[nodiscard]] static TimePoint started_at() { return TimePoint{std::chrono::seconds{1000}}; }
  [[nodiscard]] EngineView view() const override {
    return {engine::make_picture(state_), started_at(), TimePoint{std::chrono::seconds{1060}}, folder};
  }
  [[nodiscard]] asio::thread_pool& readers() override { return readers_; }

  [[nodiscard]] std::string sandbox(const std::string& executor, const std::string& container) const {
    return folder + "/slaves/m-S0/frameworks/f/executors/" + executor + "/runs/" + container;
  }

  std::string folder;
  engine::State state_;

 private:
  asio::thread_pool readers_{1};

  void add_framework() {
    engine::Framework framework;
    framework.record.info = {.user = "root", .name = "name", .id = {"f"}, .failover_timeout = 3600, .checkpoint = true};
    framework.record.info.roles = {"web"};
    framework.record.info.capabilities = {Capability::multi_role, Capability::partition_aware};
    framework.stream = Uuid{};
    state_.frameworks[{"f"}] = framework;
    engine::Framework gone;
    gone.record.info = {.user = "root", .name = "gone", .id = {"g"}};
    gone.record.removed = started_at();
    state_.frameworks[{"g"}] = gone;
    state_.offers.set({"m-O1"}, {.id = {"m-O1"},
                                 .framework_id = {"f"},
                                 .agent_id = {"m-S0"},
                                 .hostname = "host",
                                 .role = "web",
                                 .resources = parse_resources("cpus:1").value().allocated_to("web")});
  }
  TaskRecord task(const std::string& id, TaskState state, const std::string& container) const {
    TaskRecord record{.framework_id = {"f"},
                      .info = {.id = {id}, .name = id, .agent_id = {"m-S0"}},
                      .executor_id = {"x-" + id},
                      .role = "web",
                      .state = state,
                      .queued = false};
    record.info.resources = parse_resources("cpus:0.1;mem:32;ports:[31000-31000]").value().allocated_to("web");
    record.info.executor = ExecutorInfo{.id = {"x-" + id}, .type = ExecutorType::custom};
    record.info.executor->command = CommandInfo{.value = "run me"};
    record.info.executor->resources = parse_resources("cpus:0.2;mem:32").value().allocated_to("web");
    TaskStatus status{.task_id = {id}, .state = state};
    status.timestamp = TimePoint{std::chrono::seconds{id == "t1" ? 1020 : 1010}};
    status.uuid = Uuid{{1, 2, 3, 4, 5, 6, 0x40, 8, 0x80, 10, 11, 12, 13, 14, 15, 16}};
    status.container.emplace();
    status.container->container_id = {container};
    status.container->networks.push_back({.addresses = {{.address = "10.0.0.1"}}});
    record.statuses.push_back(status);
    return record;
  }
  void add_task(const std::string& id, TaskState state) {
    engine::Task running;
    running.record = task(id, state, "c1");
    engine::Executor executor;
    executor.record = {.framework_id = {"f"},
                       .info = *running.record.info.executor,
                       .container_id = {"c1"},
                       .subscribed = true,
                       .pid = 0,
                       .directory = sandbox("x-t1", "c1")};
    state_.executor_ids[{{"f"}, {"x-" + id}}] = {"c1"};
    state_.executors[{"c1"}] = executor;
    state_.tasks[{{"f"}, {id}}] = running;
  }
  void make_sandbox(const std::string& executor, const std::string& container) const {
    fs::create_directories(sandbox(executor, container));
    std::ofstream{sandbox(executor, container) + "/stdout"} << "hi\n";
    fs::create_symlink(container, sandbox(executor, "latest"));
  }
};

class MesosReads : public testing::Test {
 protected:
  HttpResponse ask(bool master, const std::string& target, const std::string& method = "GET") {
    HttpRequest request;
    request.method = method;
    request.target = target;
    const auto question = target.find('?');
    request.raw_path = request.path = target.substr(0, question);
    if (question != std::string::npos) request.query = parse_query(target.substr(question + 1)).value();
    return serve(master, std::move(request));
  }
  HttpResponse master(const std::string& target) { return ask(true, target); }
  HttpResponse agent(const std::string& target) { return ask(false, target); }
  json::value master_json(const std::string& target) { return parsed(master(target)); }
  json::value agent_json(const std::string& target) { return parsed(agent(target)); }
  HttpResponse call(bool master, const std::string& body, const std::string& type = "application/json",
                    const std::string& accept = "application/json") {
    HttpRequest request;
    request.method = "POST";
    request.target = request.raw_path = request.path = "/api/v1";
    if (!type.empty()) request.headers.emplace_back("Content-Type", type);
    request.headers.emplace_back("Accept", accept);
    request.body = body;
    return serve(master, std::move(request));
  }
  static json::value parsed(const HttpResponse& response) {
    EXPECT_EQ(response.status, 200) << response.body;
    EXPECT_EQ(response.content_type, "application/json");
    auto value = read_json(response.body);
    EXPECT_TRUE(value) << response.body;
    return value ? *value : json::value{};
  }
  static std::string text(const json::value& value) { return std::string{value.as_string()}; }

  HttpResponse serve(bool master, HttpRequest request) {
    HttpResponse response;
    const HttpHandler handler = master ? master_handler(engine_) : agent_handler(engine_);
    run_until_done(loop_, take(handler(std::move(request)), response));
    return response;
  }

  asio::io_context loop_;  // before the engine, whose readers post to it
  FakeEngine engine_;

 private:
  static asio::awaitable<void> take(asio::awaitable<HttpResponse> serving, HttpResponse& response) {
    response = co_await std::move(serving);
  }
};

// However long a reader's answer takes, the loop goes on; and it shows what was so when it was asked for.
TEST_F(MesosReads, AnswersAreMadeBesideTheLoop) {
  for (const bool master : {true, false}) {
    for (const char* path : {"/version", "/state", "/files/debug"}) {
      SCOPED_TRACE(path);
      engine_.state_.settings.master.version = "before";
      std::promise<void> go_on;
      asio::post(engine_.readers(), [waiting = go_on.get_future().share()] { waiting.wait(); });
      HttpRequest request;
      request.method = "GET";
      request.target = request.raw_path = request.path = path;
      const HttpHandler handler = master ? master_handler(engine_) : agent_handler(engine_);
      std::optional<HttpResponse> answer;
      loop_.restart();
      asio::co_spawn(loop_, handler(std::move(request)),
                     [&](const std::exception_ptr&, HttpResponse response) { answer = std::move(response); });
      loop_.poll();
      EXPECT_FALSE(answer);
      engine_.state_.settings.master.version = "after";
      go_on.set_value();
      loop_.run();
      ASSERT_TRUE(answer);
      EXPECT_EQ(answer->status, 200);
      EXPECT_EQ(answer->body.find("after"), std::string::npos);
    }
  }
}

TEST_F(MesosReads, HealthIsEmptyAndUnknownRoutesAreMissing) {
  for (const bool master : {true, false}) {
    EXPECT_EQ(ask(master, "/health").status, 200);
    EXPECT_EQ(ask(master, "/health").body, "");
    for (const char* path : {"/nosuch", "/state.json", "/files/nosuch", "/"}) {
      const HttpResponse missing = ask(master, path);
      EXPECT_EQ(missing.status, 404) << path;
      EXPECT_EQ(missing.body, "404 Not Found.") << path;
      EXPECT_EQ(missing.content_type, "text/plain; charset=utf-8");
    }
    const HttpResponse posted = ask(master, "/state", "POST");
    EXPECT_EQ(posted.status, 405);
    EXPECT_EQ(posted.body, "405 Method Not Allowed. Expecting one of { 'GET' }, but received 'POST'.");
    EXPECT_EQ(ask(master, "/state", "HEAD").status, 200);
  }
  EXPECT_EQ(master("/redirect").status, 307);
  EXPECT_EQ(*find_header(master("/redirect").headers, "Location"), "//host:5050");
}

TEST_F(MesosReads, JsonpNamesOnlyAFunction) {
  EXPECT_EQ(master("/version?jsonp=cb").body, R"(cb({"version":"1.11.0"});)");
  EXPECT_EQ(master("/version?jsonp=cb").content_type, "text/javascript");
  EXPECT_EQ(master("/version?jsonp=alert(1);x").body, R"({"version":"1.11.0"})");
}

TEST_F(MesosReads, MasterStateSaysWhoHoldsWhat) {
  const json::value state = master_json("/state");
  EXPECT_EQ(text(state.at("leader")), "master@10.0.0.1:5050");
  const json::value& slave = state.at("slaves").at(0);
  EXPECT_EQ(text(slave.at("pid")), "slave(1)@10.0.0.1:5051");
  EXPECT_EQ(slave.at("used_resources").at("cpus").as_double(), 0.3);
  EXPECT_EQ(text(slave.at("used_resources").at("ports")), "[31000-31000]");
  EXPECT_EQ(slave.at("offered_resources").at("cpus").as_double(), 1.0);
  EXPECT_EQ(slave.at("reserved_resources").at("web").at("cpus").as_double(), 1.0);
  EXPECT_EQ(slave.at("unreserved_resources").at("cpus").as_double(), 4.0);
  EXPECT_EQ(slave.at("attributes").at("level").as_double(), 10.0);
  EXPECT_EQ(text(slave.at("attributes").at("keys")), "[1-5]");
  ASSERT_EQ(state.at("frameworks").as_array().size(), 1U);
  const json::value& framework = state.at("frameworks").at(0);
  EXPECT_TRUE(framework.at("connected").as_bool());
  EXPECT_EQ(text(framework.at("tasks").at(0).at("id")), "t1");
  EXPECT_EQ(text(framework.at("tasks").at(0).at("executor_id")), "x-t1");
  EXPECT_EQ(text(framework.at("completed_tasks").at(0).at("state")), "TASK_FAILED");
  EXPECT_EQ(text(framework.at("executors").at(0).at("command").at("value")), "run me");
  EXPECT_EQ(text(framework.at("offers").at(0).at("id")), "m-O1");
  EXPECT_EQ(text(state.at("completed_frameworks").at(0).at("id")), "g");
}

TEST_F(MesosReads, TasksAreFilteredOrderedAndPaged) {
  const auto ids = [&](const std::string& query) {
    std::string list;
    const json::value answer = master_json("/tasks" + query);
    for (const auto& task : answer.at("tasks").as_array()) list += text(task.at("id")) + " ";
    return list;
  };
  EXPECT_EQ(ids(""), "t1 t0 ");
  EXPECT_EQ(ids("?order=asc"), "t0 t1 ");
  EXPECT_EQ(ids("?limit=1"), "t1 ");
  EXPECT_EQ(ids("?limit=1&offset=1"), "t0 ");
  EXPECT_EQ(ids("?offset=9"), "");
  EXPECT_EQ(ids("?limit=junk"), "t1 t0 ");
  EXPECT_EQ(ids("?task_id=t0"), "t0 ");
  EXPECT_EQ(ids("?framework_id=nope"), "");
}

TEST_F(MesosReads, SummaryAndRolesCount) {
  const json::value summary = master_json("/state-summary");
  EXPECT_EQ(summary.at("slaves").at(0).at("TASK_RUNNING").as_int64(), 1);
  EXPECT_EQ(summary.at("frameworks").at(0).at("TASK_FAILED").as_int64(), 1);
  EXPECT_EQ(text(summary.at("frameworks").at(0).at("slave_ids").at(0)), "m-S0");
  const json::value role = master_json("/roles").at("roles").at(0);
  EXPECT_EQ(text(role.at("name")), "web");
  EXPECT_EQ(role.at("allocated").at("ports").as_double(), 1.0);
  EXPECT_EQ(role.at("reserved").at("cpus").as_double(), 1.0);
}

TEST_F(MesosReads, AgentStateNamesSandboxesAlsoOfWhatHasEnded) {
  const json::value framework = agent_json("/state").at("frameworks").at(0);
  const json::value& executor = framework.at("executors").at(0);
  EXPECT_EQ(text(executor.at("directory")), engine_.sandbox("x-t1", "c1"));
  EXPECT_EQ(executor.at("resources").at("mem").as_double(), 64.0);
  EXPECT_EQ(text(executor.at("tasks").at(0).at("id")), "t1");
  const json::value& ended = framework.at("completed_executors").at(0);
  EXPECT_EQ(text(ended.at("directory")), engine_.sandbox("x-t0", "c0"));
  EXPECT_EQ(text(ended.at("completed_tasks").at(0).at("id")), "t0");
}

TEST_F(MesosReads, MetricsSayWhatEnded) {
  const json::value metrics = master_json("/metrics/snapshot");
  EXPECT_EQ(metrics.at("master/tasks_failed").as_double(), 7.0);
  EXPECT_EQ(metrics.at("master/tasks_running").as_double(), 1.0);
  EXPECT_EQ(metrics.at("master/uptime_secs").as_double(), 60.0);
  EXPECT_EQ(metrics.at("master/cpus_total").as_double(), 5.0);
  EXPECT_EQ(agent_json("/metrics/snapshot").at("slave/executors_running").as_double(), 1.0);
}

TEST_F(MesosReads, PathsAlsoStandBelowTheirProcess) {
  for (const char* path : {"/health", "/master/health", "/master/health/"}) EXPECT_EQ(master(path).status, 200) << path;
  for (const char* path : {"/health", "/slave(1)/health", "/slave%281%29/health"}) {
    EXPECT_EQ(agent(path).status, 200) << path;
  }
  EXPECT_EQ(master("/slave(1)/health").status, 404);
  EXPECT_EQ(agent("/nothing").body, "404 Not Found.");
  const HttpResponse wrong = ask(true, "/master/state", "POST");
  EXPECT_EQ(wrong.status, 405);
  EXPECT_EQ(wrong.body, "405 Method Not Allowed. Expecting one of { 'GET' }, but received 'POST'.");
}

TEST_F(MesosReads, BrowseAndRead) {
  const std::string sandbox = engine_.sandbox("x-t1", "c1");
  const json::value listed = agent_json("/files/browse?path=" + sandbox);
  ASSERT_EQ(listed.as_array().size(), 1U);
  EXPECT_EQ(text(listed.at(0).at("path")), sandbox + "/stdout");
  EXPECT_EQ(text(listed.at(0).at("mode")).substr(0, 3), "-rw");
  EXPECT_EQ(listed.at(0).at("size").as_int64(), 3);
  EXPECT_EQ(agent("/files/read?path=" + sandbox + "/stdout&offset=0").body, R"({"data":"hi\n","offset":0})");
  EXPECT_EQ(agent("/files/read?path=" + sandbox + "/stdout&offset=-1").body, R"({"data":"","offset":3})");
  EXPECT_EQ(agent("/files/read?path=" + sandbox + "/stdout&offset=1&length=1").body, R"({"data":"i","offset":1})");
  EXPECT_EQ(agent("/files/read?path=" + sandbox + "/stdout&offset=99").body, R"({"data":"","offset":99})");
  EXPECT_EQ(agent("/files/read?path=" + sandbox + "/stdout&length=0").body, R"({"data":"","offset":0})");
  const std::string virtual_path = "/frameworks/f/executors/x-t1/runs/latest/stdout";
  EXPECT_EQ(agent("/files/read?path=" + virtual_path).body, R"({"data":"hi\n","offset":0})");
  const HttpResponse whole = agent("/files/download?path=" + virtual_path);
  EXPECT_EQ(whole.body, "hi\n");
  EXPECT_EQ(whole.content_type, "application/octet-stream");
  EXPECT_EQ(*find_header(whole.headers, "Content-Disposition"), "attachment; filename=stdout");
  EXPECT_EQ(text(agent_json("/files/debug").at("/frameworks/f/executors/x-t0/runs/latest")),
            engine_.sandbox("x-t0", "c0"));
}

TEST_F(MesosReads, WrongFileRequestsHaveMesosTexts) {
  const std::string sandbox = engine_.sandbox("x-t1", "c1");
  const auto refused = [&](const std::string& target) {
    const HttpResponse response = agent(target);
    return std::to_string(response.status) + " " + response.body;
  };
  EXPECT_EQ(refused("/files/read?path=" + sandbox), "400 Cannot read a directory.\n");
  EXPECT_EQ(refused("/files/download?path=" + sandbox), "400 Cannot download a directory.\n");
  EXPECT_EQ(refused("/files/read?path=" + sandbox + "/nope"), "404 ");
  EXPECT_EQ(refused("/files/browse"), "400 Expecting 'path=value' in query.\n");
  EXPECT_EQ(refused("/files/read?path=" + sandbox + "/stdout&offset=-2"), "400 Negative offset provided: -2.\n");
  EXPECT_EQ(refused("/files/read?path=" + sandbox + "/stdout&length=x"),
            "400 Failed to parse length: Failed to convert 'x' to number.\n");
  EXPECT_EQ(master("/files/browse?path=" + sandbox).status, 404);
}

TEST_F(MesosReads, NothingOutsideOfASandboxCanBeReached) {
  const std::string sandbox = engine_.sandbox("x-t1", "c1");
  std::ofstream{engine_.folder + "/secret"} << "no";
  fs::create_symlink(engine_.folder + "/secret", sandbox + "/link");
  fs::create_directory_symlink(engine_.folder, sandbox + "/all");
  fs::create_symlink("stdout", sandbox + "/inside");
  ASSERT_EQ(::mkfifo((sandbox + "/pipe").c_str(), 0600), 0);
  for (const std::string& path :
       {engine_.folder, engine_.folder + "/secret", std::string{"/etc/passwd"}, std::string{"/"}, sandbox + "/link",
        sandbox + "/all/secret", sandbox + "/../../../../../../../../secret", sandbox + "/../../x-t1",
        engine_.folder + "/slaves/m-S0/frameworks/f/executors/x-t1/runs", sandbox + "x",
        std::string{"/frameworks/f/executors/x-t1/runs/c1/stdout"}, std::string{"../secret"}, std::string{}}) {
    for (const char* route : {"browse", "read", "download"}) {
      const int status = agent(std::string{"/files/"} + route + "?path=" + percent_encode(path)).status;
      EXPECT_EQ(status, path.empty() ? 400 : 404) << route << " " << path;
    }
  }
  EXPECT_EQ(agent("/files/read?path=" + sandbox + "/inside").body, R"({"data":"hi\n","offset":0})");
  EXPECT_EQ(agent("/files/read?path=" + sandbox + "/../c1/./stdout").status, 200);
  EXPECT_EQ(agent("/files/read?path=" + sandbox + "/pipe").status, 400);
}

TEST_F(MesosReads, ReadsAreCut) {
  const std::string path = engine_.sandbox("x-t1", "c1") + "/big";
  std::ofstream{path} << std::string(100'000, 'x');
  const json::value part = agent_json("/files/read?path=" + path + "&offset=10");
  EXPECT_EQ(part.at("data").as_string().size(), SandboxFiles::read_bytes_max);
  fs::resize_file(path, SandboxFiles::download_bytes_max + 1);
  EXPECT_EQ(agent("/files/download?path=" + path).status, 400);
}

TEST_F(MesosReads, V1CallsAreCheckedInMesosOrder) {
  for (const bool master : {true, false}) {
    const std::string side = master ? "master" : "agent";
    EXPECT_EQ(ask(master, "/api/v1").status, 405);
    EXPECT_EQ(call(master, "{}", "").body, "Expecting 'Content-Type' to be present");
    EXPECT_EQ(call(master, "{}", "text/plain").status, 415);
    EXPECT_EQ(call(master, "{x").body, "Failed to parse body into JSON: syntax error at line 1 near: x");
    EXPECT_EQ(call(master, "{}").body, "Failed to validate " + side + "::Call: Expecting 'type' to be present");
    EXPECT_EQ(call(master, R"({"type":"READ_FILE"})").body,
              "Failed to validate " + side + "::Call: Expecting 'read_file' to be present");
    EXPECT_EQ(call(master, R"({"type":"GET_HEALTH"})", "application/json", "text/html").status, 406);
    EXPECT_EQ(call(master, R"({"type":"SET_LOGGING_LEVEL"})").status, 501);
    EXPECT_EQ(call(master, R"({"type":"GET_HEALTH"})").body, R"({"type":"GET_HEALTH","get_health":{"healthy":true}})");
    EXPECT_EQ(call(master, R"({"type":"GET_HEALTH"})", "application/json", "application/x-protobuf").body,
              std::string("\x08\x01\x12\x02\x08\x01"));
  }
  EXPECT_EQ(call(true, R"({"type":"SUBSCRIBE"})").status, 501);
}

TEST_F(MesosReads, AnOperatorEndsAFramework) {
  const auto teardown = [&](const std::string& form) {
    HttpRequest request;
    request.method = "POST";
    request.target = request.raw_path = request.path = "/teardown";
    request.body = form;
    const HttpResponse response = serve(true, std::move(request));
    return std::to_string(response.status) + " " + response.body;
  };
  EXPECT_EQ(teardown(""), "400 Missing 'frameworkId' query parameter");
  EXPECT_EQ(teardown("frameworkId=%zz"), "400 Unable to decode query string: a percent code is broken");
  EXPECT_EQ(teardown("frameworkId=nobody"), "400 No framework found with specified ID");
  EXPECT_EQ(ask(true, "/teardown").status, 405);
  EXPECT_EQ(call(true, R"({"type":"TEARDOWN"})").body,
            "Failed to validate master::Call: Expecting 'teardown' to be present");
  EXPECT_EQ(call(true, R"({"type":"TEARDOWN","teardown":{"framework_id":{"value":"nobody"}}})").body,
            "No framework found with specified ID");
  EXPECT_EQ(call(false, R"({"type":"TEARDOWN","teardown":{"framework_id":{"value":"f"}}})").status, 400)
      << "agents do not know it";
  EXPECT_EQ(teardown("frameworkId=f"), "200 ");
  EXPECT_EQ(teardown("frameworkId=f"), "400 No framework found with specified ID") << "its id is burnt";
  EXPECT_EQ(text(master_json("/state").at("completed_frameworks").at(0).at("id")), "f");
}

TEST_F(MesosReads, V1TeardownEndsAFramework) {
  EXPECT_EQ(call(true, R"({"type":"TEARDOWN","teardown":{"framework_id":{"value":"f"}}})").status, 200);
  EXPECT_EQ(text(master_json("/state").at("completed_frameworks").at(0).at("id")), "f");
}

TEST_F(MesosReads, V1ListsAreThereAlsoWhenEmpty) {
  const json::value state = parsed(call(true, R"({"type":"GET_STATE"})")).at("get_state");
  EXPECT_EQ(text(state.at("get_tasks").at("tasks").at(0).at("task_id").at("value")), "t1");
  EXPECT_EQ(text(state.at("get_tasks").at("completed_tasks").at(0).at("state")), "TASK_FAILED");
  EXPECT_TRUE(state.at("get_tasks").at("unreachable_tasks").as_array().empty());
  EXPECT_FALSE(state.at("get_tasks").as_object().contains("orphan_tasks"));
  EXPECT_EQ(text(state.at("get_agents").at("agents").at(0).at("pid")), "slave(1)@10.0.0.1:5051");
  EXPECT_TRUE(state.at("get_agents").at("recovered_agents").as_array().empty());
  EXPECT_EQ(text(state.at("get_frameworks").at("completed_frameworks").at(0).at("framework_info").at("name")), "gone");
  const json::value tasks = parsed(call(false, R"({"type":"GET_TASKS"})")).at("get_tasks");
  EXPECT_TRUE(tasks.at("queued_tasks").as_array().empty());
  EXPECT_EQ(tasks.at("launched_tasks").as_array().size(), 1U);
  const json::value executors = parsed(call(false, R"({"type":"GET_EXECUTORS"})")).at("get_executors");
  EXPECT_EQ(executors.at("completed_executors").as_array().size(), 1U);
}

TEST_F(MesosReads, EveryV1CallThatIsServedAnswersInBothEncodings) {
  const std::vector<std::string> both{"GET_HEALTH",    "GET_VERSION",       "GET_FLAGS",
                                      "GET_STATE",     "GET_TASKS",         "GET_FRAMEWORKS",
                                      "GET_EXECUTORS", "GET_LOGGING_LEVEL", "GET_OPERATIONS"};
  const std::vector<std::string> masters{"GET_AGENTS",  "GET_ROLES", "GET_MASTER",
                                         "GET_WEIGHTS", "GET_QUOTA", "GET_MAINTENANCE_STATUS"};
  const std::vector<std::string> agents{"GET_AGENT", "GET_CONTAINERS"};
  const auto check = [&](bool master, const std::string& type) {
    const std::string body = "{\"type\":\"" + type + "\"}";
    EXPECT_EQ(text(parsed(call(master, body)).at("type")), type);
    const HttpResponse bytes = call(master, body, "application/json", "application/x-protobuf");
    EXPECT_EQ(bytes.status, 200) << type;
    EXPECT_EQ(bytes.content_type, "application/x-protobuf");
    EXPECT_FALSE(bytes.body.empty());
  };
  for (const std::string& type : both) {
    check(true, type);
    check(false, type);
  }
  for (const std::string& type : masters) check(true, type);
  for (const std::string& type : agents) check(false, type);
  EXPECT_EQ(text(parsed(call(true, R"({"type":"GET_METRICS","get_metrics":{}})")).at("type")), "GET_METRICS");
}

// A task and an executor with a secret in each place that the protocol has for one, as a framework sends them.
constexpr const char* secretive_task = R"({"name":"t1","task_id":{"value":"t1"},"agent_id":{"value":"m-S0"},
  "container":{"type":"MESOS","mesos":{"image":{"type":"DOCKER","docker":{"name":"r.example/a",
    "credential":{"principal":"ann","secret":"hush-1"},
    "config":{"type":"VALUE","value":{"data":"aHVzaC0y"}}}}}},
  "health_check":{"type":"COMMAND","command":{"value":"x","environment":{"variables":[
    {"name":"PROBE","type":"SECRET","secret":{"type":"VALUE","value":{"data":"aHVzaC0z"}}}]}}},
  "executor":{"executor_id":{"value":"x-t1"},"type":"CUSTOM","command":{"value":"run me",
    "uris":[{"value":"http://ann:hush-4@files.example/a.tgz"}],
    "environment":{"variables":[{"name":"PLAIN","value":"shown"},
      {"name":"KEY","type":"SECRET","secret":{"type":"VALUE","value":{"data":"aHVzaC01"}}}]}}}})";

class Secrets : public MesosReads {
 protected:
  void SetUp() override {
    auto task = decode_scheduler_call(
        R"({"type":"ACCEPT","framework_id":{"value":"f"},"accept":{"offer_ids":[{"value":"o"}],"operations":[
            {"type":"LAUNCH","launch":{"task_infos":[)" +
            std::string{secretive_task} + "]}}]}}",
        Encoding::json);
    ASSERT_TRUE(task) << to_string(task.error());
    TaskInfo info = std::get<calls::Accept>(task->body).operations.front().tasks.front();
    ASSERT_TRUE(info.executor);
    info.resources = parse_resources("cpus:0.1").value().allocated_to("web");
    TaskRecord& running = engine_.state_.tasks.at({{"f"}, {"t1"}}).record;
    running.info = info;
    TaskRecord ended = running;
    ended.state = TaskState::failed;
    engine_.state_.completed_tasks.set(1, ended);
    engine_.state_.executors.at({"c1"}).record.info = *info.executor;
    // One that runs for a task's command: it has the task's variables.
    engine::Executor own;
    own.record = {.framework_id = {"f"}, .info = {.id = {"t2"}}, .container_id = {"c2"}, .is_command = true};
    own.record.info.command = CommandInfo{.value = "own"};
    own.record.info.command->environment = {{"KEY", "hush-6"}};
    own.record.info.raw = encode_executor_info(own.record.info);
    engine_.state_.executors[{"c2"}] = own;
  }
  static bool holds_one(const std::string& text) {
    return text.find("hush") != std::string::npos || text.find("aHVza") != std::string::npos;
  }
};

TEST_F(Secrets, AreInNoAnswer) {
  for (const Route& route : master_read_routes(engine_)) {
    EXPECT_FALSE(holds_one(master(route.pattern).body)) << "master" << route.pattern;
  }
  for (const Route& route : agent_read_routes(engine_)) {
    EXPECT_FALSE(holds_one(agent(route.pattern).body)) << "agent" << route.pattern;
  }
  for (const char* type : {"GET_STATE", "GET_TASKS", "GET_EXECUTORS", "GET_FRAMEWORKS", "GET_FLAGS", "GET_METRICS",
                           "GET_AGENTS", "GET_CONTAINERS", "GET_OPERATIONS", "GET_ROLES", "GET_AGENT"}) {
    for (const char* accept : {"application/json", "application/x-protobuf"}) {
      const std::string body = std::string{R"({"type":")"} + type + R"(","get_metrics":{}})";
      EXPECT_FALSE(holds_one(call(true, body, "application/json", accept).body)) << "master " << type;
      EXPECT_FALSE(holds_one(call(false, body, "application/json", accept).body)) << "agent " << type;
    }
  }
}

TEST_F(Secrets, LeaveTheirNamesBehind) {
  const std::string state = master("/state").body;
  for (const char* part : {R"({"name":"PLAIN","value":"shown","type":"VALUE"})",
                           R"({"name":"KEY","type":"SECRET","secret":{"type":"VALUE"}})",
                           R"("credential":{"principal":"ann"},"config":{"type":"VALUE"})",
                           R"("value":"http://ann:***@files.example/a.tgz")"}) {
    EXPECT_NE(state.find(part), std::string::npos) << part << "\n" << state;
  }
}

TEST_F(MesosReads, V1FilesAreTheSameFiles) {
  const std::string sandbox = engine_.sandbox("x-t1", "c1");
  const json::value part = parsed(
      call(false, R"({"type":"READ_FILE","read_file":{"offset":1,"length":1,"path":")" + sandbox + "/stdout\"}}"));
  EXPECT_EQ(text(part.at("read_file").at("data")), "aQ==");
  EXPECT_EQ(part.at("read_file").at("size").as_int64(), 3);
  const json::value list = parsed(call(false, R"({"type":"LIST_FILES","list_files":{"path":")" + sandbox + "\"}}"));
  EXPECT_EQ(text(list.at("list_files").at("file_infos").at(0).at("path")), sandbox + "/stdout");
  const std::string outside = R"({"type":"LIST_FILES","list_files":{"path":"/etc"}})";
  EXPECT_EQ(call(false, outside).status, 404);
  EXPECT_EQ(call(true, outside).status, 404);
}

// A process that is us; its group has numbers of our making.
TEST(ExecutorStatistics, ComeFromItsOwnControlGroup) {
  std::string folder = fs::temp_directory_path() / "windlass-statistics-XXXXXX";
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  const auto write = [&](const std::string& path, const std::string& content) {
    fs::create_directories(fs::path{folder + path}.parent_path());
    std::ofstream{folder + path} << content;
  };
  std::string stat = "77 (a (b) c) S";
  for (int field = 4; field <= 24; ++field) stat += " " + std::to_string(field);
  write("/proc/77/stat", stat);
  write("/proc/77/cgroup", "9:cpu,cpuacct:/mesos/c1\n4:memory:/mesos/c1\n0::/other\n");
  write("/cg/cpuacct/mesos/c1/cpuacct.stat", "user 250\nsystem 50\n");
  write("/cg/memory/mesos/c1/memory.stat", "cache 1\ntotal_rss 4096\n");
  ExecutorView view;
  view.record.container_id = {"c1"};
  view.record.pid = 77;
  view.record.start_time = 22;
  view.resources = parse_resources("cpus:0.5;mem:64").value();
  const double ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
  const auto own = executor_statistics(view, {}, folder + "/proc", folder + "/cg");
  EXPECT_EQ(own.cpus_user_seconds, 250 / ticks);
  EXPECT_EQ(own.cpus_system_seconds, 50 / ticks);
  EXPECT_EQ(own.memory_rss_bytes, 4096U);
  EXPECT_EQ(own.memory_limit_bytes, 64U << 20U);
  write("/proc/77/cgroup", "0::/mesos/c1\n");
  write("/cg/mesos/c1/cpu.stat", "usage_usec 3\nuser_usec 1500000\nsystem_usec 500000\n");
  write("/cg/mesos/c1/memory.stat", "anon 8192\nfile 1\n");
  const auto unified = executor_statistics(view, {}, folder + "/proc", folder + "/cg");
  EXPECT_EQ(unified.cpus_user_seconds, 1.5);
  EXPECT_EQ(unified.memory_rss_bytes, 8192U);
  write("/proc/77/cgroup", "0::/user.slice\n");  // shared with others: only the process itself counts
  const auto process = executor_statistics(view, {}, folder + "/proc", folder + "/cg");
  EXPECT_EQ(process.cpus_user_seconds, 14 / ticks);
  EXPECT_EQ(process.cpus_system_seconds, 15 / ticks);
  EXPECT_EQ(process.memory_rss_bytes, 24U * static_cast<unsigned>(::sysconf(_SC_PAGESIZE)));
  view.record.start_time = 23;  // another process has the number now
  EXPECT_EQ(executor_statistics(view, {}, folder + "/proc", folder + "/cg").memory_rss_bytes, 0U);
  fs::remove_all(folder);
}

}  // namespace
}  // namespace windlass
