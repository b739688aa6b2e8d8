#pragma once
// What an image may be called: the grammar of Docker's "distribution" references.
//
//   reference   name [":" tag] ["@" digest]         redis, shop/cart:1.2, registry.example:5000/a/b@sha256:<hex>
//   name        [domain "/"] path                   the part before the first "/" is a domain if it has a "." or ":",
//                                                   is "localhost", or has a capital letter
//   path        components separated by "/":        lower-case letters and digits, with ".", "_", "__" or "-"s between

#include "base/error.hpp"

#include <string>
#include <string_view>

namespace windlass {

// How v1 apps write an image: "docker:///redis".
inline constexpr std::string_view image_scheme = "docker:///";

// The name as Docker takes it: "docker:///redis:7" and "redis:7" -> "redis:7". An image's id is a name too.
// Errors: Errc::invalid, with the text in the message: another scheme, or not of the grammar, and which part is not.
[[nodiscard]] Result<std::string> parse_image_name(std::string_view text);

// "redis" -> "redis:latest"; what has a tag or a digest, or is an id, stays. REQUIRES: of the grammar.
std::string with_tag(const std::string& image);

}  // namespace windlass
