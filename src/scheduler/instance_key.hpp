#pragma once
// An instance inside the core: 16 bytes instead of the long texts around them.
//
//   "<safe app path>.instance-<uuid>"                      InstanceId
//   "<safe app path>.instance-<uuid>._app.<incarnation>"   TaskId

#include "base/prng.hpp"
#include "model/app.hpp"

#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

namespace windlass::scheduler {

struct InstanceKey {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  auto operator<=>(const InstanceKey&) const = default;
};

using AppPtr = std::shared_ptr<const App>;
using InstancePtr = std::shared_ptr<const Instance>;

// The parts of an InstanceId's or a TaskId's text; none when it is not one of ours.
struct InstanceName {
  std::string_view app;  // the safe path, which says little where ids have underscores ("/a/b" and "/a_b")
  InstanceKey key;
};
std::optional<InstanceName> parse_instance_name(std::string_view id);

// REQUIRES: the id is of our making.
InstanceKey key_of(const InstanceId& id);

InstanceId instance_id_of(const AppId& app, const Uuid& uuid);

}  // namespace windlass::scheduler
