#include "node/engine_rows.hpp"

#include "node/mesos_record.hpp"
#include "wire/record/record.hpp"

#include <utility>

namespace windlass {
namespace {

template <class Record>
Row make_row(const char* table, std::string key, const std::optional<Record>& record) {
  Row row{table, std::move(key)};
  if (record) row.bytes = record::encode(*record);
  return row;
}

Row to_row(const engine::PutEngine& put) { return {"engine", "self", record::encode(put.record)}; }
Row to_row(const engine::PutFramework& put) { return make_row("frameworks", put.id.value, put.record); }
Row to_row(const engine::PutExecutor& put) { return make_row("executors", put.id.value, put.record); }
Row to_row(const engine::PutTask& put) {
  return make_row("tasks", put.framework_id.value + "/" + put.task_id.value, put.record);
}

// Decodes every row of the table and hands it to `keep`.
template <class Record, class Keep>
Result<void> load_records(Journal& journal, const char* table, const Keep& keep) {
  return journal.load(table, [&keep](std::string_view, std::string_view bytes) -> Result<void> {
    auto made = record::decode<Record>(bytes);
    if (!made) return made.error();
    keep(std::move(*made));
    return {};
  });
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
