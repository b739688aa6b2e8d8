#include "model/statistics.hpp"

#include <cstdio>

namespace windlass {

namespace {

// As the limits of tasks are written: "64 MB", "63.9 MB" (of 2^20 bytes, as Mesos has them).
std::string megabytes_of(std::uint64_t bytes) {
  char number[64];
  std::snprintf(number, sizeof number, "%.1f", static_cast<double>(bytes) / (1 << 20));
  std::string text{number};
  if (text.ends_with(".0")) text.resize(text.size() - 2);
  return text + " MB";
}

}  // namespace

std::string describe_oom(const OomEvents& events) {
  std::string text = events.at_limit ? "" : "the host or a group above the container ran out of memory; ";
  text += events.limit_bytes ? "the container is limited to " + megabytes_of(*events.limit_bytes)
                             : "the container has no limit of its own";
  if (events.peak_bytes) text += " and used " + megabytes_of(*events.peak_bytes) + " at its peak";
  return text;
}

}  // namespace windlass
