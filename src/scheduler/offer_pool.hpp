#pragma once
// What is left of an offer while tasks are taken out of it.

#include "base/prng.hpp"
#include "model/app.hpp"
#include "model/framework.hpp"
#include "model/refusal.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace windlass::scheduler {

// What one instance gets.
struct Share {
  Resources resources;                    // allocated to the offer's role, reserved as the offer has them
  std::vector<std::uint16_t> ports = {};  // one for each of the app's ports
};

class OfferPool {
 public:
  // Only unreserved resources and those of `role` count; volumes, revocable and the like do not.
  OfferPool(const Offer& offer, const std::string& role);

  // Takes what the app needs, reserved resources first; nothing when it does not fit, and then says what is short. Host
  // ports are consecutive from a random start and ascend (executors number them in that order), or are the service
  // ports themselves if the app requires that.
  std::variant<Share, Refusal> take(const App& app, Prng& prng);

 private:
  enum class Kind { cpus, mem, disk, ports };
  static constexpr std::size_t scalar_kinds = 3;
  struct Entry {
    Kind kind;
    Resource resource;
  };

  void add(const Resource& resource);
  [[nodiscard]] bool has_ports(const App& app) const;
  // REQUIRES: has_ports(app).
  [[nodiscard]] std::vector<std::uint16_t> choose_ports(const App& app, Prng& prng) const;
  void take_scalar(Kind kind, std::int64_t milli, Resources& taken);
  void take_ports(const std::vector<std::uint16_t>& ports, Resources& taken);
  [[nodiscard]] std::int64_t& left(Kind kind) { return left_[static_cast<std::size_t>(kind)]; }

  std::vector<Entry> entries_;                        // of those kinds; reserved ones first
  std::array<std::int64_t, scalar_kinds> left_ = {};  // of each kind, of all entries
  std::vector<Range> free_ports_;                     // likewise
  std::uint64_t free_port_count_ = 0;
};

}  // namespace windlass::scheduler
