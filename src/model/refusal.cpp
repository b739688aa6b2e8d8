#include "model/refusal.hpp"

namespace windlass {

std::string_view to_string(Refusal refusal) {
  switch (refusal) {
    case Refusal::unfulfilled_role: return "UnfulfilledRole";
    case Refusal::unfulfilled_constraint: return "UnfulfilledConstraint";
    case Refusal::no_corresponding_reservation_found: return "NoCorrespondingReservationFound";
    case Refusal::agent_maintenance: return "AgentMaintenance";
    case Refusal::insufficient_cpus: return "InsufficientCpus";
    case Refusal::insufficient_memory: return "InsufficientMemory";
    case Refusal::insufficient_disk: return "InsufficientDisk";
    case Refusal::insufficient_gpus: return "InsufficientGpus";
    case Refusal::insufficient_ports: return "InsufficientPorts";
    case Refusal::declined_scarce_resources: return "DeclinedScarceResources";
  }
  return "";
}

Funnel& Funnel::operator+=(const Funnel& more) {
  offers += more.offers;
  for (std::size_t at = 0; at < refused.size(); ++at) refused[at] += more.refused[at];
  return *this;
}

Funnel& Funnel::operator-=(const Funnel& less) {
  offers -= less.offers;
  for (std::size_t at = 0; at < refused.size(); ++at) refused[at] -= less.refused[at];
  return *this;
}

}  // namespace windlass
