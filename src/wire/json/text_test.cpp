#include "wire/json/text.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace windlass {
namespace {

std::string quoted(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

std::string number(double value) {
  std::string out;
  append_json_double(out, value);
  return out;
}

TEST(JsonText, DoublesAreShortAndMarked) {
  EXPECT_EQ(number(0), "0.0");
  EXPECT_EQ(number(-0.0), "-0.0");
  EXPECT_EQ(number(15), "15.0");
  EXPECT_EQ(number(-15), "-15.0");
  EXPECT_EQ(number(0.1), "0.1");
  EXPECT_EQ(number(1795336446.963768), "1795336446.963768");
  EXPECT_EQ(number(604800), "604800.0");
  EXPECT_EQ(number(8192), "8192.0");
  EXPECT_EQ(number(8.192e36), "8.192e36");
}

TEST(JsonText, DoublesAtTheEdgesOfPlainNotation) {
  EXPECT_EQ(number(1e20), "100000000000000000000.0");
  EXPECT_EQ(number(1e21), "1e21");
  EXPECT_EQ(number(1.5e300), "1.5e300");
  EXPECT_EQ(number(0.000001), "0.000001");
  EXPECT_EQ(number(0.0000001), "1e-7");
  EXPECT_EQ(number(1.25e-7), "1.25e-7");
  EXPECT_EQ(number(5e-324), "5e-324");
  EXPECT_EQ(number(std::numeric_limits<double>::max()), "1.7976931348623157e308");
}

TEST(JsonText, WhatIsNoNumberIsAString) {
  EXPECT_EQ(number(std::numeric_limits<double>::infinity()), "\"Infinity\"");
  EXPECT_EQ(number(-std::numeric_limits<double>::infinity()), "\"-Infinity\"");
  EXPECT_EQ(number(std::numeric_limits<double>::quiet_NaN()), "\"NaN\"");
}

TEST(JsonText, StringsEscapeWhatJsonDemands) {
  EXPECT_EQ(quoted(""), "\"\"");
  EXPECT_EQ(quoted("a\"b\\c/d"), "\"a\\\"b\\\\c/d\"");
  EXPECT_EQ(quoted("\b\f\n\r\t"), "\"\\b\\f\\n\\r\\t\"");
  EXPECT_EQ(quoted(std::string_view("\0\x1f\x7f", 3)), "\"\\u0000\\u001F\x7f\"");
}

TEST(JsonText, KeepsUtf8AndReplacesWhatIsNot) {
  EXPECT_EQ(quoted("Größe €𝄞"), "\"Größe €𝄞\"");
  EXPECT_EQ(quoted("a\xff"
                   "b"),
            "\"a\xEF\xBF\xBD"
            "b\"");
  EXPECT_EQ(quoted("\xC0\x80"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\"") << "overlong";
  EXPECT_EQ(quoted("\xED\xA0\x80").find("\xED"), std::string::npos) << "surrogate";
  EXPECT_EQ(quoted("\xE2\x82"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\"") << "cut off";
  EXPECT_EQ(quoted("\xF4\x90\x80\x80").find("\xF4"), std::string::npos) << "above U+10FFFF";
}

}  // namespace
}  // namespace windlass
