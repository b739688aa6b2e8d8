#include "wire/mesos/statistics.hpp"

#include "wire/json/reader.hpp"
#include "wire/json/text.hpp"

#include <boost/json/object.hpp>

#include <array>
#include <cmath>
#include <cstdio>
#include <variant>

namespace windlass {

namespace {

namespace json = boost::json;

using Statistics = ContainerStatistics;
using Seconds = std::optional<double> Statistics::*;
using Count = std::optional<std::uint64_t> Statistics::*;

// One table for writing and reading, so that the two cannot differ. The names are those of Mesos' ResourceStatistics,
// where it has the number.
struct StatisticsField {
  const char* name;
  std::variant<Seconds, Count> place;
};

// All of them but the timestamp, in the order in which they are written.
const auto statistics_fields = std::to_array<StatisticsField>({
    {"cpus_user_time_secs", &Statistics::cpus_user_time_secs},
    {"cpus_system_time_secs", &Statistics::cpus_system_time_secs},
    {"cpus_limit", &Statistics::cpus_limit},
    {"cpus_soft_limit", &Statistics::cpus_soft_limit},
    {"cpus_nr_periods", &Statistics::cpus_nr_periods},
    {"cpus_nr_throttled", &Statistics::cpus_nr_throttled},
    {"cpus_throttled_time_secs", &Statistics::cpus_throttled_time_secs},
    {"mem_total_bytes", &Statistics::mem_total_bytes},
    {"mem_total_memsw_bytes", &Statistics::mem_total_memsw_bytes},
    {"mem_limit_bytes", &Statistics::mem_limit_bytes},
    {"mem_soft_limit_bytes", &Statistics::mem_soft_limit_bytes},
    {"mem_rss_bytes", &Statistics::mem_rss_bytes},
    {"mem_cache_bytes", &Statistics::mem_cache_bytes},
    {"mem_mapped_file_bytes", &Statistics::mem_mapped_file_bytes},
    {"mem_swap_bytes", &Statistics::mem_swap_bytes},
    {"mem_unevictable_bytes", &Statistics::mem_unevictable_bytes},
    {"mem_peak_bytes", &Statistics::mem_peak_bytes},
    {"mem_oom_kills", &Statistics::mem_oom_kills},
    {"net_rx_bytes", &Statistics::net_rx_bytes},
    {"net_rx_packets", &Statistics::net_rx_packets},
    {"net_rx_errors", &Statistics::net_rx_errors},
    {"net_rx_dropped", &Statistics::net_rx_dropped},
    {"net_tx_bytes", &Statistics::net_tx_bytes},
    {"net_tx_packets", &Statistics::net_tx_packets},
    {"net_tx_errors", &Statistics::net_tx_errors},
    {"net_tx_dropped", &Statistics::net_tx_dropped},
    {"blkio_read_bytes", &Statistics::blkio_read_bytes},
    {"blkio_write_bytes", &Statistics::blkio_write_bytes},
    {"blkio_read_ops", &Statistics::blkio_read_ops},
    {"blkio_write_ops", &Statistics::blkio_write_ops},
    {"threads", &Statistics::threads},
    {"threads_limit", &Statistics::threads_limit},
    {"disk_used_bytes", &Statistics::disk_used_bytes},
    {"disk_limit_bytes", &Statistics::disk_limit_bytes},
});

// What was not measured has no member: 0 would be a measurement.
void append_member(std::string& out, const Statistics& statistics, const StatisticsField& field) {
  const auto name = [&] { out += std::string{",\""} + field.name + "\":"; };
  if (const auto* seconds = std::get_if<Seconds>(&field.place)) {
    if (!(statistics.**seconds)) return;
    name();
    append_json_double(out, *(statistics.**seconds));
  } else if (const auto& count = statistics.*std::get<Count>(field.place)) {
    name();
    out += std::to_string(*count);
  }
}

Error wrong_member(const char* name, const char* what) {
  return Error{Errc::malformed, std::string{"is not "} + what, std::string{"/statistics/"} + name};
}

Result<void> read_member(Statistics& statistics, const json::value& value, const StatisticsField& field) {
  if (const auto* seconds = std::get_if<Seconds>(&field.place)) {
    if (!value.is_number() || !std::isfinite(value.to_number<double>())) return wrong_member(field.name, "a number");
    statistics.** seconds = value.to_number<double>();
    return {};
  }
  // boost::json reads small numbers as signed.
  const bool counts = value.is_uint64() || (value.is_int64() && value.get_int64() >= 0);
  if (!counts) return wrong_member(field.name, "a whole number");
  statistics.*std::get<Count>(field.place) = value.to_number<std::uint64_t>();
  return {};
}

Result<Statistics> read_members(const json::value* value) {
  const json::object* members = value == nullptr ? nullptr : value->if_object();
  if (members == nullptr) return Error{Errc::malformed, "is not an object", "/statistics"};
  Statistics statistics;
  const json::value* timestamp = members->if_contains("timestamp");
  if (timestamp == nullptr || !timestamp->is_number()) return wrong_member("timestamp", "a number");
  const double seconds = timestamp->to_number<double>();
  // A bound that no honest clock passes: far beyond it a TimePoint overflows.
  constexpr double year_3000 = 32503680000;
  if (!(std::abs(seconds) < year_3000)) return wrong_member("timestamp", "a time");
  statistics.timestamp = from_seconds(seconds);
  for (const StatisticsField& field : statistics_fields) {
    const json::value* member = members->if_contains(field.name);
    if (member == nullptr) continue;
    auto read = read_member(statistics, *member, field);
    if (!read) return read.error();
  }
  return statistics;
}

Result<std::string> read_text_member(const json::object& message, const char* name) {
  const json::value* value = message.if_contains(name);
  const auto* text = value == nullptr ? nullptr : value->if_string();
  if (text == nullptr) return Error{Errc::malformed, "is not a string", std::string{"/"} + name};
  return std::string{text->begin(), text->end()};
}

// --- for people ------------------------------------------------------------------------------------------------------

std::string one_decimal(double value) {
  char text[64];
  std::snprintf(text, sizeof text, "%.1f", value);
  return text;
}

std::string mebibytes(std::uint64_t bytes) { return one_decimal(static_cast<double>(bytes) / (1 << 20)); }

// Only what was measured, and throttling and kills only where there were any: the line is for a log that people read.
std::string cpu_part(const Statistics& s) {
  if (!s.cpus_user_time_secs || !s.cpus_system_time_secs) return {};
  std::string text = "cpu " + one_decimal(*s.cpus_user_time_secs + *s.cpus_system_time_secs) + " s (" +
                     one_decimal(*s.cpus_user_time_secs) + " user, " + one_decimal(*s.cpus_system_time_secs) +
                     " system)";
  if (s.cpus_nr_throttled.value_or(0) == 0) return text;
  return text + ", throttled " + one_decimal(s.cpus_throttled_time_secs.value_or(0)) + " s in " +
         std::to_string(*s.cpus_nr_throttled) + " of " + std::to_string(s.cpus_nr_periods.value_or(0)) + " periods";
}

std::string used_of(const std::string& what, std::uint64_t used, const std::optional<std::uint64_t>& limit) {
  return what + " " + mebibytes(used) + " MiB" + (limit ? " of " + mebibytes(*limit) + " MiB" : "");
}

std::string memory_part(const Statistics& s) {
  if (!s.mem_peak_bytes) return {};
  std::string text = used_of("memory peak", *s.mem_peak_bytes, s.mem_limit_bytes);
  const std::uint64_t kills = s.mem_oom_kills.value_or(0);
  if (kills > 0) {
    text += ", " + std::to_string(kills) + (kills == 1 ? " process" : " processes") + " killed for want of memory";
  }
  return text;
}

std::string traffic_part(const char* what, const std::optional<std::uint64_t>& in, const char* in_word,
                         const std::optional<std::uint64_t>& out, const char* out_word) {
  if (in.value_or(0) == 0 && out.value_or(0) == 0) return {};
  return std::string{what} + " " + mebibytes(in.value_or(0)) + " MiB " + in_word + ", " + mebibytes(out.value_or(0)) +
         " MiB " + out_word;
}

}  // namespace

std::string encode_statistics(const StatisticsMessage& message) {
  std::string out = R"({"type":"STATISTICS","task_id":)";
  append_json_string(out, message.task_id.value);
  out += R"(,"docker_id":)";
  append_json_string(out, message.docker_id);
  out += R"(,"statistics":{"timestamp":)";
  append_json_double(out, to_seconds(message.statistics.timestamp));
  for (const StatisticsField& field : statistics_fields) append_member(out, message.statistics, field);
  out += "}}";
  return out;
}

// Messages of executors are any bytes; that it is one of ours shows only by its type.
Result<StatisticsMessage> read_statistics(std::string_view text) {
  auto value = read_json(text);
  if (!value) return value.error();
  const json::object* message = value->if_object();
  if (message == nullptr) return Error{Errc::malformed, "is not an object", "/"};
  auto type = read_text_member(*message, "type");
  if (!type) return type.error();
  if (*type != "STATISTICS") return Error{Errc::unsupported, "is '" + *type + "'", "/type"};
  auto task_id = read_text_member(*message, "task_id");
  if (!task_id) return task_id.error();
  auto docker_id = read_text_member(*message, "docker_id");
  if (!docker_id) return docker_id.error();
  auto statistics = read_members(message->if_contains("statistics"));
  if (!statistics) return statistics.error();
  return StatisticsMessage{
      .task_id = {std::move(*task_id)}, .docker_id = std::move(*docker_id), .statistics = *statistics};
}

std::string describe_statistics(const ContainerStatistics& s) {
  std::string text;
  for (const std::string& part :
       {cpu_part(s), memory_part(s), s.mem_swap_bytes.value_or(0) > 0 ? used_of("swap", *s.mem_swap_bytes, {}) : "",
        traffic_part("network", s.net_rx_bytes, "in", s.net_tx_bytes, "out"),
        traffic_part("block I/O", s.blkio_read_bytes, "read", s.blkio_write_bytes, "written"),
        s.disk_used_bytes ? used_of("disk", *s.disk_used_bytes, s.disk_limit_bytes) : ""}) {
    if (!part.empty()) text += (text.empty() ? "" : ", ") + part;
  }
  return text.empty() ? "nothing is known" : text;
}

}  // namespace windlass
