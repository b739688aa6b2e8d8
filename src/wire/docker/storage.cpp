#include "wire/docker/storage.hpp"

#include "wire/json/reader.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

namespace windlass {

namespace {

std::string string_in(const boost::json::value* value) {
  const auto* text = value == nullptr ? nullptr : value->if_string();
  return text == nullptr ? std::string{} : std::string{text->begin(), text->end()};
}

// DriverStatus is a list of pairs: [["Backing Filesystem","extfs"],["Supports d_type","true"],…].
std::string status_in(const boost::json::value* list, std::string_view name) {
  const auto* pairs = list == nullptr ? nullptr : list->if_array();
  if (pairs == nullptr) return {};
  for (const auto& each : *pairs) {
    const auto* pair = each.if_array();
    if (pair != nullptr && pair->size() == 2 && string_in(&(*pair)[0]) == name) return string_in(&(*pair)[1]);
  }
  return {};
}

}  // namespace

Result<DockerStorage> read_docker_storage(std::string_view info_json) {
  auto value = read_json(info_json);
  if (!value) return Error{Errc::malformed, "Docker's info: " + value.error().message, {}};
  const auto* info = value->if_object();
  if (info == nullptr) return Error{Errc::malformed, "Docker's info is not an object", {}};
  return DockerStorage{.driver = string_in(info->if_contains("Driver")),
                       .backing_filesystem = status_in(info->if_contains("DriverStatus"), "Backing Filesystem"),
                       .root = string_in(info->if_contains("DockerRootDir"))};
}

bool takes_size_limit(const DockerStorage& storage, bool project_quota) {
  // overlay2 counts with the project quotas of XFS; the others have limits of their own.
  if (storage.driver == "overlay2") return storage.backing_filesystem == "xfs" && project_quota;
  return storage.driver == "btrfs" || storage.driver == "zfs";
}

}  // namespace windlass
