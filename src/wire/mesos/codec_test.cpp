#include "wire/mesos/codec.hpp"

#include "base/base64.hpp"
#include "wire/json/reader.hpp"

#include <gtest/gtest.h>
#include <boost/json.hpp>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>

namespace windlass {
namespace {

namespace fs = std::filesystem;

std::string refusal(std::string_view json) {
  const auto call = decode_scheduler_call(json, Encoding::json);
  return call ? "accepted" : call.error().message;
}

std::string executor_refusal(std::string_view json) {
  const auto call = decode_executor_call(json, Encoding::json);
  return call ? "accepted" : call.error().message;
}

TEST(SchedulerCallTest, RefusalsHaveMesosTexts) {
  EXPECT_EQ(refusal("{broken"), "Failed to parse body into JSON: syntax error at line 1 near: broken");
  EXPECT_EQ(refusal("{}"), "Failed to validate scheduler::Call: Expecting 'type' to be present");
  EXPECT_EQ(refusal(R"({"type":"NOSUCH"})"), "Failed to validate scheduler::Call: Expecting 'type' to be present");
  EXPECT_EQ(refusal(R"({"type":"TEARDOWN"})"),
            "Failed to validate scheduler::Call: Expecting 'framework_id' to be present");
  EXPECT_EQ(refusal(R"({"type":"SUBSCRIBE"})"),
            "Failed to validate scheduler::Call: Expecting 'subscribe' to be present");
  EXPECT_EQ(refusal(R"({"type":"SUBSCRIBE","framework_id":{"value":"a"},"subscribe":{"framework_info":
                       {"user":"u","name":"n","id":{"value":"b"}}}})"),
            "Failed to validate scheduler::Call: 'framework_id' differs from 'subscribe.framework_info.id'");
  EXPECT_EQ(refusal(R"({"type":"ACKNOWLEDGE","framework_id":{"value":"a"},"acknowledge":{"agent_id":{"value":"s"},
                       "task_id":{"value":"t"},"uuid":"AAAA"}})"),
            "Failed to validate scheduler::Call: Not a valid UUID");
  const auto garbage = decode_scheduler_call("garbage", Encoding::protobuf);
  ASSERT_FALSE(garbage);
  EXPECT_EQ(garbage.error().message, "Failed to parse body into Call protobuf");
}

TEST(SchedulerCallTest, EachSubMessageMustBeThere) {
  for (const char* type : {"ACCEPT", "DECLINE", "KILL", "SHUTDOWN", "RECONCILE", "MESSAGE", "REQUEST",
                           "UPDATE_FRAMEWORK", "ACKNOWLEDGE"}) {
    std::string name = type;
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
    EXPECT_EQ(refusal(R"({"framework_id":{"value":"f"},"type":")" + std::string{type} + "\"}"),
              "Failed to validate scheduler::Call: Expecting '" + name + "' to be present");
  }
}

TEST(ExecutorCallTest, RefusalsHaveMesosTexts) {
  const std::string ids = R"("executor_id":{"value":"e"},"framework_id":{"value":"f"})";
  EXPECT_EQ(executor_refusal("{\"type\":\"UPDATE\"," + ids + "}"),
            "Failed to validate Executor::Call: Expecting 'update' to be present");
  EXPECT_EQ(executor_refusal("{\"type\":\"UPDATE\"," + ids +
                             R"(,"update":{"status":{"task_id":{"value":"t"},"state":"TASK_RUNNING"}}})"),
            "Failed to validate Executor::Call: Expecting 'uuid' to be present");
  EXPECT_EQ(executor_refusal("{\"type\":\"UPDATE\"," + ids +
                             R"(,"update":{"status":{"task_id":{"value":"t"},"state":"TASK_RUNNING",
                              "uuid":"We40GML2SnWOEv+xqLeXiw=="}}})"),
            "Failed to validate Executor::Call: Received Call from executor e of framework f with invalid source, "
            "expecting 'SOURCE_EXECUTOR'");
}

TEST(TaskDefects, NameTheFirstBrokenRule) {
  const auto defect = [](const std::string& members) {
    const auto call = decode_scheduler_call(
        R"({"framework_id":{"value":"f"},"type":"ACCEPT","accept":{"operations":[
           {"type":"LAUNCH","launch":{"task_infos":[{"name":"t","task_id":{"value":"t"},"agent_id":{"value":"s"},)" +
            members + "}]}}]}}",
        Encoding::json);
    EXPECT_TRUE(call) << members;
    return call ? std::get<calls::Accept>(call->body).operations.at(0).tasks.at(0).defect : "";
  };
  EXPECT_EQ(defect(R"("data":"")"), "");
  EXPECT_EQ(defect(R"("container":{"type":"DOCKER"})"),
            "Task's `ContainerInfo` is invalid: DockerInfo 'docker' is not set for DOCKER typed ContainerInfo");
  EXPECT_EQ(defect(R"("kill_policy":{"grace_period":{"nanoseconds":-1}})"),
            "Task's 'kill_policy.grace_period' must be non-negative");
  EXPECT_EQ(defect(R"("container":{"type":"DOCKER","docker":{"image":"i","parameters":[{"key":"name","value":"x"}]}})"),
            "Task's `ContainerInfo` is invalid: Parameter in DockerInfo must not be 'name'");
  EXPECT_NE(defect(R"("resources":[{"name":"cpus","type":"SCALAR","scalar":{"value":-1}}])"), "");
  EXPECT_NE(defect(R"("limits":{"disk":{"value":1}})"), "");
}

struct CheckDefect {
  std::string members;
  std::string text;
};

std::string defect_of(const std::string& members) {
  const auto call = decode_scheduler_call(
      R"({"framework_id":{"value":"f"},"type":"ACCEPT","accept":{"operations":[
         {"type":"LAUNCH","launch":{"task_infos":[{"name":"t","task_id":{"value":"t"},"agent_id":{"value":"s"},)" +
          members + "}]}}]}}",
      Encoding::json);
  EXPECT_TRUE(call) << members;
  return call ? std::get<calls::Accept>(call->body).operations.at(0).tasks.at(0).defect : "";
}

TEST(TaskDefects, OfGeneralChecks) {
  const std::vector<CheckDefect> cases{
      {R"({})", "CheckInfo must specify 'type'"},
      {R"({"type":"UNKNOWN"})", "'UNKNOWN' is not a valid check type"},
      {R"({"type":"COMMAND"})", "Expecting 'command' to be set for COMMAND check"},
      {R"({"type":"COMMAND","command":{"command":{}}})", "Command check must contain 'shell command'"},
      {R"({"type":"COMMAND","command":{"command":{"shell":false}}})", "Command check must contain 'executable path'"},
      {R"({"type":"COMMAND","command":{"command":{"value":"x","environment":{"variables":[{"name":"A"}]}}}})",
       "Check's `CommandInfo` is invalid: Environment variable 'A' must have a value set"},
      {R"({"type":"COMMAND","command":{"command":{"value":"x"}}})", ""},
      {R"({"type":"HTTP"})", "Expecting 'http' to be set for HTTP check"},
      {R"({"type":"HTTP","http":{"port":1,"path":"x"}})", "The path 'x' of HTTP check must start with '/'"},
      {R"({"type":"HTTP","http":{"port":1,"path":""}})", "The path '' of HTTP check must start with '/'"},
      {R"({"type":"HTTP","http":{"port":1}})", ""},
      {R"({"type":"TCP"})", "Expecting 'tcp' to be set for TCP check"},
      {R"({"type":"TCP","tcp":{"port":1}})", ""},
      {R"({"type":"TCP","tcp":{"port":1},"delay_seconds":-1})", "Expecting 'delay_seconds' to be non-negative"},
      {R"({"type":"TCP","tcp":{"port":1},"interval_seconds":-1})", "Expecting 'interval_seconds' to be non-negative"},
      {R"({"type":"TCP","tcp":{"port":1},"timeout_seconds":-0.1})", "Expecting 'timeout_seconds' to be non-negative"},
      {R"({"type":"TCP","tcp":{"port":1},"timeout_seconds":0})", ""}};
  for (const CheckDefect& each : cases) {
    const std::string expected = each.text.empty() ? "" : "Task uses invalid check: " + each.text;
    EXPECT_EQ(defect_of("\"check\":" + each.members), expected) << each.members;
  }
}

TEST(TaskDefects, OfHealthChecks) {
  const std::vector<CheckDefect> cases{
      {R"({})", "HealthCheck must specify 'type'"},
      {R"({"tcp":{"port":1}})", "HealthCheck must specify 'type'"},
      {R"({"http":{"port":1},"command":{"value":"x"}})", "HealthCheck must specify 'type'"},
      {R"({"http":{"port":1}})", ""},
      {R"({"command":{"value":"x"}})", ""},
      {R"({"command":{}})", "Command health check must contain 'shell command'"},
      {R"({"type":"UNKNOWN"})", "'UNKNOWN' is not a valid health check type"},
      {R"({"type":"COMMAND","http":{"port":1}})", "Expecting 'command' to be set for COMMAND health check"},
      {R"({"type":"COMMAND","command":{"shell":false}})", "Command health check must contain 'executable path'"},
      {R"({"type":"COMMAND","command":{"value":"x","environment":{"variables":[{"name":"A"}]}}})",
       "Health check's `CommandInfo` is invalid: Environment variable 'A' must have a value set"},
      {R"({"type":"HTTP","command":{"value":"x"}})", "Expecting 'http' to be set for HTTP health check"},
      {R"({"type":"HTTP","http":{"port":1,"scheme":"ftp"}})", "Unsupported HTTP health check scheme: 'ftp'"},
      {R"({"type":"HTTP","http":{"port":1,"scheme":""}})", "Unsupported HTTP health check scheme: ''"},
      {R"({"type":"HTTP","http":{"port":1,"scheme":"https","path":"/a"}})", ""},
      {R"({"type":"HTTP","http":{"port":1,"path":"a"}})", "The path 'a' of HTTP health check must start with '/'"},
      {R"({"type":"TCP","http":{"port":1}})", "Expecting 'tcp' to be set for TCP health check"},
      {R"({"type":"TCP","tcp":{"port":1}})", ""},
      {R"({"type":"TCP","tcp":{"port":1},"delay_seconds":-1,"grace_period_seconds":-1})",
       "Expecting 'delay_seconds' to be non-negative"},
      {R"({"type":"TCP","tcp":{"port":1},"grace_period_seconds":-1,"interval_seconds":-1})",
       "Expecting 'grace_period_seconds' to be non-negative"},
      {R"({"type":"TCP","tcp":{"port":1},"interval_seconds":-1})", "Expecting 'interval_seconds' to be non-negative"},
      {R"({"type":"TCP","tcp":{"port":1},"timeout_seconds":-1})", "Expecting 'timeout_seconds' to be non-negative"},
      {R"({"type":"TCP","tcp":{"port":1},"consecutive_failures":0,"timeout_seconds":0})", ""}};
  for (const CheckDefect& each : cases) {
    const std::string expected = each.text.empty() ? "" : "Task uses invalid health check: " + each.text;
    EXPECT_EQ(defect_of("\"health_check\":" + each.members), expected) << each.members;
  }
}

CommandInfo probe_command() {
  return CommandInfo{.shell = false, .value = "/bin/true", .arguments = {"true", "-v"}, .environment = {{"A", "b"}}};
}

// What is made here, sent, and read again is the same: nothing is lost on the way.
TEST(TaskInfoTest, ChecksTravelWithoutLoss) {
  TaskInfo task{.id = {"t"}, .name = "t", .agent_id = {"a"}};
  const HttpCheck http{
      .port = 80, .path = "/", .scheme = "https", .statuses = {200, 201}, .family = AddressFamily::ipv6};
  const TcpCheck tcp{.port = 70'000, .family = AddressFamily::ipv4};
  using namespace std::chrono_literals;
  const std::vector<HealthCheck> health{
      {.type = CheckType::command, .command = probe_command(), .delay = 0ns, .interval = 1ms, .timeout = 0ns},
      {.type = CheckType::http, .http = http, .grace_period = 1500ms, .consecutive_failures = 0},
      {.type = CheckType::tcp, .tcp = tcp, .timeout = 24h * 365, .consecutive_failures = 7}};
  const std::vector<CheckInfo> checks{
      {.type = CheckType::command, .command = probe_command(), .delay = 1ns},
      {.type = CheckType::http, .http = HttpCheck{.port = 8080, .path = "/a?b"}, .interval = 2s},
      {.type = CheckType::tcp, .tcp = TcpCheck{.port = 53}, .timeout = 0ns}};
  for (std::size_t i = 0; i < health.size(); ++i) {
    task.health_check = health[i];
    task.check = checks[i];
    const auto again = decode_task_info(encode_task_info(task));
    ASSERT_TRUE(again);
    EXPECT_TRUE(again->health_check == task.health_check) << i;
    EXPECT_TRUE(again->check == task.check) << i;
    EXPECT_EQ(again->defect, "") << i;
  }
}

TEST(TaskInfoTest, ChecksHaveTheDefaultsOfMesos) {
  const auto call = decode_scheduler_call(
      R"({"framework_id":{"value":"f"},"type":"ACCEPT","accept":{"operations":[{"type":"LAUNCH","launch":{"task_infos":[
         {"name":"t","task_id":{"value":"t"},"agent_id":{"value":"s"},
          "health_check":{"http":{"port":1}},"check":{"type":"TCP","tcp":{"port":2}}}]}}]}})",
      Encoding::json);
  ASSERT_TRUE(call);
  const TaskInfo task = std::get<calls::Accept>(call->body).operations.at(0).tasks.at(0);
  EXPECT_TRUE(task.health_check == (HealthCheck{.type = CheckType::http, .http = HttpCheck{.port = 1}}));
  EXPECT_TRUE(task.check == (CheckInfo{.type = CheckType::tcp, .tcp = TcpCheck{.port = 2}}));
}

TEST(TaskInfoTest, TimesThatNoClockHasAreClamped) {
  const auto call = decode_scheduler_call(
      R"({"framework_id":{"value":"f"},"type":"ACCEPT","accept":{"operations":[{"type":"LAUNCH","launch":{"task_infos":[
         {"name":"t","task_id":{"value":"t"},"agent_id":{"value":"s"},
          "check":{"type":"TCP","tcp":{"port":2},"delay_seconds":1e300,"interval_seconds":-1e300}}]}}]}})",
      Encoding::json);
  ASSERT_TRUE(call);
  const TaskInfo task = std::get<calls::Accept>(call->body).operations.at(0).tasks.at(0);
  ASSERT_TRUE(task.check);
  EXPECT_EQ(task.check->delay, Duration::max());
  EXPECT_EQ(task.check->interval, Duration::min());
}

TEST(TaskStatusTest, CheckStatusTravels) {
  const std::vector<CheckStatus> all{{.type = CheckType::command},
                                     {.type = CheckType::command, .exit_code = 0},
                                     {.type = CheckType::command, .exit_code = 137},
                                     {.type = CheckType::http},
                                     {.type = CheckType::http, .status_code = 503},
                                     {.type = CheckType::tcp},
                                     {.type = CheckType::tcp, .succeeded = false}};
  const std::vector<std::string> shapes{R"("check_status":{"type":"COMMAND","command":{}})",
                                        R"("check_status":{"type":"COMMAND","command":{"exit_code":0}})",
                                        R"("check_status":{"type":"COMMAND","command":{"exit_code":137}})",
                                        R"("check_status":{"type":"HTTP","http":{}})",
                                        R"("check_status":{"type":"HTTP","http":{"status_code":503}})",
                                        R"("check_status":{"type":"TCP","tcp":{}})",
                                        R"("check_status":{"type":"TCP","tcp":{"succeeded":false}})"};
  TaskStatus status{.task_id = {"t"}, .state = TaskState::running, .healthy = false};
  for (std::size_t i = 0; i < all.size(); ++i) {
    status.check = all[i];  // also over the one that is in `raw` by now
    const std::string bytes = encode(SchedulerEvent{events::Update{status}}, Encoding::json);
    EXPECT_NE(bytes.find(shapes[i]), std::string::npos) << bytes;
    const auto again = decode_task_status(encode_task_status(status));
    ASSERT_TRUE(again);
    EXPECT_EQ(again->check, status.check);
    EXPECT_EQ(again->healthy, false);
    status = *again;
  }
  status.check.reset();
  EXPECT_EQ(encode(SchedulerEvent{events::Update{status}}, Encoding::json).find("check_status"), std::string::npos);
}

TEST(TaskInfoTest, WhatTheModelDoesNotKnowSurvives) {
  const auto call = decode_scheduler_call(
      R"({"framework_id":{"value":"f"},"type":"ACCEPT","accept":{"operations":[{"type":"LAUNCH","launch":{"task_infos":[
         {"name":"t","task_id":{"value":"t"},"agent_id":{"value":"s"},"discovery":{"visibility":"CLUSTER","name":"n"}}
         ]}}]}})",
      Encoding::json);
  ASSERT_TRUE(call);
  const TaskInfo task = std::get<calls::Accept>(call->body).operations.at(0).tasks.at(0);
  const std::string event = encode(ExecutorEvent{executor_events::Launch{task}}, Encoding::json);
  EXPECT_NE(event.find(R"("visibility":"CLUSTER")"), std::string::npos) << event;
  const auto again = decode_task_info(encode_task_info(task));
  ASSERT_TRUE(again);
  EXPECT_EQ(*again, task);
}

TEST(TaskStatusTest, ClearedFieldsAreGoneFromTheBytes) {
  const auto event = decode_scheduler_event(
      R"({"type":"UPDATE","update":{"status":{"task_id":{"value":"t"},"state":"TASK_RUNNING","data":"aGk=",
         "uuid":"We40GML2SnWOEv+xqLeXiw==","labels":{"labels":[{"key":"k","value":"v"}]},
         "check_status":{"type":"HTTP","http":{"status_code":200}}}}})",
      Encoding::json);
  ASSERT_TRUE(event);
  TaskStatus status = std::get<events::Update>(*event).status;
  status.uuid.reset();
  status.data.reset();
  status.labels.clear();
  const std::string bytes = encode(SchedulerEvent{events::Update{status}}, Encoding::json);
  EXPECT_EQ(bytes.find("uuid"), std::string::npos) << bytes;
  EXPECT_EQ(bytes.find("data"), std::string::npos) << bytes;
  EXPECT_EQ(bytes.find("labels"), std::string::npos) << bytes;
  EXPECT_NE(bytes.find("check_status"), std::string::npos) << bytes;
}

TEST(OfferTest, OldFrameworksSeeRolesInsteadOfAllocations) {
  Offer offer{.id = {"o"}, .framework_id = {"f"}, .agent_id = {"s"}, .hostname = "h", .role = "*"};
  offer.resources = parse_resources("cpus:1").value().allocated_to("*");
  const std::string young = encode(SchedulerEvent{events::Offers{.offers = {offer}}}, Encoding::json);
  EXPECT_NE(young.find("allocation_info"), std::string::npos);
  EXPECT_EQ(young.find(R"("scalar":{"value":1.0},"role")"), std::string::npos);
  const std::string old =
      encode(SchedulerEvent{events::Offers{.offers = {offer}, .old_style = true, .unrefined = true}}, Encoding::json);
  EXPECT_EQ(old.find("allocation_info"), std::string::npos);
  EXPECT_NE(old.find(R"("role":"*")"), std::string::npos);
}

std::string member_type(const boost::json::object& line) {
  const auto* body = line.if_contains("body");
  return body != nullptr && body->is_object() ? std::string{body->as_object().at("type").as_string()} : "";
}

// Every recorded protobuf message goes through the model and back: events byte for byte, calls value for value.
template <class Decode>
void expect_round_trip(const std::string& bytes, Decode decode, bool exact, const std::string& place) {
  const auto value = decode(bytes, Encoding::protobuf);
  if (!value) return;  // a refused one: recordings of errors hold them
  const std::string again = encode(*value, Encoding::protobuf);
  if (exact) {
    EXPECT_EQ(again, bytes) << place;
  }
  const auto second = decode(again, Encoding::protobuf);
  ASSERT_TRUE(second) << place;
  EXPECT_EQ(encode(*second, Encoding::protobuf), again) << place;
  const std::string json = encode(*value, Encoding::json);
  const auto through_json = decode(json, Encoding::json);
  ASSERT_TRUE(through_json) << place;
  EXPECT_EQ(encode(*through_json, Encoding::json), json) << place;
}

TEST(RecordedMessages, SurviveTheModel) {
  const char* named = std::getenv("WINDLASS_RECORDINGS");
  const fs::path root = named ? fs::path(named) : fs::path(WINDLASS_SOURCE_DIR "/../shared/reference/recordings");
  if (!fs::is_directory(root / "protobuf")) {
    std::cout << "recordings: not found at " << root.lexically_normal().string() << ", nothing compared\n";
    return;
  }
  int messages = 0;
  for (const auto& entry : fs::directory_iterator(root / "protobuf")) {
    std::ifstream in(entry.path());
    const std::string name = entry.path().filename().string();
    const bool executor_side = name.starts_with("executor-x-");
    std::string text;
    for (int line = 1; std::getline(in, text); ++line) {
      const auto object = read_json(text).value().as_object();
      const auto* encoded = object.if_contains("protobuf");
      if (encoded == nullptr) continue;
      const auto decoded = decode_base64(std::string{encoded->as_string()});
      ASSERT_TRUE(decoded);
      const std::string place = name + ":" + std::to_string(line);
      const bool event = object.at("dir") == "event";
      ++messages;
      // SUBSCRIBED of an executor carries a field of AgentInfo that the v1 API does not have.
      const bool subscribed = member_type(object) == "SUBSCRIBED";
      if (executor_side && event) expect_round_trip(*decoded, decode_executor_event, !subscribed, place);
      if (executor_side && !event) expect_round_trip(*decoded, decode_executor_call, false, place);
      if (!executor_side && event && name != "no-capabilities.jsonl") {
        expect_round_trip(*decoded, decode_scheduler_event, true, place);
      }
      if (!executor_side && !event) expect_round_trip(*decoded, decode_scheduler_call, false, place);
    }
  }
  EXPECT_GT(messages, 100);
}

}  // namespace
}  // namespace windlass
