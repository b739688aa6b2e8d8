#include "sim/scenario.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace windlass::sim {
namespace {

const std::filesystem::path scenarios = std::filesystem::path{WINDLASS_SOURCE_DIR} / "tests" / "scenarios";

std::vector<std::string> scenario_names() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator{scenarios}) {
    if (entry.path().extension() == ".test") names.push_back(entry.path().stem());
  }
  std::ranges::sort(names);
  return names;
}

std::string run_text(const std::string& text) {
  auto lines = parse_scenario(text);
  if (!lines) return lines.error().where + ": " + lines.error().message;
  return Scenario{*lines}.run();
}

class Scenarios : public testing::TestWithParam<std::string> {};

TEST_P(Scenarios, Hold) {
  const std::filesystem::path file = scenarios / (GetParam() + ".test");
  std::ifstream input{file};
  std::ostringstream text;
  text << input.rdbuf();
  auto lines = parse_scenario(text.str());
  ASSERT_TRUE(lines.has_value()) << file.string() << ":" << lines.error().where << ": " << lines.error().message;
  Scenario scenario{*lines};
  const std::string failure = scenario.run();
  if (failure.empty()) return;
  std::string log;
  for (const auto& line : scenario.log()) log += line + "\n";
  FAIL() << log << file.string() << ":" << failure;
}

INSTANTIATE_TEST_SUITE_P(Files, Scenarios, testing::ValuesIn(scenario_names()),
                         [](const auto& each) { return each.param; });

TEST(ScenarioLanguage, AllScenariosAreFound) { EXPECT_GE(scenario_names().size(), 15U); }

TEST(ScenarioLanguage, NamesTheLineThatDoesNotHold) {
  EXPECT_EQ(run_text("start web instances=2\nsettle\n\nexpect running web 3\n"), "4: expect running web 3: it is 2");
}

TEST(ScenarioLanguage, NamesTheLineThatItDoesNotUnderstand) {
  EXPECT_EQ(run_text("# a comment\ndance web\n"), "2: dance web: unknown verb dance");
  EXPECT_EQ(run_text("start web colour=red\n"), "1: start web colour=red: unknown option colour");
  EXPECT_EQ(run_text("advance 10x\n"), "1: advance 10x: not a unit of time: x");
  EXPECT_EQ(run_text("start web cpus=1 cpus=2\n"), "1: option given twice: cpus=2");
  EXPECT_EQ(run_text("\n# only a comment\n"), "1: nothing to do");
}

TEST(ScenarioLanguage, AlwaysIsWatchedBetweenTheLines) {
  const std::string failure =
      run_text("start web instances=2\nsettle\nalways running web >= 2\nexit web code=1\nsettle\n");
  EXPECT_NE(failure.find("5: settle: it was not always so"), std::string::npos) << failure;
}

TEST(ScenarioLanguage, ReplacedContainersAreNotTheSame) {
  const std::string failure =
      run_text("start web instances=1\nsettle\nremember web\nkill web host=*\nsettle\nexpect same containers web\n");
  EXPECT_EQ(failure, "6: expect same containers web: they are others");
}

}  // namespace
}  // namespace windlass::sim
