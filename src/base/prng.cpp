#include "base/prng.hpp"

#include "base/check.hpp"

#include <algorithm>
#include <bit>

namespace windlass {

// splitmix64, as the authors of xoshiro advise: seeds that are small or next to each other give states that have
// nothing in common, and never one of zeros alone.
Prng::Prng(std::uint64_t seed) : state_{} {
  for (std::uint64_t& word : state_) {
    seed += 0x9e3779b97f4a7c15ULL;
    std::uint64_t mixed = seed;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9ULL;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebULL;
    word = mixed ^ (mixed >> 31);
  }
}

std::uint64_t Prng::next() {
  const std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
  const std::uint64_t shifted = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= shifted;
  state_[3] = std::rotl(state_[3], 45);
  return result;
}

std::uint64_t Prng::below(std::uint64_t bound) {
  CHECK(bound > 0);
  const std::uint64_t limit = -bound % bound;  // 2^64 mod bound: drop what would favour small results
  std::uint64_t drawn = next();
  while (drawn < limit) drawn = next();
  return drawn % bound;
}

Uuid Uuid::random(Prng& prng) {
  Uuid uuid;
  for (std::size_t half = 0; half < 2; ++half) {
    std::uint64_t word = prng.next();
    for (std::size_t i = 0; i < 8; ++i, word >>= 8) uuid.bytes[half * 8 + i] = static_cast<std::uint8_t>(word);
  }
  // Version 4 and its variant: Mesos refuses bytes that are of no known version (mesos.md 1.4).
  uuid.bytes[6] = static_cast<std::uint8_t>((uuid.bytes[6] & 0x0f) | 0x40);
  uuid.bytes[8] = static_cast<std::uint8_t>((uuid.bytes[8] & 0x3f) | 0x80);
  return uuid;
}

Uuid Uuid::ascending(TimePoint now, Prng& prng) {
  // Version 7 begins with the milliseconds and lets a finer clock follow where version 4 has random bits.
  Uuid uuid = random(prng);
  const auto micros = static_cast<std::uint64_t>(now.time_since_epoch().count());
  const std::uint64_t millis = micros / 1000;
  for (std::size_t i = 0; i < 6; ++i) uuid.bytes[i] = static_cast<std::uint8_t>(millis >> (8 * (5 - i)));
  const std::uint64_t fraction = micros % 1000;  // 10 of the 12 bits
  uuid.bytes[6] = static_cast<std::uint8_t>(0x70 | (fraction >> 6));
  uuid.bytes[7] = static_cast<std::uint8_t>((fraction << 2) | (uuid.bytes[7] & 0x03));
  return uuid;
}

bool Uuid::from_bytes(const std::string& bytes, Uuid& out) {
  if (bytes.size() != out.bytes.size()) return false;
  std::copy(bytes.begin(), bytes.end(), out.bytes.begin());
  const int version = out.bytes[6] >> 4;
  return version >= 1 && version <= 5;
}

std::string Uuid::to_bytes() const { return {bytes.begin(), bytes.end()}; }

std::string Uuid::to_string() const {
  static constexpr char digits[] = "0123456789abcdef";
  std::string text;
  text.reserve(36);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += digits[bytes[i] >> 4];
    text += digits[bytes[i] & 15];
  }
  return text;
}

}  // namespace windlass
