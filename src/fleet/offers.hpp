#pragma once
// Who is offered which agents, and what frameworks do with offers other than accepting them.

#include "fleet/turn.hpp"

namespace windlass::fleet {

// Offers all that is free: each agent to the framework that holds the least of those that have not refused it.
void make_offers(Turn& turn);

// Ends an open offer of that framework; none: there is no such offer.
std::optional<OpenOffer> take_offer(Turn& turn, const Framework& framework, const OfferId& id);
// All of the framework's. It is not told.
void withdraw_offers(Turn& turn, const Framework& framework);
// Those in one role; the framework is told.
void rescind_offers(Turn& turn, const Framework& framework, const std::string& role);

// What is not wanted of an agent is not offered again for so many seconds; less than 0 or not a number: 5.
void refuse(Turn& turn, std::uint32_t agent, const Holder& holder, const Resources& resources, double seconds);
void decline(Turn& turn, const Framework& framework, const calls::Decline& call);
void revive(Turn& turn, Framework& framework, const calls::Revive& call);
void suppress(Framework& framework, const calls::Suppress& call);

}  // namespace windlass::fleet
