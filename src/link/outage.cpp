#include "link/outage.hpp"

#include "io/log.hpp"

#include <algorithm>

namespace windlass {
namespace {

constexpr Duration interval_first = std::chrono::seconds{10};
constexpr Duration interval_max = std::chrono::minutes{10};

}  // namespace

// The first failure is told at once, because it is the news; after that the interval doubles.
void Outage::failed(const std::string& where, const std::string& error) {
  const TimePoint now = clock_.now();
  ++failures_;
  if (!since_) {
    since_ = now;
    interval_ = interval_first;
  } else if (now < tell_at_) {
    return;
  } else {
    interval_ = std::min(interval_ * 2, interval_max);
  }
  tell_at_ = after(now, interval_);
  const auto away = std::chrono::duration_cast<std::chrono::seconds>(now - *since_);
  log_warning(peer_ + " is away", {{"address", where},
                                   {"error", error},
                                   {"seconds", static_cast<long>(away.count())},
                                   {"tries", static_cast<long>(failures_)}});
}

void Outage::over() {
  if (!since_) return;
  const auto away = std::chrono::duration_cast<std::chrono::seconds>(clock_.now() - *since_);
  log_info(peer_ + " is back", {{"seconds", static_cast<long>(away.count())}, {"tries", static_cast<long>(failures_)}});
  since_.reset();
  failures_ = 0;
}

}  // namespace windlass
