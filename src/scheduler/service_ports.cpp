#include "scheduler/service_ports.hpp"

#include "base/check.hpp"

#include <bit>

namespace windlass::scheduler {
namespace {

constexpr std::size_t word_bits = 64;

std::uint64_t bit(std::uint16_t port) { return std::uint64_t{1} << (port % word_bits); }

}  // namespace

void ServicePorts::add(std::uint16_t port, const AppId& app) {
  apps_[port].insert(app);
  used_[port / word_bits] |= bit(port);
}

void ServicePorts::remove(std::uint16_t port, const AppId& app) {
  const auto known = apps_.find(port);
  CHECK(known != apps_.end() && known->second.erase(app) == 1);
  // Another app still has it: the port is not free.
  if (!known->second.empty()) return;
  apps_.erase(known);
  used_[port / word_bits] &= ~bit(port);
}

const std::set<AppId>& ServicePorts::apps_of(std::uint16_t port) const {
  static const std::set<AppId> none;
  const auto known = apps_.find(port);
  return known == apps_.end() ? none : known->second;
}

std::optional<std::uint16_t> ServicePorts::lowest_free(std::uint16_t least, std::uint16_t most) const {
  for (std::size_t word = least / word_bits; word <= most / word_bits; ++word) {
    std::uint64_t free = ~used_[word];
    // The first word also has ports below the least.
    if (word == least / word_bits) free &= ~(bit(least) - 1);
    if (free == 0) continue;
    const std::size_t port = word * word_bits + static_cast<std::size_t>(std::countr_zero(free));
    if (port > most) return std::nullopt;
    return static_cast<std::uint16_t>(port);
  }
  return std::nullopt;
}

}  // namespace windlass::scheduler
