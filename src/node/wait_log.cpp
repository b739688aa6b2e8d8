#include "node/wait_log.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace windlass {
namespace {

std::string of_offers(std::uint64_t count, std::uint64_t all) {
  return std::to_string(count) + " of " + std::to_string(all) + (all == 1 ? " offer: " : " offers: ");
}

}  // namespace

// What keeps offers away comes before what is wrong with them. Of reasons that are equally frequent, the first in the
// funnel's order comes first.
std::string wait_reason(const scheduler::World& world, const scheduler::WaitReport& report) {
  if (!world.connected) return "not connected to Mesos";
  if (report.delayed_until) return "it has failed, and is started again at " + to_iso8601(*report.delayed_until);
  if (report.funnel.offers == 0) return "no offers have come";
  std::vector<std::pair<std::uint64_t, Refusal>> reasons;
  for (std::size_t at = 0; at < refusals_count; ++at) {
    const auto refusal = static_cast<Refusal>(at);
    if (const std::uint64_t count = report.funnel.count_of(refusal); count > 0) reasons.emplace_back(count, refusal);
  }
  std::ranges::stable_sort(reasons, std::ranges::greater{}, &std::pair<std::uint64_t, Refusal>::first);
  std::string text;
  for (const auto& [count, refusal] : reasons) {
    text += text.empty() ? "" : ", ";
    text += of_offers(count, report.funnel.offers) + std::string{to_string(refusal)};
  }
  return text.empty() ? "each offer was used up" : text;
}

std::vector<WaitLine> WaitLog::take_due(const scheduler::World& world, TimePoint now) {
  // An app that was served meanwhile and waits again begins a new wait, and with it again at the shortest time.
  std::erase_if(apps_, [&](const auto& each) {
    const TimePoint* since = world.waiting.get(each.first);
    return since == nullptr || *since != each.second.since;
  });
  std::vector<WaitLine> lines;
  for (const auto& [id, since] : world.waiting) {
    Told& told = apps_.try_emplace(id, Told{since, after(since, wait_told_after)}).first->second;
    // Those that find no place in this round stay due, and come in the next.
    if (told.next > now || lines.size() >= wait_lines_max) continue;
    // After as long again as it has waited so far: twice as long each time.
    told.next = after(now, std::min<Duration>(now - since, wait_told_again_max));
    const auto report = scheduler::wait_report(world, id);
    if (!report) continue;
    lines.push_back({.app = id,
                     .waited = std::chrono::duration_cast<std::chrono::seconds>(now - since),
                     .missing = report->missing,
                     .reason = wait_reason(world, *report)});
  }
  return lines;
}

}  // namespace windlass
