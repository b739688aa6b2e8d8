#pragma once
// The body of POST /v1/apps/start, made from the flags of `windlass app start`.

#include "cli/arguments.hpp"

#include <set>
#include <string>

namespace windlass {

const std::set<std::string>& app_flags();

// Errors: Errc::invalid; `where` names the flag.
[[nodiscard]] Result<std::string> app_json(const std::string& id, const Arguments& arguments);

}  // namespace windlass
