#pragma once
// For tests: what stands in an X-Registry-Auth.

#include "base/base64.hpp"

#include <algorithm>
#include <string>

namespace windlass {

// The JSON; "" when it is not base64 for URLs.
inline std::string decoded_login(std::string header) {
  std::replace(header.begin(), header.end(), '-', '+');
  std::replace(header.begin(), header.end(), '_', '/');
  const auto bytes = decode_base64(header);
  return bytes ? *bytes : "";
}

}  // namespace windlass
