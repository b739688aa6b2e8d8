#include "wire/mesos/state_summary.hpp"

#include <gtest/gtest.h>

namespace windlass {
namespace {

using Summaries = std::vector<FrameworkSummary>;

TEST(StateSummary, CountsWhatHasNotEnded) {
  EXPECT_EQ(read_state_summary(R"({"hostname":"m","frameworks":[
      {"id":"F-0","name":"windlass","connected":false,"TASK_RUNNING":2,"TASK_STAGING":1,"TASK_FAILED":7},
      {"id":"F-1","name":"other","connected":true,"TASK_KILLING":1}]})"),
            (Summaries{{{"F-0"}, "windlass", false, 3}, {{"F-1"}, "other", true, 1}}));
}

TEST(StateSummary, WhatIsOddHasDefaults) {
  for (const char* text : {"", "no", "[]", "{}", R"({"frameworks":3})", R"({"frameworks":[3]})",
                           R"({"frameworks":[{"name":"windlass"}]})", R"({"frameworks":[{"id":7}]})"}) {
    EXPECT_EQ(read_state_summary(text), Summaries{}) << text;
  }
  for (const char* fields : {"", R"(,"name":3)", R"(,"connected":1)", R"(,"TASK_RUNNING":"x")", R"(,"TASK_RUNNING":-1)",
                             R"(,"TASK_RUNNING":1.5)"}) {
    EXPECT_EQ(read_state_summary(R"({"frameworks":[{"id":"F")" + std::string{fields} + "}]}"),
              (Summaries{{{"F"}, "", false, 0}}))
        << fields;
  }
}

}  // namespace
}  // namespace windlass
