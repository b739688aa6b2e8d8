#include "model/framework.hpp"

namespace windlass {

std::vector<std::string> FrameworkInfo::all_roles() const {
  if (can(Capability::multi_role)) return roles;
  return {role.value_or("*")};
}

std::string Attribute::to_string() const {
  if (type == AttributeType::scalar) return scalar_text(milli);
  if (type == AttributeType::text) return text;
  std::string joined;
  for (const Range& range : ranges) {
    joined += (joined.empty() ? "" : ",") + std::to_string(range.begin) + "-" + std::to_string(range.end);
  }
  return "[" + joined + "]";
}

Result<std::vector<Attribute>> parse_attributes(std::string_view text) {
  std::vector<Attribute> attributes;
  while (!text.empty()) {
    const auto end = text.find(';');
    std::string part{text.substr(0, end)};
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (part.empty()) continue;
    const auto colon = part.find(':');
    if (colon == std::string::npos || colon == 0 || colon + 1 == part.size()) {
      return Error{Errc::invalid, "'" + part + "' is not an attribute: write it as name:value", "attributes"};
    }
    Attribute attribute{.name = part.substr(0, colon)};
    // An attribute whose value reads as a number or as ranges is one; everything else is text.
    const auto parsed = parse_resources(part);
    const bool typed = parsed.has_value() && parsed->entries().size() == 1 && part[colon + 1] != '{';
    if (typed && parsed->entries()[0].type == ResourceType::ranges) {
      attribute.type = AttributeType::ranges;
      attribute.ranges = parsed->entries()[0].ranges;
    } else if (typed) {
      attribute.type = AttributeType::scalar;
      attribute.milli = parsed->entries()[0].milli;
    } else {
      attribute.text = part.substr(colon + 1);
    }
    attributes.push_back(std::move(attribute));
  }
  return attributes;
}

}  // namespace windlass
