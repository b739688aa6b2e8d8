#include "container/mounts.hpp"

#include "base/text.hpp"
#include "container/scalars.hpp"

#include <charconv>
#include <map>
#include <optional>
#include <utility>
#include <vector>

namespace windlass::docker {

namespace {

bool is_drive(const std::string& text) {
  return text.size() == 1 && ((text[0] >= 'a' && text[0] <= 'z') || (text[0] >= 'A' && text[0] <= 'Z'));
}

// The parts between colons; the colon after a single letter, a drive of Windows, is none of them.
std::vector<std::string> volume_parts(std::string_view text) {
  std::vector<std::string> parts(1);
  for (const char c : text) {
    if (c != ':' || is_drive(parts.back())) {
      parts.back() += c;
    } else {
      parts.emplace_back();
    }
  }
  return parts;
}

// The CLI resolves only what begins with a dot.
std::string from_directory(const std::string& path, const std::string& directory) {
  if (!path.starts_with('.') || directory.empty()) return path;
  return clean_path(directory + "/" + path);
}

std::optional<MountType> mount_type(const std::string& name) {
  static const std::map<std::string, MountType> types{{"bind", MountType::bind},   {"volume", MountType::volume},
                                                      {"tmpfs", MountType::tmpfs}, {"image", MountType::image},
                                                      {"npipe", MountType::npipe}, {"cluster", MountType::cluster}};
  const auto found = types.find(to_lower(name));
  if (found == types.end()) return std::nullopt;
  return found->second;
}

// The options of one type of mount, made when the first of its fields is named: check_mount() tells by them what was
// mixed.
template <class Options>
Options& made(std::optional<Options>& options) {
  return options ? *options : options.emplace();
}

void set_entry(std::map<std::string, std::string>& map, const std::string& value) {
  // A label without "=" has an empty value; one without a name is passed over, as by the CLI.
  auto pair = cut(value, '=').value_or(std::pair{value, std::string{}});
  if (!pair.first.empty()) map[pair.first] = pair.second;
}

Result<void> set_switch(bool& field, const std::string& key, const std::optional<std::string>& value) {
  // "readonly" alone means true.
  const auto chosen = value ? parse_bool(*value) : std::optional{true};
  if (!chosen) return bad_value(*value, "is no boolean for " + key);
  field = *chosen;
  return {};
}

Result<void> set_bind_recursive(BindOptions& options, const std::string& value) {
  // The API has no such word: it has three switches, of which at most one is set.
  if (value == "disabled") {
    options.non_recursive = true;
  } else if (value == "writable") {
    options.read_only_non_recursive = true;
  } else if (value == "readonly") {
    options.read_only_force_recursive = true;
  } else if (value != "enabled") {
    return bad_value(value, "is none of enabled, disabled, writable and readonly for bind-recursive");
  }
  return {};
}

Result<void> set_tmpfs_field(TmpfsOptions& options, const std::string& key, const std::string& value) {
  if (key == "tmpfs-size") {
    auto bytes = parse_size(value);
    if (!bytes) return bytes.error();
    options.bytes = *bytes;
    return {};
  }
  // Octal with or without a leading 0, as the CLI reads it.
  auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), options.mode, 8);
  if (error != std::errc{} || end != value.data() + value.size()) return bad_value(value, "is not an octal mode");
  return {};
}

// "bind-recursive=enabled" asks for nothing that is not so anyway, and makes no options.
Result<void> set_bind_field(MountSpec& mount, const std::string& key, const std::string& value) {
  if (key == "bind-propagation") {
    made(mount.bind).propagation = to_lower(value);
    return {};
  }
  if (value == "enabled") return {};
  return set_bind_recursive(made(mount.bind), value);
}

void set_volume_field(VolumeOptions& options, const std::string& key, const std::string& value) {
  if (key == "volume-subpath") {
    options.subpath = value;
  } else if (key == "volume-label") {
    set_entry(options.labels, value);
  } else if (key == "volume-driver") {
    options.driver = value;
  } else {
    set_entry(options.driver_options, value);
  }
}

Result<void> set_field(MountSpec& mount, const std::string& key, const std::string& value,
                       const std::string& directory) {
  if (key == "bind-propagation" || key == "bind-recursive") return set_bind_field(mount, key, value);
  if (key == "tmpfs-size" || key == "tmpfs-mode") return set_tmpfs_field(made(mount.tmpfs), key, value);
  if (key == "type") {
    const auto type = mount_type(value);
    if (!type) return bad_value(value, "is not a type of mount");
    mount.type = *type;
  } else if (key == "source" || key == "src") {
    mount.source = from_directory(value, directory);
  } else if (key == "target" || key == "destination" || key == "dst") {
    mount.target = value;
  } else if (key == "consistency") {
    mount.consistency = to_lower(value);
  } else if (key == "volume-subpath" || key == "volume-label" || key == "volume-driver" || key == "volume-opt") {
    set_volume_field(made(mount.volume), key, value);
  } else if (key == "image-subpath") {
    made(mount.image).subpath = value;
  } else {
    return bad_value(key, "is not a field of a mount");
  }
  return {};
}

Result<void> take_field(MountSpec& mount, const std::string& field, const std::string& directory) {
  auto pair = cut(field, '=');
  const std::string key = to_lower(pair ? pair->first : field);
  const auto value = pair ? std::optional{pair->second} : std::nullopt;
  if (key == "readonly" || key == "ro") return set_switch(mount.read_only, key, value);
  if (key == "volume-nocopy") return set_switch(made(mount.volume).no_copy, key, value);
  if (key == "bind-nonrecursive") return set_switch(made(mount.bind).non_recursive, key, value);
  if (!value) return bad_value(field, "is not name=value");
  return set_field(mount, key, *value, directory);
}

// Fields that belong to another type of mount are mistakes, as for the CLI.
Result<void> check_mount(const MountSpec& mount, std::string_view text) {
  if (mount.target.empty()) return bad_value(text, "has no target");
  if (mount.volume && mount.type != MountType::volume) return bad_value(text, "mixes volume-* with another type");
  if (mount.image && mount.type != MountType::image) return bad_value(text, "mixes image-* with another type");
  if (mount.bind && mount.type != MountType::bind) return bad_value(text, "mixes bind-* with another type");
  if (mount.tmpfs && mount.type != MountType::tmpfs) return bad_value(text, "mixes tmpfs-* with another type");
  if (!mount.bind) return {};
  const bool wants_read_only = mount.bind->read_only_non_recursive || mount.bind->read_only_force_recursive;
  if (wants_read_only && !mount.read_only) return bad_value(text, "has a bind-recursive that needs readonly");
  if (mount.bind->read_only_force_recursive && mount.bind->propagation != "rprivate") {
    return bad_value(text, "has bind-recursive=readonly, which needs bind-propagation=rprivate");
  }
  return {};
}

}  // namespace

Result<VolumeText> parse_volume(std::string_view text, const std::string& directory) {
  if (text.empty()) return bad_value(text, "names no volume");
  // The CLI takes a text of one or two letters for a path before it looks for colons.
  if (text.size() <= 2) return VolumeText{.anonymous = true, .text = std::string{text}};
  const auto parts = volume_parts(text);
  for (const std::string& part : parts) {
    if (part.empty()) return bad_value(text, "has an empty part between its colons");
  }
  if (parts.size() > 3) return bad_value(text, "has too many colons");
  // No colon, no source: the Engine makes an anonymous volume, which has a field of its own in the API.
  if (parts.size() == 1) return VolumeText{.anonymous = true, .text = std::string{text}};
  // Only the source is changed. The rest, with its modes, is the Engine's to judge.
  const auto host = from_directory(parts.front(), directory);
  return VolumeText{.text = host + std::string{text.substr(parts.front().size())}};
}

Result<MountSpec> parse_mount(std::string_view text, const std::string& directory) {
  // As CSV, so that a path with a comma can be written in quotes.
  auto fields = parse_csv(text);
  if (!fields) return fields.error();
  MountSpec mount;
  for (const std::string& field : *fields) {
    auto taken = take_field(mount, field, directory);
    if (!taken) return taken.error();
  }
  auto checked = check_mount(mount, text);
  if (!checked) return checked.error();
  return mount;
}

}  // namespace windlass::docker
