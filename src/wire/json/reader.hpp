#pragma once
// Text to boost::json::value, for the .cpp files of this room only (the header is heavy).
//
// It differs from json::parse in what matters on our wires: doubles are read exactly (Boost 1.81 loses the last digit,
// so that 0.18000000000000002 would come back as 0.18), nesting is limited, and errors are worded as Mesos words them.

#include "base/error.hpp"

#include <boost/json/value.hpp>

#include <cstddef>
#include <string_view>

namespace windlass {

inline constexpr std::size_t json_depth_max = 64;  // deepest JSON that is read; a Mesos message needs about 20

// Of equal keys in an object the last one counts. Errc::malformed with
//   "syntax error at line 1 near: broken"   the line and what is left of it where reading stopped
//   "Parsed JSON included non-whitespace trailing characters: x"
//   "nested deeper than 64 levels"
[[nodiscard]] Result<boost::json::value> read_json(std::string_view text);

}  // namespace windlass
