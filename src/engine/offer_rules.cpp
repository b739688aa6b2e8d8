#include "engine/offer_rules.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace windlass::engine {
namespace {

// As --min_allocatable_resources of Mesos (mesos.md 6.1): less than this runs nothing, and is not worth an offer.
constexpr std::int64_t cpus_milli_min = 10;
constexpr std::int64_t mem_milli_min = 32'000;
constexpr double default_refuse_seconds = 5.0;
constexpr double refuse_seconds_max = 365.0 * 24 * 3600;

}  // namespace

Resources open_to(const Resources& free, const std::string& role) {
  Resources open;
  for (const Resource& entry : free.entries()) {
    const std::string& owner = entry.reservation;
    // A reservation is open to the roles below it: "ads" to "ads/web", but not to "adsense".
    if (owner.empty() || owner == role || role.starts_with(owner + "/")) open.add(entry);
  }
  return open;
}

bool is_allocatable(const Resources& resources) {
  return resources.milli("cpus") >= cpus_milli_min || resources.milli("mem") >= mem_milli_min;
}

std::vector<std::string> meant_roles(const FrameworkInfo& info, const std::vector<std::string>& named) {
  const auto subscribed = info.all_roles();
  if (named.empty()) return subscribed;
  // One unknown role drops the whole call, although it was answered 202 (mesos.md 2.9).
  const bool all_known = std::ranges::all_of(
      named, [&](const std::string& role) { return std::ranges::find(subscribed, role) != subscribed.end(); });
  return all_known ? named : std::vector<std::string>{};
}

std::optional<Duration> refusal_time(double seconds, Duration allocation_interval) {
  // Written so that NaN counts as a negative number.
  if (!(seconds >= 0)) seconds = default_refuse_seconds;
  if (seconds == 0) return std::nullopt;
  const std::chrono::duration<double> wanted{std::min(seconds, refuse_seconds_max)};
  // A shorter refusal would end before the next batch, and so refuse nothing.
  return std::max(std::chrono::duration_cast<Duration>(wanted), allocation_interval);
}

}  // namespace windlass::engine
