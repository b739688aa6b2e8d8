#include "base/flags.hpp"

#include <gtest/gtest.h>

namespace windlass {
namespace {

using NextWord = FlagRules::NextWord;

FlagKind kind_of(std::string_view name) {
  if (name == "port" || name == "no-name") return FlagKind::valued;
  return name == "quiet" ? FlagKind::toggle : FlagKind::none;
}

// "port=1 -quiet ?what word"
std::string read(const std::vector<std::string>& words, NextWord next_word = NextWord::is_value) {
  FlagReader reader{words, {.kind_of = kind_of, .negations = {"no-", "disable_"}, .next_word = next_word}};
  std::string text;
  while (const auto found = reader.next()) {
    text += text.empty() ? "" : " ";
    if (found->is == FlagWord::Is::unknown_flag) text += "?";
    text += (found->negated ? "-" : "") + (found->is == FlagWord::Is::word ? found->text : found->name);
    if (found->value) text += "=" + *found->value;
  }
  EXPECT_EQ(reader.taken(), words.size());
  return text;
}

TEST(Flags, TakeWordsApart) {
  EXPECT_EQ(read({"a", "--port=1", "--port", "2", "b", "--quiet", "c"}), "a port=1 port=2 b quiet c");
  EXPECT_EQ(read({"--port=", "--port=a=b"}), "port= port=a=b");
  EXPECT_EQ(read({"--", "-", "", "-p", "--="}), "-- -  -p ?=");
  EXPECT_EQ(read({"--what", "--what=1"}), "?what ?what=1");
}

TEST(Flags, SwitchesAreTurnedOff) {
  EXPECT_EQ(read({"--no-quiet", "--disable_quiet", "--quiet=false"}), "-quiet -quiet quiet=false");
  EXPECT_EQ(read({"--no-quiet=1"}), "-quiet=1") << "the program says that it takes no value";
  EXPECT_EQ(read({"--no-port", "--no-what", "--no-no-quiet"}), "?no-port ?no-what ?no-no-quiet");
  EXPECT_EQ(read({"--no-name=x"}), "no-name=x") << "a name of its own";
}

TEST(Flags, WhatFollowsMayBeTheValue) {
  EXPECT_EQ(read({"--port"}), "port");
  EXPECT_EQ(read({"--port", "--quiet"}), "port=--quiet");
  EXPECT_EQ(read({"--port", "--quiet"}, NextWord::is_value_unless_flag), "port quiet");
  EXPECT_EQ(read({"--port", "1"}, NextWord::is_value_unless_flag), "port=1");
  EXPECT_EQ(read({"--port", "1"}, NextWord::is_no_value), "port 1");
}

TEST(Flags, ShowTheWordAsWritten) {
  const std::vector<std::string> words{"--no-quiet=1"};
  EXPECT_EQ(FlagReader(words, {.kind_of = kind_of, .negations = {"no-"}}).next()->text, "--no-quiet");
}

TEST(Flags, HaveAVariable) { EXPECT_EQ(flag_variable("WINDLASS_", "http_port"), "WINDLASS_HTTP_PORT"); }

TEST(Flags, NamesThatAreAlmostTheSame) {
  EXPECT_EQ(edits_between("http_port", "http_port"), 0U);
  EXPECT_EQ(edits_between("htp_prot", "http_port"), 3U);
  EXPECT_EQ(edits_between("", "abc"), 3U);
}

}  // namespace
}  // namespace windlass
