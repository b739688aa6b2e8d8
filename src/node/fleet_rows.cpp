#include "node/fleet_rows.hpp"

#include "node/mesos_record.hpp"
#include "node/record_rows.hpp"

#include <utility>
#include <variant>

namespace windlass {

// Tags of the journal, described here because only a fleet's rows have resources that are not inside a Mesos message.
BOOST_DESCRIBE_STRUCT(Range, (), (begin, end))
BOOST_DESCRIBE_STRUCT(Resource, (), (name, type, milli, ranges, items, reservation, allocation, extra))

namespace record {

// Through the constructor, so that what is read keeps the promises of Resources: nothing empty, no two that combine.
template <>
struct OwnBytes<Resources> {
  static std::string encode(const Resources& resources) { return record::encode(resources.entries()); }
  static Result<Resources> decode(std::string_view bytes) {
    auto entries = record::decode<std::vector<Resource>>(bytes);
    if (!entries) return entries.error();
    return Resources{*entries};
  }
};

}  // namespace record

namespace {

Row to_fleet_row(const fleet::PutEngine& put) { return {"fleet", "self", record::encode(put.record)}; }
Row to_fleet_row(const fleet::PutFramework& put) { return make_row("frameworks", put.id.value, put.record); }
// Task ids are unique within their framework only (mesos.md 2.4).
Row to_fleet_row(const fleet::PutTask& put) {
  return make_row("tasks", put.framework_id.value + "/" + put.task_id.value, put.record);
}

}  // namespace

std::vector<Row> to_rows(const std::vector<fleet::Write>& writes) {
  std::vector<Row> rows;
  rows.reserve(writes.size());
  for (const fleet::Write& write : writes) {
    rows.push_back(std::visit([](const auto& put) { return to_fleet_row(put); }, write));
  }
  return rows;
}

Result<void> load_fleet(Journal& journal, fleet::State& state) {
  fleet::Records records;
  auto loaded = load_records<EngineRecord>(journal, "fleet", [&](EngineRecord record) { records.fleet = record; });
  if (!loaded) return loaded;
  loaded = load_records<FrameworkRecord>(
      journal, "frameworks", [&](FrameworkRecord record) { records.frameworks.push_back(std::move(record)); });
  if (!loaded) return loaded;
  loaded = load_records<fleet::TaskRecord>(
      journal, "tasks", [&](fleet::TaskRecord record) { records.tasks.push_back(std::move(record)); });
  if (!loaded) return loaded;
  state = fleet::load(std::move(state.settings), std::move(records));
  return {};
}

}  // namespace windlass
