#include "store/row_index.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

namespace windlass {
namespace {

static_assert(std::endian::native == std::endian::little, "the checksums in the file are of little endian words");

// A hash that is fast and not secret. It is part of the file's format through the checksums: it must not change.
std::uint64_t mix(std::uint64_t hash, std::uint64_t word) {
  hash = (hash ^ word) * 0x9e3779b97f4a7c15ULL;
  return hash ^ (hash >> 32);
}

std::uint64_t hash_bytes(std::uint64_t hash, std::string_view bytes) {
  hash = mix(hash, bytes.size());
  // A word at a time: a start computes this over every byte of the journal.
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
  // 31 bits: SQLite stores small numbers in fewer bytes, and this is for damage, not for attackers.
  return static_cast<std::int64_t>(hash_bytes(hash_bytes(1, key), bytes) & 0x7fffffff);
}

RowIndex::RowIndex(Fingerprint fingerprint) : fingerprint_{fingerprint} {}

std::uint64_t RowIndex::fingerprint_of(std::string_view key) { return hash_bytes(2, key); }

std::size_t RowIndex::place_of(std::uint64_t fingerprint) const {
  return static_cast<std::size_t>(fingerprint) & (slots_.size() - 1);
}

RowIndex::Slot* RowIndex::slot_of(std::uint64_t fingerprint) {
  for (std::size_t at = place_of(fingerprint);; at = (at + 1) & (slots_.size() - 1)) {
    Slot& slot = slots_[at];
    if (slot.id == no_row || slot.fingerprint == fingerprint) return &slot;
  }
}

void RowIndex::grow(std::size_t size) {
  // Fingerprints are kept, so that growing needs no keys.
  const std::vector<Slot> before = std::exchange(slots_, std::vector<Slot>(size));
  for (const Slot& slot : before) {
    if (slot.id != no_row) *slot_of(slot.fingerprint) = slot;
  }
}

void RowIndex::reserve(std::size_t rows) {
  const std::size_t size = std::bit_ceil(rows + rows / 2);  // at most two thirds are in use
  if (size > slots_.size()) grow(size);
}

std::optional<std::int64_t> RowIndex::find(std::string_view key) const {
  if (!twins_.empty()) {
    // The keys of twins first: their fingerprint would find the other one's row.
    if (const auto twin = twins_.find(key); twin != twins_.end()) return twin->second;
  }
  const std::uint64_t fingerprint = fingerprint_(key);
  for (std::size_t at = place_of(fingerprint);; at = (at + 1) & (slots_.size() - 1)) {
    const Slot& slot = slots_[at];
    if (slot.id == no_row) return std::nullopt;
    if (slot.fingerprint == fingerprint) return slot.id;
  }
}

void RowIndex::add(std::string_view key, std::int64_t id) {
  next_id_ = std::max(next_id_, id + 1);
  const std::uint64_t fingerprint = fingerprint_(key);
  Slot* slot = slot_of(fingerprint);
  // The slot is taken by another key with the same fingerprint. (An id that means "free" cannot lie in a slot either.)
  if (slot->id != no_row || id == no_row) {
    twins_.emplace(key, id);
    return;
  }
  *slot = {fingerprint, id};
  reserve(++rows_);
}

// What follows moves up, so that no search ends before it. Marks of removed rows would do, too, but fill the table: a
// journal replaces its rows for months.
void RowIndex::remove(std::string_view key) {
  if (const auto twin = twins_.find(key); twin != twins_.end()) {
    twins_.erase(twin);
    return;
  }
  Slot* slot = slot_of(fingerprint_(key));
  if (slot->id == no_row) return;
  --rows_;
  const std::size_t mask = slots_.size() - 1;
  auto gap = static_cast<std::size_t>(slot - slots_.data());
  for (std::size_t at = (gap + 1) & mask; slots_[at].id != no_row; at = (at + 1) & mask) {
    const std::size_t distance = (at - place_of(slots_[at].fingerprint)) & mask;
    if (distance < ((at - gap) & mask)) continue;  // it would be in front of its place
    slots_[gap] = slots_[at];
    gap = at;
  }
  slots_[gap] = {};
}

}  // namespace windlass
