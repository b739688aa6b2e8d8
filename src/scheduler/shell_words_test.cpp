#include "scheduler/shell_words.hpp"

#include <gtest/gtest.h>

namespace windlass::scheduler {
namespace {

using List = std::vector<std::string>;

const std::map<std::string, std::string> variables{{"PORT0", "31000"}, {"TWO", "a  b"}, {"STAR", "*"}, {"EMPTY", ""}};

std::optional<List> words(const std::string& line) { return shell_words(line, variables); }

TEST(ShellWords, AreThoseOfTheShell) {
  EXPECT_EQ(words(""), List{});
  EXPECT_EQ(words("  hello \t world "), (List{"hello", "world"}));
  EXPECT_EQ(words("'a b'\"c d\"e"), (List{"a bc de"}));
  EXPECT_EQ(words("'' \"\""), (List{"", ""}));
  EXPECT_EQ(words("a\\ b \\$X '\\n' \"\\n \\\" \\$\""), (List{"a b", "$X", "\\n", "\\n \" $"}));
  EXPECT_EQ(words("redis-server --port=$PORT0 ${PORT0}1"), (List{"redis-server", "--port=31000", "310001"}));
  EXPECT_EQ(words("x $TWO \"$TWO\" '$TWO'"), (List{"x", "a", "b", "a  b", "$TWO"}));
  EXPECT_EQ(words("x $EMPTY \"$EMPTY\" $NOT_KNOWN"), (List{"x", ""}));
  EXPECT_EQ(words("cost $ \"5 $\" '*' \"*\" --a=b"), (List{"cost", "$", "5 $", "*", "*", "--a=b"}));
}

TEST(ShellWords, SomeLinesNeedAShell) {
  for (const char* line :
       {"a && b", "a; b",    "a | b", "a > b", "a < b", "(a)", "`a`",    "\"`a`\"", "$(a)",  "\"$(a)\"",
        "*.txt",  "a?",      "[a]",   "~/x",   "{a,b}", "# a", "a\nb",   "! a",     "A=1 b", "$?",
        "$1",     "${A:-b}", "${A",   "'a",    "\"a",   "a\\", "a\\\nb", "$STAR"}) {
    EXPECT_EQ(words(line), std::nullopt) << line;
  }
}

TEST(ShellWords, QuotesComeBackAsTheyWere) {
  EXPECT_EQ(shell_quote("it's"), "'it'\\''s'");
  for (const std::string text : {"", "it's", "a b", "$PORT0", "`x`;|&\n\\\"", "*"}) {
    EXPECT_EQ(words(shell_quote(text)), List{text});
  }
}

}  // namespace
}  // namespace windlass::scheduler
