#pragma once
// The scheduler's records as rows of the journal, and back.
//
//   scheduler    "framework_id"   FrameworkId
//   apps         <app id>         App
//   instances    <instance id>    Instance

#include "scheduler/state.hpp"
#include "scheduler/step.hpp"
#include "store/journal.hpp"

#include <vector>

namespace windlass {

std::vector<Row> to_rows(const std::vector<scheduler::Write>& writes);

// Fills the part of the state that is in the journal. Errors: as Journal::load.
[[nodiscard]] Result<void> load_scheduler(Journal& journal, scheduler::State& state);

}  // namespace windlass
