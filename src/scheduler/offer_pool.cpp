#include "scheduler/offer_pool.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace windlass::scheduler {

namespace {

// The range that the port lies in, of ranges that ascend and are apart from each other.
template <class Ranges>
auto range_of(Ranges& ranges, std::uint16_t port) {
  const auto later = std::ranges::upper_bound(ranges, port, {}, &Range::begin);
  if (later == ranges.begin()) return ranges.end();
  const auto at = std::prev(later);
  return at->end < port ? ranges.end() : at;
}

// Whether it was there. In place: an agent that runs many tasks has as many gaps in its ranges.
bool remove_port(std::vector<Range>& ranges, std::uint16_t port) {
  const auto at = range_of(ranges, port);
  if (at == ranges.end()) return false;
  if (at->begin == at->end) {
    ranges.erase(at);
  } else if (at->begin == port) {
    ++at->begin;
  } else if (at->end == port) {
    --at->end;
  } else {
    const Range above{std::uint64_t{port} + 1, at->end};
    at->end = std::uint64_t{port} - 1;
    ranges.insert(std::next(at), above);
  }
  return true;
}

// An entry's name, kind and roles, without an amount yet.
Resource part_of(const Resource& entry) {
  return {.name = entry.name, .type = entry.type, .reservation = entry.reservation, .allocation = entry.allocation};
}

}  // namespace

OfferPool::OfferPool(const Offer& offer, const std::string& role) {
  // Reserved ones first: nobody else can use them, while the rest may be offered to other frameworks.
  for (const bool reserved : {true, false}) {
    for (const Resource& entry : offer.resources.entries()) {
      const bool ours = entry.reservation.empty() || entry.reservation == role;
      if (ours && entry.extra.empty() && entry.reservation.empty() != reserved) add(entry);
    }
  }
  free_port_count_ = count(free_ports_);
}

void OfferPool::add(const Resource& resource) {
  if (resource.name == "ports") {
    free_ports_ = unite(free_ports_, resource.ranges);
    entries_.push_back({Kind::ports, resource});
    return;
  }
  if (resource.type != ResourceType::scalar) return;
  static constexpr std::array<const char*, scalar_kinds> names{"cpus", "mem", "disk"};
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (resource.name != names[i]) continue;
    left_[i] += resource.milli;
    entries_.push_back({static_cast<Kind>(i), resource});
  }
}

bool OfferPool::has_ports(const App& app) const {
  if (!app.require_ports) return free_port_count_ >= app.ports.size();
  return std::ranges::all_of(
      app.ports, [this](const PortDefinition& port) { return range_of(free_ports_, port.port) != free_ports_.end(); });
}

// As Marathon chooses them (marathon.md 4.6): a random start, then the next that are free. After the last range it goes
// on with the first, hence the sort.
std::vector<std::uint16_t> OfferPool::choose_ports(const App& app, Prng& prng) const {
  std::vector<std::uint16_t> ports;
  if (app.require_ports) {
    for (const PortDefinition& port : app.ports) ports.push_back(port.port);
    return ports;
  }
  if (app.ports.empty()) return ports;
  // Counted in free ports, so that each is as likely to be the first.
  std::uint64_t skip = prng.below(free_port_count_);
  for (std::size_t turn = 0; ports.size() < app.ports.size(); turn = (turn + 1) % free_ports_.size()) {
    const Range& range = free_ports_[turn];
    const std::uint64_t size = range.end - range.begin + 1;
    for (std::uint64_t i = std::min(skip, size); i < size && ports.size() < app.ports.size(); ++i) {
      ports.push_back(static_cast<std::uint16_t>(range.begin + i));
    }
    skip -= std::min(skip, size);
  }
  std::sort(ports.begin(), ports.end());
  return ports;
}

// What is taken keeps the reservation that it was offered with: resources that are named otherwise are not among those
// offered, and the task would be refused (mesos.md 2.6).
void OfferPool::take_scalar(Kind kind, std::int64_t milli, Resources& taken) {
  left(kind) -= milli;
  for (Entry& entry : entries_) {
    if (entry.kind != kind || milli <= 0) continue;
    Resource part = part_of(entry.resource);
    part.milli = std::min(entry.resource.milli, milli);
    entry.resource.milli -= part.milli;
    milli -= part.milli;
    taken.add(part);
  }
}

void OfferPool::take_ports(const std::vector<std::uint16_t>& ports, Resources& taken) {
  for (const std::uint16_t port : ports) {
    if (remove_port(free_ports_, port)) --free_port_count_;
    for (Entry& entry : entries_) {
      if (entry.kind != Kind::ports || !remove_port(entry.resource.ranges, port)) continue;
      Resource part = part_of(entry.resource);
      part.ranges = {{port, port}};
      taken.add(part);
      break;
    }
  }
}

std::variant<Share, Refusal> OfferPool::take(const App& app, Prng& prng) {
  const std::int64_t cpus = to_milli(app.cpus);
  const std::int64_t mem = to_milli(app.mem);
  const std::int64_t disk = to_milli(app.disk);
  // All checks come before anything is taken, in the order of the funnel: a refusal leaves the pool as it was.
  if (left(Kind::cpus) < cpus) return Refusal::insufficient_cpus;
  if (left(Kind::mem) < mem) return Refusal::insufficient_memory;
  if (left(Kind::disk) < disk) return Refusal::insufficient_disk;
  if (!has_ports(app)) return Refusal::insufficient_ports;
  Share share;
  share.ports = choose_ports(app, prng);
  take_scalar(Kind::cpus, cpus, share.resources);
  take_scalar(Kind::mem, mem, share.resources);
  take_scalar(Kind::disk, disk, share.resources);
  take_ports(share.ports, share.resources);
  return share;
}

}  // namespace windlass::scheduler
