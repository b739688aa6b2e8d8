#pragma once
// The pieces of JSON text that Mesos clients compare or measure: strings and doubles, written as Mesos writes them.

#include <string>
#include <string_view>

namespace windlass {

// Appends a quoted JSON string. Bytes that are not UTF-8 become U+FFFD, so that the text is JSON whatever came in.
void append_json_string(std::string& out, std::string_view text);

// Appends the shortest number that reads back as the same double, always marked as one: 15.0, 0.1, 1795336446.963768,
// 1e21. What JSON cannot say becomes a string: "Infinity", "-Infinity", "NaN".
void append_json_double(std::string& out, double value);

}  // namespace windlass
