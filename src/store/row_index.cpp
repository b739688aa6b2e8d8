#include "store/row_index.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

namespace windlass {
namespace {

static_assert(std::endian::native == std::endian::little, "the checksums in the file are of little endian words");

std::uint64_t mix(std::uint64_t hash, std::uint64_t word) {
  hash = (hash ^ word) * 0x9e3779b97f4a7c15ULL;
  return hash ^ (hash >> 32);
}

std::uint64_t hash_bytes(std::uint64_t hash, std::string_view bytes) {
  hash = mix(hash, bytes.size());
  while (bytes.size() >= 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data(), 8);
    hash = mix(hash, word);
    bytes.remove_prefix(8);
  }
  std::uint64_t rest = 0;
  if (!bytes.empty()) std::memcpy(&rest, bytes.data(), bytes.size());
  return mix(hash, rest);
}

}  // namespace

std::int64_t row_checksum(std::string_view key, std::string_view bytes) {
  return static_cast<std::int64_t>(hash_bytes(hash_bytes(1, key), bytes) & 0x7fffffff);
}

RowIndex::RowIndex(Fingerprint fingerprint) : fingerprint_{fingerprint} {}

std::uint64_t RowIndex::fingerprint_of(std::string_view key) { return hash_bytes(2, key); }

std::optional<std::int64_t> RowIndex::find(std::string_view key) const {
  if (!twins_.empty()) {
    if (const auto twin = twins_.find(key); twin != twins_.end()) return twin->second;
  }
  const auto found = ids_.find(fingerprint_(key));
  if (found == ids_.end()) return std::nullopt;
  return found->second;
}

void RowIndex::add(std::string_view key, std::int64_t id) {
  next_id_ = std::max(next_id_, id + 1);
  const bool first = ids_.try_emplace(fingerprint_(key), id).second;
  if (!first) twins_.emplace(key, id);
}

void RowIndex::remove(std::string_view key) {
  if (const auto twin = twins_.find(key); twin != twins_.end()) {
    twins_.erase(twin);
  } else {
    ids_.erase(fingerprint_(key));
  }
}

}  // namespace windlass
