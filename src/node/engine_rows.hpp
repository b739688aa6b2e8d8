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

// Makes the state that the journal describes, with the settings that `state` has. Errors: as Journal::load.
[[nodiscard]] Result<void> load_engine(Journal& journal, engine::State& state);

}  // namespace windlass
