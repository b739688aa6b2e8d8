#include "wire/mesos/statistics.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace windlass {
namespace {

// Every field, each with a value of its own, so that none is taken for another.
ContainerStatistics all_fields() {
  ContainerStatistics s{.timestamp = TimePoint{std::chrono::microseconds{1795336446963768}}};
  std::uint64_t next = 1000;
  for (auto* seconds : {&s.cpus_user_time_secs, &s.cpus_system_time_secs, &s.cpus_limit, &s.cpus_soft_limit,
                        &s.cpus_throttled_time_secs}) {
    *seconds = static_cast<double>(++next) + 0.1;
  }
  for (auto* count : {&s.cpus_nr_periods,       &s.cpus_nr_throttled,
                      &s.mem_total_bytes,       &s.mem_total_memsw_bytes,
                      &s.mem_limit_bytes,       &s.mem_soft_limit_bytes,
                      &s.mem_rss_bytes,         &s.mem_cache_bytes,
                      &s.mem_mapped_file_bytes, &s.mem_swap_bytes,
                      &s.mem_unevictable_bytes, &s.mem_peak_bytes,
                      &s.mem_oom_kills,         &s.net_rx_bytes,
                      &s.net_rx_packets,        &s.net_rx_errors,
                      &s.net_rx_dropped,        &s.net_tx_bytes,
                      &s.net_tx_packets,        &s.net_tx_errors,
                      &s.net_tx_dropped,        &s.blkio_read_bytes,
                      &s.blkio_write_bytes,     &s.blkio_read_ops,
                      &s.blkio_write_ops,       &s.threads,
                      &s.threads_limit,         &s.disk_used_bytes,
                      &s.disk_limit_bytes}) {
    *count = ++next;
  }
  return s;
}

std::string refusal(std::string_view text) {
  auto message = read_statistics(text);
  return message ? "taken" : to_string(message.error());
}

TEST(StatisticsJson, AllFieldsComeBack) {
  const StatisticsMessage message{.task_id = {"web.\"1\""}, .docker_id = "1a2b", .statistics = all_fields()};
  const std::string text = encode_statistics(message);
  EXPECT_LE(text.size(), 1500U) << "compact";
  EXPECT_EQ(text.find_first_of(" \n"), std::string::npos);
  auto back = read_statistics(text);
  ASSERT_TRUE(back) << to_string(back.error());
  EXPECT_EQ(*back, message);
}

TEST(StatisticsJson, TheShapeIsWhatTheHeaderSays) {
  StatisticsMessage message{.task_id = {"t1"}, .docker_id = "1a2b"};
  message.statistics.timestamp = TimePoint{std::chrono::milliseconds{1500}};
  EXPECT_EQ(encode_statistics(message),
            R"({"type":"STATISTICS","task_id":"t1","docker_id":"1a2b","statistics":{"timestamp":1.5}})");
  message.statistics.cpus_user_time_secs = 8;
  message.statistics.mem_rss_bytes = 18446744073709551615U;
  EXPECT_EQ(encode_statistics(message), R"({"type":"STATISTICS","task_id":"t1","docker_id":"1a2b","statistics":{)"
                                        R"("timestamp":1.5,"cpus_user_time_secs":8.0,)"
                                        R"("mem_rss_bytes":18446744073709551615}})");
  EXPECT_EQ(*read_statistics(encode_statistics(message)), message) << "the largest number too";
}

TEST(StatisticsJson, UnknownMembersAreIgnoredAndWrongOnesNamed) {
  const std::string head = R"({"type":"STATISTICS","task_id":"t1","docker_id":"","more":[],"statistics":)";
  auto message = read_statistics(head + R"({"timestamp":7,"perf":{},"threads":3}})");
  ASSERT_TRUE(message) << to_string(message.error());
  EXPECT_EQ(message->statistics.threads, 3U);
  EXPECT_EQ(message->statistics.timestamp, TimePoint{std::chrono::seconds{7}});
  EXPECT_EQ(refusal(head + R"({"timestamp":7,"threads":-3}})"), "/statistics/threads: is not a whole number");
  EXPECT_EQ(refusal(head + R"({"timestamp":7,"threads":3.5}})"), "/statistics/threads: is not a whole number");
  EXPECT_EQ(refusal(head + R"({"timestamp":7,"cpus_limit":"1"}})"), "/statistics/cpus_limit: is not a number");
  EXPECT_EQ(refusal(head + R"({"timestamp":7,"cpus_limit":1e999}})"), "/statistics/cpus_limit: is not a number");
  EXPECT_EQ(refusal(head + R"({"threads":3}})"), "/statistics/timestamp: is not a number");
  EXPECT_EQ(refusal(head + R"({"timestamp":1e300}})"), "/statistics/timestamp: is not a time");
  EXPECT_EQ(refusal(head + "[]}"), "/statistics: is not an object");
  EXPECT_EQ(refusal("[]"), "/: is not an object");
  EXPECT_EQ(refusal("{}"), "/type: is not a string");
  EXPECT_EQ(refusal(R"({"type":"STATISTICS","task_id":1})"), "/task_id: is not a string");
  EXPECT_EQ(refusal(R"({"type":"STATISTICS","task_id":"t1"})"), "/docker_id: is not a string");
  EXPECT_EQ(read_statistics(R"({"type":"OTHER"})").error().code, Errc::unsupported);
  EXPECT_EQ(read_statistics("{").error().code, Errc::malformed);
}

TEST(StatisticsText, SaysWhatIsKnownAndNotZero) {
  EXPECT_EQ(describe_statistics({}), "nothing is known");
  ContainerStatistics s{.cpus_user_time_secs = 10.2, .cpus_system_time_secs = 2.1, .mem_peak_bytes = 47290778};
  EXPECT_EQ(describe_statistics(s), "cpu 12.3 s (10.2 user, 2.1 system), memory peak 45.1 MiB");
  s.mem_limit_bytes = 64 << 20;
  s.cpus_nr_periods = 40;
  s.cpus_nr_throttled = 4;
  s.cpus_throttled_time_secs = 1.5;
  s.mem_swap_bytes = 1 << 20;
  s.net_rx_bytes = 0;
  s.net_tx_bytes = 3 << 20;
  s.blkio_read_bytes = 0;
  s.blkio_write_bytes = 0;
  s.disk_used_bytes = 5 << 20;
  s.disk_limit_bytes = 100 << 20;
  s.mem_oom_kills = 1;
  EXPECT_EQ(describe_statistics(s),
            "cpu 12.3 s (10.2 user, 2.1 system), throttled 1.5 s in 4 of 40 periods, memory peak 45.1 MiB of 64.0 MiB, "
            "1 process killed for want of memory, swap 1.0 MiB, network 0.0 MiB in, 3.0 MiB out, "
            "disk 5.0 MiB of 100.0 MiB");
}

}  // namespace
}  // namespace windlass
