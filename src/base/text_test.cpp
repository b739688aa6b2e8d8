#include "base/text.hpp"

#include <gtest/gtest.h>

namespace windlass {
namespace {

using Views = std::vector<std::string_view>;

TEST(Text, TrimTakesAsciiBlanksFromBothEnds) {
  EXPECT_EQ(trim(" \t\r\n\v\f a b \n"), "a b");
  EXPECT_EQ(trim("a"), "a");
  EXPECT_EQ(trim(" \t "), "");
  EXPECT_EQ(trim(""), "");
}

TEST(Text, SplitKeepsEmptyParts) {
  EXPECT_EQ(split("a,,b,", ','), (Views{"a", "", "b", ""}));
  EXPECT_EQ(split("", ','), (Views{""}));
  EXPECT_EQ(split(" a ;b", ';'), (Views{" a ", "b"}));
  EXPECT_EQ(split_list(" a ; b;;c ", ';'), (Views{"a", "b", "", "c"}));
}

TEST(Text, WordsAreNeverEmpty) {
  EXPECT_EQ(split_words("  a \t b\r\n"), (Views{"a", "b"}));
  EXPECT_EQ(split_words(" \n"), Views{});
  EXPECT_EQ(split_words("/a//b/", "/"), (Views{"a", "b"}));
}

TEST(Text, CutsAtTheFirstSeparator) {
  EXPECT_EQ(cut("a=b=c", '='), (std::pair<std::string, std::string>{"a", "b=c"}));
  EXPECT_EQ(cut("=", '='), (std::pair<std::string, std::string>{"", ""}));
  EXPECT_FALSE(cut("a", '='));
}

TEST(Text, OnlyAsciiLettersHaveACase) {
  EXPECT_EQ(to_lower("AbZ\xc3\x84[1"), "abz\xc3\x84[1");
  EXPECT_EQ(to_upper("aBz\xc3\xa4{1"), "ABZ\xc3\xa4{1");
  EXPECT_TRUE(equal_ignoring_case("Accept", "aCCEPT"));
  EXPECT_FALSE(equal_ignoring_case("Accept", "Accept "));
  EXPECT_TRUE(contains_ignoring_case("web-One", "-oNE"));
  EXPECT_TRUE(contains_ignoring_case("", ""));
  EXPECT_FALSE(contains_ignoring_case("web", "webs"));
}

}  // namespace
}  // namespace windlass
