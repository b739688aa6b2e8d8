#pragma once
// Every kind of id is a type of its own, so that a TaskId cannot be passed where an AgentId is meant.

#include <compare>
#include <string>

namespace windlass {

template <class Tag>
struct Id {
  std::string value;

  [[nodiscard]] bool empty() const { return value.empty(); }
  auto operator<=>(const Id&) const = default;
};

}  // namespace windlass
