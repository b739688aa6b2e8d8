#pragma once
// Offers that come in one event are stepped a few at a time, and declined together all the same.

#include "scheduler/step.hpp"

#include <cstddef>
#include <vector>

namespace windlass {

// Offers that are stepped at once. Each may come to a hundred tasks, and nobody else has the loop meanwhile.
constexpr std::size_t offers_per_step_max = 2;

// The same offers in the same order, at most so many in each.
[[nodiscard]] std::vector<events::Offers> slice(events::Offers all);

// DECLINEs that follow one another and refuse for the same time become one: the master commits for each call.
void join_declines(std::vector<scheduler::Call>& calls);

}  // namespace windlass
