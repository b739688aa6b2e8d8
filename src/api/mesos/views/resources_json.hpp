#pragma once
// Resources and attributes, as the older reads show them.

#include "model/framework.hpp"
#include "model/resources.hpp"
#include "wire/json/writer.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace windlass {

// Sums over roles; the four well-known scalars are always there.
void write_resources(JsonWriter& json, std::string_view name, const Resources& resources);
// The part that is reserved to the role; "": the part that is reserved to none.
Resources reserved_to(const Resources& resources, const std::string& role);
// {"<role>": {…}, …}: that part of each role.
void write_reserved(JsonWriter& json, std::string_view name, const Resources& resources);
// [{…}, …]: each resource as the v1 API has it; and the reserved parts so.
void write_full(JsonWriter& json, std::string_view name, const Resources& resources);
void write_reserved_full(JsonWriter& json, std::string_view name, const Resources& resources);
// As /roles has them: numbers only, ranges by their size.
void write_quantities(JsonWriter& json, std::string_view name, const Resources& resources);

// The member "attributes".
void write_attributes(JsonWriter& json, const std::vector<Attribute>& attributes);

}  // namespace windlass
