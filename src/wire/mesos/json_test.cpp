#include "wire/mesos/json.hpp"

#include "executor.pb.h"
#include "mesos.pb.h"
#include "scheduler.pb.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace windlass {
namespace {

using namespace mesos::v1;

template <class T>
T read(std::string_view json) {
  T message;
  auto done = from_mesos_json(json, message);
  EXPECT_TRUE(done) << json << ": " << (done ? "" : to_string(done.error()));
  return message;
}

template <class T>
Error refused(std::string_view json) {
  T message;
  auto done = from_mesos_json(json, message);
  EXPECT_FALSE(done) << json;
  EXPECT_EQ(message.ByteSizeLong(), 0u) << "nothing half-filled is left behind";
  return done ? Error{} : done.error();
}

// ---- printing ----

TEST(MesosJsonPrint, IntegersAreNumbersAndDoublesAreMarked) {
  Value::Range range;
  range.set_begin(31000);
  range.set_end(std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(to_mesos_json(range), R"({"begin":31000,"end":18446744073709551615})");
  Value::Scalar scalar;
  scalar.set_value(4);
  EXPECT_EQ(to_mesos_json(scalar), R"({"value":4.0})");
  DurationInfo duration;
  duration.set_nanoseconds(std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(to_mesos_json(duration), R"({"nanoseconds":-9223372036854775808})");
}

TEST(MesosJsonPrint, ExplicitDefaultsArePrintedUnlessDeprecated) {
  EXPECT_EQ(to_mesos_json(CommandInfo{}), R"({"shell":true})");
  EXPECT_EQ(to_mesos_json(Filters{}), R"({"refuse_seconds":5.0})");
  FrameworkInfo framework;
  EXPECT_EQ(to_mesos_json(framework), R"({"failover_timeout":0.0,"checkpoint":false})");
  framework.set_role("ads");
  EXPECT_EQ(to_mesos_json(framework), R"({"failover_timeout":0.0,"checkpoint":false,"role":"ads"})");
}

TEST(MesosJsonPrint, PresentButEmptyIsPrinted) {
  executor::Call call;
  call.mutable_subscribe();
  EXPECT_EQ(to_mesos_json(call), R"({"subscribe":{}})");
  TaskInfo task;
  task.set_data("");
  EXPECT_EQ(to_mesos_json(task), R"({"data":""})");
}

TEST(MesosJsonPrint, MapsAreSortedObjects) {
  TaskInfo task;
  (*task.mutable_limits())["mem"].set_value(std::numeric_limits<double>::infinity());
  (*task.mutable_limits())["cpus"].set_value(0.5);
  EXPECT_EQ(to_mesos_json(task), R"({"limits":{"cpus":{"value":0.5},"mem":{"value":"Infinity"}}})");
}

TEST(MesosJsonPrint, BytesEnumsAndText) {
  TaskStatus status;
  status.mutable_task_id()->set_value("t \"1\"\n");
  status.set_state(TASK_RUNNING);
  status.set_uuid("\xff\xfe");
  EXPECT_EQ(to_mesos_json(status), R"({"task_id":{"value":"t \"1\"\n"},"state":"TASK_RUNNING","uuid":"//4="})");
}

// ---- parsing ----

TEST(MesosJsonParse, NumbersMayBeQuotedOrOfTheOtherKind) {
  const auto range = read<Value::Range>(R"({"begin":"31000","end":32000.0})");
  EXPECT_EQ(range.begin(), 31000u);
  EXPECT_EQ(range.end(), 32000u);
  EXPECT_EQ(read<Value::Scalar>(R"({"value":4})").value(), 4.0);
  EXPECT_EQ(read<Value::Scalar>(R"({"value":"0.25"})").value(), 0.25);
  EXPECT_EQ(read<CommandInfo>(R"({"shell":"false"})").shell(), false);
  EXPECT_EQ(read<Address>(R"({"port":5050.9})").port(), 5050) << "a fraction is cut off";
}

TEST(MesosJsonParse, InfinityAndNan) {
  EXPECT_EQ(read<Value::Scalar>(R"({"value":"Infinity"})").value(), std::numeric_limits<double>::infinity());
  EXPECT_EQ(read<Value::Scalar>(R"({"value":"-Infinity"})").value(), -std::numeric_limits<double>::infinity());
  EXPECT_TRUE(std::isnan(read<Value::Scalar>(R"({"value":"NaN"})").value()));
  EXPECT_EQ(refused<Value::Scalar>(R"({"value":"infinity"})").code, Errc::invalid);
}

TEST(MesosJsonParse, NumbersThatDoNotFitAreRefused) {
  for (const char* port : {"2147483648", "-2147483649", "1e300", "\"4294967296\"", "2147483648.0"}) {
    const auto error = refused<Address>(std::string(R"({"port":)") + port + "}");
    EXPECT_EQ(error.message, "Value out of range for field 'port'") << port;
    EXPECT_EQ(error.where, "/port");
  }
  EXPECT_EQ(read<Address>(R"({"port":2147483647})").port(), 2147483647);
  EXPECT_EQ(refused<Value::Range>(R"({"begin":-1,"end":1})").where, "/begin");
  EXPECT_EQ(refused<Value::Range>(R"({"begin":1,"end":18446744073709551616})").where, "/end");
  EXPECT_EQ(read<Value::Range>(R"({"begin":0,"end":18446744073709551615})").end(), 18446744073709551615u);
  EXPECT_EQ(refused<DurationInfo>(R"({"nanoseconds":9223372036854775808})").where, "/nanoseconds");
  EXPECT_EQ(refused<Value::Scalar>(R"({"value":1e999})").code, Errc::invalid);
}

TEST(MesosJsonParse, EnumsGoByNameOnly) {
  EXPECT_EQ(read<scheduler::Call>(R"({"type":"KILL"})").type(), scheduler::Call::KILL);
  EXPECT_FALSE(read<scheduler::Call>(R"({"type":"kill"})").has_type());
  EXPECT_FALSE(read<scheduler::Call>(R"({"type":"NOSUCH"})").has_type());
  EXPECT_EQ(refused<scheduler::Call>(R"({"type":6})").message, "Not expecting a JSON number for field 'type'");
  EXPECT_EQ(refused<Value>(R"({"type":"scalar"})").message, "Failed to find enum for 'scalar'");
  EXPECT_EQ(read<CapabilityInfo>(R"({"capabilities":["CHOWN","NOSUCH"]})").capabilities_size(), 1);
}

TEST(MesosJsonParse, UnknownFieldsAndNullsAreNothing) {
  const auto call =
      read<scheduler::Call>(R"({"type":"REVIVE","frameworkId":{"value":"f"},"x":[{"y":1}],"revive":null})");
  EXPECT_FALSE(call.has_framework_id()) << "camel case is an unknown name";
  EXPECT_FALSE(call.has_revive());
  EXPECT_EQ(read<Value::Set>(R"({"item":[null,"a"]})").item_size(), 1);
  EXPECT_EQ(refused<TaskID>(R"({"value":null})").message, "Missing required fields: value");
}

TEST(MesosJsonParse, OneValueMayStandForAList) {
  EXPECT_EQ(read<scheduler::Call::Revive>(R"({"roles":"ads"})").roles(0), "ads");
  EXPECT_EQ(read<Labels>(R"({"labels":{"key":"k"}})").labels(0).key(), "k");
  EXPECT_EQ(refused<TaskID>(R"({"value":["t"]})").message, "Not expecting a JSON array for field 'value'");
}

TEST(MesosJsonParse, Bytes) {
  EXPECT_EQ(read<UUID>(R"({"value":"//4="})").value(), "\xff\xfe");
  EXPECT_EQ(read<UUID>(R"({"value":" //\n4 "})").value(), "\xff\xfe");
  EXPECT_EQ(refused<UUID>(R"({"value":"__4="})").message,
            "Failed to base64 decode bytes field 'value': Invalid character '_'");
}

TEST(MesosJsonParse, Maps) {
  const auto task = read<TaskInfo>(R"({"name":"t","task_id":{"value":"t"},"agent_id":{"value":"a"},)"
                                   R"("limits":{"cpus":{"value":2},"mem":{"value":"Infinity"}}})");
  EXPECT_EQ(task.limits().at("cpus").value(), 2.0);
  EXPECT_EQ(task.limits().size(), 2u);
  EXPECT_EQ(read<TaskInfo>(to_mesos_json(task)).limits().size(), 2u);
  EXPECT_EQ(refused<TaskInfo>(R"({"limits":{"cpus":{"value":true}}})").where, "/limits/cpus/value");
  EXPECT_EQ(refused<TaskInfo>(R"({"limits":3})").message, "Not expecting a JSON number for field 'limits'");
}

TEST(MesosJsonParse, WrongKindsNameTheField) {
  EXPECT_EQ(refused<TaskID>(R"({"value":{}})").message, "Not expecting a JSON object for field 'value'");
  EXPECT_EQ(refused<TaskID>(R"({"value":true})").message, "Not expecting a JSON boolean for field 'value'");
  EXPECT_EQ(refused<TaskID>(R"({"value":1})").message, "Not expecting a JSON number for field 'value'");
  EXPECT_EQ(refused<KillPolicy>(R"({"grace_period":"5secs"})").message,
            "Not expecting a JSON string for field 'grace_period'");
  EXPECT_EQ(refused<Address>(R"({"port":"abc"})").message,
            "Failed to parse 'abc' as a JSON number for field 'port': syntax error at line 1 near: abc");
  EXPECT_EQ(refused<Address>(R"({"port":"true"})").message,
            "Failed to parse 'true' as a JSON number for field 'port': Unexpected JSON type parsed");
}

TEST(MesosJsonParse, MissingRequiredFieldsAreNamed) {
  const auto error = refused<scheduler::Call>(R"({"subscribe":{"framework_info":{}}})");
  EXPECT_EQ(error.code, Errc::invalid);
  EXPECT_EQ(error.message, "Missing required fields: subscribe.framework_info.user, subscribe.framework_info.name");
}

TEST(MesosJsonParse, TopLevelMustBeAnObject) {
  for (const char* json : {"[]", "1", "\"x\"", "null", "true"}) {
    const auto error = refused<scheduler::Call>(json);
    EXPECT_EQ(error.message, "Expecting a JSON object") << json;
    EXPECT_EQ(error.code, Errc::invalid);
  }
}

TEST(MesosJsonParse, SyntaxErrorsSayWhere) {
  const auto message = [](std::string_view json) {
    const auto error = refused<scheduler::Call>(json);
    EXPECT_EQ(error.code, Errc::malformed) << json;
    return error.message;
  };
  EXPECT_EQ(message("{broken"), "syntax error at line 1 near: broken");
  EXPECT_EQ(message("{x"), "syntax error at line 1 near: x");
  EXPECT_EQ(message("{\"type\":}"), "syntax error at line 1 near: }");
  EXPECT_EQ(message("{\n\"type\" \"KILL\"\n}"), "syntax error at line 2 near: \"KILL\"");
  EXPECT_EQ(message("{\"a\":1,\n b}\nrest"), "syntax error at line 2 near: b}");
  EXPECT_EQ(message(""), "syntax error at line 1 near: ");
  EXPECT_EQ(message("{\"type\":\"KILL\""), "syntax error at line 1 near: ");
  EXPECT_EQ(message("{} x\n"), "Parsed JSON included non-whitespace trailing characters: x");
  EXPECT_EQ(read<scheduler::Call>(" {} \r\n").ByteSizeLong(), 0u);
}

TEST(MesosJsonParse, DepthIsLimited) {
  const std::string deep = R"({"x":)" + std::string(200, '[') + std::string(200, ']') + "}";
  EXPECT_EQ(refused<scheduler::Call>(deep).code, Errc::malformed);
  const std::string fine = R"({"x":)" + std::string(60, '[') + std::string(60, ']') + "}";
  read<scheduler::Call>(fine);
}

TEST(MesosJson, TextSurvivesBothWays) {
  using namespace std::string_literals;
  Label label;
  label.set_key("\0\x01 \"\\/\n é €"s);
  EXPECT_EQ(read<Label>(to_mesos_json(label)).key(), label.key());
}

}  // namespace
}  // namespace windlass
