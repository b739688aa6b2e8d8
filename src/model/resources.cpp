#include "model/resources.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>

namespace windlass {
namespace {

Error bad_resource(std::string_view part, const char* why) {
  return {Errc::invalid, "'" + std::string{part} + "' is not a resource: " + why, "resources"};
}

bool parse_number(std::string_view text, std::uint64_t& out) {
  // 18 digits always fit into 64 bits.
  if (text.empty() || text.size() > 18) return false;
  out = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return false;
    out = out * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return true;
}

Result<std::vector<Range>> parse_ranges(std::string_view part, std::string_view text) {
  std::vector<Range> ranges;
  for (const std::string_view item : split_list(text, ',')) {
    Range range;
    const auto dash = item.find('-');
    if (dash == std::string_view::npos || !parse_number(trim(item.substr(0, dash)), range.begin) ||
        !parse_number(trim(item.substr(dash + 1)), range.end) || range.begin > range.end) {
      return bad_resource(part, "a range is written as [31000-32000]");
    }
    ranges.push_back(range);
  }
  return merge(std::move(ranges));
}

Result<Resource> parse_resource(std::string_view part) {
  const auto colon = part.find(':');
  if (colon == std::string_view::npos) return bad_resource(part, "write it as name:value");
  std::string_view name = trim(part.substr(0, colon));
  const std::string_view value = trim(part.substr(colon + 1));
  Resource resource;
  if (const auto open = name.find('('); open != std::string_view::npos && name.ends_with(')')) {
    resource.reservation = std::string{trim(name.substr(open + 1, name.size() - open - 2))};
    if (resource.reservation == "*") resource.reservation.clear();
    name = trim(name.substr(0, open));
  }
  if (name.empty() || value.empty()) return bad_resource(part, "write it as name:value");
  resource.name = std::string{name};
  if (value.front() == '[' && value.back() == ']') {
    resource.type = ResourceType::ranges;
    auto ranges = parse_ranges(part, value.substr(1, value.size() - 2));
    if (!ranges) return ranges.error();
    resource.ranges = *ranges;
    return resource;
  }
  if (value.front() == '{' && value.back() == '}') {
    resource.type = ResourceType::set;
    for (const auto item : split_list(value.substr(1, value.size() - 2), ',')) resource.items.emplace(item);
    return resource;
  }
  const std::string number{value};
  char* end = nullptr;
  const double amount = std::strtod(number.c_str(), &end);
  if (*end != '\0' || !std::isfinite(amount) || amount < 0 || amount > 1e12) {
    return bad_resource(part, "the amount must be a number of 0 or more");
  }
  resource.milli = to_milli(amount);
  return resource;
}

}  // namespace

std::int64_t to_milli(double value) { return std::llround(value * 1000.0); }

double from_milli(std::int64_t milli) { return static_cast<double>(milli) / 1000.0; }

Resource Resource::scalar(std::string name, double value) {
  Resource resource;
  resource.name = std::move(name);
  resource.milli = to_milli(value);
  return resource;
}

Resource Resource::make_ranges(std::string name, std::vector<Range> ranges) {
  Resource resource;
  resource.name = std::move(name);
  resource.type = ResourceType::ranges;
  resource.ranges = merge(std::move(ranges));
  return resource;
}

bool Resource::is_empty() const {
  switch (type) {
    case ResourceType::scalar: return milli <= 0;
    case ResourceType::ranges: return ranges.empty();
    case ResourceType::set: return items.empty();
  }
  return true;
}

bool Resource::combines_with(const Resource& other) const {
  return name == other.name && type == other.type && reservation == other.reservation &&
         allocation == other.allocation && extra == other.extra;
}

void Resources::add(const Resource& resource) {
  if (resource.is_empty()) return;
  for (Resource& entry : entries_) {
    if (!entry.combines_with(resource)) continue;
    entry.milli += resource.milli;
    if (!resource.ranges.empty()) entry.ranges = unite(entry.ranges, resource.ranges);
    entry.items.insert(resource.items.begin(), resource.items.end());
    return;
  }
  // What a task has: cpus, mem, disk and ports.
  if (entries_.empty()) entries_.reserve(4);
  entries_.push_back(resource);
  std::vector<Range>& ranges = entries_.back().ranges;
  if (ranges.size() > 1) ranges = merge(std::move(ranges));
}

void Resources::subtract(const Resource& resource) {
  for (auto entry = entries_.begin(); entry != entries_.end(); ++entry) {
    if (!entry->combines_with(resource)) continue;
    entry->milli = std::max<std::int64_t>(0, entry->milli - resource.milli);
    entry->ranges = windlass::subtract(entry->ranges, merge(resource.ranges));
    for (const std::string& item : resource.items) entry->items.erase(item);
    if (entry->is_empty()) entries_.erase(entry);
    return;
  }
}

Resources& Resources::operator+=(const Resources& other) {
  for (const Resource& each : other.entries_) add(each);
  return *this;
}

Resources& Resources::operator-=(const Resources& other) {
  for (const Resource& each : other.entries_) subtract(each);
  return *this;
}

bool Resources::contains(const Resources& other) const {
  return std::all_of(other.entries_.begin(), other.entries_.end(), [this](const Resource& wanted) {
    return std::any_of(entries_.begin(), entries_.end(), [&](const Resource& entry) {
      return entry.combines_with(wanted) && entry.milli >= wanted.milli &&
             windlass::contains(entry.ranges, wanted.ranges) &&
             std::includes(entry.items.begin(), entry.items.end(), wanted.items.begin(), wanted.items.end());
    });
  });
}

std::int64_t Resources::milli(std::string_view name) const {
  std::int64_t sum = 0;
  for (const Resource& entry : entries_) {
    if (entry.name == name && entry.type == ResourceType::scalar) sum += entry.milli;
  }
  return sum;
}

double Resources::scalar(std::string_view name) const { return from_milli(milli(name)); }

std::vector<Range> Resources::ranges(std::string_view name) const {
  std::vector<Range> all;
  for (const Resource& entry : entries_) {
    if (entry.name == name) all.insert(all.end(), entry.ranges.begin(), entry.ranges.end());
  }
  return merge(std::move(all));
}

std::vector<std::uint16_t> Resources::ports() const {
  std::vector<std::uint16_t> all;
  for (const Range& range : ranges("ports")) {
    for (std::uint64_t port = range.begin; port <= range.end && port <= 65535; ++port) {
      all.push_back(static_cast<std::uint16_t>(port));
    }
  }
  return all;
}

Resources Resources::allocated_to(const std::string& role) const {
  Resources result;
  for (Resource entry : entries_) {
    entry.allocation = role;
    result.add(entry);
  }
  return result;
}

std::string Resources::to_string() const {
  std::string text;
  for (const Resource& entry : entries_) {
    if (!text.empty()) text += "; ";
    text += entry.name;
    if (!entry.allocation.empty()) text += "(allocated: " + entry.allocation + ")";
    if (!entry.reservation.empty()) text += "(reservations: [(STATIC," + entry.reservation + ")])";
    text += ':';
    if (entry.type == ResourceType::scalar) text += scalar_text(entry.milli);
    if (entry.type == ResourceType::ranges) text += windlass::to_string(entry.ranges);
    if (entry.type == ResourceType::set) {
      std::string items;
      for (const std::string& item : entry.items) items += (items.empty() ? "" : ", ") + item;
      text += "{" + items + "}";
    }
  }
  return text;
}

std::vector<Range> merge(std::vector<Range> ranges) {
  std::sort(ranges.begin(), ranges.end());
  std::vector<Range> merged;
  for (const Range& range : ranges) {
    const bool touches = !merged.empty() && (range.begin <= merged.back().end || range.begin == merged.back().end + 1);
    if (touches) {
      merged.back().end = std::max(merged.back().end, range.end);
    } else {
      merged.push_back(range);
    }
  }
  return merged;
}

std::vector<Range> unite(const std::vector<Range>& left, const std::vector<Range>& right) {
  std::vector<Range> all = left;
  all.insert(all.end(), right.begin(), right.end());
  return merge(std::move(all));
}

// Both ascend, so one pass suffices: an agent may have thousands of ranges.
std::vector<Range> subtract(const std::vector<Range>& left, const std::vector<Range>& right) {
  std::vector<Range> rest;
  auto cut = right.begin();
  for (Range range : left) {
    while (cut != right.end() && cut->end < range.begin) ++cut;
    bool used_up = false;
    for (auto next = cut; next != right.end() && next->begin <= range.end; ++next) {
      if (next->begin > range.begin) rest.push_back({range.begin, next->begin - 1});
      used_up = next->end >= range.end;
      if (used_up) break;
      range.begin = next->end + 1;
    }
    if (!used_up) rest.push_back(range);
  }
  return rest;
}

bool contains(const std::vector<Range>& outer, const std::vector<Range>& inner) {
  return subtract(merge(inner), outer).empty();
}

std::uint64_t count(const std::vector<Range>& ranges) {
  std::uint64_t sum = 0;
  for (const Range& range : ranges) sum += range.end - range.begin + 1;
  return sum;
}

std::string to_string(const std::vector<Range>& ranges) {
  std::string text = "[";
  for (const Range& range : ranges) {
    if (text.size() > 1) text += ", ";
    text += std::to_string(range.begin) + "-" + std::to_string(range.end);
  }
  return text + "]";
}

std::string scalar_text(std::int64_t milli) {
  std::string text = std::to_string(milli / 1000);
  const std::int64_t rest = std::llabs(milli % 1000);
  if (rest == 0) return text;
  std::string decimals = std::to_string(1000 + rest).substr(1);
  while (decimals.back() == '0') decimals.pop_back();
  return (milli < 0 && milli > -1000 ? "-" : "") + text + "." + decimals;
}

Result<Resources> parse_resources(std::string_view text) {
  Resources resources;
  for (const std::string_view part : split_list(text, ';')) {
    if (part.empty()) continue;
    auto resource = parse_resource(part);
    if (!resource) return resource.error();
    resources.add(*resource);
  }
  return resources;
}

}  // namespace windlass
