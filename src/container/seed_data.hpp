#pragma once
// TaskInfo.data of the seed contract (marathon.md 1.7): the app as JSON, of which the executor reads three things.

#include "base/error.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace windlass {

struct SeedData {
  std::vector<std::pair<std::string, std::string>> env = {};  // in the order of the text
  std::string image = {};                                     // container.image without "docker:///"; empty: none
  std::vector<std::string> options = {};                      // container.options, for `docker run`
  // What was there and could not be used, for the sandbox's stderr.
  std::vector<std::string> warnings = {};
  friend bool operator==(const SeedData&, const SeedData&) = default;
};

// Takes whatever comes: a null or missing container, unknown fields and text that is not JSON all mean "nothing said",
// the latter with a warning. Numbers and booleans in env become text.
SeedData parse_seed_data(std::string_view data);

}  // namespace windlass
