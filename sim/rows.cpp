#include "sim/rows.hpp"

#include <memory>

namespace windlass::sim {

namespace {

template <class Map, class Key, class Record>
void put(Map& map, const Key& key, const std::optional<Record>& record) {
  if (record) {
    map.insert_or_assign(key, *record);
  } else {
    map.erase(key);
  }
}

template <class Map, class Key, class Record>
void put(Map& map, const Key& key, const std::shared_ptr<const Record>& record) {
  if (record) {
    map.insert_or_assign(key, *record);
  } else {
    map.erase(key);
  }
}

struct EngineWriter {
  EngineRows& rows;
  void operator()(const engine::PutEngine& write) { rows.engine = write.record; }
  void operator()(const engine::PutFramework& write) { put(rows.frameworks, write.id, write.record); }
  void operator()(const engine::PutExecutor& write) { put(rows.executors, write.id, write.record); }
  void operator()(const engine::PutTask& write) {
    put(rows.tasks, engine::TaskKey{write.framework_id, write.task_id}, write.record);
  }
};

struct SchedulerWriter {
  SchedulerRows& rows;
  void operator()(const scheduler::PutFrameworkId& write) { rows.framework_id = write.id; }
  void operator()(const scheduler::PutApp& write) { put(rows.apps, write.id, write.app); }
  void operator()(const scheduler::PutInstance& write) { put(rows.instances, write.id, write.instance); }
};

}  // namespace

void EngineRows::commit(const std::vector<engine::Write>& writes) {
  for (const auto& write : writes) std::visit(EngineWriter{*this}, write);
}

void SchedulerRows::commit(const std::vector<scheduler::Write>& writes) {
  for (const auto& write : writes) std::visit(SchedulerWriter{*this}, write);
}

}  // namespace windlass::sim
