#pragma once
// The Accept header (RFC 9110, 12.5.1): the closest range that names a type decides, and q=0 refuses it.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace windlass {

// Whether the header admits the type with any preference at all; without a header every type is. An empty one admits
// none, as Mesos has it.
[[nodiscard]] bool accepts_type(const std::string* accept, std::string_view type);

// The one of `offered` that the header wants most; the first of equals, and the first when there is no header, or an
// empty one. None: it wants none of them (406).
[[nodiscard]] std::optional<std::string> choose_type(const std::string* accept,
                                                     const std::vector<std::string>& offered);

}  // namespace windlass
