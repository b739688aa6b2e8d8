#include "container/values.hpp"

#include "base/text.hpp"
#include "container/scalars.hpp"
#include "wire/json/reader.hpp"

#include <boost/json/value.hpp>

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <utility>

namespace windlass::docker {

namespace {

constexpr std::uint64_t port_max = 65535;
constexpr std::size_t domain_length_max = 254;
// Go's bufio.Scanner, with which the CLI reads such files, takes no longer lines.
constexpr std::size_t file_line_max = 64 * 1024;
// The bounds of blkio.weight in the kernel.
constexpr std::uint64_t weight_min = 10;
constexpr std::uint64_t weight_max = 1000;

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_alphanumeric(char c) { return is_letter(c) || (c >= '0' && c <= '9'); }

// --- ports -----------------------------------------------------------------------------------------------------------

struct PortRange {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  [[nodiscard]] std::uint64_t size() const { return last - first + 1; }
  [[nodiscard]] std::string text() const {
    return first == last ? std::to_string(first) : std::to_string(first) + "-" + std::to_string(last);
  }
};

std::optional<std::uint64_t> to_port(std::string_view text) {
  // Go's ParseUint, which reads ports, takes no sign.
  if (text.empty() || text.front() == '+' || text.front() == '-') return std::nullopt;
  const auto number = parse_decimal(text);
  if (!number || *number > static_cast<std::int64_t>(port_max)) return std::nullopt;
  return static_cast<std::uint64_t>(*number);
}

std::optional<PortRange> to_port_range(std::string_view text) {
  const auto parts = split(text, '-');
  const auto first = to_port(parts.front());
  const auto last = parts.size() == 1 ? first : to_port(parts[1]);
  if (!first || !last || *last < *first) return std::nullopt;
  return PortRange{*first, *last};
}

struct PortText {
  std::string port;
  std::string protocol = "tcp";
};

PortText split_protocol(std::string_view text) {
  const auto parts = split(text, '/');
  PortText out{.port = std::string{parts.front()}};
  // "80/" is "80/tcp" for the CLI.
  if (parts.size() > 1 && !parts[1].empty() && !out.port.empty()) out.protocol = parts[1];
  return out;
}

struct PublishParts {
  std::string ip;
  std::string host;
  std::string container;
};

// The address may have colons itself.
PublishParts split_publish(const std::string& text) {
  PublishParts parts;
  // From the right: an IPv6 address has colons, but port and range have none.
  const auto last = text.rfind(':');
  parts.container = last == std::string::npos ? text : text.substr(last + 1);
  if (last == std::string::npos) return parts;
  const auto front = text.substr(0, last);
  const auto middle = front.rfind(':');
  parts.host = middle == std::string::npos ? front : front.substr(middle + 1);
  if (middle != std::string::npos) parts.ip = front.substr(0, middle);
  return parts;
}

// "published=8080,target=80,protocol=udp" -> "8080:80/udp".
Result<std::string> publish_shorthand(std::string_view text) {
  std::map<std::string, std::string> fields{{"protocol", "tcp"}};
  for (const std::string_view field : split(text, ',')) {
    const auto pair = cut(field, '=');
    if (!pair || pair->first.empty()) return bad_value(field, "is not name=value");
    fields[pair->first] = pair->second;
  }
  // The CLI, too, makes the short form of the long one, and reads that.
  return fields["published"] + ":" + fields["target"] + "/" + fields["protocol"];
}

// An IPv6 address may stand in brackets. The address without them; nothing when it is none.
std::optional<std::string> host_address(const std::string& text) {
  if (text.empty()) return text;
  const bool bracketed = text.starts_with('[');
  if (bracketed && !text.ends_with(']')) return std::nullopt;
  std::string address = bracketed ? text.substr(1, text.size() - 2) : text;
  if (!parse_ip(address)) return std::nullopt;
  return address;
}

std::vector<PortBinding> bind_ports(const PortRange& container, const std::optional<PortRange>& host,
                                    const PortBinding& pattern) {
  std::vector<PortBinding> bindings;
  for (std::uint64_t i = 0; i < container.size(); ++i) {
    PortBinding binding = pattern;
    binding.container_port = static_cast<std::uint16_t>(container.first + i);
    // A range of host ports for one container port stays a range: the Engine takes the first that is free.
    if (host) binding.host_port = container.size() == 1 ? host->text() : std::to_string(host->first + i);
    bindings.push_back(std::move(binding));
  }
  return bindings;
}

// --- devices ---------------------------------------------------------------------------------------------------------

// Some of r, w and m, each once.
bool is_device_mode(std::string_view text) {
  const std::set<char> letters(text.begin(), text.end());
  return !text.empty() && letters.size() == text.size() && text.find_first_not_of("rwm") == std::string_view::npos;
}

// As the CDI specification has it: vendor and class begin with a letter, a device also with a digit.
bool is_cdi_name(std::string_view text, std::string_view inner, bool letter_first) {
  if (text.empty() || !is_alphanumeric(text.back())) return false;
  if (letter_first ? !is_letter(text.front()) : !is_alphanumeric(text.front())) return false;
  return std::all_of(text.begin(), text.end(),
                     [&](char c) { return is_alphanumeric(c) || inner.find(c) != std::string_view::npos; });
}

Result<std::int64_t> gpu_count(std::string_view text) {
  // -1 is the API's "all".
  if (text == "all") return std::int64_t{-1};
  auto count = parse_decimal(text);
  if (!count) return bad_value(text, "is neither 'all' nor a number of GPUs");
  return *count;
}

Result<void> set_gpu_field(DeviceRequest& request, const std::string& key, const std::string& value) {
  if (key == "count") {
    auto count = gpu_count(value);
    if (!count) return count.error();
    request.count = *count;
  } else if (key == "driver") {
    request.driver = value;
  } else if (key == "device") {
    for (const std::string_view id : split(value, ',')) request.ids.emplace_back(id);
  } else if (key == "capabilities") {
    auto& wanted = request.capabilities.emplace_back();
    for (const std::string_view capability : split(value, ',')) wanted.emplace_back(capability);
    // The CLI adds it to each list of capabilities: the Engine finds the driver by it.
    wanted.emplace_back("gpu");
  } else if (key == "options") {
    auto fields = parse_csv(value);
    if (!fields) return fields.error();
    for (const std::string& field : *fields) {
      const auto pair = cut(field, '=').value_or(std::pair{field, std::string{}});
      request.options[pair.first] = pair.second;
    }
  } else {
    return bad_value(key, "is not a field of a GPU request");
  }
  return {};
}

Result<DeviceLimit> device_limit(std::string_view text, std::string& value) {
  auto pair = cut(text, ':');
  if (!pair || !pair->first.starts_with("/dev/")) return bad_value(text, "is not /dev/<device>:<number>");
  value = std::move(pair->second);
  return DeviceLimit{.path = std::move(pair->first)};
}

// Docker's own list: the CLI refuses other names.
const std::set<std::string_view> ulimit_names{"core",    "cpu",      "data",   "fsize",      "locks",
                                              "memlock", "msgqueue", "nice",   "nofile",     "nproc",
                                              "rss",     "rtprio",   "rttime", "sigpending", "stack"};

// --- networks --------------------------------------------------------------------------------------------------------

bool is_word(char c) { return is_alphanumeric(c) || c == '_'; }

// Somewhere in it a word is set to a word: then it is a list of fields and not a name.
bool has_fields(std::string_view text) {
  for (auto at = text.find('='); at != std::string_view::npos; at = text.find('=', at + 1)) {
    if (at > 0 && at + 1 < text.size() && is_word(text[at - 1]) && is_word(text[at + 1])) return true;
  }
  return false;
}

Result<void> set_network_field(NetworkAttachment& network, const std::string& key, const std::string& value) {
  if (key == "name") {
    network.name = value;
  } else if (key == "alias") {
    network.aliases.push_back(value);
  } else if (key == "ip") {
    network.ipv4 = value;
  } else if (key == "ip6") {
    network.ipv6 = value;
  } else if (key == "mac-address") {
    if (!value.empty() && !is_mac_address(value)) return bad_value(value, "is not a MAC address");
    network.mac_address = value;
  } else if (key == "link-local-ip") {
    network.link_local_ips.push_back(value);
  } else if (key == "driver-opt") {
    const auto pair = cut(value, '=');
    if (!pair || pair->first.empty()) return bad_value(value, "is not an option of a driver: name=value");
    network.driver_options[std::string{trim(pair->first)}] = trim(pair->second);
  } else if (key == "gw-priority") {
    auto priority = parse_decimal(value);
    if (!priority) return priority.error();
    network.gateway_priority = *priority;
  } else {
    return bad_value(key, "is not a field of a network");
  }
  return {};
}

// --- names -----------------------------------------------------------------------------------------------------------

bool is_domain_label(std::string_view label) {
  if (label.empty() || !is_alphanumeric(label.front()) || !is_alphanumeric(label.back())) return false;
  return std::all_of(label.begin(), label.end(), [](char c) { return is_alphanumeric(c) || c == '-'; });
}

struct Platform {
  std::string os;
  std::string architecture;
  std::string variant = {};
};

#if defined(__aarch64__)
constexpr const char* own_architecture = "arm64";
#elif defined(__x86_64__)
constexpr const char* own_architecture = "amd64";
#else
constexpr const char* own_architecture = "";
#endif

// The lists by which containerd, and so the CLI, tells whether a single word is a system or an architecture.
const std::set<std::string_view> known_systems{"aix",     "android", "darwin",  "dragonfly", "freebsd", "hurd",
                                               "illumos", "ios",     "js",      "linux",     "nacl",    "netbsd",
                                               "openbsd", "plan9",   "solaris", "windows",   "zos"};
const std::set<std::string_view> known_architectures{
    "386",     "amd64",   "amd64p32", "arm",    "armbe",  "arm64",    "arm64be",   "ppc64",
    "ppc64le", "loong64", "mips",     "mipsle", "mips64", "mips64le", "mips64p32", "mips64p32le",
    "ppc",     "riscv",   "riscv64",  "s390",   "s390x",  "sparc",    "sparc64",   "wasm"};

// The names that other tools have for the same architecture.
void normalize_architecture(Platform& platform) {
  std::string& name = platform.architecture;
  std::string& variant = platform.variant;
  name = to_lower(name);
  variant = to_lower(variant);
  if (name == "i386") {
    platform = {platform.os, "386"};
  } else if (name == "x86_64" || name == "x86-64" || name == "amd64") {
    name = "amd64";
    if (variant == "v1") variant.clear();
  } else if (name == "aarch64" || name == "arm64") {
    name = "arm64";
    if (variant == "8" || variant == "v8" || variant == "v8.0") variant.clear();
    if (variant == "9" || variant == "9.0" || variant == "v9.0") variant = "v9";
  } else if (name == "armhf" || name == "armel") {
    platform = {platform.os, "arm", name == "armhf" ? "v7" : "v6"};
  } else if (name == "arm") {
    if (variant.empty() || variant == "7") variant = "v7";
    if (variant == "5" || variant == "6" || variant == "8") variant = "v" + variant;
  }
}

// The system of "linux" or "windows(10.0.17763)"; nothing when it cannot be one.
std::optional<std::string> system_in(std::string_view text) {
  const auto open = text.find('(');
  const auto is_part = [](char c) { return is_alphanumeric(c) || c == '_' || c == '-'; };
  const auto name = text.substr(0, open);
  if (name.empty() || !std::all_of(name.begin(), name.end(), is_part)) return std::nullopt;
  if (open != std::string_view::npos) {
    auto version = text.substr(open + 1);
    if (!version.ends_with(')')) return std::nullopt;
    version.remove_suffix(1);
    if (!std::all_of(version.begin(), version.end(), [&](char c) { return is_part(c) || c == '.'; }))
      return std::nullopt;
  }
  const std::string system = to_lower(name);
  return system == "macos" ? "darwin" : system;
}

std::string to_text(const Platform& platform) {
  std::string text;
  for (const std::string* part : {&platform.os, &platform.architecture, &platform.variant}) {
    if (!part->empty()) text += (text.empty() ? "" : "/") + *part;
  }
  return text;
}

// A word alone is a system, else an architecture.
Result<std::string> platform_of_word(std::string_view text, const std::string& system) {
  if (known_systems.contains(system)) return to_text({system, own_architecture});
  Platform platform{"linux", std::string{text}};
  normalize_architecture(platform);
  // v7 is what "arm" means without a variant.
  if (platform.architecture == "arm" && platform.variant == "v7") platform.variant.clear();
  if (!known_architectures.contains(platform.architecture)) {
    return bad_value(text, "is no system and no architecture that is known");
  }
  return to_text(platform);
}

}  // namespace

Result<std::vector<PortBinding>> parse_publish(std::string_view text) {
  auto plain =
      text.find('=') == std::string_view::npos ? Result<std::string>{std::string{text}} : publish_shorthand(text);
  if (!plain) return plain.error();
  const PublishParts parts = split_publish(*plain);
  const PortText port = split_protocol(parts.container);
  const auto ip = host_address(parts.ip);
  if (!ip) return bad_value(text, "has an IP address that is none");
  const auto container = to_port_range(port.port);
  if (!container) return bad_value(text, "is not [[ip:]host port:]container port[/protocol]");
  std::optional<PortRange> host;
  if (!parts.host.empty()) {
    host = to_port_range(parts.host);
    if (!host) return bad_value(text, "has a host port that is none");
    if (host->size() != container->size() && container->size() != 1) {
      return bad_value(text, "has ranges of different lengths");
    }
  }
  PortBinding pattern{.protocol = to_lower(port.protocol), .host_ip = *ip};
  if (pattern.protocol != "tcp" && pattern.protocol != "udp" && pattern.protocol != "sctp") {
    return bad_value(text, "has a protocol that is not tcp, udp or sctp");
  }
  return bind_ports(*container, host, pattern);
}

Result<std::vector<std::string>> parse_expose(std::string_view text) {
  const PortText port = split_protocol(text);
  const auto range = text.find(':') == std::string_view::npos ? to_port_range(port.port) : std::nullopt;
  if (!range) return bad_value(text, "is not a port or a range of ports");
  std::vector<std::string> ports;
  for (auto number = range->first; number <= range->last; ++number) {
    ports.push_back(std::to_string(number) + "/" + port.protocol);
  }
  return ports;
}

Result<DeviceMapping> parse_device(std::string_view text) {
  const auto parts = split(text, ':');
  if (parts.size() > 3 || parts.front().empty()) return bad_value(text, "is not host[:container[:permissions]]");
  // The second of two parts is the permissions if it can be: a path begins with a slash and is never taken for them.
  const bool mode_second = parts.size() == 2 && is_device_mode(parts[1]);
  const std::string_view container = parts.size() == 1 || mode_second ? parts[0] : parts[1];
  if (parts.size() == 3 && !is_device_mode(parts[2])) return bad_value(text, "has permissions other than r, w and m");
  if (!container.starts_with('/')) return bad_value(text, "names a device by a path that is not absolute");
  DeviceMapping device{.host = std::string{parts[0]},
                       .container = parts.size() == 3 ? std::string{container} : clean_path(container)};
  if (parts.size() == 1 || mode_second) device.host = device.container;
  if (mode_second) device.permissions = parts[1];
  if (parts.size() == 3) device.permissions = parts[2];
  return device;
}

bool is_cdi_device(std::string_view text) {
  if (text.starts_with('/')) return false;
  const auto pair = cut(text, '=');
  const auto kind = pair ? cut(pair->first, '/') : std::nullopt;
  if (!kind) return false;
  return is_cdi_name(kind->first, "_-.", true) && is_cdi_name(kind->second, "_-.", true) &&
         is_cdi_name(pair->second, "_-.:", false);
}

Result<DeviceRequest> parse_gpus(std::string_view text) {
  auto fields = parse_csv(text);
  if (!fields) return fields.error();
  DeviceRequest request;
  std::set<std::string> seen;
  for (const std::string& field : *fields) {
    const auto pair = cut(field, '=');
    if (!seen.insert(pair ? pair->first : field).second) return bad_value(field, "is given twice");
    if (!pair) seen.insert("count");
    auto set = pair ? set_gpu_field(request, pair->first, pair->second) : set_gpu_field(request, "count", field);
    if (!set) return set.error();
  }
  // Without a number or names one GPU is meant; both together the Engine refuses.
  if (!seen.contains("count") && !seen.contains("device")) request.count = 1;
  if (request.capabilities.empty()) request.capabilities = {{"gpu"}};
  return request;
}

Result<DeviceLimit> parse_device_bps(std::string_view text) {
  std::string value;
  auto limit = device_limit(text, value);
  if (!limit) return limit;
  auto rate = parse_size(value);
  if (!rate) return bad_value(text, "has a rate that is none: a number and b, k, m, g");
  limit->value = static_cast<std::uint64_t>(*rate);
  return limit;
}

Result<DeviceLimit> parse_device_iops(std::string_view text) {
  std::string value;
  auto limit = device_limit(text, value);
  if (!limit) return limit;
  auto rate = parse_decimal(value);
  if (!rate || *rate < 0 || value.starts_with('+') || value.starts_with('-')) {
    return bad_value(text, "has a rate that is no whole number");
  }
  limit->value = static_cast<std::uint64_t>(*rate);
  return limit;
}

Result<DeviceLimit> parse_device_weight(std::string_view text) {
  auto limit = parse_device_iops(text);
  if (!limit) return limit;
  if (limit->value != 0 && (limit->value < weight_min || limit->value > weight_max)) {
    return bad_value(text, "has a weight that is not 0 or 10 to 1000");
  }
  return limit;
}

bool is_device_cgroup_rule(std::string_view text) {
  const auto words = split(text, ' ');
  if (words.size() != 3 || (words[0] != "a" && words[0] != "c" && words[0] != "b")) return false;
  const auto numbers = cut(words[1], ':');
  const auto is_number = [](const std::string& word) {
    return word == "*" || (!word.empty() && word.find_first_not_of("0123456789") == std::string::npos);
  };
  if (!numbers || !is_number(numbers->first) || !is_number(numbers->second)) return false;
  return !words[2].empty() && words[2].size() <= 3 && words[2].find_first_not_of("rwm") == std::string::npos;
}

Result<Ulimit> parse_ulimit(std::string_view text) {
  const auto pair = cut(text, '=');
  if (!pair) return bad_value(text, "is not name=soft[:hard]");
  Ulimit limit{.name = pair->first};
  if (!ulimit_names.contains(limit.name)) return bad_value(text, "names no limit");
  const auto numbers = split(pair->second, ':');
  if (numbers.size() > 2) return bad_value(text, "is not name=soft[:hard]");
  auto soft = parse_decimal(numbers.front());
  auto hard = parse_decimal(numbers.back());
  if (!soft || !hard) return bad_value(text, "has a limit that is no number");
  limit.soft = *soft;
  limit.hard = *hard;
  // -1 is "unlimited", and so the highest of all.
  if (limit.hard != -1 && (limit.soft == -1 || limit.soft > limit.hard)) {
    return bad_value(text, "has a soft limit above its hard limit");
  }
  return limit;
}

Result<NetworkAttachment> parse_network(std::string_view text) {
  // Names of networks may have commas and "=" of their own, so that only "word=word" makes a list of it, as for the
  // CLI.
  if (!has_fields(text)) {
    if (trim(text).empty()) return bad_value(text, "names no network");
    return NetworkAttachment{.name = std::string{text}};
  }
  auto fields = parse_csv(text);
  if (!fields) return fields.error();
  NetworkAttachment network;
  for (const std::string& field : *fields) {
    // The CLI puts the whole field into lower case, its value as well.
    const auto pair = cut(to_lower(field), '=');
    if (!pair || pair->first.empty()) return bad_value(field, "is not name=value");
    auto set = set_network_field(network, std::string{trim(pair->first)}, std::string{trim(pair->second)});
    if (!set) return set.error();
  }
  if (network.name.empty()) return bad_value(text, "names no network");
  return network;
}

bool is_user_network(std::string_view name) {
  return name != "default" && name != "bridge" && name != "host" && name != "none" && !name.starts_with("container:");
}

Result<std::string> parse_extra_host(std::string_view text) {
  auto pair = cut(text, '=');
  // "host=ip" is the newer form; the Engine gets "host:ip" in any case.
  if (!pair) pair = cut(text, ':');
  if (!pair || pair->first.empty() || pair->first.find(':') != std::string::npos) {
    return bad_value(text, "is not host:ip");
  }
  std::string address = pair->second;
  // The Engine replaces this word by an address of its host.
  if (address == "host-gateway") return pair->first + ":" + address;
  if (address.size() > 2 && address.starts_with('[') && address.ends_with(']')) {
    address = address.substr(1, address.size() - 2);
  }
  if (!parse_ip(trim(address))) return bad_value(text, "has an IP address that is none");
  return pair->first + ":" + address;
}

Result<std::string> parse_dns_search(std::string_view text) {
  const auto begin = std::min(text.find_first_not_of(' '), text.size());
  auto domain = text.substr(begin, text.find_last_not_of(' ') + 1 - begin);
  // A dot alone means "no search domains at all".
  if (domain == ".") return std::string{domain};
  domain = domain.substr(0, domain.find_last_not_of(" \t\n\f\r") + 1);
  if (domain.ends_with('.')) domain.remove_suffix(1);
  const auto labels = split(domain, '.');
  if (domain.size() > domain_length_max || std::none_of(domain.begin(), domain.end(), is_letter) ||
      !std::all_of(labels.begin(), labels.end(), is_domain_label)) {
    return bad_value(text, "is not a domain");
  }
  return std::string{domain};
}

Result<std::string> parse_platform(std::string_view text) {
  if (text.empty()) return std::string{};
  const auto parts = split(text, '/');
  const auto system = system_in(parts.front());
  const auto is_part = [](std::string_view part) {
    return !part.empty() &&
           std::all_of(part.begin(), part.end(), [](char c) { return is_alphanumeric(c) || c == '_' || c == '-'; });
  };
  if (!system || parts.size() > 3 || !std::all_of(parts.begin() + 1, parts.end(), is_part)) {
    return bad_value(text, "is not a platform: os[/architecture[/variant]]");
  }
  if (parts.size() == 1) return platform_of_word(text, *system);
  Platform platform{*system, std::string{parts[1]}, std::string{parts.size() == 3 ? parts[2] : std::string_view{}}};
  normalize_architecture(platform);
  if (parts.size() == 2 && platform.architecture == "arm" && platform.variant == "v7") platform.variant.clear();
  if (parts.size() == 3 && platform.architecture == "arm64" && platform.variant.empty()) platform.variant = "v8";
  return to_text(platform);
}

bool is_namespaced_sysctl(std::string_view name) {
  static const std::set<std::string_view> names{"kernel.msgmax", "kernel.msgmnb",         "kernel.msgmni",
                                                "kernel.sem",    "kernel.shmall",         "kernel.shmmax",
                                                "kernel.shmmni", "kernel.shm_rmid_forced"};
  return names.contains(name) || name.starts_with("net.") || name.starts_with("fs.mqueue.");
}

// net_admin, NET_ADMIN and CAP_NET_ADMIN are one capability: the policy compares what the Engine gets.
std::string normalize_capability(std::string_view text) {
  std::string name = to_upper(text);
  return name == "ALL" || name.starts_with("CAP_") ? name : "CAP_" + name;
}

Result<std::vector<FileLine>> parse_key_value_file(std::string_view text) {
  std::vector<FileLine> lines;
  constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
  int number = 0;
  if (text.ends_with('\n')) text.remove_suffix(1);
  for (std::string_view line : split(text, '\n')) {
    ++number;
    const std::string where = "line " + std::to_string(number);
    if (line.size() >= file_line_max) return Error{Errc::invalid, where + " is too long", {}};
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!is_utf8(line)) return Error{Errc::invalid, where + " is not UTF-8", {}};
    // Editors of Windows write it.
    if (number == 1 && line.starts_with(byte_order_mark)) line.remove_prefix(byte_order_mark.size());
    line.remove_prefix(std::min(line.find_first_not_of(" \t\n\v\f\r"), line.size()));
    if (line.empty() || line.front() == '#') continue;
    auto pair = cut(line, '=');
    FileLine entry{pair ? pair->first : std::string{line}, std::nullopt};
    if (pair) entry.second = std::move(pair->second);
    if (entry.first.empty()) return Error{Errc::invalid, where + " has no name", {}};
    if (entry.first.find_first_of(" \t") != std::string::npos) {
      return Error{Errc::invalid, where + " has blanks in its name", {}};
    }
    lines.push_back(std::move(entry));
  }
  return lines;
}

Result<std::string> compact_json(std::string_view text) {
  auto value = read_json(text);
  if (!value) return Error{Errc::invalid, "is not JSON: " + value.error().message, {}};
  std::string compact;
  // Only blanks are taken out, as by the CLI: to write the JSON anew could change how its numbers are written.
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (!in_string && (c == ' ' || c == '\t' || c == '\n' || c == '\r')) continue;
    compact += c;
    if (in_string && c == '\\' && i + 1 < text.size()) compact += text[++i];
    if (c == '"') in_string = !in_string;
  }
  return compact;
}

}  // namespace windlass::docker
