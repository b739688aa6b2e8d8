#pragma once
// Log lines of the shells, to stderr, one write each: "2026-01-02T03:04:05.678Z info step event=status task=web.1".
// Cores stay silent. Any thread may log.

#include <concepts>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace windlass {

enum class LogLevel { debug, info, warning, error };

// key=value; values with spaces, quotes or control characters are quoted and escaped.
struct LogField {
  std::string_view key;
  std::string value;

  LogField(std::string_view k, std::string v) : key{k}, value{std::move(v)} {}
  LogField(std::string_view k, std::string_view v) : key{k}, value{v} {}
  LogField(std::string_view k, const char* v) : key{k}, value{v} {}
  LogField(std::string_view k, bool v) : key{k}, value{v ? "true" : "false"} {}
  template <class Number>
  requires(std::integral<Number> || std::floating_point<Number>) LogField(std::string_view k, Number v)
      : key{k}, value{std::to_string(v)} {}
};

//   log_info("listening", {{"host", host}, {"port", port}});
void log(LogLevel level, std::string_view event, std::initializer_list<LogField> fields = {});
inline void log_debug(std::string_view event, std::initializer_list<LogField> fields = {}) {
  log(LogLevel::debug, event, fields);
}
inline void log_info(std::string_view event, std::initializer_list<LogField> fields = {}) {
  log(LogLevel::info, event, fields);
}
inline void log_warning(std::string_view event, std::initializer_list<LogField> fields = {}) {
  log(LogLevel::warning, event, fields);
}
inline void log_error(std::string_view event, std::initializer_list<LogField> fields = {}) {
  log(LogLevel::error, event, fields);
}

// Lines below the level are dropped; info at the start.
void set_log_level(LogLevel level);
// Where lines go (without the newline) instead of stderr; an empty function restores stderr.
void set_log_sink(std::function<void(LogLevel level, const std::string& line)> sink);

}  // namespace windlass
