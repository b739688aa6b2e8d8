#pragma once
// The engine's records as rows of the journal, and back.
//
//   engine       "self"                       EngineRecord
//   frameworks   <framework id>               FrameworkRecord
//   executors    <container id>               ExecutorRecord
//   tasks        <framework id>/<task id>     TaskRecord

#include "engine/state.hpp"
#include "engine/step.hpp"
#include "store/journal.hpp"

#include <vector>

namespace windlass {

std::vector<Row> to_rows(const std::vector<engine::Write>& writes);

// Fills the part of the state that is in the journal. Errors: as Journal::load.
[[nodiscard]] Result<void> load_engine(Journal& journal, engine::State& state);

}  // namespace windlass
