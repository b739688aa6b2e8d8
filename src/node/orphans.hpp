#pragma once
// Frameworks of our name that nobody drives any more: what is left when a scheduler's database is lost. The master
// keeps their tasks running until --failover_timeout has passed, and whoever starts again gets a new framework.

#include "wire/mesos/state_summary.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace windlass {

// Those named `name` that are not connected and have tasks, but not `own`.
std::vector<FrameworkSummary> find_orphans(std::vector<FrameworkSummary> frameworks, std::string_view name,
                                           const FrameworkId& own);

// What an operator can do about it.
std::string advice_on(const FrameworkSummary& orphan);

}  // namespace windlass
