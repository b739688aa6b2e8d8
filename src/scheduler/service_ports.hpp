#pragma once
// Which service ports apps have, and which is the lowest that none has, at a cost that does not grow with their number.

#include "model/ids.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <vector>

namespace windlass::scheduler {

class ServicePorts {
 public:
  void add(std::uint16_t port, const AppId& app);
  // REQUIRES: it was added.
  void remove(std::uint16_t port, const AppId& app);
  // v1 lets several have the same.
  [[nodiscard]] const std::set<AppId>& apps_of(std::uint16_t port) const;
  // The lowest from `least` to `most` that no app has.
  [[nodiscard]] std::optional<std::uint16_t> lowest_free(std::uint16_t least, std::uint16_t most) const;
  friend bool operator==(const ServicePorts&, const ServicePorts&) = default;

 private:
  static constexpr std::size_t words = 65536 / 64;
  std::map<std::uint16_t, std::set<AppId>> apps_;
  std::vector<std::uint64_t> used_ = std::vector<std::uint64_t>(words);  // a bit for each port
};

}  // namespace windlass::scheduler
