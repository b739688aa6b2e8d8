#pragma once
// Where each key of a table lies in the file. Keeps 64 bits of every key instead of the key; two keys with the same 64
// bits ("twins") are told apart by the file, and the second is then kept whole.

#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace windlass {

// Of a key with its bytes, as the file keeps it: changing either changes it. Never negative.
std::int64_t row_checksum(std::string_view key, std::string_view bytes);

class RowIndex {
 public:
  using Fingerprint = std::uint64_t (*)(std::string_view key);

  // `fingerprint` is another one only in tests.
  explicit RowIndex(Fingerprint fingerprint = &RowIndex::fingerprint_of);

  // The row that this key may lie in: certain when it is absent, else the caller compares the key. After add() of a
  // twin the answer for it is exact.
  [[nodiscard]] std::optional<std::int64_t> find(std::string_view key) const;
  // REQUIRES: find(key) was empty, or the row that it named has another key.
  void add(std::string_view key, std::int64_t id);
  // REQUIRES: find(key) names the row of this key.
  void remove(std::string_view key);
  // Above every id that was added.
  [[nodiscard]] std::int64_t next_id() const { return next_id_; }
  // Makes room for so many at once.
  void reserve(std::size_t rows);

  static std::uint64_t fingerprint_of(std::string_view key);

 private:
  static constexpr std::int64_t no_row = std::numeric_limits<std::int64_t>::min();
  struct Slot {
    std::uint64_t fingerprint = 0;
    std::int64_t id = no_row;
  };

  [[nodiscard]] std::size_t place_of(std::uint64_t fingerprint) const;
  // Where it is, or would be.
  [[nodiscard]] Slot* slot_of(std::uint64_t fingerprint);
  void grow(std::size_t size);

  Fingerprint fingerprint_;
  // A hash table of its own, in one piece: a row takes 24 bytes on average and no allocation. A power of two of slots,
  // some of which are always free; a fingerprint lies in the first free one from its place on.
  std::vector<Slot> slots_ = std::vector<Slot>(16);
  std::size_t rows_ = 0;
  std::map<std::string, std::int64_t, std::less<>> twins_;
  std::int64_t next_id_ = 1;
};

}  // namespace windlass
