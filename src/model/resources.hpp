#pragma once
// Mesos resources and their arithmetic (mesos.md 2.2): scalars with three decimals, ranges, sets.

#include "base/error.hpp"

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace windlass {

// begin..end, both included.
struct Range {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  auto operator<=>(const Range&) const = default;
};

enum class ResourceType { scalar, ranges, set };

// Thousandths: Mesos rounds every scalar to three decimals, half away from zero.
std::int64_t to_milli(double value);
double from_milli(std::int64_t milli);

struct Resource {
  std::string name;
  ResourceType type = ResourceType::scalar;
  std::int64_t milli = 0;          // scalar: thousandths of a CPU, MB, ...
  std::vector<Range> ranges = {};  // sorted, apart from each other
  std::set<std::string> items = {};
  std::string reservation = {};  // the role that it is reserved to; empty: unreserved
  std::string allocation = {};   // the role that it is allocated to; empty: not allocated
  std::string extra = {};        // other protobuf fields (disk, revocable, ...) as bytes; only equal ones combine

  static Resource scalar(std::string name, double value);
  static Resource make_ranges(std::string name, std::vector<Range> ranges);

  [[nodiscard]] bool is_empty() const;
  // Same name, type, roles and extra: amounts of the two may be added.
  [[nodiscard]] bool combines_with(const Resource& other) const;
  friend bool operator==(const Resource&, const Resource&) = default;
};

// An amount of resources. Keeps the order of first appearance, holds no empty entries, and no two that combine.
class Resources {
 public:
  Resources() = default;
  explicit Resources(const std::vector<Resource>& list) {
    for (const Resource& each : list) add(each);
  }

  void add(const Resource& resource);
  // Takes away what is there of it; never goes below zero.
  void subtract(const Resource& resource);
  Resources& operator+=(const Resources& other);
  Resources& operator-=(const Resources& other);
  friend Resources operator+(Resources left, const Resources& right) { return left += right; }
  friend Resources operator-(Resources left, const Resources& right) { return left -= right; }

  [[nodiscard]] bool contains(const Resources& other) const;
  [[nodiscard]] bool empty() const { return entries_.empty(); }
  [[nodiscard]] const std::vector<Resource>& entries() const { return entries_; }

  // Sum over all roles, in the resource's unit (CPUs, MB); 0 when absent.
  [[nodiscard]] double scalar(std::string_view name) const;
  [[nodiscard]] std::int64_t milli(std::string_view name) const;
  // Ranges of that name over all roles, sorted and merged.
  [[nodiscard]] std::vector<Range> ranges(std::string_view name) const;
  // Each port of `ports`, ascending, without the numbers that no port can have.
  [[nodiscard]] std::vector<std::uint16_t> ports() const;

  // The same amounts with every entry allocated to `role` (empty: to none).
  [[nodiscard]] Resources allocated_to(const std::string& role) const;

  // As Mesos prints them: "cpus(allocated: *):1000; ports(allocated: *):[31000-32000]".
  [[nodiscard]] std::string to_string() const;

  friend bool operator==(const Resources& left, const Resources& right) {
    return left.contains(right) && right.contains(left);
  }

 private:
  std::vector<Resource> entries_;
};

// Set algebra on sorted, disjoint ranges.
std::vector<Range> merge(std::vector<Range> ranges);
std::vector<Range> unite(const std::vector<Range>& left, const std::vector<Range>& right);
std::vector<Range> subtract(const std::vector<Range>& left, const std::vector<Range>& right);
bool contains(const std::vector<Range>& outer, const std::vector<Range>& inner);
std::uint64_t count(const std::vector<Range>& ranges);
// "[31000-31005, 31010-31010]".
std::string to_string(const std::vector<Range>& ranges);
// 0.1, 4, 1000: at most three decimals, no trailing zeros.
std::string scalar_text(std::int64_t milli);

// Text of --resources (mesos.md 6.3): "cpus:24;mem:24576;ports:[21000-24000,30000-34000];bugs(role):{a,b}".
// Errors: Errc::invalid, naming the part that is wrong.
[[nodiscard]] Result<Resources> parse_resources(std::string_view text);

}  // namespace windlass
