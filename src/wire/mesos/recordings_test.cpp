// Every Mesos message of the recorded traffic, decoded and encoded again without loss. Our own recordings lie in
// tests/recordings; those of Apache Mesos are not part of this repository: they are looked for beside it, or where
// WINDLASS_RECORDINGS says.

#include "base/base64.hpp"
#include "wire/json/reader.hpp"
#include "wire/mesos/json.hpp"

#include "agent.pb.h"
#include "executor.pb.h"
#include "master.pb.h"
#include "scheduler.pb.h"

#include <gtest/gtest.h>
#include <boost/json.hpp>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <optional>

namespace windlass {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
namespace v1 = mesos::v1;
using google::protobuf::Message;

using Object = json::object;

std::string text_of(const json::value& value) { return json::serialize(value); }

std::string member(const Object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value && value->is_string() ? std::string(value->get_string()) : "";
}

// One line of a recording, and where it stands.
struct Line {
  std::string place;
  Object value;
};

std::vector<Line> read_lines(const fs::path& file) {
  std::vector<Line> lines;
  std::ifstream in(file);
  std::string text;
  while (std::getline(in, text)) {
    const std::string place = file.filename().string() + ":" + std::to_string(lines.size() + 1);
    lines.push_back({place, read_json(text).value().as_object()});
  }
  return lines;
}

const fs::path own_recordings = WINDLASS_SOURCE_DIR "/tests/recordings";

// The recordings of Apache Mesos, or nothing, and then it says so.
std::optional<fs::path> apache_recordings() {
  const char* named = std::getenv("WINDLASS_RECORDINGS");
  const fs::path root = named ? fs::path(named) : fs::path(WINDLASS_SOURCE_DIR "/../shared/reference/recordings");
  if (fs::is_directory(root)) return root;
  std::cout << "recordings: not found at " << root.lexically_normal().string() << ", only our own are compared\n";
  return std::nullopt;
}

std::vector<fs::path> files_of(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder)) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

// ---- which message is it ----

std::unique_ptr<Message> request_message(const Object& line) {
  const std::string path = member(line, "path");
  if (path == "/api/v1/scheduler") return std::make_unique<v1::scheduler::Call>();
  if (path == "/api/v1/executor") return std::make_unique<v1::executor::Call>();
  if (path != "/api/v1") return nullptr;
  if (member(line, "note") == "agent") return std::make_unique<v1::agent::Call>();
  return std::make_unique<v1::master::Call>();
}

// The message that the body of the answer to `request` is, if it is one: only the operator API answers so.
std::unique_ptr<Message> response_message(const Object& request) {
  if (member(request, "path") != "/api/v1") return nullptr;
  if (member(request, "note") == "agent") return std::make_unique<v1::agent::Response>();
  return std::make_unique<v1::master::Response>();
}

std::unique_ptr<Message> event_message(const fs::path& file) {
  const std::string name = file.filename().string();
  if (name.starts_with("executor-x-")) return std::make_unique<v1::executor::Event>();
  if (name.starts_with("operator-")) return std::make_unique<v1::master::Event>();
  return std::make_unique<v1::scheduler::Event>();
}

// ---- comparing ----

// Where `ours` differs from `theirs` first, or nothing. Numbers are equal when their kind (integer or not) and value
// are.
std::string difference(const json::value& ours, const json::value& theirs);

std::string difference_of_objects(const Object& ours, const Object& theirs) {
  for (const auto& m : theirs) {
    const std::string at = "/" + std::string(m.key());
    if (!ours.contains(m.key())) return at + ": missing " + text_of(m.value());
    if (auto inner = difference(ours.at(m.key()), m.value()); !inner.empty()) return at + inner;
  }
  for (const auto& m : ours) {
    if (!theirs.contains(m.key())) return "/" + std::string(m.key()) + ": not there, ours " + text_of(m.value());
  }
  return "";
}

std::string difference(const json::value& ours, const json::value& theirs) {
  if (ours.is_object() && theirs.is_object()) return difference_of_objects(ours.get_object(), theirs.get_object());
  if (ours.is_array() && theirs.is_array() && ours.get_array().size() == theirs.get_array().size()) {
    for (std::size_t i = 0; i < ours.get_array().size(); ++i) {
      auto inner = difference(ours.get_array()[i], theirs.get_array()[i]);
      if (!inner.empty()) return "/" + std::to_string(i) + inner;
    }
    return "";
  }
  if (ours.is_double() == theirs.is_double() && ours == theirs) return "";
  return ": ours " + text_of(ours) + ", recorded " + text_of(theirs);
}

// Whether `printed` says all that `sent` says. A client may write 1 for 1.0, "7" for 7 and leave defaults out; an empty
// list and null say nothing.
bool covers(const json::value& printed, const json::value& sent) {
  if (sent.is_object()) {
    if (!printed.is_object()) return false;
    for (const auto& m : sent.get_object()) {
      const bool silent = m.value().is_null() || (m.value().is_array() && m.value().get_array().empty());
      if (silent) continue;
      const json::value* mine = printed.get_object().if_contains(m.key());
      if (!mine || !covers(*mine, m.value())) return false;
    }
    return true;
  }
  if (sent.is_array()) {
    if (!printed.is_array()) return false;
    return std::equal(sent.get_array().begin(), sent.get_array().end(), printed.get_array().begin(),
                      printed.get_array().end(), [](const auto& s, const auto& p) { return covers(p, s); });
  }
  if (sent.is_number() && printed.is_number()) return sent.to_number<double>() == printed.to_number<double>();
  if (sent.is_string() && printed.is_int64()) return sent.get_string() == text_of(printed);
  return sent == printed;
}

// Agents of Mesos send one field that v1 does not name: "checkpoint" of the old SlaveInfo.
bool is_known_stray(const Message& message, const google::protobuf::UnknownFieldSet& fields) {
  constexpr int slave_info_checkpoint = 7;
  return message.GetTypeName() == "mesos.v1.AgentInfo" && fields.field_count() == 1 &&
         fields.field(0).number() == slave_info_checkpoint;
}

bool has_unknown_fields(const Message& message) {
  const auto* reflection = message.GetReflection();
  const auto& unknown = reflection->GetUnknownFields(message);
  if (!unknown.empty() && !is_known_stray(message, unknown)) return true;
  std::vector<const google::protobuf::FieldDescriptor*> fields;
  reflection->ListFields(message, &fields);
  for (const auto* field : fields) {
    if (field->cpp_type() != google::protobuf::FieldDescriptor::CPPTYPE_MESSAGE) continue;
    const int size = field->is_repeated() ? reflection->FieldSize(message, field) : 1;
    for (int i = 0; i < size; ++i) {
      const Message& inner = field->is_repeated() ? reflection->GetRepeatedMessage(message, field, i)
                                                  : reflection->GetMessage(message, field);
      if (has_unknown_fields(inner)) return true;
    }
  }
  return false;
}

// ---- JSON ----

struct Tally {
  int requests = 0;
  int refused = 0;
  int answers = 0;
  int answers_of_same_length = 0;
  int events = 0;
};

// Events of schedulers and executors are printed as Mesos prints them: same values, same defaults, same length in
// bytes. (The order of fields is all that may differ.)
void check_event(const Line& line, Message& message, Tally& tally) {
  ++tally.events;
  const json::value& body = line.value.at("body");
  auto done = from_mesos_json(text_of(body), message);
  ASSERT_TRUE(done) << line.place << ": " << to_string(done.error());
  const std::string printed = to_mesos_json(message);
  EXPECT_EQ(difference(read_json(printed).value(), body), "") << line.place;
  EXPECT_EQ(printed.size(), line.value.at("length").to_number<std::size_t>()) << line.place;
}

// Mesos writes the operator's big answers by hand: there it prints some empty lists, and AgentInfo.checkpoint, which v1
// does not have.
json::value without_extras(const json::value& value) {
  if (value.is_array()) {
    json::array kept;
    for (const auto& element : value.get_array()) kept.push_back(without_extras(element));
    return kept;
  }
  if (!value.is_object()) return value;
  Object kept;
  for (const auto& m : value.get_object()) {
    const bool is_extra = m.value().is_array() && m.value().get_array().empty();
    if (!is_extra) kept[m.key()] = without_extras(m.value());
    if (m.key() == "agent_info") kept[m.key()].as_object().erase("checkpoint");
  }
  return kept;
}

void check_answer(const Line& line, Message& message, std::size_t length, Tally& tally) {
  ++tally.answers;
  const json::value& body = line.value.at("body");
  auto done = from_mesos_json(text_of(body), message);
  ASSERT_TRUE(done) << line.place << ": " << to_string(done.error());
  const std::string printed = to_mesos_json(message);
  EXPECT_EQ(difference(read_json(printed).value(), without_extras(body)), "") << line.place;
  if (printed.size() == length) ++tally.answers_of_same_length;
}

// What a client sent must be understood in full, or refused with the words of Mesos.
void check_request(const Line& line, const Object& answer, Message& message, Tally& tally) {
  const json::value& body = line.value.at("body");
  const std::string sent = body.is_string() ? std::string(body.get_string()) : text_of(body);
  auto done = from_mesos_json(sent, message);
  const std::string said = member(answer, "body");
  for (std::string_view prefix : {"Failed to parse body into JSON: ", "Failed to convert JSON into Call protobuf: "}) {
    if (!said.starts_with(prefix)) continue;
    ++tally.refused;
    ASSERT_FALSE(done) << line.place;
    EXPECT_EQ(std::string(prefix) + done.error().message, said) << line.place;
    return;
  }
  ++tally.requests;
  ASSERT_TRUE(done) << line.place << ": " << to_string(done.error());
  const std::string printed = to_mesos_json(message);
  const bool typeless = said.find("Expecting 'type' to be present") != said.npos;
  const json::value seen = read_json(printed).value();
  EXPECT_NE(typeless, seen.as_object().contains("type")) << line.place;
  EXPECT_TRUE(typeless || covers(seen, body)) << line.place << "\nours " << printed << "\nsent " << sent;
  std::unique_ptr<Message> again(message.New());
  ASSERT_TRUE(from_mesos_json(printed, *again)) << line.place;
  EXPECT_EQ(to_mesos_json(*again), printed) << line.place;
}

bool is_json(const Object& line) {
  return member(line.at("headers").as_object(), "Content-Type") == "application/json";
}

void check_json_file(const fs::path& file, Tally& tally) {
  const auto lines = read_lines(file);
  const Object* request = nullptr;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const Object& line = lines[i].value;
    const std::string dir = member(line, "dir");
    if (dir == "request") {
      request = &line;
      const auto answer = std::find_if(lines.begin() + static_cast<std::ptrdiff_t>(i), lines.end(),
                                       [](const Line& l) { return member(l.value, "dir") == "response"; });
      auto message = request_message(line);
      if (member(line, "method") != "POST" || !message || !is_json(line)) continue;
      check_request(lines[i], answer == lines.end() ? Object{} : answer->value, *message, tally);
    } else if (dir == "response" && request && line.at("body").is_object() && is_json(line)) {
      auto message = response_message(*request);
      const std::string length = member(line.at("headers").as_object(), "Content-Length");
      if (message) check_answer(lines[i], *message, std::stoul(length), tally);
    } else if (dir == "event" && file.filename().string().starts_with("operator-")) {
      check_answer(lines[i], *event_message(file), line.at("length").to_number<std::size_t>(), tally);
    } else if (dir == "event") {
      check_event(lines[i], *event_message(file), tally);
    }
  }
}

Tally check_json_files(const fs::path& root) {
  Tally tally;
  for (const auto& file : files_of(root / "json")) check_json_file(file, tally);
  std::cout << "recordings: JSON: " << tally.requests << " requests, " << tally.refused << " refused requests, "
            << tally.answers << " operator answers and events (" << tally.answers_of_same_length
            << " of the same length), " << tally.events << " events compared\n";
  return tally;
}

TEST(Recordings, OurOwnJsonIsReadAndWrittenAsItWas) {
  const Tally tally = check_json_files(own_recordings);
  EXPECT_GT(tally.requests, 50);
  EXPECT_GT(tally.refused, 0);
  EXPECT_GT(tally.events, 50);
}

TEST(Recordings, JsonIsReadAndWrittenAsMesosDoes) {
  const auto root = apache_recordings();
  if (!root) return;
  const Tally tally = check_json_files(*root);
  EXPECT_GT(tally.requests, 100);
  EXPECT_GT(tally.refused, 0);
  EXPECT_GT(tally.answers, 20);
  EXPECT_GT(tally.answers_of_same_length, 15);
  EXPECT_GT(tally.events, 150);
}

// ---- protobuf ----

void check_protobuf(const Line& line, Message& message) {
  const std::string bytes = decode_base64(member(line.value, "protobuf")).value();
  ASSERT_TRUE(message.ParseFromString(bytes)) << line.place;
  EXPECT_FALSE(has_unknown_fields(message)) << line.place << " " << message.Utf8DebugString();
  EXPECT_EQ(message.SerializeAsString(), bytes) << line.place;
  const std::string printed = to_mesos_json(message);
  // The recorder of Apache Mesos has them in protobuf's JSON, too.
  if (const json::value* body = line.value.if_contains("body")) {
    EXPECT_TRUE(covers(read_json(printed).value(), *body))
        << line.place << "\nours " << printed << "\nbody " << text_of(*body);
  }
  std::unique_ptr<Message> again(message.New());
  ASSERT_TRUE(from_mesos_json(printed, *again)) << line.place;
  EXPECT_EQ(to_mesos_json(*again), printed) << line.place;
}

// The number of messages.
int check_protobuf_files(const fs::path& root) {
  int compared = 0;
  for (const auto& file : files_of(root / "protobuf")) {
    for (const auto& line : read_lines(file)) {
      if (!line.value.contains("protobuf")) continue;
      auto message = member(line.value, "dir") == "event" ? event_message(file) : request_message(line.value);
      EXPECT_TRUE(message) << line.place;
      if (!message) continue;
      ++compared;
      check_protobuf(line, *message);
    }
  }
  std::cout << "recordings: protobuf: " << compared << " messages compared\n";
  return compared;
}

TEST(Recordings, OurOwnProtobufSurvivesToTheByte) { EXPECT_GT(check_protobuf_files(own_recordings), 50); }

TEST(Recordings, ProtobufSurvivesToTheByte) {
  const auto root = apache_recordings();
  if (!root) return;
  EXPECT_GT(check_protobuf_files(*root), 150);
}

}  // namespace
}  // namespace windlass
