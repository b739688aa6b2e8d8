#pragma once
// Where Docker keeps the files of containers, from GET /info, and whether it can limit how much a container writes.

#include "base/error.hpp"

#include <string>
#include <string_view>

namespace windlass {

struct DockerStorage {
  std::string driver = {};              // "overlay2"
  std::string backing_filesystem = {};  // "xfs", "extfs"; empty: not told
  std::string root = {};                // "/var/lib/docker"
  friend bool operator==(const DockerStorage&, const DockerStorage&) = default;
};

// Errors: Errc::malformed.
[[nodiscard]] Result<DockerStorage> read_docker_storage(std::string_view info_json);

// Whether Docker takes --storage-opt size=…: it refuses to create the container where it cannot. project_quota: the
// file system of root is mounted with project quotas (io/process/disk_usage.hpp: has_project_quota).
[[nodiscard]] bool takes_size_limit(const DockerStorage& storage, bool project_quota);

}  // namespace windlass
