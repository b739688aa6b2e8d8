#pragma once
// The only source of chance in the cores. Same seed, same numbers, with every library.

#include "base/time.hpp"

#include <array>
#include <cstdint>
#include <string>

namespace windlass {

// xoshiro256** by Blackman and Vigna, seeded by splitmix64.
class Prng {
 public:
  explicit Prng(std::uint64_t seed);

  std::uint64_t next();
  // 0 <= result < bound. REQUIRES: bound > 0.
  std::uint64_t below(std::uint64_t bound);
  // true in numerator of denominator cases.
  bool chance(std::uint64_t numerator, std::uint64_t denominator) { return below(denominator) < numerator; }

 private:
  std::array<std::uint64_t, 4> state_;
};

// A UUID of version 4: the id of status updates, streams and containers; or of version 7: the id of instances.
struct Uuid {
  std::array<std::uint8_t, 16> bytes{};

  static Uuid random(Prng& prng);
  // Of version 7: later ones are greater, to the microsecond, so whatever is sorted by them grows at its end.
  static Uuid ascending(TimePoint now, Prng& prng);
  // Takes exactly 16 bytes with a version of 1 to 5 (Mesos refuses others); false otherwise.
  static bool from_bytes(const std::string& bytes, Uuid& out);
  // 16 raw bytes, as in TaskStatus.uuid.
  [[nodiscard]] std::string to_bytes() const;
  // 8-4-4-4-12 hexadecimal digits.
  [[nodiscard]] std::string to_string() const;
  [[nodiscard]] bool is_nil() const { return bytes == std::array<std::uint8_t, 16>{}; }

  auto operator<=>(const Uuid&) const = default;
};

}  // namespace windlass
