#include "wire/docker_values.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <optional>
#include <set>
#include <utility>

namespace windlass {

namespace {

// Ranges of more ports than this are a mistake of the user.
constexpr int ports_max = 65535;

Error bad(std::string_view text, const std::string& why) {
  return Error{Errc::invalid, "'" + std::string{text} + "' " + why, {}};
}

struct PortRange {
  int first = 0;
  int last = 0;
  [[nodiscard]] int size() const { return last - first + 1; }
};

std::optional<int> to_port(std::string_view text) {
  int port = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size() || port < 0 || port > ports_max) return std::nullopt;
  return port;
}

std::optional<PortRange> to_port_range(std::string_view text) {
  const auto dash = text.find('-');
  const auto first = to_port(text.substr(0, dash));
  const auto last = dash == std::string_view::npos ? first : to_port(text.substr(dash + 1));
  if (!first || !last || *last < *first) return std::nullopt;
  return PortRange{*first, *last};
}

// Cuts "/udp" off the end. Nothing when the protocol is none of Docker's.
std::optional<std::string> take_protocol(std::string_view& text) {
  const auto slash = text.rfind('/');
  if (slash == std::string_view::npos) return "tcp";
  std::string protocol{text.substr(slash + 1)};
  std::transform(protocol.begin(), protocol.end(), protocol.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  text = text.substr(0, slash);
  if (protocol != "tcp" && protocol != "udp" && protocol != "sctp") return std::nullopt;
  return protocol;
}

struct PublishParts {
  std::string_view ip;
  std::string_view host;
  std::string_view container;
};

PublishParts split_publish(std::string_view text) {
  PublishParts parts;
  if (text.starts_with('[')) {
    const auto close = text.find("]:");
    if (close == std::string_view::npos) return parts;
    parts.ip = text.substr(1, close - 1);
    text = text.substr(close + 2);
    const auto colon = text.find(':');
    if (colon == std::string_view::npos) return parts;
    parts.host = text.substr(0, colon);
    parts.container = text.substr(colon + 1);
    return parts;
  }
  const auto last = text.rfind(':');
  parts.container = last == std::string_view::npos ? text : text.substr(last + 1);
  if (last == std::string_view::npos) return parts;
  const auto front = text.substr(0, last);
  const auto middle = front.rfind(':');
  parts.host = middle == std::string_view::npos ? front : front.substr(middle + 1);
  if (middle != std::string_view::npos) parts.ip = front.substr(0, middle);
  return parts;
}

std::string join_range(const PortRange& range) {
  return range.first == range.last ? std::to_string(range.first)
                                   : std::to_string(range.first) + "-" + std::to_string(range.last);
}

// The fields of one CSV line, quotes as in RFC 4180.
std::vector<std::string> split_csv(std::string_view text) {
  std::vector<std::string> fields(1);
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted && c == '"' && i + 1 < text.size() && text[i + 1] == '"') {
      fields.back() += text[++i];
    } else if (c == '"') {
      quoted = !quoted;
    } else if (c == ',' && !quoted) {
      fields.emplace_back();
    } else {
      fields.back() += c;
    }
  }
  return fields;
}

std::pair<std::string, std::string> split_pair(const std::string& text) {
  const auto equals = text.find('=');
  if (equals == std::string::npos) return {text, {}};
  return {text.substr(0, equals), text.substr(equals + 1)};
}

Result<void> set_mount_type(MountSpec& mount, const std::string& value) {
  if (value == "bind") {
    mount.type = MountType::bind;
  } else if (value == "volume") {
    mount.type = MountType::volume;
  } else if (value == "tmpfs") {
    mount.type = MountType::tmpfs;
  } else {
    return bad(value, "is not a mount type; there are bind, volume and tmpfs");
  }
  return {};
}

Result<void> set_mount_switch(bool& field, const std::string& key, const std::string& value) {
  if (value.empty() || value == "true" || value == "1") {
    field = true;
  } else if (value == "false" || value == "0") {
    field = false;
  } else {
    return bad(value, "is no boolean for " + key);
  }
  return {};
}

Result<void> set_tmpfs_field(MountSpec& mount, const std::string& key, const std::string& value) {
  if (key == "tmpfs-size") {
    auto bytes = parse_size(value);
    if (!bytes) return bytes.error();
    mount.tmpfs_bytes = *bytes;
    return {};
  }
  std::uint32_t mode = 0;
  auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), mode, 8);
  if (error != std::errc{} || end != value.data() + value.size()) return bad(value, "is not an octal mode");
  mount.tmpfs_mode = mode;
  return {};
}

Result<void> set_mount_field(MountSpec& mount, const std::string& key, const std::string& value) {
  if (key == "type") return set_mount_type(mount, value);
  if (key == "readonly" || key == "ro") return set_mount_switch(mount.read_only, key, value);
  if (key == "volume-nocopy") return set_mount_switch(mount.no_copy, key, value);
  if (key == "bind-nonrecursive") return set_mount_switch(mount.non_recursive, key, value);
  if (value.empty()) return bad(key, "needs a value");
  if (key == "tmpfs-size" || key == "tmpfs-mode") return set_tmpfs_field(mount, key, value);
  if (key == "source" || key == "src") {
    mount.source = value;
  } else if (key == "target" || key == "destination" || key == "dst") {
    mount.target = value;
  } else if (key == "bind-propagation") {
    mount.propagation = value;
  } else if (key == "consistency") {
    mount.consistency = value;
  } else if (key == "volume-driver") {
    mount.volume_driver = value;
  } else if (key == "volume-opt" || key == "volume-label") {
    auto [name, text] = split_pair(value);
    (key == "volume-opt" ? mount.volume_options : mount.volume_labels)[name] = text;
  } else {
    return bad(key, "is not a field of a mount");
  }
  return {};
}

// Fields that belong to another type of mount are mistakes, as for the CLI.
Result<void> check_mount(const MountSpec& mount, std::string_view text) {
  if (mount.target.empty()) return bad(text, "has no target");
  const bool bind_fields = !mount.propagation.empty() || mount.non_recursive;
  const bool volume_fields =
      mount.no_copy || !mount.volume_driver.empty() || !mount.volume_options.empty() || !mount.volume_labels.empty();
  const bool tmpfs_fields = mount.tmpfs_bytes || mount.tmpfs_mode;
  if (bind_fields && mount.type != MountType::bind) return bad(text, "mixes bind options with another type");
  if (volume_fields && mount.type != MountType::volume) return bad(text, "mixes volume options with another type");
  if (tmpfs_fields && mount.type != MountType::tmpfs) return bad(text, "mixes tmpfs options with another type");
  if (mount.type == MountType::bind && mount.source.empty()) return bad(text, "has no source");
  if (mount.type == MountType::tmpfs && !mount.source.empty()) return bad(text, "has a source, but is a tmpfs");
  return {};
}

bool is_device_mode(std::string_view text) {
  return !text.empty() && text.find_first_not_of("rwm") == std::string_view::npos;
}

const std::set<std::string_view> ulimit_names{"core",    "cpu",      "data",   "fsize",      "locks",
                                              "memlock", "msgqueue", "nice",   "nofile",     "nproc",
                                              "rss",     "rtprio",   "rttime", "sigpending", "stack"};

}  // namespace

Result<std::int64_t> parse_integer(std::string_view text) {
  std::int64_t number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return bad(text, "is not a whole number");
  return number;
}

Result<std::int64_t> parse_decimal(std::string_view text, int digits) {
  const auto dot = text.find('.');
  auto whole_text = text.substr(0, dot);
  auto fraction_text = dot == std::string_view::npos ? std::string_view{} : text.substr(dot + 1);
  const auto is_digits = [](std::string_view t) { return t.find_first_not_of("0123456789") == std::string_view::npos; };
  if ((whole_text.empty() && fraction_text.empty()) || !is_digits(whole_text) || !is_digits(fraction_text)) {
    return bad(text, "is not a number");
  }
  if (fraction_text.size() > static_cast<std::size_t>(digits) || whole_text.size() > 9) {
    return bad(text, "is too large or too precise");
  }
  std::string all{whole_text};
  all += fraction_text;
  all.append(static_cast<std::size_t>(digits) - fraction_text.size(), '0');
  return parse_integer(all);
}

Result<std::int64_t> parse_size(std::string_view text) {
  const auto number_end = text.find_first_not_of("0123456789.");
  auto number_text = text.substr(0, number_end);
  std::string unit{number_end == std::string_view::npos ? std::string_view{} : text.substr(number_end)};
  std::transform(unit.begin(), unit.end(), unit.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  if (unit.starts_with(' ')) unit.erase(0, 1);
  constexpr std::string_view letters = "kmgtp";
  int shift = 0;
  if (!unit.empty() && unit != "b") {
    const auto power = letters.find(unit.front());
    const std::string suffix = unit.substr(1);
    if (power == std::string_view::npos || (!suffix.empty() && suffix != "b" && suffix != "ib")) {
      return bad(text, "is not a size: a number and b, k, m, g, t or p");
    }
    shift = 10 * static_cast<int>(power + 1);
  }
  auto thousandths = parse_decimal(number_text, 3);
  if (!thousandths) return bad(text, "is not a size: a number and b, k, m, g, t or p");
  const double bytes = static_cast<double>(*thousandths) / 1000.0 * static_cast<double>(std::int64_t{1} << shift);
  if (bytes >= static_cast<double>(std::numeric_limits<std::int64_t>::max())) return bad(text, "is too large");
  return static_cast<std::int64_t>(bytes);
}

Result<std::vector<PortBinding>> parse_publish(std::string_view text) {
  auto rest = text;
  const auto protocol = take_protocol(rest);
  if (!protocol) return bad(text, "has a protocol that is not tcp, udp or sctp");
  const PublishParts parts = split_publish(rest);
  const auto container = to_port_range(parts.container);
  if (!container || container->first == 0) return bad(text, "is not [[ip:]host port:]container port[/protocol]");
  std::optional<PortRange> host;
  if (!parts.host.empty()) {
    host = to_port_range(parts.host);
    if (!host) return bad(text, "has a host port that is none");
    if (host->size() != container->size() && container->size() != 1) {
      return bad(text, "has ranges of different lengths");
    }
  }
  std::vector<PortBinding> bindings;
  for (int i = 0; i < container->size(); ++i) {
    PortBinding binding{.container_port = static_cast<std::uint16_t>(container->first + i), .protocol = *protocol};
    binding.host_ip = std::string{parts.ip};
    if (host && container->size() == 1) {
      binding.host_port = join_range(*host);
    } else if (host) {
      binding.host_port = std::to_string(host->first + i);
    }
    bindings.push_back(std::move(binding));
  }
  return bindings;
}

Result<std::vector<std::string>> parse_expose(std::string_view text) {
  auto rest = text;
  const auto protocol = take_protocol(rest);
  const auto range = to_port_range(rest);
  if (!protocol || !range || range->first == 0) return bad(text, "is not a port or a range of ports");
  std::vector<std::string> ports;
  for (int port = range->first; port <= range->last; ++port) ports.push_back(std::to_string(port) + "/" + *protocol);
  return ports;
}

Result<MountSpec> parse_mount(std::string_view text) {
  MountSpec mount;
  for (const std::string& field : split_csv(text)) {
    auto [key, value] = split_pair(field);
    std::transform(key.begin(), key.end(), key.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    auto set = set_mount_field(mount, key, value);
    if (!set) return set.error();
  }
  auto checked = check_mount(mount, text);
  if (!checked) return checked.error();
  return mount;
}

Result<DeviceMapping> parse_device(std::string_view text) {
  std::vector<std::string_view> parts;
  for (auto rest = text;;) {
    const auto colon = rest.find(':');
    parts.push_back(rest.substr(0, colon));
    if (colon == std::string_view::npos) break;
    rest = rest.substr(colon + 1);
  }
  if (parts.size() > 3 || parts.front().empty()) return bad(text, "is not host[:container[:permissions]]");
  DeviceMapping device{.host = std::string{parts[0]}, .container = std::string{parts[0]}};
  if (parts.size() == 2 && is_device_mode(parts[1])) {
    device.permissions = std::string{parts[1]};
  } else if (parts.size() >= 2) {
    device.container = std::string{parts[1]};
  }
  if (parts.size() == 3) {
    if (!is_device_mode(parts[2])) return bad(text, "has permissions other than r, w and m");
    device.permissions = std::string{parts[2]};
  }
  return device;
}

Result<Ulimit> parse_ulimit(std::string_view text) {
  const auto equals = text.find('=');
  if (equals == std::string_view::npos) return bad(text, "is not name=soft[:hard]");
  Ulimit limit{.name = std::string{text.substr(0, equals)}};
  if (!ulimit_names.contains(limit.name)) return bad(text, "names no limit");
  const auto numbers = text.substr(equals + 1);
  const auto colon = numbers.find(':');
  auto soft = parse_integer(numbers.substr(0, colon));
  if (!soft) return soft.error();
  limit.soft = limit.hard = *soft;
  if (colon != std::string_view::npos) {
    auto hard = parse_integer(numbers.substr(colon + 1));
    if (!hard) return hard.error();
    limit.hard = *hard;
  }
  if (limit.hard != -1 && (limit.soft == -1 || limit.soft > limit.hard)) {
    return bad(text, "has a soft limit above its hard limit");
  }
  return limit;
}

}  // namespace windlass
