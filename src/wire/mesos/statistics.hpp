#pragma once
// A container's statistics for its framework (the data of an executor's MESSAGE) and for the person who reads the log.
//
//   {"type":"STATISTICS","task_id":"web.1","docker_id":"1a2b…",
//    "statistics":{"timestamp":1795336446.5,"cpus_user_time_secs":8.1,…,"mem_rss_bytes":47185920,…}}
//
// `statistics` has the names of model/statistics.hpp, which are those of Mesos' ResourceStatistics, so that what reads
// the agent's /monitor/statistics or /containers reads this too. Times in seconds are doubles, all else are whole
// numbers; what the kernel did not tell is left out. Counters (times, network, block I/O) only grow while the container
// runs. A framework tells these messages from others by `type`.

#include "base/error.hpp"
#include "model/ids.hpp"
#include "model/statistics.hpp"

#include <string>
#include <string_view>

namespace windlass {

struct StatisticsMessage {
  TaskId task_id;
  std::string docker_id = {};  // of the container
  ContainerStatistics statistics = {};
  friend bool operator==(const StatisticsMessage&, const StatisticsMessage&) = default;
};

// One line without spaces, about 1 KB.
std::string encode_statistics(const StatisticsMessage& message);
// Unknown members are ignored. Errors: Errc::malformed naming the member; Errc::unsupported for a message of another
// type.
[[nodiscard]] Result<StatisticsMessage> read_statistics(std::string_view json);

// One line for the end of the log, of what is known and not zero: "cpu 12.3 s (10.2 user, 2.1 system), throttled 1.5 s
// in 4 of 40 periods, memory peak 45.1 MiB of 64.0 MiB, …"; "nothing is known" for empty statistics.
std::string describe_statistics(const ContainerStatistics& statistics);

}  // namespace windlass
