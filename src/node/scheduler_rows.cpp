#include "node/scheduler_rows.hpp"

#include "wire/record/record.hpp"

#include <memory>
#include <utility>

namespace windlass {
namespace {

// As make_row(), for rows that the core and its readers share: encoded where they are, not copied first.
template <class Record>
Row row_of_shared(const char* table, std::string key, const std::shared_ptr<const Record>& record) {
  Row row{table, std::move(key)};
  if (record) row.bytes = record::encode(*record);
  return row;
}

Row to_row(const scheduler::PutFrameworkId& put) {
  // The id itself, not a record: one text that will never have a second field.
  Row row{"scheduler", "framework_id"};
  if (!put.id.empty()) row.bytes = put.id.value;
  return row;
}
Row to_row(const scheduler::PutApp& put) { return row_of_shared("apps", put.id.value, put.app); }
Row to_row(const scheduler::PutInstance& put) { return row_of_shared("instances", put.id.value, put.instance); }

template <class Record>
Result<void> load_shared(Journal& journal, const char* table, std::vector<std::shared_ptr<const Record>>& records) {
  return journal.load(table, [&records](std::string_view, std::string_view bytes) -> Result<void> {
    auto record = record::decode<Record>(bytes);
    if (!record) return record.error();
    records.push_back(std::make_shared<const Record>(std::move(*record)));
    return {};
  });
}

}  // namespace

std::vector<Row> to_rows(const std::vector<scheduler::Write>& writes) {
  std::vector<Row> rows;
  rows.reserve(writes.size());
  for (const scheduler::Write& write : writes) {
    rows.push_back(std::visit([](const auto& put) { return to_row(put); }, write));
  }
  return rows;
}

Result<void> load_scheduler(Journal& journal, scheduler::State& state) {
  auto loaded = journal.load("scheduler", [&](std::string_view, std::string_view bytes) -> Result<void> {
    state.framework_id.value = bytes;
    return {};
  });
  if (!loaded) return loaded;
  std::vector<scheduler::AppPtr> apps;
  loaded = load_shared(journal, "apps", apps);
  if (!loaded) return loaded;
  std::vector<scheduler::InstancePtr> instances;
  loaded = load_shared(journal, "instances", instances);
  if (!loaded) return loaded;
  return load_rows(state, std::move(apps), std::move(instances));
}

}  // namespace windlass
