#include "core/alarms.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace windlass::core {
namespace {

using namespace std::chrono_literals;

using Texts = std::vector<std::string>;
constexpr TimePoint noon{std::chrono::hours{12}};

TEST(Alarms, TheSoonestIsNext) {
  Alarms<std::string> alarms;
  EXPECT_EQ(alarms.next(), std::nullopt);
  alarms.set("late", noon + 2s);
  alarms.set("soon", noon + 1s);
  EXPECT_EQ(alarms.next(), noon + 1s);
  EXPECT_EQ(alarms.take_due(noon), Texts{});
  EXPECT_EQ(alarms.take_due(noon + 1s), Texts{"soon"});
  EXPECT_EQ(alarms.next(), noon + 2s);
}

TEST(Alarms, AKeyHasOneTime) {
  Alarms<std::string> alarms;
  alarms.set("a", noon + 1s);
  alarms.set("a", noon + 3s);
  alarms.set("b", noon + 2s);
  EXPECT_EQ(alarms.take_due(noon + 2s), Texts{"b"});
  alarms.set("a", noon + 3s);
  EXPECT_EQ(alarms.next(), noon + 3s);
  alarms.set("a", std::nullopt);
  alarms.set("never there", std::nullopt);
  EXPECT_EQ(alarms.next(), std::nullopt);
}

TEST(Alarms, WhatIsSetForNowWaitsForTheNextTimeOfAsking) {
  Alarms<std::string> alarms;
  alarms.set("b", noon);
  alarms.set("a", noon);
  const Texts due = alarms.take_due(noon);
  EXPECT_EQ(due, (Texts{"a", "b"}));
  for (const std::string& key : due) alarms.set(key, noon);
  EXPECT_EQ(alarms.take_due(noon), (Texts{"a", "b"}));
}

TEST(Alarms, EqualWhenTheTimesAre) {
  Alarms<std::string> left;
  Alarms<std::string> right;
  left.set("a", noon);
  EXPECT_FALSE(left == right);
  right.set("b", noon);
  right.set("a", noon);
  right.set("b", std::nullopt);
  EXPECT_TRUE(left == right);
}

}  // namespace
}  // namespace windlass::core
