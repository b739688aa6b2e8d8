#include "scheduler/instance_key.hpp"

#include "base/check.hpp"

namespace windlass::scheduler {
namespace {

constexpr std::string_view separator = ".instance-";
constexpr std::size_t uuid_size = 36;

int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

std::optional<InstanceKey> parse_uuid(std::string_view text) {
  InstanceKey key;
  int digits = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (at == 8 || at == 13 || at == 18 || at == 23) {
      if (text[at] != '-') return std::nullopt;
      continue;
    }
    const int value = digit(text[at]);
    if (value < 0) return std::nullopt;
    std::uint64_t& half = digits++ < 16 ? key.high : key.low;
    half = (half << 4) | static_cast<std::uint64_t>(value);
  }
  return key;
}

}  // namespace

std::optional<InstanceName> parse_instance_name(std::string_view id) {
  const auto at = id.rfind(separator);
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view uuid = id.substr(at + separator.size(), uuid_size);
  if (uuid.size() < uuid_size) return std::nullopt;
  const auto key = parse_uuid(uuid);
  if (!key) return std::nullopt;
  return InstanceName{id.substr(0, at), *key};
}

InstanceKey key_of(const InstanceId& id) {
  const auto name = parse_instance_name(id.value);
  CHECK(name.has_value());
  return name->key;
}

InstanceId instance_id_of(const AppId& app, const Uuid& uuid) {
  return {safe_path(app) + std::string{separator} + uuid.to_string()};
}

}  // namespace windlass::scheduler
