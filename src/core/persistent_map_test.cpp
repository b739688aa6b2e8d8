#include "core/persistent_map.hpp"

#include "base/prng.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace windlass::core {
namespace {

using Numbers = PersistentMap<int, std::string>;

std::map<int, std::string> as_std(const Numbers& map) { return {map.begin(), map.end()}; }

TEST(PersistentMap, ACopyDoesNotChangeWithTheOther) {
  Numbers first;
  first.set(1, "one");
  first.set(2, "two");
  Numbers second = first;
  second.set(2, "zwei");
  second.set(3, "drei");
  EXPECT_EQ(second.erase(1), 1u);
  EXPECT_EQ(as_std(first), (std::map<int, std::string>{{1, "one"}, {2, "two"}}));
  EXPECT_EQ(as_std(second), (std::map<int, std::string>{{2, "zwei"}, {3, "drei"}}));
  EXPECT_EQ(first.size(), 2u);
  EXPECT_EQ(second.size(), 2u);
}

TEST(PersistentMap, FindsWhatIsThere) {
  Numbers map;
  EXPECT_TRUE(map.empty());
  EXPECT_EQ(map.begin(), map.end());
  EXPECT_EQ(map.find(1), map.end());
  EXPECT_EQ(map.erase(1), 0u);
  for (const int key : {10, 20, 30}) map.set(key, std::to_string(key));
  EXPECT_EQ(map.find(20)->second, "20");
  EXPECT_EQ(map.find(25), map.end());
  EXPECT_EQ(map.lower_bound(15)->first, 20);
  EXPECT_EQ(map.lower_bound(20)->first, 20);
  EXPECT_EQ(map.lower_bound(31), map.end());
  EXPECT_EQ(map.at(30), "30");
  EXPECT_THROW(static_cast<void>(map.at(31)), std::out_of_range);
  EXPECT_EQ(map.get(31), nullptr);
  map.clear();
  EXPECT_TRUE(map.empty());
}

// The same as std::map, whatever is done; and no copy that was taken on the way has changed.
TEST(PersistentMap, IsAMapWhateverIsDone) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Prng prng{seed};
    Numbers map;
    std::map<int, std::string> plain;
    std::vector<std::pair<Numbers, std::map<int, std::string>>> taken;
    for (int i = 0; i < 1000; ++i) {
      const int key = static_cast<int>(prng.below(150));
      if (prng.chance(1, 2)) {
        map.set(key, std::to_string(i));
        plain[key] = std::to_string(i);
      } else {
        EXPECT_EQ(map.erase(key), plain.erase(key));
      }
      ASSERT_EQ(map.size(), plain.size());
      if (prng.chance(1, 50)) taken.emplace_back(map, plain);
    }
    taken.emplace_back(map, plain);
    for (const auto& [then, expected] : taken) {
      EXPECT_EQ(as_std(then), expected);
      const int key = static_cast<int>(prng.below(150));
      const auto at = expected.lower_bound(key);
      EXPECT_EQ(then.lower_bound(key) == then.end(), at == expected.end());
      if (at != expected.end()) {
        EXPECT_EQ(then.lower_bound(key)->first, at->first);
      }
    }
  }
}

struct Key {
  std::int64_t number = 0;
  auto operator<=>(const Key&) const = default;
};

// Small entries lie in the nodes themselves, and what no copy shares is changed where it is.
TEST(PersistentMap, SmallEntriesAreSharedAsOthersAre) {
  using Small = PersistentMap<Key, std::shared_ptr<const int>>;
  using Contents = std::map<std::int64_t, int>;
  const auto contents = [](const Small& map) {
    Contents all;
    for (const auto& [key, value] : map) all[key.number] = *value;
    return all;
  };
  Prng prng{1};
  Small map;
  Contents plain;
  std::vector<std::pair<Small, Contents>> taken;
  for (int i = 0; i < 3000; ++i) {
    const auto key = static_cast<std::int64_t>(prng.below(200));
    if (prng.chance(2, 3)) {
      map.set({key}, std::make_shared<const int>(i));
      plain[key] = i;
    } else {
      EXPECT_EQ(map.erase({key}), plain.erase(key));
    }
    if (i % 100 == 0) taken.emplace_back(map, plain);
  }
  taken.emplace_back(map, plain);
  for (const auto& [then, expected] : taken) EXPECT_EQ(contents(then), expected);
}

TEST(PersistentMap, WithoutACopyEntriesStayWhereTheyAre) {
  PersistentMap<int, std::shared_ptr<const int>> map;
  for (int i = 0; i < 100; ++i) map.set(i, nullptr);
  const auto* const entry = &*map.find(50);
  map.set(50, std::make_shared<const int>(1));
  map.set(51, std::make_shared<const int>(2));
  EXPECT_EQ(&*map.find(50), entry);
  const auto copy = map;
  map.set(50, nullptr);
  EXPECT_NE(&*map.find(50), entry);
  EXPECT_EQ(&*copy.find(50), entry);
  EXPECT_EQ(**copy.get(50), 1);
}

TEST(PersistentMap, IsMadeOfSortedEntriesInOneGo) {
  for (int count = 0; count < 40; ++count) {
    std::map<int, std::string> plain;
    for (int i = 0; i < count; ++i) plain[i] = std::to_string(i);
    Numbers map = Numbers::from_sorted(plain.begin(), plain.end());
    EXPECT_EQ(as_std(map), plain);
    EXPECT_EQ(map.size(), plain.size());
    map.set(count, "more");
    EXPECT_EQ(map.erase(0), 1u);
    EXPECT_EQ(map.size(), plain.size());
  }
}

TEST(PersistentMap, EqualWhenTheEntriesAre) {
  Numbers up;
  Numbers down;
  for (int i = 0; i < 100; ++i) up.set(i, "x");
  for (int i = 99; i >= 0; --i) down.set(i, "x");
  EXPECT_FALSE(up.is_same(down));
  EXPECT_EQ(up, down);
  const Numbers copy = up;
  EXPECT_TRUE(copy.is_same(up));
  down.set(5, "y");
  EXPECT_NE(up, down);
}

// Ten thousand entries in ascending order would be a list if nothing balanced them: the test would not end.
TEST(PersistentMap, StaysFlatWhenKeysComeInOrder) {
  Numbers map;
  for (int i = 0; i < 10'000; ++i) map.set(i, {});
  int expected = 0;
  for (const auto& [key, value] : map) ASSERT_EQ(key, expected++);
  EXPECT_EQ(expected, 10'000);
  for (int i = 0; i < 10'000; ++i) map.erase(i);
  EXPECT_TRUE(map.empty());
}

}  // namespace
}  // namespace windlass::core
