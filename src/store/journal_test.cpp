#include "store/journal.hpp"

#include "base/prng.hpp"
#include "store/row_index.hpp"

#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fstream>
#include <utility>

namespace windlass {
namespace {

using Contents = std::map<std::string, std::string>;

class JournalTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "windlass-journal-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
    file_ = folder_ / "state.db";
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::unique_ptr<Journal> open() {
    auto journal = open_sqlite_journal(file_);
    EXPECT_TRUE(journal) << to_string(journal.error());
    return journal ? std::move(*journal) : nullptr;
  }
  Error open_error() {
    const auto journal = open_sqlite_journal(file_);
    EXPECT_FALSE(journal);
    return journal ? Error{} : journal.error();
  }
  void run_sql(const std::string& sql) {
    sqlite3* db = nullptr;
    ASSERT_EQ(sqlite3_open(file_.c_str(), &db), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(db);
    sqlite3_close(db);
  }

  std::filesystem::path folder_;
  std::filesystem::path file_;
};

std::filesystem::perms rights_of(const std::filesystem::path& file) {
  return std::filesystem::status(file).permissions();
}

Contents contents(Journal& journal, const std::string& table) {
  Contents found;
  const auto loaded = journal.load(table, [&](std::string_view key, std::string_view bytes) -> Result<void> {
    EXPECT_TRUE(found.emplace(key, bytes).second) << "a row twice: " << key;
    return {};
  });
  EXPECT_TRUE(loaded) << to_string(loaded.error());
  return found;
}

void expect_commit(Journal& journal, const std::vector<Row>& rows) {
  const auto done = journal.commit(rows);
  EXPECT_TRUE(done) << to_string(done.error());
}

void check_basic_promises(Journal& journal) {
  EXPECT_EQ(contents(journal, "apps"), Contents{});
  expect_commit(journal, {});
  expect_commit(journal, {{"apps", "/a", "1"}, {"apps", "/b", std::string("\0x", 2)}, {"tasks", "/a", ""}});
  EXPECT_EQ(contents(journal, "apps"), (Contents{{"/a", "1"}, {"/b", std::string("\0x", 2)}}));
  EXPECT_EQ(contents(journal, "tasks"), (Contents{{"/a", ""}}));
  expect_commit(journal, {{"apps", "/a", "2"}, {"apps", "/b", {}}, {"apps", "/none", {}}, {"apps", "", "empty key"}});
  EXPECT_EQ(contents(journal, "apps"), (Contents{{"/a", "2"}, {"", "empty key"}}));
  expect_commit(journal, {{"apps", "/a", {}}, {"apps", "/a", "3"}, {"apps", "/a", "4"}, {"apps", "", {}}});
  EXPECT_EQ(contents(journal, "apps"), (Contents{{"/a", "4"}}));
}

TEST(MemoryJournal, KeepsItsPromises) {
  MemoryJournal journal;
  check_basic_promises(journal);
}

TEST(MemoryJournal, FailsOnceWhenTold) {
  MemoryJournal journal;
  journal.fail_next(Errc::disk);
  const auto failed = journal.commit({{"apps", "/a", "1"}});
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, Errc::disk);
  EXPECT_EQ(contents(journal, "apps"), Contents{});
  expect_commit(journal, {{"apps", "/a", "1"}});
  EXPECT_EQ(journal.commits(), 1U);
}

TEST_F(JournalTest, KeepsItsPromises) { check_basic_promises(*open()); }

TEST_F(JournalTest, RowsAreThereAfterReopening) {
  expect_commit(*open(), {{"apps", "/a", "1"}, {"tasks", "t", "x"}});
  // Written before it is read: the row must be found.
  expect_commit(*open(), {{"apps", "/a", "2"}, {"apps", "/b", "3"}});
  auto journal = open();
  EXPECT_EQ(contents(*journal, "apps"), (Contents{{"/a", "2"}, {"/b", "3"}}));
  EXPECT_EQ(contents(*journal, "tasks"), (Contents{{"t", "x"}}));
}

TEST_F(JournalTest, AnErrorOfTheCallbackEndsTheLoadAndNamesTheRow) {
  auto journal = open();
  expect_commit(*journal, {{"apps", "/a", "1"}, {"apps", "/b", "2"}});
  int calls = 0;
  const auto loaded = journal->load("apps", [&](std::string_view, std::string_view) -> Result<void> {
    ++calls;
    return Error{Errc::malformed, "not a number", "cpus"};
  });
  ASSERT_FALSE(loaded);
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(to_string(loaded.error()), file_.string() + ": apps '/a': cpus: not a number");
}

// Two keys with the same 64 bit fingerprint, made from how RowIndex mixes words.
std::uint64_t mix(std::uint64_t hash, std::uint64_t word) {
  hash = (hash ^ word) * 0x9e3779b97f4a7c15ULL;
  return hash ^ (hash >> 32);
}
std::string two_words(std::uint64_t first, std::uint64_t second) {
  std::string key(16, '\0');
  std::memcpy(key.data(), &first, 8);
  std::memcpy(key.data() + 8, &second, 8);
  return key;
}

// Many rows are decoded on a second thread while the file is read on.
TEST_F(JournalTest, ManyRowsComeInTheirOrderUntilOneFails) {
  constexpr std::size_t count = 5000;
  std::vector<Row> rows;
  for (std::size_t i = 0; i < count; ++i) rows.push_back({"many", std::to_string(i), std::string(1000 + i % 7, 'x')});
  const auto journal = open();
  expect_commit(*journal, rows);
  std::size_t seen = 0;
  const auto all = journal->load("many", [&](std::string_view key, std::string_view bytes) -> Result<void> {
    EXPECT_EQ(key, rows.at(seen).key);
    EXPECT_EQ(bytes, *rows.at(seen).bytes);
    ++seen;
    return {};
  });
  EXPECT_TRUE(all) << to_string(all.error());
  EXPECT_EQ(seen, count);
  for (const std::size_t bad : {std::size_t{3}, count / 2, count - 1}) {
    seen = 0;
    const auto failed = journal->load("many", [&](std::string_view, std::string_view) -> Result<void> {
      if (seen++ == bad) return Error{Errc::malformed, "a bad row", "App.id"};
      return {};
    });
    ASSERT_FALSE(failed);
    EXPECT_EQ(seen, bad + 1) << "nothing is shown after it";
    EXPECT_EQ(failed.error().code, Errc::malformed);
    EXPECT_NE(failed.error().message.find("many '" + std::to_string(bad) + "': "), std::string::npos);
  }
  EXPECT_EQ(contents(*journal, "many").size(), count);
}

TEST_F(JournalTest, KeysWithTheSameFingerprintAreKeptApart) {
  const std::uint64_t start = mix(2, 16);
  const std::string one = two_words(1, 5);
  const std::string two = two_words(2, 5 ^ mix(start, 1) ^ mix(start, 2));
  ASSERT_EQ(RowIndex::fingerprint_of(one), RowIndex::fingerprint_of(two));
  ASSERT_NE(one, two);
  auto journal = open();
  expect_commit(*journal, {{"apps", one, "1"}, {"apps", two, {}}, {"apps", two, "2"}});
  EXPECT_EQ(contents(*journal, "apps"), (Contents{{one, "1"}, {two, "2"}}));
  journal.reset();
  journal = open();
  expect_commit(*journal, {{"apps", two, "3"}, {"apps", one, {}}});
  EXPECT_EQ(contents(*journal, "apps"), (Contents{{two, "3"}}));
  expect_commit(*journal, {{"apps", one, "4"}, {"apps", two, {}}});
  EXPECT_EQ(contents(*journal, "apps"), (Contents{{one, "4"}}));
}

// --- files that cannot be used ---------------------------------------------------------------------------------------

TEST_F(JournalTest, ASecondUserIsToldWhichFile) {
  auto journal = open();
  const std::string text = file_.string() + ": another Windlass uses it";
  EXPECT_EQ(to_string(open_error()), text);
  const pid_t child = fork();
  if (child == 0) {
    const auto second = open_sqlite_journal(file_);
    _exit(!second && second.error().code == Errc::conflict && to_string(second.error()) == text ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  expect_commit(*journal, {{"apps", "/a", "1"}});
  journal.reset();
  EXPECT_NE(open(), nullptr);
}

TEST_F(JournalTest, AMissingFolderIsNamed) {
  file_ = folder_ / "missing" / "state.db";
  const Error error = open_error();
  EXPECT_EQ(error.code, Errc::disk);
  EXPECT_EQ(to_string(error),
            file_.string() + ": it cannot be opened: unable to open database file (No such file or directory)");
}

TEST_F(JournalTest, ANewerSchemaIsRefused) {
  expect_commit(*open(), {{"apps", "/a", "1"}});
  run_sql("PRAGMA user_version = 2");
  const Error error = open_error();
  EXPECT_EQ(error.code, Errc::unsupported);
  EXPECT_EQ(to_string(error),
            file_.string() + ": it was written by a newer Windlass (schema 2, this one knows up to 1)");
}

TEST_F(JournalTest, AnotherDatabaseIsRefused) {
  run_sql("CREATE TABLE t(x)");
  const Error error = open_error();
  EXPECT_EQ(error.code, Errc::unsupported);
  EXPECT_EQ(to_string(error), file_.string() + ": it is an SQLite database, but not a journal of Windlass");
}

TEST_F(JournalTest, AFileThatIsNoDatabaseIsRefused) {
  std::ofstream{file_} << std::string(10'000, 'x');
  EXPECT_EQ(to_string(open_error()), file_.string() + ": it is damaged, or not a journal of Windlass");
}

std::string read_file(const std::filesystem::path& file) {
  std::ifstream in{file, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

void write_file(const std::filesystem::path& file, const std::string& bytes) {
  std::ofstream{file, std::ios::binary | std::ios::trunc} << bytes;
}

TEST_F(JournalTest, AChangedBitInARowIsFound) {
  expect_commit(*open(), {{"apps", "/a", "some very remarkable bytes"}});
  std::string bytes = read_file(file_);
  const auto at = bytes.find("remarkable");
  ASSERT_NE(at, std::string::npos);
  bytes[at] ^= 1;
  write_file(file_, bytes);
  auto journal = open();
  const auto loaded = journal->load("apps", {});
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code, Errc::disk);
  EXPECT_EQ(to_string(loaded.error()), file_.string() + ": it is damaged: wrong checksum of apps '/a'");
  const auto done = journal->commit({{"apps", "/b", "1"}});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error(), loaded.error());
}

TEST_F(JournalTest, ATruncatedFileIsFound) {
  std::vector<Row> rows;
  for (int n = 0; n < 1000; ++n) rows.push_back({"apps", std::to_string(n), std::string(200, 'x')});
  expect_commit(*open(), rows);
  std::filesystem::resize_file(file_, std::filesystem::file_size(file_) / 2);
  auto journal = open_sqlite_journal(file_);
  auto loaded = journal ? (*journal)->load("apps", {}) : Result<void>{journal.error()};
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code, Errc::disk);
  EXPECT_NE(loaded.error().message.find("it is damaged"), std::string::npos) << to_string(loaded.error());
}

// --- a full disk ----------------------------------------------------------------------------------------------------

class SmallDisk {
 public:
  explicit SmallDisk(const std::filesystem::path& folder) : folder_{folder} {
    std::filesystem::create_directory(folder_);
    mounted_ = mount("tmpfs", folder_.c_str(), "tmpfs", 0, "size=1m") == 0;
    why_ = std::strerror(errno);
  }
  ~SmallDisk() {
    if (mounted_) umount2(folder_.c_str(), MNT_DETACH);
  }
  [[nodiscard]] bool mounted() const { return mounted_; }
  [[nodiscard]] const std::string& why() const { return why_; }

 private:
  std::filesystem::path folder_;
  bool mounted_ = false;
  std::string why_;
};

TEST_F(JournalTest, AFullDiskIsAnErrorAndLosesNothing) {
  const std::filesystem::path disk = folder_ / "disk";
  SmallDisk small{disk};
  ASSERT_TRUE(small.mounted()) << "this test mounts a small tmpfs, which only root may: " << small.why();
  file_ = disk / "state.db";
  auto journal = open();
  const std::filesystem::path ballast = disk / "ballast";
  write_file(ballast, std::string(600'000, 'b'));
  Contents kept;
  Result<void> done;
  for (int n = 0; n < 1000 && done; ++n) {
    const std::string key = std::to_string(n);
    const std::string bytes(1000, static_cast<char>('a' + n % 26));
    done = journal->commit({{"apps", key, bytes}, {"tasks_" + std::to_string(n / 10), key, bytes}});
    if (done) kept[key] = bytes;
  }
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Errc::disk);
  EXPECT_EQ(to_string(done.error()), file_.string() + ": it cannot be written: database or disk is full");
  EXPECT_GT(kept.size(), 10U);
  EXPECT_EQ(contents(*journal, "apps"), kept);
  std::filesystem::remove(ballast);
  expect_commit(*journal, {{"apps", "after", "x"}, {"apps", "0", {}}});
  kept["after"] = "x";
  kept.erase("0");
  journal.reset();
  EXPECT_EQ(contents(*open(), "apps"), kept);
}

// --- kill -9 --------------------------------------------------------------------------------------------------------

constexpr int batch_rows = 5;

// SIGKILL to ourselves, this much later.
void die_in(std::chrono::microseconds life) {
  sigevent event{};
  event.sigev_notify = SIGEV_SIGNAL;
  event.sigev_signo = SIGKILL;
  timer_t timer{};
  itimerspec when{};
  when.it_value.tv_nsec = 1 + life.count() * 1000;
  if (timer_create(CLOCK_MONOTONIC, &event, &timer) != 0 || timer_settime(timer, 0, &when, nullptr) != 0) _exit(1);
}

// Writes batch after batch, each telling its number in every row, and reports each commit that returned.
[[noreturn]] void write_until_killed(const std::filesystem::path& file, std::uint32_t next, int report,
                                     std::chrono::microseconds life) {
  auto journal = open_sqlite_journal(file);
  if (!journal) _exit(1);
  for (bool armed = false;; ++next) {
    std::vector<Row> rows;
    for (int n = 0; n < batch_rows; ++n) {
      const std::string key = std::to_string(n == 0 ? 0 : next) + "." + std::to_string(n);
      rows.push_back({n % 2 == 0 ? "even" : "odd", key, std::to_string(next)});
    }
    rows.push_back({"odd", std::to_string(next - 50) + ".1", {}});
    if (!(*journal)->commit(rows)) _exit(1);
    if (write(report, &next, sizeof next) != sizeof next) _exit(1);
    if (!std::exchange(armed, true)) die_in(life);
  }
}

// The number of the last commit that returned in the child.
std::uint32_t run_and_kill(const std::filesystem::path& file, std::uint32_t next, std::chrono::microseconds life) {
  std::array<int, 2> ends{};
  EXPECT_EQ(pipe(ends.data()), 0);
  const pid_t child = fork();
  if (child == 0) {
    close(ends[0]);
    write_until_killed(file, next, ends[1], life);
  }
  close(ends[1]);
  std::uint32_t acknowledged = next - 1;
  while (read(ends[0], &acknowledged, sizeof acknowledged) > 0) continue;
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_TRUE(WIFSIGNALED(status)) << "the child could not write: " << status;
  EXPECT_GE(acknowledged, next);
  return acknowledged;
}

// The newest batch, after checking that it and all before it are whole.
std::uint32_t check_batches(Journal& journal) {
  const Contents even = contents(journal, "even");
  const Contents odd = contents(journal, "odd");
  const auto newest = static_cast<std::uint32_t>(std::stoul(even.at("0.0")));
  for (std::uint32_t batch = 1; batch <= newest; ++batch) {
    const std::string number = std::to_string(batch);
    EXPECT_EQ(odd.contains(number + ".1"), batch + 50 > newest) << number;
    EXPECT_TRUE(odd.contains(number + ".3") && even.contains(number + ".2") && even.contains(number + ".4")) << number;
  }
  EXPECT_FALSE(even.contains(std::to_string(newest + 1) + ".2"));
  return newest;
}

TEST_F(JournalTest, CommitsThatReturnedSurviveKill9) {
  Prng prng{3};
  std::uint32_t newest = 0;
  for (int round = 0; round < 25; ++round) {
    const std::chrono::microseconds life{prng.below(20'000)};
    const std::uint32_t acknowledged = run_and_kill(file_, newest + 1, life);
    auto journal = open();
    ASSERT_NE(journal, nullptr);
    newest = check_batches(*journal);
    ASSERT_GE(newest, acknowledged) << "round " << round;
    ASSERT_LE(newest, acknowledged + 1) << "round " << round;
  }
}

// Rows hold what tasks got as secrets.
TEST_F(JournalTest, IsForItsOwnerAlone) {
  const auto own = std::filesystem::perms::owner_read | std::filesystem::perms::owner_write;
  const mode_t mask = ::umask(0);
  const auto fresh = open();
  ::umask(mask);
  ASSERT_TRUE(fresh->commit({{"apps", "a", "1"}}));
  EXPECT_EQ(rights_of(file_), own);
  EXPECT_EQ(rights_of(file_.string() + "-wal"), own);
}

TEST_F(JournalTest, OfEarlierTimesIsTakenFromOthers) {
  ASSERT_TRUE(open()->commit({{"apps", "a", "1"}}));
  std::filesystem::permissions(file_, std::filesystem::perms{0644});
  const auto again = open();
  EXPECT_EQ(rights_of(file_), std::filesystem::perms{0600});
  EXPECT_EQ(contents(*again, "apps"), (Contents{{"a", "1"}}));
  EXPECT_EQ(open_error().code, Errc::conflict) << "the lock is still held";
}

}  // namespace
}  // namespace windlass
