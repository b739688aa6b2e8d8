// How rows lie in the file is chosen for the many: rows are appended in the order of their birth, so that a batch of
// new rows, and later changes to rows of about the same age, touch few pages. An SQL index over the keys (which end in
// random UUIDs) would touch a page for each row; so this process remembers where each key lies.

#include "base/check.hpp"
#include "store/journal.hpp"
#include "store/row_feed.hpp"
#include "store/row_index.hpp"
#include "store/space_reserve.hpp"

#include <sqlite3.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

namespace windlass {
namespace {

constexpr int application_id = 0x57444c53;  // "WDLS", in the header of the file
constexpr int schema_newest = 1;            // user_version of the file
// FULL: in WAL mode NORMAL does not sync each commit, and what was told as done could be lost with the power.
constexpr const char* settings = "PRAGMA synchronous = FULL; PRAGMA cache_size = -16384;";
constexpr std::size_t commits_between_holds = 32;  // a commit takes a few pages, and thousands are held

// Prepared once for each table: to parse SQL for every row would cost more than to write it.
class Statement {
 public:
  Statement() = default;
  explicit Statement(sqlite3_stmt* raw) : raw_{raw} {}
  Statement(Statement&& other) noexcept : raw_{std::exchange(other.raw_, nullptr)} {}
  Statement& operator=(Statement&& other) noexcept {
    std::swap(raw_, other.raw_);
    return *this;
  }
  ~Statement() { sqlite3_finalize(raw_); }

  [[nodiscard]] sqlite3_stmt* get() const { return raw_; }
  void bind(int at, std::int64_t value) { sqlite3_bind_int64(raw_, at, value); }
  // REQUIRES: bytes live until the statement is run.
  void bind(int at, std::string_view bytes) {
    const char* data = bytes.empty() ? "" : bytes.data();  // a null pointer would be NULL
    sqlite3_bind_blob64(raw_, at, data, bytes.size(), SQLITE_STATIC);
  }
  // Runs a statement without rows.
  int run() {
    const int code = sqlite3_step(raw_);
    sqlite3_reset(raw_);
    return code == SQLITE_DONE ? SQLITE_OK : code;
  }
  int step() { return sqlite3_step(raw_); }
  [[nodiscard]] std::int64_t number(int column) const { return sqlite3_column_int64(raw_, column); }
  [[nodiscard]] std::string_view bytes(int column) const {
    const void* data = sqlite3_column_blob(raw_, column);
    return {static_cast<const char*>(data), static_cast<std::size_t>(sqlite3_column_bytes(raw_, column))};
  }

 private:
  sqlite3_stmt* raw_ = nullptr;
};

struct Table {
  RowIndex index;
  Statement insert;
  Statement update;
  Statement erase;
};

class SqliteJournal : public Journal {
 public:
  explicit SqliteJournal(std::string file) : file_{std::move(file)} {}
  ~SqliteJournal() override {
    tables_.clear();
    // In this order: statements before their database, the log's header only when SQLite has closed it, and the
    // reserve's descriptors last, for closing them releases SQLite's locks (space_reserve.hpp).
    const bool is_whole = db_ != nullptr && copy_log();
    sqlite3_close(db_);
    if (is_whole && reserve_ != nullptr) reserve_->clear_log();
    reserve_.reset();
  }

  Result<void> open();
  Result<void> commit(const std::vector<Row>& rows) override;
  Result<void> load(const std::string& table, const OnRow& on_row) override;
  bool has_room() override { return reserve_->hold(); }

 private:
  [[nodiscard]] Error error(int code, const std::string& doing) const;
  [[nodiscard]] int exec(const std::string& sql) { return sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr); }
  [[nodiscard]] int prepare(const std::string& sql, Statement& out);
  [[nodiscard]] int read_number(const std::string& sql, std::int64_t& out);
  [[nodiscard]] int has_table(const std::string& name, bool& out);

  Result<void> keep_from_others();
  Result<void> check_or_make_schema();
  void hold_space();
  // Whether the database has all that is in the log.
  [[nodiscard]] bool copy_log() {
    int in_log = 0;
    int copied = 0;
    const int code = sqlite3_wal_checkpoint_v2(db_, nullptr, SQLITE_CHECKPOINT_FULL, &in_log, &copied);
    return code == SQLITE_OK && in_log == copied;
  }
  Result<Table*> table_for_writing(const std::string& name);
  [[nodiscard]] int prepare_writes(const std::string& name, Table& table);
  [[nodiscard]] int put(Table& table, const Row& row);
  [[nodiscard]] int insert(Table& table, const Row& row);
  [[nodiscard]] int remove(Table& table, const Row& row);
  Result<void> write(const std::vector<Row>& rows);
  Result<void> scan(const std::string& name, RowIndex* index, const OnRow& on_row);

  std::string file_;
  sqlite3* db_ = nullptr;
  std::unique_ptr<SpaceReserve> reserve_;  // made by open()
  std::size_t commits_ = 0;
  std::map<std::string, Table> tables_;  // those that were written or loaded
};

// Names go into SQL as they are, since SQLite binds no table names: hence the check.
std::string sql_name(const std::string& table) {
  CHECK(!table.empty() && table.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string::npos);
  return "rows_" + table;
}

Error SqliteJournal::error(int code, const std::string& doing) const {
  // Extended codes are on (SQLITE_OPEN_EXRESCODE); the low byte is the plain one.
  const int kind = code & 0xff;
  if (kind == SQLITE_BUSY) return {Errc::conflict, "another Windlass uses it", file_};
  if (kind == SQLITE_CORRUPT) return {Errc::disk, "it is damaged: " + std::string{sqlite3_errmsg(db_)}, file_};
  if (kind == SQLITE_NOTADB) return {Errc::disk, "it is damaged, or not a journal of Windlass", file_};
  std::string cause = db_ == nullptr ? sqlite3_errstr(code) : sqlite3_errmsg(db_);
  const int system = db_ == nullptr ? 0 : sqlite3_system_errno(db_);
  if (system != 0) cause += " (" + std::string{std::strerror(system)} + ")";
  return {Errc::disk, doing + ": " + cause, file_};
}

int SqliteJournal::prepare(const std::string& sql, Statement& out) {
  sqlite3_stmt* raw = nullptr;
  const int code = sqlite3_prepare_v3(db_, sql.c_str(), -1, SQLITE_PREPARE_PERSISTENT, &raw, nullptr);
  out = Statement{raw};
  return code;
}

int SqliteJournal::read_number(const std::string& sql, std::int64_t& out) {
  Statement statement;
  if (const int code = prepare(sql, statement); code != SQLITE_OK) return code;
  const int code = statement.step();
  if (code != SQLITE_ROW) return code == SQLITE_DONE ? SQLITE_CORRUPT : code;
  out = statement.number(0);
  return SQLITE_OK;
}

int SqliteJournal::has_table(const std::string& name, bool& out) {
  std::int64_t count = 0;
  const int code =
      read_number("SELECT count(*) FROM sqlite_master WHERE type='table' AND name='" + sql_name(name) + "'", count);
  out = count > 0;
  return code;
}

// Rows hold what tasks got as secrets. SQLite gives its log the rights of the database. Not by a descriptor where the
// file is there already: closing it would give up the locks of a journal of this process.
Result<void> SqliteJournal::keep_from_others() {
  constexpr mode_t own = S_IRUSR | S_IWUSR;
  // Made with these rights from the first moment: a chmod afterwards would leave a gap in which others can open it.
  const int made = ::open(file_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, own);
  if (made >= 0) ::close(made);
  for (const std::string& file : {file_, file_ + "-wal"}) {
    struct stat found {};
    const bool is_open = ::stat(file.c_str(), &found) == 0 && (found.st_mode & (S_IRWXG | S_IRWXO)) != 0;
    if (is_open && ::chmod(file.c_str(), own) != 0) {
      return Error{Errc::disk, "others may read it: chmod: " + std::string{std::strerror(errno)}, file};
    }
  }
  return {};
}

Result<void> SqliteJournal::open() {
  auto kept = keep_from_others();
  if (!kept) return kept;
  // NOMUTEX: only one thread at a time uses a journal (journal.hpp).
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  int code = sqlite3_open_v2(file_.c_str(), &db_, flags, nullptr);
  if (code != SQLITE_OK) return error(code, "it cannot be opened");
  // Before the first access: then the lock is taken once, and kept.
  code = exec("PRAGMA locking_mode = EXCLUSIVE");
  if (code != SQLITE_OK) return error(code, "it cannot be opened");
  auto schema = check_or_make_schema();
  if (!schema) return schema;
  code = exec(settings);
  if (code == SQLITE_OK) code = exec("BEGIN IMMEDIATE; COMMIT");  // takes the lock also when nothing was written yet
  if (code != SQLITE_OK) return error(code, "it cannot be opened");
  hold_space();
  return {};
}

// Pages that change often are copied once if the log is long, up to what the reserve has room for.
void SqliteJournal::hold_space() {
  reserve_ = std::make_unique<SpaceReserve>(file_);
  sqlite3_wal_autocheckpoint(db_, reserve_->log_pages());
  // Else SQLite would remove the log at its end, and on a full disk there would be no space for the next.
  int keep = 1;
  sqlite3_file_control(db_, "main", SQLITE_FCNTL_PERSIST_WAL, &keep);
  reserve_->hold();
}

Result<void> SqliteJournal::check_or_make_schema() {
  std::int64_t pages = 0;
  std::int64_t id = 0;
  std::int64_t schema = 0;
  int code = read_number("PRAGMA page_count", pages);
  if (code == SQLITE_OK) code = read_number("PRAGMA application_id", id);
  if (code == SQLITE_OK) code = read_number("PRAGMA user_version", schema);
  if (code != SQLITE_OK) return error(code, "it cannot be read");
  // Before anything is written: a wrong path must not harm somebody's database.
  if (pages > 0 && id != application_id) {
    return Error{Errc::unsupported, "it is an SQLite database, but not a journal of Windlass", file_};
  }
  // An older program would not understand the rows, and its next commit would mix two layouts.
  if (schema > schema_newest) {
    return Error{Errc::unsupported,
                 "it was written by a newer Windlass (schema " + std::to_string(schema) + ", this one knows up to " +
                     std::to_string(schema_newest) + ")",
                 file_};
  }
  if (pages == 0) {
    code = exec("BEGIN IMMEDIATE; PRAGMA application_id = " + std::to_string(application_id) +
                "; PRAGMA user_version = " + std::to_string(schema_newest) + "; COMMIT");
    if (code != SQLITE_OK) return error(code, "it cannot be written");
  }
  // A commit then is one append and one fsync; with a rollback journal it is several of both.
  code = exec("PRAGMA journal_mode = WAL");
  if (code != SQLITE_OK) return error(code, "it cannot be written");
  return {};
}

// In the order of the ids: the order in the file, so that it is read from front to back.
Result<void> SqliteJournal::scan(const std::string& name, RowIndex* index, const OnRow& on_row) {
  Statement rows;
  int code = prepare("SELECT id, key, checksum, bytes FROM " + sql_name(name) + " ORDER BY id", rows);
  if (code != SQLITE_OK) return error(code, "it cannot be read");
  RowFeed feed{on_row};
  bool goes_on = true;
  while (goes_on && (code = rows.step()) == SQLITE_ROW) {
    const std::string_view key = rows.bytes(1);
    const std::string_view bytes = rows.bytes(3);
    // SQLite notices damage only in the structure of its pages, not in the bytes of a row.
    if (rows.number(2) != row_checksum(key, bytes)) {
      return Error{Errc::disk, "it is damaged: wrong checksum of " + name + " '" + std::string{key} + "'", file_};
    }
    if (index != nullptr) index->add(key, rows.number(0));
    if (on_row) goes_on = feed.add(key, bytes);
  }
  if (const auto failure = feed.finish()) {
    return Error{failure->error.code, name + " '" + failure->key + "': " + to_string(failure->error), file_};
  }
  if (code != SQLITE_DONE) return error(code, "it cannot be read");
  return {};
}

Result<void> SqliteJournal::load(const std::string& name, const OnRow& on_row) {
  bool there = false;
  const int code = has_table(name, there);
  if (code != SQLITE_OK) return error(code, "it cannot be read");
  if (!there) return {};
  // Its index is there already: to add its keys again would make twins of them.
  if (tables_.contains(name)) return scan(name, nullptr, on_row);
  Table table;
  auto scanned = scan(name, &table.index, on_row);
  if (!scanned) return scanned;
  if (const int bad = prepare_writes(name, table); bad != SQLITE_OK) return error(bad, "it cannot be read");
  tables_.emplace(name, std::move(table));
  return {};
}

int SqliteJournal::prepare_writes(const std::string& name, Table& table) {
  const std::string rows = sql_name(name);
  int code = prepare("INSERT INTO " + rows + " (id, key, checksum, bytes) VALUES (?1, ?2, ?3, ?4)", table.insert);
  if (code != SQLITE_OK) return code;
  code = prepare("UPDATE " + rows + " SET checksum = ?3, bytes = ?4 WHERE id = ?1 AND key = ?2", table.update);
  if (code != SQLITE_OK) return code;
  return prepare("DELETE FROM " + rows + " WHERE id = ?1 AND key = ?2", table.erase);
}

Result<Table*> SqliteJournal::table_for_writing(const std::string& name) {
  if (const auto found = tables_.find(name); found != tables_.end()) return &found->second;
  Table table;
  bool there = false;
  int code = has_table(name, there);
  if (code != SQLITE_OK) return error(code, "it cannot be read");
  if (there) {
    auto scanned = scan(name, &table.index, {});
    if (!scanned) return scanned.error();
  } else {
    code = exec("CREATE TABLE " + sql_name(name) +
                " (id INTEGER PRIMARY KEY, key BLOB NOT NULL, checksum INTEGER NOT NULL, bytes BLOB NOT NULL)");
    if (code != SQLITE_OK) return error(code, "it cannot be written");
  }
  code = prepare_writes(name, table);
  if (code != SQLITE_OK) return error(code, "it cannot be written");
  return &tables_.emplace(name, std::move(table)).first->second;
}

int SqliteJournal::insert(Table& table, const Row& row) {
  const std::int64_t id = table.index.next_id();
  table.insert.bind(1, id);
  table.insert.bind(2, row.key);
  table.insert.bind(3, row_checksum(row.key, *row.bytes));
  table.insert.bind(4, *row.bytes);
  // Before the row is written; if that fails, commit() throws all indexes away.
  table.index.add(row.key, id);
  return table.insert.run();
}

// One statement in most cases: the key in WHERE checks the index's answer without a read of its own.
int SqliteJournal::put(Table& table, const Row& row) {
  const auto id = table.index.find(row.key);
  if (!id) return insert(table, row);
  table.update.bind(1, *id);
  table.update.bind(2, row.key);
  table.update.bind(3, row_checksum(row.key, *row.bytes));
  table.update.bind(4, *row.bytes);
  const int code = table.update.run();
  if (code != SQLITE_OK || sqlite3_changes(db_) == 1) return code;
  return insert(table, row);  // the index took another key for this one
}

int SqliteJournal::remove(Table& table, const Row& row) {
  const auto id = table.index.find(row.key);
  if (!id) return SQLITE_OK;
  table.erase.bind(1, *id);
  table.erase.bind(2, row.key);
  const int code = table.erase.run();
  // No change: the row at this place has another key with the same fingerprint, and this key never had one.
  if (code == SQLITE_OK && sqlite3_changes(db_) == 1) table.index.remove(row.key);
  return code;
}

Result<void> SqliteJournal::write(const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    auto table = table_for_writing(row.table);
    if (!table) return table.error();
    const int code = row.bytes ? put(**table, row) : remove(**table, row);
    if (code != SQLITE_OK) return error(code, "it cannot be written");
  }
  return {};
}

Result<void> SqliteJournal::commit(const std::vector<Row>& rows) {
  if (rows.empty()) return {};
  int code = exec("BEGIN IMMEDIATE");
  if (code != SQLITE_OK) return error(code, "it cannot be written");
  auto written = write(rows);
  if (written) {
    code = exec("COMMIT");
    // Only after a success, and its result is not asked: has_room() will tell.
    if (code == SQLITE_OK && ++commits_ % commits_between_holds == 0) reserve_->hold();
    if (code == SQLITE_OK) return {};
    written = error(code, "it cannot be written");
  }
  // The tables and the index may be ahead of the file now; they are made again when needed.
  tables_.clear();
  // On some errors (a full disk) SQLite has rolled back by itself.
  if (sqlite3_get_autocommit(db_) == 0 && exec("ROLLBACK") != SQLITE_OK) {
    return Error{Errc::disk, written.error().message + "; nor could the change be taken back", file_};
  }
  return written;
}

}  // namespace

Result<std::unique_ptr<Journal>> open_sqlite_journal(const std::filesystem::path& file) {
  auto journal = std::make_unique<SqliteJournal>(file.string());
  auto opened = journal->open();
  if (!opened) return opened.error();
  return std::unique_ptr<Journal>{std::move(journal)};
}

}  // namespace windlass
