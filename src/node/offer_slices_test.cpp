#include "node/offer_slices.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace windlass {
namespace {

Offer offer(const std::string& id) {
  Offer offer;
  offer.id = OfferId{id};
  return offer;
}

scheduler::Call decline(const std::string& id, double seconds) {
  return scheduler::MesosCall{calls::Decline{{OfferId{id}}, seconds}};
}

// "a b|c": the offers of each DECLINE; "-" is any other call.
std::string describe(const std::vector<scheduler::Call>& calls) {
  std::string text;
  for (const scheduler::Call& call : calls) {
    const auto* to_mesos = std::get_if<scheduler::MesosCall>(&call);
    const auto* declined = to_mesos == nullptr ? nullptr : std::get_if<calls::Decline>(&to_mesos->body);
    text += text.empty() ? "" : "|";
    if (declined == nullptr) text += "-";
    for (std::size_t i = 0; declined != nullptr && i < declined->offer_ids.size(); ++i) {
      text += (i == 0 ? "" : " ") + declined->offer_ids[i].value;
    }
  }
  return text;
}

TEST(OfferSlices, AreAllOffersInTheirOrder) {
  EXPECT_TRUE(slice({}).empty());
  events::Offers all;
  for (const char* id : {"a", "b", "c"}) all.offers.push_back(offer(id));
  const auto slices = slice(std::move(all));
  ASSERT_EQ(slices.size(), 2u);
  ASSERT_EQ(slices[0].offers.size(), offers_per_step_max);
  EXPECT_EQ(slices[0].offers[1].id, OfferId{"b"});
  ASSERT_EQ(slices[1].offers.size(), 1u);
  EXPECT_EQ(slices[1].offers[0].id, OfferId{"c"});
}

TEST(OfferSlices, DeclinesThatFollowOneAnotherAreOne) {
  std::vector<scheduler::Call> calls{decline("a", 5), decline("b", 5), decline("c", 120), decline("d", 120)};
  join_declines(calls);
  EXPECT_EQ(describe(calls), "a b|c d");
}

// The order of calls is what the core said: a DECLINE does not pass another call.
TEST(OfferSlices, NothingIsJoinedAcrossAnotherCall) {
  std::vector<scheduler::Call> calls{decline("a", 5), scheduler::MesosCall{calls::Revive{}}, decline("b", 5)};
  join_declines(calls);
  EXPECT_EQ(describe(calls), "a|-|b");
  calls.clear();
  join_declines(calls);
  EXPECT_TRUE(calls.empty());
}

}  // namespace
}  // namespace windlass
