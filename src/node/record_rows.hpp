#pragma once
// Rows whose bytes are a record, and back. Include it in .cpp files only.

#include "store/journal.hpp"
#include "wire/record/record.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace windlass {

// None: the row is removed.
template <class Record>
Row make_row(const char* table, std::string key, const std::optional<Record>& record) {
  Row row{table, std::move(key)};
  if (record) row.bytes = record::encode(*record);
  return row;
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

}  // namespace windlass
