#pragma once
// The values of single `docker run` options, each read as the docker CLI reads it.
// Errors: Errc::invalid with the value in the message; the caller adds the option's name.

#include "base/error.hpp"
#include "model/container_spec.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace windlass::docker {

// "80", "8080:80/udp", "127.0.0.1::80", "[::1]:8000-8002:80-82", "published=8080,target=80": one binding per container
// port.
[[nodiscard]] Result<std::vector<PortBinding>> parse_publish(std::string_view text);
// "80", "80-82/udp" -> "80/udp", "81/udp", "82/udp".
[[nodiscard]] Result<std::vector<std::string>> parse_expose(std::string_view text);
// "/dev/a", "/dev/a:/dev/b", "/dev/a:rw", "/dev/a:/dev/b:r".
[[nodiscard]] Result<DeviceMapping> parse_device(std::string_view text);
// "vendor.com/class=name", a device of the Container Device Interface.
[[nodiscard]] bool is_cdi_device(std::string_view text);
// "all", "2", "device=0", "driver=nvidia,\"capabilities=compute,utility\"".
[[nodiscard]] Result<DeviceRequest> parse_gpus(std::string_view text);
// "/dev/sda:1mb".
[[nodiscard]] Result<DeviceLimit> parse_device_bps(std::string_view text);
// "/dev/sda:1000".
[[nodiscard]] Result<DeviceLimit> parse_device_iops(std::string_view text);
// "/dev/sda:500".
[[nodiscard]] Result<DeviceLimit> parse_device_weight(std::string_view text);
// "c 1:3 rwm".
[[nodiscard]] bool is_device_cgroup_rule(std::string_view text);
// "nofile=1024", "nofile=1024:2048", "memlock=-1".
[[nodiscard]] Result<Ulimit> parse_ulimit(std::string_view text);
// The name of a network, or "name=net,alias=a,ip=10.0.0.1,driver-opt=k=v".
[[nodiscard]] Result<NetworkAttachment> parse_network(std::string_view text);
// None of Docker's own networks and not another container's.
[[nodiscard]] bool is_user_network(std::string_view name);
// "db:10.0.0.1", "db=[::1]", "db:host-gateway" -> "db:10.0.0.1".
[[nodiscard]] Result<std::string> parse_extra_host(std::string_view text);
// "example.com", ".".
[[nodiscard]] Result<std::string> parse_dns_search(std::string_view text);
// "linux/arm64/v8", "amd64" -> "linux/amd64".
[[nodiscard]] Result<std::string> parse_platform(std::string_view text);
[[nodiscard]] bool is_namespaced_sysctl(std::string_view name);
// "net_admin" -> "CAP_NET_ADMIN"; "ALL" stays.
std::string normalize_capability(std::string_view text);

// A file of NAME=value lines as in --env-file; # begins a comment. A name without "=" is second = nothing.
using FileLine = std::pair<std::string, std::optional<std::string>>;
[[nodiscard]] Result<std::vector<FileLine>> parse_key_value_file(std::string_view text);

// JSON without the blanks between its parts. Errors: it is no JSON.
[[nodiscard]] Result<std::string> compact_json(std::string_view text);

}  // namespace windlass::docker
