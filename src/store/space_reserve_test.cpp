#include "store/space_reserve.hpp"

#include "store/journal.hpp"

#include <gtest/gtest.h>

#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <string>

namespace windlass {
namespace {

namespace fs = std::filesystem;

class SpaceReserveTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "reserve-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { fs::remove_all(folder_); }

  static std::uint64_t allocated(const fs::path& file) {
    struct stat status {};
    return ::stat(file.c_str(), &status) == 0 ? static_cast<std::uint64_t>(status.st_blocks) * 512 : 0;
  }

  fs::path folder_;
};

TEST_F(SpaceReserveTest, BlocksAreThereBeforeTheyAreNeeded) {
  const fs::path file = folder_ / "a.db";
  auto journal = open_sqlite_journal(file);
  ASSERT_TRUE(journal);
  ASSERT_TRUE((*journal)->commit({{"apps", "a", "1"}}));
  EXPECT_TRUE((*journal)->has_room());
  const fs::path log = folder_ / "a.db-wal";
  EXPECT_LT(fs::file_size(log), std::uint64_t{256} << 10);
  EXPECT_GE(allocated(log), std::uint64_t{512} << 10);
  EXPECT_GE(allocated(file), std::uint64_t{512} << 10);
}

TEST_F(SpaceReserveTest, TheLogStaysWhenTheJournalIsClosed) {
  const fs::path file = folder_ / "a.db";
  { ASSERT_TRUE((*open_sqlite_journal(file))->commit({{"apps", "a", "1"}})); }
  EXPECT_GE(allocated(folder_ / "a.db-wal"), std::uint64_t{512} << 10) << "the next start may find the disk full";
  auto again = open_sqlite_journal(file);
  ASSERT_TRUE(again);
  std::size_t rows = 0;
  ASSERT_TRUE((*again)->load("apps", [&](std::string_view, std::string_view) -> Result<void> {
    ++rows;
    return {};
  }));
  EXPECT_EQ(rows, 1u);
}

TEST_F(SpaceReserveTest, ASecondProcessStillFindsItLocked) {
  const fs::path file = folder_ / "a.db";
  auto journal = open_sqlite_journal(file);
  ASSERT_TRUE(journal);
  EXPECT_TRUE((*journal)->has_room());
  const auto second = open_sqlite_journal(file);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Errc::conflict);
}

}  // namespace
}  // namespace windlass
