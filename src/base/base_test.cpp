#include "base/prng.hpp"
#include "base/time.hpp"

#include <gtest/gtest.h>

#include <set>

namespace windlass {
namespace {

using namespace std::chrono_literals;

TEST(MesosDuration, PrintsTheUnitThatIsWholeOrOneBelow) {
  EXPECT_EQ(to_mesos_duration(5s), "5secs");
  EXPECT_EQ(to_mesos_duration(15min), "15mins");
  EXPECT_EQ(to_mesos_duration(90s), "90secs");
  EXPECT_EQ(to_mesos_duration(36h), "36hrs");
  EXPECT_EQ(to_mesos_duration(61500ms), "1.025mins");
  EXPECT_EQ(to_mesos_duration(0s), "0ns");
  EXPECT_EQ(to_mesos_duration(24h * 7), "1weeks");
}

TEST(MesosDuration, ParsesWholeAndFractionalNumbers) {
  EXPECT_EQ(parse_mesos_duration("5secs").value(), 5s);
  EXPECT_EQ(parse_mesos_duration("1.5days").value(), 36h);
  EXPECT_EQ(parse_mesos_duration("1.025mins").value(), 61500ms);
  EXPECT_EQ(parse_mesos_duration("100ns").value(), 100ns);
}

TEST(MesosDuration, RefusesWhatIsNone) {
  for (const char* text : {"", "5", "secs", "5 secs", "5sec", "1e300weeks", "nanweeks", "5secs "}) {
    EXPECT_FALSE(parse_mesos_duration(text)) << text;
  }
}

TEST(Iso8601, GoesBothWays) {
  const auto time = parse_iso8601("2013-09-20T12:34:56.789Z");
  ASSERT_TRUE(time);
  EXPECT_EQ(to_iso8601(*time), "2013-09-20T12:34:56.789Z");
  EXPECT_EQ(to_iso8601(TimePoint{}), "1970-01-01T00:00:00.000Z");
  EXPECT_FALSE(parse_iso8601("2013-09-20"));
  EXPECT_FALSE(parse_iso8601("2013-09-20T12:34:56.789Zx"));
}

TEST(Seconds, KeepMicroseconds) {
  const TimePoint time = from_seconds(1795336446.963768);
  EXPECT_EQ(time.time_since_epoch().count(), 1795336446963768);
  EXPECT_DOUBLE_EQ(to_seconds(time), 1795336446.963768);
}

TEST(Prng, SameSeedSameNumbers) {
  Prng first{7};
  Prng second{7};
  Prng other{8};
  bool differs = false;
  for (int i = 0; i < 100; ++i) {
    const auto drawn = first.next();
    EXPECT_EQ(drawn, second.next());
    differs = differs || drawn != other.next();
  }
  EXPECT_TRUE(differs);
}

TEST(Prng, BelowStaysBelowAndReachesAll) {
  Prng prng{1};
  std::set<std::uint64_t> seen;
  for (int i = 0; i < 1000; ++i) {
    const auto drawn = prng.below(10);
    EXPECT_LT(drawn, 10u);
    seen.insert(drawn);
  }
  EXPECT_EQ(seen.size(), 10u);
}

TEST(Uuid, IsVersionFourAndGoesBothWays) {
  Prng prng{3};
  const Uuid uuid = Uuid::random(prng);
  const std::string text = uuid.to_string();
  ASSERT_EQ(text.size(), 36u);
  EXPECT_EQ(text[14], '4');
  Uuid back;
  ASSERT_TRUE(Uuid::from_bytes(uuid.to_bytes(), back));
  EXPECT_EQ(back, uuid);
}

TEST(Uuid, RefusesWhatMesosRefuses) {
  Uuid out;
  EXPECT_FALSE(Uuid::from_bytes("short", out));
  EXPECT_FALSE(Uuid::from_bytes(std::string(16, '\0'), out)) << "no version";
  EXPECT_FALSE(Uuid::from_bytes(std::string(17, '\x40'), out));
}

}  // namespace
}  // namespace windlass
