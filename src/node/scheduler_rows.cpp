#include "node/scheduler_rows.hpp"

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

Row to_row(const scheduler::PutFrameworkId& put) {
  Row row{"scheduler", "framework_id"};
  if (!put.id.empty()) row.bytes = put.id.value;
  return row;
}
Row to_row(const scheduler::PutApp& put) { return make_row("apps", put.id.value, put.app); }
Row to_row(const scheduler::PutInstance& put) { return make_row("instances", put.id.value, put.instance); }

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
  loaded = journal.load("apps", [&](std::string_view, std::string_view bytes) -> Result<void> {
    auto app = record::decode<App>(bytes);
    if (!app) return app.error();
    AppId id = app->id;
    state.apps.insert_or_assign(std::move(id), std::move(*app));
    return {};
  });
  if (!loaded) return loaded;
  return journal.load("instances", [&](std::string_view, std::string_view bytes) -> Result<void> {
    auto instance = record::decode<Instance>(bytes);
    if (!instance) return instance.error();
    InstanceId id = instance->id;
    state.instances.insert_or_assign(std::move(id), std::move(*instance));
    return {};
  });
}

}  // namespace windlass
