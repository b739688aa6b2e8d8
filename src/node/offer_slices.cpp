#include "node/offer_slices.hpp"

#include <utility>
#include <variant>

namespace windlass {
namespace {

calls::Decline* as_decline(scheduler::Call& call) {
  auto* to_mesos = std::get_if<scheduler::MesosCall>(&call);
  return to_mesos == nullptr ? nullptr : std::get_if<calls::Decline>(&to_mesos->body);
}

}  // namespace

std::vector<events::Offers> slice(events::Offers all) {
  std::vector<events::Offers> slices;
  for (Offer& offer : all.offers) {
    if (slices.empty() || slices.back().offers.size() == offers_per_step_max) slices.emplace_back();
    slices.back().offers.push_back(std::move(offer));
  }
  return slices;
}

void join_declines(std::vector<scheduler::Call>& calls) {
  std::vector<scheduler::Call> joined;
  for (scheduler::Call& call : calls) {
    const calls::Decline* more = as_decline(call);
    calls::Decline* last = joined.empty() ? nullptr : as_decline(joined.back());
    if (more != nullptr && last != nullptr && more->refuse_seconds == last->refuse_seconds) {
      last->offer_ids.insert(last->offer_ids.end(), more->offer_ids.begin(), more->offer_ids.end());
    } else {
      joined.push_back(std::move(call));
    }
  }
  calls = std::move(joined);
}

}  // namespace windlass
