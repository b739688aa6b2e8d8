#pragma once
// Where each key of a table lies in the file. Keeps 64 bits of every key instead of the key; two keys with the same 64
// bits ("twins") are told apart by the file, and the second is then kept whole.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

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

  static std::uint64_t fingerprint_of(std::string_view key);

 private:
  Fingerprint fingerprint_;
  std::unordered_map<std::uint64_t, std::int64_t> ids_;
  std::map<std::string, std::int64_t, std::less<>> twins_;
  std::int64_t next_id_ = 1;
};

}  // namespace windlass
