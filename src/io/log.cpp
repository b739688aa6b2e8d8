#include "io/log.hpp"

#include "base/time.hpp"

#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <memory>
#include <mutex>

namespace windlass {

namespace {

constexpr std::size_t line_bytes_max = 16 * 1024;  // longer lines are cut

std::atomic<LogLevel> level_min{LogLevel::info};
std::mutex sink_mutex;
std::function<void(LogLevel, const std::string&)> sink;  // guarded by sink_mutex

std::string_view level_name(LogLevel level) {
  switch (level) {
    case LogLevel::debug: return "debug";
    case LogLevel::info: return "info";
    case LogLevel::warning: return "warning";
    case LogLevel::error: return "error";
  }
  return "error";
}

// A value is quoted as soon as it could be taken for the end of itself or for a further field.
bool is_plain(std::string_view value) {
  for (const char c : value) {
    if (static_cast<unsigned char>(c) <= ' ' || c == '"' || c == '\\' || c == '=' || c == 0x7f) return false;
  }
  return !value.empty();
}

// One event is one line, whatever text a peer has sent: a line break in a value could forge a line of the log.
void append_quoted(std::string& line, std::string_view value) {
  line += '"';
  for (const char c : value) {
    if (c == '"' || c == '\\') {
      line += '\\';
      line += c;
    } else if (c == '\n') {
      line += "\\n";
    } else if (static_cast<unsigned char>(c) < ' ' || c == 0x7f) {
      char escaped[8];
      std::snprintf(escaped, sizeof escaped, "\\x%02x", static_cast<unsigned>(static_cast<unsigned char>(c)));
      line += escaped;
    } else {
      line += c;
    }
  }
  line += '"';
}

std::string format(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) {
  const auto now = std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());
  std::string line = to_iso8601(now);
  line += ' ';
  line += level_name(level);
  line += ' ';
  line += event;
  for (const LogField& field : fields) {
    line += ' ';
    line += field.key;
    line += '=';
    if (is_plain(field.value)) {
      line += field.value;
    } else {
      append_quoted(line, field.value);
    }
  }
  // A peer's text must not fill the log.
  if (line.size() > line_bytes_max) line.resize(line_bytes_max);
  return line;
}

}  // namespace

void log(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) {
  if (level < level_min.load(std::memory_order_relaxed)) return;
  std::string line = format(level, event, fields);
  // The line is made before the lock. The sink runs under it, so that lines keep their order; it must not log itself.
  const std::lock_guard lock{sink_mutex};
  if (sink) return sink(level, line);
  line += '\n';
  // One write for the whole line: processes that share our stderr do not write into the middle of it (on a pipe, up to
  // PIPE_BUF). If it fails there is nowhere to say so.
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
}

void set_log_level(LogLevel level) { level_min = level; }

void set_log_sink(std::function<void(LogLevel level, const std::string& line)> new_sink) {
  const std::lock_guard lock{sink_mutex};
  sink = std::move(new_sink);
}

}  // namespace windlass
