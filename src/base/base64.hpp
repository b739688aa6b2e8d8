#pragma once
// Standard padded base64, as Mesos JSON carries bytes and as Docker carries registry credentials.

#include "base/error.hpp"

#include <string>
#include <string_view>

namespace windlass {

std::string encode_base64(std::string_view bytes);

// As lenient as Mesos: white space is skipped, the first '=' ends the text and missing padding is accepted. Any other
// character, the URL-safe alphabet included, is an error: "Invalid character '-'".
[[nodiscard]] Result<std::string> decode_base64(std::string_view text);

}  // namespace windlass
