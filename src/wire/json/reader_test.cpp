#include "wire/json/reader.hpp"

#include "wire/json/text.hpp"

#include <gtest/gtest.h>
#include <boost/json.hpp>

#include <bit>
#include <cmath>

namespace windlass {
namespace {

TEST(JsonReader, BuildsEveryKindOfValue) {
  const auto value =
      read_json(R"( {"a":[1,-1,18446744073709551615,1.5,true,null,"x\u00e9\n"],"b":{},"a2":[]} )").value();
  EXPECT_EQ(boost::json::serialize(value),
            R"({"a":[1,-1,18446744073709551615,1.5E0,true,null,"xé\n"],"b":{},"a2":[]})");
}

TEST(JsonReader, DoublesAreExact) {
  for (const char* text : {"0.18000000000000002", "1795336455.5415967", "5e-324", "1.7976931348623157e308", "-0.1"}) {
    EXPECT_EQ(read_json(text).value().as_double(), std::strtod(text, nullptr)) << text;
  }
  EXPECT_TRUE(std::signbit(read_json("-0.0").value().as_double()));
}

TEST(JsonReader, AnyDoubleSurvivesPrintingAndReading) {
  std::uint64_t bits = 0x9e3779b97f4a7c15;
  for (int i = 0; i < 20'000; ++i) {
    bits = bits * 6364136223846793005 + 1442695040888963407;
    const auto value = std::bit_cast<double>(bits);
    if (!std::isfinite(value)) continue;
    std::string text;
    append_json_double(text, value);
    const auto again = read_json(text);
    ASSERT_TRUE(again && again->is_double()) << text;
    ASSERT_EQ(again->as_double(), value) << text;
  }
}

TEST(JsonReader, LastOfEqualKeysCounts) { EXPECT_EQ(read_json(R"({"a":1,"a":2})").value().at("a").as_int64(), 2); }

TEST(JsonReader, RefusesWhatIsNotJson) {
  for (const char* text : {"", " ", "{", "[1,]", "{\"a\":1,}", "{'a':1}", "1.", "+1", "nul", "NaN", "Infinity", "\"a",
                           "\"\\x\"", "\"\t\"", "\"\xff\"", "\"\\ud800\"", "// c\n1", "{\"a\" 1}"}) {
    auto value = read_json(text);
    ASSERT_FALSE(value) << text;
    EXPECT_EQ(value.error().code, Errc::malformed) << text;
    EXPECT_EQ(value.error().message.find("syntax error at line "), 0u) << value.error().message;
  }
}

TEST(JsonReader, TrailingTextAndDepth) {
  EXPECT_EQ(read_json("1 2").error().message, "Parsed JSON included non-whitespace trailing characters: 2");
  EXPECT_TRUE(read_json("[1]\r\n\t "));
  EXPECT_TRUE(read_json(std::string(json_depth_max, '[') + std::string(json_depth_max, ']')));
  EXPECT_EQ(read_json(std::string(json_depth_max + 1, '[')).error().message, "nested deeper than 64 levels");
  EXPECT_FALSE(read_json(std::string(1'000'000, '['))) << "and the stack is not at risk";
}

}  // namespace
}  // namespace windlass
