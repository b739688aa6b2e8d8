#pragma once
// Numbers, lists, addresses and paths in the values of `docker run` options, each read as the docker CLI, a program in
// Go, reads it. Errors: Errc::invalid with the value in the message; the caller adds the option's name.

#include "base/error.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace windlass::docker {

// "'text' why", as all errors about values are worded.
Error bad_value(std::string_view text, const std::string& why);

// "12", "-3", "+3"; decimal only.
[[nodiscard]] Result<std::int64_t> parse_decimal(std::string_view text);
// Besides decimal numbers those of Go's source: "0x1f", "0o17", "017", "0b11", "1_000".
[[nodiscard]] Result<std::int64_t> parse_integer(std::string_view text);
[[nodiscard]] Result<std::uint64_t> parse_unsigned(std::string_view text, std::uint64_t max);
// "1.5", ".25", "1e-3", "1/4": billionths of a CPU. Finer than that is an error.
[[nodiscard]] Result<std::int64_t> parse_cpus(std::string_view text);
// "64m", "1.5g", "1024", "10kb", "1 GiB": bytes, powers of 1024.
[[nodiscard]] Result<std::int64_t> parse_size(std::string_view text);
// "1m30s", "1.5h", "100ms", "0".
[[nodiscard]] Result<std::chrono::nanoseconds> parse_duration(std::string_view text);
// 1, t, T, true, True, TRUE and their opposites.
[[nodiscard]] std::optional<bool> parse_bool(std::string_view text);

// The fields of the first line, quotes as in RFC 4180.
[[nodiscard]] Result<std::vector<std::string>> parse_csv(std::string_view text);
// The address in its canonical form: "::1" for "0:0:0:0:0:0:0:1".
[[nodiscard]] std::optional<std::string> parse_ip(std::string_view text);
// An EUI-48, EUI-64 or InfiniBand address: "92:d0:c6:0a:29:33", with '-', or "92d0.c60a.2933".
[[nodiscard]] bool is_mac_address(std::string_view text);
// Without "//", "." and "..", never empty.
std::string clean_path(std::string_view path);
bool is_utf8(std::string_view text);

}  // namespace windlass::docker
