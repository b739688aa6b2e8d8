#pragma once
// Decoding of "Content-Encoding: gzip" request bodies. Internal to io/.

#include "base/error.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace windlass {

// One gzip member. Errors: Errc::malformed; Errc::invalid when the result would be larger than bytes_max.
[[nodiscard]] Result<std::string> gunzip(std::string_view bytes, std::size_t bytes_max);

}  // namespace windlass
