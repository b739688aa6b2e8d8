#pragma once
// The values of single `docker run` options, each read as the docker CLI reads it.
// Errors: Errc::invalid with the value in the message; the caller adds the option's name.

#include "base/error.hpp"
#include "model/container_spec.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace windlass {

[[nodiscard]] Result<std::int64_t> parse_integer(std::string_view text);
// "1.5" with 9 digits -> 1500000000. Not negative.
[[nodiscard]] Result<std::int64_t> parse_decimal(std::string_view text, int digits);
// "64m", "1.5g", "1024", "10kb", "1GiB": bytes, powers of 1024.
[[nodiscard]] Result<std::int64_t> parse_size(std::string_view text);
// "80", "8080:80/udp", "127.0.0.1::80", "[::1]:8000-8002:80-82": one binding per container port.
[[nodiscard]] Result<std::vector<PortBinding>> parse_publish(std::string_view text);
// "80", "80-82/udp" -> "80/udp", "81/udp", "82/udp".
[[nodiscard]] Result<std::vector<std::string>> parse_expose(std::string_view text);
// "type=bind,source=/a,target=/b,readonly".
[[nodiscard]] Result<MountSpec> parse_mount(std::string_view text);
// "/dev/a", "/dev/a:/dev/b", "/dev/a:rw", "/dev/a:/dev/b:r".
[[nodiscard]] Result<DeviceMapping> parse_device(std::string_view text);
// "nofile=1024", "nofile=1024:2048", "memlock=-1".
[[nodiscard]] Result<Ulimit> parse_ulimit(std::string_view text);

}  // namespace windlass
