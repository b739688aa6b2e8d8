#pragma once
// A fleet's records as rows of the journal, and back.
//
//   fleet        "self"                       EngineRecord, without an agent
//   frameworks   <framework id>               FrameworkRecord
//   tasks        <framework id>/<task id>     fleet::TaskRecord

#include "fleet/state.hpp"
#include "fleet/step.hpp"
#include "store/journal.hpp"

#include <vector>

namespace windlass {

std::vector<Row> to_rows(const std::vector<fleet::Write>& writes);

// Makes the state that the journal describes, with the settings that `state` has. Errors: as Journal::load.
[[nodiscard]] Result<void> load_fleet(Journal& journal, fleet::State& state);

}  // namespace windlass
