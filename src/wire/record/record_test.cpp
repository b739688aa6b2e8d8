#include "wire/record/record.hpp"

#include "base/prng.hpp"
#include "base/time.hpp"
#include "model/app.hpp"
#include "model/engine_records.hpp"
#include "node/mesos_record.hpp"
#include "wire/mesos/codec.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>

namespace windlass {
namespace {

enum class Color { red, green };
BOOST_DESCRIBE_ENUM(Color, red, green)
enum class Plain : std::int8_t { low = -100, high = 100 };

struct Everything {
  bool flag = false;
  std::int8_t tiny = 0;
  std::int64_t big = 0;
  std::uint16_t port = 0;
  std::uint64_t huge = 0;
  double real = 0;
  Color color = Color::red;
  Plain plain = Plain::low;
  std::string text;
  TaskId id;
  Uuid uuid;
  TimePoint time;
  Duration duration{};
  std::optional<std::string> maybe_text;
  std::optional<bool> maybe_flag;
  std::vector<std::uint16_t> ports;
  std::deque<std::string> queue;
  std::set<std::string> names;
  std::map<std::string, std::vector<int>> lists;
  std::pair<int, std::string> couple;
  std::vector<Constraint> constraints;
  friend bool operator==(const Everything&, const Everything&) = default;
};
BOOST_DESCRIBE_STRUCT(Everything, (),
                      (flag, tiny, big, port, huge, real, color, plain, text, id, uuid, time, duration, maybe_text,
                       maybe_flag, ports, queue, names, lists, couple, constraints))

Everything filled() {
  Prng prng{7};
  Everything all;
  all.flag = true;
  all.tiny = -128;
  all.big = std::numeric_limits<std::int64_t>::min();
  all.port = 65535;
  all.huge = std::numeric_limits<std::uint64_t>::max();
  all.real = -0.1;
  all.color = Color::green;
  all.plain = Plain::high;
  all.text = std::string(300, 'x') + '\0' + "\xff";
  all.id = {"web.1"};
  all.uuid = Uuid::random(prng);
  all.time = from_seconds(1795336446.963768);
  all.duration = Duration{-1};
  all.maybe_text = "";
  all.maybe_flag = false;
  all.ports = {31000, 0, 1};
  all.queue = {"", std::string(200, 'q'), "z"};
  all.names = {"", "b"};
  all.lists = {{"", {}}, {"k", {-1, 0, 1}}};
  all.couple = {-5, "five"};
  all.constraints = {{"hostname", ConstraintOperator::unique, {}}, {"rack", ConstraintOperator::like, "a.*"}};
  return all;
}

template <class T>
void expect_same_again(const T& value) {
  const std::string bytes = record::encode(value);
  const auto read = record::decode<T>(bytes);
  ASSERT_TRUE(read) << to_string(read.error());
  EXPECT_TRUE(*read == value);
  EXPECT_EQ(record::encode(*read), bytes);
}

TEST(Record, EveryKindOfValueComesBack) {
  expect_same_again(Everything{});
  expect_same_again(filled());
  expect_same_again(std::numeric_limits<std::int64_t>::max());
  expect_same_again(std::numeric_limits<double>::infinity());
  expect_same_again(std::string{});
  expect_same_again(TimePoint::min());
}

TEST(Record, BytesAreAsDrawn) {
  EXPECT_EQ(record::encode(true), "\x01");
  EXPECT_EQ(record::encode(std::uint32_t{300}), "\xac\x02");
  EXPECT_EQ(record::encode(-1), "\x01");
  EXPECT_EQ(record::encode(std::optional<int>{}), "");
  EXPECT_EQ(record::encode(std::optional<int>{0}), std::string("\x01\x00", 2));
  EXPECT_EQ(record::encode(std::vector<std::string>{"ab", ""}), std::string("\x02\x02"
                                                                            "ab\0",
                                                                            5));
  EXPECT_EQ(record::encode(Constraint{}), "\x40");
  EXPECT_EQ(record::encode(Constraint{"h", ConstraintOperator::cluster, {}}), "\x42\x01\x01h\x02\x01\x02");
  EXPECT_EQ(record::encode(Constraint{"", ConstraintOperator::unique, "v"}), "\x41\x03\x02\x01v");
}

TEST(Record, RowsOfTheModelComeBack) {
  App app;
  app.id = {"/shop/cart"};
  app.version = TimePoint{std::chrono::microseconds{5}};
  app.env = {{"A", "1"}};
  app.ports = {{10000, "tcp", "http"}};
  app.seed_container = SeedContainer{"docker:///redis", {"-v", "/a:/b"}};
  expect_same_again(app);
  Instance instance;
  instance.id = {"shop_cart.instance-1"};
  instance.app_id = {"/shop/cart"};
  instance.healthy = false;
  instance.condition = Condition::unknown;
  expect_same_again(instance);
  expect_same_again(EngineRecord{"m", {"m-S0"}, 3, 7});
}

TEST(Record, MesosMessagesKeepTheirRawBytes) {
  TaskRecord task;
  task.framework_id = {"f-0000"};
  task.info.id = {"web.1"};
  task.info.name = "web";
  task.info.agent_id = {"S0"};
  task.state = TaskState::running;
  // Field 2046 (no field of ours): what a newer Mesos may send.
  TaskStatus running;
  running.task_id = {"web.1"};
  running.state = TaskState::running;
  const std::string raw = encode_task_status(running) + "\xf2\x7f\x02hi";
  const auto status = decode_task_status(raw);
  ASSERT_TRUE(status) << to_string(status.error());
  task.updates = {*status};
  const auto read = record::decode<TaskRecord>(record::encode(task));
  ASSERT_TRUE(read) << to_string(read.error());
  EXPECT_EQ(read->info.id.value, "web.1");
  EXPECT_EQ(read->state, TaskState::running);
  ASSERT_EQ(read->updates.size(), 1U);
  EXPECT_NE(encode_task_status(read->updates[0]).find("\xf2\x7f\x02hi"), std::string::npos);
}

// --- growing structs -------------------------------------------------------------------------------------------------

struct PlaceV1 {
  std::string name;
  int size = 1;
};
BOOST_DESCRIBE_STRUCT(PlaceV1, (), (name, size))
struct PlaceV2 {
  std::string name;
  int size = 1;
  std::optional<double> height;
  std::string color = "grey";
};
BOOST_DESCRIBE_STRUCT(PlaceV2, (), (name, size, height, color))
struct CityV1 {
  std::vector<PlaceV1> places;
  std::string mayor;
};
BOOST_DESCRIBE_STRUCT(CityV1, (), (places, mayor))
struct CityV2 {
  std::vector<PlaceV2> places;
  std::string mayor;
};
BOOST_DESCRIBE_STRUCT(CityV2, (), (places, mayor))

// Without `size`, whose tag nobody else gets.
struct PlaceV3 {
  std::string color = "grey";
  std::string name;
};
BOOST_DESCRIBE_STRUCT(PlaceV3, (), (color, name))
constexpr std::array<std::size_t, 2> record_tags(const PlaceV3*) { return {4, 1}; }

TEST(Record, NewFieldsKeepTheirDefaultsInOldRows) {
  const auto city = record::decode<CityV2>(record::encode(CityV1{{{"park", 4}, {"pond", 2}}, "Ann"}));
  ASSERT_TRUE(city) << to_string(city.error());
  ASSERT_EQ(city->places.size(), 2U);
  EXPECT_EQ(city->places[1].name, "pond");
  EXPECT_EQ(city->places[1].size, 2);
  EXPECT_EQ(city->places[1].height, std::nullopt);
  EXPECT_EQ(city->places[1].color, "grey");
  EXPECT_EQ(city->mayor, "Ann");
}

TEST(Record, OldProgramsReadPastNewFields) {
  const auto city = record::decode<CityV1>(record::encode(CityV2{{{"park", 4, 2.5, "green"}}, "Ann"}));
  ASSERT_TRUE(city) << to_string(city.error());
  ASSERT_EQ(city->places.size(), 1U);
  EXPECT_EQ(city->places[0].size, 4);
  EXPECT_EQ(city->mayor, "Ann");
}

TEST(Record, FieldsMayBeRetiredAndMoved) {
  const auto newer = record::decode<PlaceV3>(record::encode(PlaceV2{"park", 4, 2.5, "green"}));
  ASSERT_TRUE(newer) << to_string(newer.error());
  EXPECT_EQ(newer->name, "park");
  EXPECT_EQ(newer->color, "green");
  const auto older = record::decode<PlaceV2>(record::encode(*newer));
  ASSERT_TRUE(older) << to_string(older.error());
  EXPECT_EQ(older->name, "park");
  EXPECT_EQ(older->size, 1);
  EXPECT_EQ(older->height, std::nullopt);
  EXPECT_EQ(older->color, "green");
}

// --- rows from before there were tags --------------------------------------------------------------------------------

std::string from_hex(std::string_view digits) {
  std::string bytes;
  for (std::size_t at = 0; at + 1 < digits.size(); at += 2) {
    bytes.push_back(static_cast<char>(std::stoi(std::string{digits.substr(at, 2)}, nullptr, 16)));
  }
  return bytes;
}

// What was written then has every field, so this also finds a default that has changed since: leaving it out would
// change the meaning of rows.
template <class T>
void expect_positional(const T& value, std::string_view digits) {
  const auto read = record::decode<T>(from_hex(digits));
  ASSERT_TRUE(read) << to_string(read.error());
  EXPECT_EQ(*read, value);
  EXPECT_EQ(record::encode(*read), record::encode(value));
}

TEST(Record, PositionalRowsOfDefaultsAreRead) {
  expect_positional(App{},
                    "160001000001000100010208000000000000f03f08000000000000604008000000000000000000010001000100010000"
                    "01000580a8d6b90708666666666666f23f0680e0a596bb1108000000000000f03f01000100");
  expect_positional(Instance{}, "100000010001000100010001010000000100010000000000");
  expect_positional(EngineRecord{}, "04000001000100");
  EXPECT_EQ(record::encode(App{}), "\x40");
  EXPECT_EQ(record::encode(Instance{}), "\x40");
}

TEST(Record, PositionalRowsAreRead) {
  App app;
  app.id = {"/shop/cart"};
  app.version = TimePoint{std::chrono::microseconds{5}};
  app.cmd = "run";
  app.env = {{"A", "1"}};
  app.instances = 3;
  app.constraints = {{"rack", ConstraintOperator::like, "a.*"}};
  app.ports = {{10000, "udp", "http"}};
  app.seed_container = SeedContainer{"docker:///redis", {"-v", "/a:/b"}};
  expect_positional(app,
                    "160a2f73686f702f63617274010a040172756e0100050101410131010608000000000000f03f08000000000000604008"
                    "0000000000000000000f010d03047261636b01040401612e2a01000f010d0302904e03756470046874747001001d0102"
                    "0f646f636b65723a2f2f2f72656469730a02022d76052f613a2f6201000580a8d6b90708666666666666f23f0680e0a5"
                    "96bb1108000000000000f03f01000100");
  Instance instance;
  instance.id = {"shop_cart.instance-1"};
  instance.app_id = {"/shop/cart"};
  instance.condition = Condition::running;
  instance.ports = {31000};
  instance.healthy = false;
  expect_positional(instance,
                    "101473686f705f636172742e696e7374616e63652d310a2f73686f702f63617274010001000108010001010000000501"
                    "0398f2010100000002010000");
  expect_positional(EngineRecord{"m", {"m-S0"}, 3, 7}, "04016d046d2d533001030107");
}

TEST(Record, PositionalStructsMayHaveFewerOrMoreFields) {
  const auto shorter = record::decode<PlaceV2>("\x01\x04pond");
  ASSERT_TRUE(shorter) << to_string(shorter.error());
  EXPECT_EQ(shorter->name, "pond");
  EXPECT_EQ(shorter->color, "grey");
  const auto longer = record::decode<PlaceV1>("\x03\x04pond\x01\x04\x02xy");
  ASSERT_TRUE(longer) << to_string(longer.error());
  EXPECT_EQ(longer->size, 2);
}

// --- garbage --------------------------------------------------------------------------------------------------------

template <class T>
void expect_malformed(std::string_view bytes, const std::string& text) {
  const auto read = record::decode<T>(bytes);
  ASSERT_FALSE(read) << text;
  EXPECT_EQ(read.error().code, Errc::malformed);
  EXPECT_EQ(to_string(read.error()), text);
}

TEST(Record, ErrorsNameTheFieldAndWhatIsWrong) {
  expect_malformed<bool>("\x02", "not a bool");
  expect_malformed<bool>("", "not a bool");
  expect_malformed<int>("\x80", "not a number");
  expect_malformed<std::uint8_t>("\xac\x02", "a number out of range");
  expect_malformed<std::uint64_t>("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", "not a number");
  expect_malformed<double>("1234567", "not a double");
  expect_malformed<Uuid>("123", "not a UUID");
  expect_malformed<Color>("\x04", "not a value of its enum");
  expect_malformed<std::optional<int>>("\x02\x02", "not an optional value");
  expect_malformed<std::vector<std::string>>("\x7f", "not a count of elements");
  expect_malformed<std::vector<std::string>>("\x01\x05", "a field is cut off");
  expect_malformed<std::vector<std::string>>("\x01\x01xy", "bytes after the last element");
  expect_malformed<std::set<std::string>>("\x02\x01x\x01x", "an element twice");
  expect_malformed<std::map<std::string, bool>>("\x02\x01x\x01\x01\x01x\x01\x01", "a key twice");
  expect_malformed<PlaceV1>("", "not a number of fields");
  expect_malformed<PlaceV1>("\x7f", "not a number of fields");
  expect_malformed<PlaceV1>("\x02\x01x", "a field is cut off");
  expect_malformed<PlaceV1>("\x01\x01xy", "bytes after the last field");
  expect_malformed<PlaceV1>("\x41\x01\x01xy", "bytes after the last field");
  expect_malformed<PlaceV1>("\x41\x01\x02x", "a field is cut off");
  expect_malformed<PlaceV1>("\x42\x01\x01x\x01\x01y", "a field twice");
  expect_malformed<PlaceV1>(std::string_view("\x41\x00\x01x", 4), "not a field's tag");
  expect_malformed<CityV1>("\x41\x01\x06\x01\x04\x41\x02\x01\x80", "places.size: not a number");
}

struct Nest {
  std::vector<Nest> inner;
};
BOOST_DESCRIBE_STRUCT(Nest, (), (inner))

TEST(Record, NestingHasALimit) {
  Nest nest;
  for (int depth = 0; depth < record::depth_max; ++depth) {
    Nest outer;
    outer.inner.push_back(std::move(nest));
    nest = std::move(outer);
  }
  EXPECT_TRUE(record::decode<Nest>(record::encode(nest)));
  Nest outer;
  outer.inner.push_back(std::move(nest));
  EXPECT_FALSE(record::decode<Nest>(record::encode(outer)));
}

TEST(Record, EveryTruncationIsRefused) {
  const std::string bytes = record::encode(filled());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(record::decode<Everything>(std::string_view{bytes}.substr(0, size))) << size;
  }
}

TEST(Record, ChangedBytesNeverCrash) {
  Prng prng{11};
  const std::string good = record::encode(filled());
  int refused = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes = good;
    for (std::uint64_t changes = prng.below(4) + 1; changes > 0; --changes) {
      bytes[prng.below(bytes.size())] = static_cast<char>(prng.below(256));
    }
    const auto read = record::decode<Everything>(bytes);
    refused += read ? 0 : 1;
    if (read) {
      EXPECT_TRUE(record::decode<Everything>(record::encode(*read)));
    }
  }
  EXPECT_GT(refused, 1000);
}

}  // namespace
}  // namespace windlass
