#pragma once
// JSON text, one piece after the other. Commas are the writer's business; that brackets match is the caller's.

#include "wire/json/text.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace windlass {

class JsonWriter {
 public:
  // '{' or '[', as an element or as the member `name`.
  void open(char bracket) {
    separate();
    out_ += bracket;
  }
  void open(std::string_view name, char bracket) {
    begin_member(name);
    out_ += bracket;
  }
  void close(char bracket) { out_ += bracket; }

  void text(std::string_view value) {
    separate();
    append_json_string(out_, value);
  }
  void text(std::string_view name, std::string_view value) {
    begin_member(name);
    append_json_string(out_, value);
  }
  // A double: 4 is written 4.0, as Mesos does.
  void number(std::string_view name, double value) {
    begin_member(name);
    append_json_double(out_, value);
  }
  void integer(std::string_view name, std::int64_t value) {
    begin_member(name);
    out_ += std::to_string(value);
  }
  void boolean(std::string_view name, bool value) {
    begin_member(name);
    out_ += value ? "true" : "false";
  }
  // Text that is JSON already.
  void raw(std::string_view json) {
    separate();
    out_ += json;
  }
  void raw(std::string_view name, std::string_view json) {
    begin_member(name);
    out_ += json;
  }

  [[nodiscard]] std::string take() { return std::move(out_); }

 private:
  // Strings end with a quote, so a bracket or a colon at the end is never part of a value.
  void separate() {
    if (!out_.empty() && out_.back() != '{' && out_.back() != '[' && out_.back() != ':') out_ += ',';
  }
  void begin_member(std::string_view name) {
    separate();
    append_json_string(out_, name);
    out_ += ':';
  }

  std::string out_;
};

}  // namespace windlass
