#include "api/mesos/fleet.hpp"

#include "api/mesos/server.hpp"
#include "io/loop_testing.hpp"
#include "wire/json/reader.hpp"

#include <gtest/gtest.h>
#include <boost/json.hpp>

namespace windlass {
namespace {

class FakeFleet : public FleetPort {
 public:
  void open_framework_stream(engine::FrameworkSubscribe, StreamPtr, Encoding) override {}
  [[nodiscard]] Uuid make_stream_id() override { return {}; }
  [[nodiscard]] asio::awaitable<engine::Answer> submit(engine::FrameworkCall call) override {
    EXPECT_TRUE(std::holds_alternative<calls::Revive>(call.call.body));
    co_return engine::Answer{.status = 403, .text = "Framework is not subscribed"};
  }
  [[nodiscard]] asio::awaitable<engine::Answer> submit(engine::FrameworkTeardown call) override {
    EXPECT_EQ(call.framework_id, FrameworkId{"f"});
    co_return engine::Answer{.status = 200};
  }
  [[nodiscard]] std::shared_ptr<const fleet::Summary> summary() const override {
    fleet::Summary summary;
    summary.master.version = "1.11.0";
    summary.agents = 1000;
    summary.total = {16'000'000, 64'000'000};
    fleet::FrameworkSummary framework;
    framework.info.id = {"f"};
    framework.info.name = "windlass";
    framework.active = true;
    framework.tasks = {{TaskState::running, 7}, {TaskState::killed, 2}};
    framework.held = {1'500, 64'000};
    summary.frameworks = {framework};
    return std::make_shared<const fleet::Summary>(std::move(summary));
  }
};

asio::awaitable<void> take(asio::awaitable<HttpResponse> serving, HttpResponse& response) {
  response = co_await std::move(serving);
}

HttpResponse ask(const std::string& method, const std::string& path, const std::string& body = "") {
  FakeFleet fleet;
  asio::io_context loop;
  HttpRequest request;
  request.method = method;
  request.target = request.raw_path = request.path = path;
  request.headers = {{"Content-Type", "application/json"}};
  request.body = body;
  HttpResponse response;
  run_until_done(loop, take(fleet_handler(fleet)(std::move(request)), response));
  return response;
}

boost::json::object read(const std::string& path) {
  const HttpResponse response = ask("GET", path);
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.content_type, "application/json");
  return read_json(response.body)->as_object();
}

TEST(FleetReads, TellNumbers) {
  EXPECT_EQ(ask("GET", "/health").status, 200);
  EXPECT_EQ(read("/version").at("version"), "1.11.0");
  const auto summary = read("/master/state-summary");
  EXPECT_EQ(summary.at("activated_slaves"), 1000);
  const auto& framework = summary.at("frameworks").at(0);
  EXPECT_EQ(framework.at("id"), "f");
  EXPECT_EQ(framework.at("TASK_RUNNING"), 7);
  EXPECT_EQ(framework.at("TASK_FAILED"), 0);
  EXPECT_EQ(framework.at("used_resources").at("cpus"), 1.5);
  const auto metrics = read("/metrics/snapshot");
  EXPECT_EQ(metrics.at("master/slaves_active").to_number<double>(), 1000);
  EXPECT_EQ(metrics.at("master/tasks_running").to_number<double>(), 7);
  EXPECT_EQ(metrics.at("master/tasks_killed").to_number<double>(), 2);
  EXPECT_EQ(metrics.at("master/mem_used").to_number<double>(), 64);
  EXPECT_EQ(metrics.at("master/frameworks_active").to_number<double>(), 1);
}

TEST(FleetReads, CallsReachTheCore) {
  const auto refused = ask("POST", "/api/v1/scheduler", R"({"framework_id":{"value":"f"},"type":"REVIVE"})");
  EXPECT_EQ(refused.status, 403);
  EXPECT_EQ(refused.body, "Framework is not subscribed");
  EXPECT_EQ(ask("POST", "/teardown", "frameworkId=f").status, 200);
  EXPECT_EQ(ask("GET", "/nothing").status, 404);
}

}  // namespace
}  // namespace windlass
