#include "scheduler/offer_pool.hpp"

#include <algorithm>
#include <utility>

namespace windlass::scheduler {

OfferPool::OfferPool(const Offer& offer, const std::string& role) {
  for (const bool reserved : {true, false}) {
    for (const Resource& entry : offer.resources.entries()) {
      const bool ours = entry.reservation.empty() || entry.reservation == role;
      if (ours && entry.extra.empty() && entry.reservation.empty() != reserved) entries_.push_back(entry);
    }
  }
  for (const Resource& entry : entries_) {
    if (entry.name == "ports") free_ports_ = unite(free_ports_, entry.ranges);
  }
}

std::int64_t OfferPool::left(const std::string& name) const {
  std::int64_t sum = 0;
  for (const Resource& entry : entries_) {
    if (entry.name == name && entry.type == ResourceType::scalar) sum += entry.milli;
  }
  return sum;
}

bool OfferPool::has_ports(const App& app) const {
  if (!app.require_ports) return count(free_ports_) >= app.ports.size();
  return std::ranges::all_of(app.ports, [this](const PortDefinition& port) {
    return contains(free_ports_, {{port.port, port.port}});
  });
}

std::vector<std::uint16_t> OfferPool::choose_ports(const App& app, Prng& prng) const {
  std::vector<std::uint16_t> ports;
  if (app.require_ports) {
    for (const PortDefinition& port : app.ports) ports.push_back(port.port);
    return ports;
  }
  if (app.ports.empty()) return ports;
  std::uint64_t skip = prng.below(count(free_ports_));
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

void OfferPool::take_scalar(const std::string& name, std::int64_t milli, Resources& taken) {
  for (Resource& entry : entries_) {
    if (entry.name != name || entry.type != ResourceType::scalar || milli <= 0) continue;
    Resource part = entry;
    part.milli = std::min(entry.milli, milli);
    entry.milli -= part.milli;
    milli -= part.milli;
    taken.add(part);
  }
}

void OfferPool::take_ports(const std::vector<std::uint16_t>& ports, Resources& taken) {
  for (const std::uint16_t port : ports) {
    const std::vector<Range> wanted{{port, port}};
    free_ports_ = subtract(free_ports_, wanted);
    for (Resource& entry : entries_) {
      if (entry.name != "ports" || !contains(entry.ranges, wanted)) continue;
      Resource part = entry;
      part.ranges = wanted;
      entry.ranges = subtract(entry.ranges, wanted);
      taken.add(part);
      break;
    }
  }
}

std::variant<Share, Refusal> OfferPool::take(const App& app, Prng& prng) {
  const std::int64_t cpus = to_milli(app.cpus);
  const std::int64_t mem = to_milli(app.mem);
  const std::int64_t disk = to_milli(app.disk);
  if (left("cpus") < cpus) return Refusal::insufficient_cpus;
  if (left("mem") < mem) return Refusal::insufficient_memory;
  if (left("disk") < disk) return Refusal::insufficient_disk;
  if (!has_ports(app)) return Refusal::insufficient_ports;
  Share share;
  share.ports = choose_ports(app, prng);
  take_scalar("cpus", cpus, share.resources);
  take_scalar("mem", mem, share.resources);
  take_scalar("disk", disk, share.resources);
  take_ports(share.ports, share.resources);
  return share;
}

}  // namespace windlass::scheduler
