#include "store/row_index.hpp"

#include "base/prng.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace windlass {
namespace {

std::uint64_t first_letter(std::string_view key) { return static_cast<std::uint64_t>(key.front()); }

TEST(RowIndex, FindsWhatWasAdded) {
  RowIndex index;
  EXPECT_EQ(index.find("a"), std::nullopt);
  EXPECT_EQ(index.next_id(), 1);
  index.add("a", 7);
  EXPECT_EQ(index.find("a"), 7);
  EXPECT_EQ(index.find("b"), std::nullopt);
  EXPECT_EQ(index.next_id(), 8);
  index.remove("a");
  EXPECT_EQ(index.find("a"), std::nullopt);
  EXPECT_EQ(index.next_id(), 8) << "ids are not used again while the table is open";
}

// The same as std::map, whatever is done; with few fingerprints, so that many lie in each other's way.
TEST(RowIndex, FindsEveryRowWhateverIsDone) {
  const auto fingerprint = [](std::string_view key) { return std::uint64_t{std::stoul(std::string{key})} / 8 * 37; };
  for (const auto& each : {RowIndex::Fingerprint{fingerprint}, &RowIndex::fingerprint_of}) {
    Prng prng{1};
    RowIndex index{each};
    std::map<std::string, std::int64_t> plain;
    for (int i = 1; i < 20'000; ++i) {
      const std::uint64_t number = prng.below(4000);
      const std::string key = std::to_string(each == &RowIndex::fingerprint_of ? number : number * 8);
      if (plain.contains(key)) {
        index.remove(key);
        plain.erase(key);
      } else {
        ASSERT_EQ(index.find(key), std::nullopt);
        index.add(key, i);
        plain[key] = i;
      }
    }
    for (const auto& [key, id] : plain) ASSERT_EQ(index.find(key), id);
    index.reserve(100'000);
    for (const auto& [key, id] : plain) ASSERT_EQ(index.find(key), id);
  }
}

TEST(RowIndex, TwinsAreKeptApart) {
  RowIndex index{first_letter};
  index.add("a1", 1);
  EXPECT_EQ(index.find("a2"), 1) << "a guess, which the caller refutes";
  index.add("a2", 2);
  EXPECT_EQ(index.find("a1"), 1);
  EXPECT_EQ(index.find("a2"), 2);
  index.remove("a1");
  EXPECT_EQ(index.find("a2"), 2);
  EXPECT_EQ(index.find("a1"), std::nullopt);
  index.add("a3", 3);
  index.remove("a2");
  EXPECT_EQ(index.find("a3"), 3);
}

TEST(RowChecksum, SeesKeyAndBytes) {
  const auto sum = row_checksum("key", "bytes of the row");
  EXPECT_GE(sum, 0);
  EXPECT_NE(sum, row_checksum("kez", "bytes of the row"));
  EXPECT_NE(sum, row_checksum("key", "bytes of the rov"));
  EXPECT_NE(row_checksum("ab", "c"), row_checksum("a", "bc"));
  EXPECT_NE(row_checksum("a", std::string(1, '\0')), row_checksum("a", ""));
}

}  // namespace
}  // namespace windlass
