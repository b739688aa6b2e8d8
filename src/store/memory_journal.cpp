#include "store/journal.hpp"

#include <utility>

namespace windlass {

// Before anything is changed, as the real journal: a commit that fails leaves all rows as they were.
Result<void> MemoryJournal::fail_if_told() {
  if (!fail_next_) return {};
  const Errc code = *std::exchange(fail_next_, std::nullopt);
  return Error{code, "failed because a test said so", "memory journal"};
}

Result<void> MemoryJournal::commit(const std::vector<Row>& rows) {
  if (auto told = fail_if_told(); !told) return told;
  for (const Row& row : rows) {
    auto& table = tables_[row.table];
    if (row.bytes) {
      table[row.key] = *row.bytes;
    } else {
      table.erase(row.key);
    }
  }
  ++commits_;
  return {};
}

Result<void> MemoryJournal::load(const std::string& table, const OnRow& on_row) {
  if (auto told = fail_if_told(); !told) return told;
  const auto found = tables_.find(table);
  if (found == tables_.end()) return {};
  for (const auto& [key, bytes] : found->second) {
    auto taken = on_row(key, bytes);
    if (!taken) return taken;
  }
  return {};
}

}  // namespace windlass
