#pragma once
// The journal: what must survive the process. Rows of bytes in named tables, changed in transactions.
//
//   <work_dir>/<name>.db       SQLite, one SQL table for each of ours: id | key | checksum of key and bytes | bytes
//   <work_dir>/<name>.db-wal   what was committed since the last checkpoint
// Behind both lies space that is held back for a full disk (store/space_reserve.hpp).
//
// A journal belongs to one process at a time. Its functions may be called from any thread, but only one at a time.

#include "base/error.hpp"

#include <atomic>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace windlass {

// One change: `bytes` becomes the row's content; none: the row is removed (also when there is no such row).
struct Row {
  std::string table;  // letters, digits and "_"; comes into being with its first row
  std::string key;
  std::optional<std::string> bytes = {};
  friend bool operator==(const Row&, const Row&) = default;
};

class Journal {
 public:
  // Sees one row; an error ends the load with that error. Rows come one at a time, but perhaps on another thread than
  // the one that loads, and which waits for all of them.
  using OnRow = std::function<Result<void>(std::string_view key, std::string_view bytes)>;

  virtual ~Journal() = default;

  // All rows in their order, or none of them. When it returns success, they survive the loss of power.
  // Errors: Errc::disk (full, cannot be written); where names the file. The journal is then as it was before.
  [[nodiscard]] virtual Result<void> commit(const std::vector<Row>& rows) = 0;

  // Whether there is room for more. False: the disk is full, and the journal lives on space that it has held back;
  // there is enough of it to write that things end, but not to go on beginning new ones. May be called at any time,
  // from any thread; as soon as there is space again it holds some back and is true.
  [[nodiscard]] virtual bool has_room() = 0;

  // Every row of a table, in no particular order; none when there is no such table.
  // Errors: Errc::disk (cannot be read, or is damaged), and what the callback says; where names the file.
  [[nodiscard]] virtual Result<void> load(const std::string& table, const OnRow& on_row) = 0;
};

// Opens or makes the file and holds it until the journal is destroyed. The folder must exist.
// Errors, each with the file in `where`: Errc::conflict (another Windlass uses it), Errc::unsupported (not a journal,
// or one of a newer Windlass), Errc::disk (cannot be opened, is damaged).
[[nodiscard]] Result<std::unique_ptr<Journal>> open_sqlite_journal(const std::filesystem::path& file);

// For tests and the simulation: keeps rows in memory.
class MemoryJournal : public Journal {
 public:
  [[nodiscard]] Result<void> commit(const std::vector<Row>& rows) override;
  [[nodiscard]] Result<void> load(const std::string& table, const OnRow& on_row) override;

  [[nodiscard]] bool has_room() override { return has_room_; }

  void set_room(bool has_room) { has_room_ = has_room; }
  // The next commit (or load) fails with this code and changes nothing.
  void fail_next(Errc code) { fail_next_ = code; }
  [[nodiscard]] std::size_t commits() const { return commits_; }

 private:
  Result<void> fail_if_told();

  std::map<std::string, std::map<std::string, std::string>> tables_;
  std::optional<Errc> fail_next_;
  std::size_t commits_ = 0;
  std::atomic<bool> has_room_{true};
};

}  // namespace windlass
