#include "node/engine_rows.hpp"

#include "node/mesos_record.hpp"
#include "node/record_rows.hpp"

#include <utility>

namespace windlass {
namespace {

Row to_row(const engine::PutEngine& put) { return {"engine", "self", record::encode(put.record)}; }
Row to_row(const engine::PutFramework& put) { return make_row("frameworks", put.id.value, put.record); }
Row to_row(const engine::PutExecutor& put) { return make_row("executors", put.id.value, put.record); }
// Task ids are unique within their framework only (mesos.md 2.4).
Row to_row(const engine::PutTask& put) {
  return make_row("tasks", put.framework_id.value + "/" + put.task_id.value, put.record);
}

}  // namespace

std::vector<Row> to_rows(const std::vector<engine::Write>& writes) {
  std::vector<Row> rows;
  rows.reserve(writes.size());
  for (const engine::Write& write : writes) {
    rows.push_back(std::visit([](const auto& put) { return to_row(put); }, write));
  }
  return rows;
}

Result<void> load_engine(Journal& journal, engine::State& state) {
  // Table by table; what belongs together is put together by engine::load().
  engine::Records records;
  auto loaded = load_records<EngineRecord>(journal, "engine", [&](EngineRecord record) { records.engine = record; });
  if (!loaded) return loaded;
  loaded = load_records<FrameworkRecord>(
      journal, "frameworks", [&](FrameworkRecord record) { records.frameworks.push_back(std::move(record)); });
  if (!loaded) return loaded;
  loaded = load_records<ExecutorRecord>(journal, "executors",
                                        [&](ExecutorRecord record) { records.executors.push_back(std::move(record)); });
  if (!loaded) return loaded;
  loaded = load_records<TaskRecord>(journal, "tasks",
                                    [&](TaskRecord record) { records.tasks.push_back(std::move(record)); });
  if (!loaded) return loaded;
  state = engine::load(std::move(state.settings), std::move(records));
  return {};
}

}  // namespace windlass
