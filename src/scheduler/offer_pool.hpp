#pragma once
// What is left of an offer while tasks are taken out of it.

#include "base/prng.hpp"
#include "model/app.hpp"
#include "model/framework.hpp"
#include "model/refusal.hpp"

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
  [[nodiscard]] bool has_ports(const App& app) const;
  // REQUIRES: has_ports(app).
  [[nodiscard]] std::vector<std::uint16_t> choose_ports(const App& app, Prng& prng) const;
  void take_scalar(const std::string& name, std::int64_t milli, Resources& taken);
  void take_ports(const std::vector<std::uint16_t>& ports, Resources& taken);
  [[nodiscard]] std::int64_t left(const std::string& name) const;

  std::vector<Resource> entries_;  // reserved ones first
  std::vector<Range> free_ports_;  // of all entries
};

}  // namespace windlass::scheduler
