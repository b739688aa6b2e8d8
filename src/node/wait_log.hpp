#pragma once
// Which apps wait for offers, and why, for the log: once when an app has waited 10 s, then after twice as long each
// time.

#include "scheduler/world.hpp"

#include <chrono>
#include <cstddef>
#include <map>
#include <string>
#include <vector>

namespace windlass {

constexpr Duration wait_told_after = std::chrono::seconds{10};
constexpr Duration wait_told_again_max = std::chrono::hours{1};
constexpr std::size_t wait_lines_max = 20;  // at once; the others follow in later rounds

struct WaitLine {
  AppId app;
  std::chrono::seconds waited = {};
  std::size_t missing = 0;
  std::string reason;  // "2 of 3 offers: InsufficientCpus"
  friend bool operator==(const WaitLine&, const WaitLine&) = default;
};

class WaitLog {
 public:
  // What is to be told now. Takes time in proportion to the apps that wait.
  std::vector<WaitLine> take_due(const scheduler::World& world, TimePoint now);

 private:
  struct Told {
    TimePoint since;
    TimePoint next;
  };
  std::map<AppId, Told> apps_;  // those that wait
};

// Why the app waits, in words: delayed after failures, no offers, or the reasons of those that were refused, most
// first.
std::string wait_reason(const scheduler::World& world, const scheduler::WaitReport& report);

}  // namespace windlass
