#pragma once
// Logs that a peer is away: at once, then at growing intervals, and when it is back. A line for each try would hide
// everything else.

#include "base/time.hpp"

#include <cstddef>
#include <optional>
#include <string>

namespace windlass {

class Outage {
 public:
  // peer: as log lines name it, "master" or "agent".
  explicit Outage(std::string peer) : peer_{std::move(peer)} {}

  // Something went wrong; `where` is the peer's address.
  void failed(const std::string& where, const std::string& error);
  // The peer is there.
  void over();

 private:
  const std::string peer_;
  const Clock clock_{};
  std::optional<TimePoint> since_ = {};  // unset: no outage
  TimePoint tell_at_ = {};
  Duration interval_ = {};
  std::size_t failures_ = 0;
};

}  // namespace windlass
