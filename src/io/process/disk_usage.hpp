#pragma once
// How much disk the files below some folders take, counted in pieces: a container may have written millions of files,
// and whoever counts them has other things to do. Between two pieces nothing stays open and little is kept.

#include "base/error.hpp"

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace windlass {

class DiskUsage {
 public:
  // For a container: the UpperDir of its overlay (ContainerView.upper_dir: what it has written into its own layer) and
  // its sandbox. Volumes are not the container's. A folder that is not there counts as empty.
  explicit DiskUsage(std::vector<std::string> folders);

  // Looks at up to that many further entries; blocks for that long only (a few microseconds each). True when all has
  // been seen; then further calls do nothing.
  bool advance(std::size_t entries_max);
  // Allocated blocks of what has been seen, as `du -x` counts them: sparse files by what they take, files with several
  // names once, no other file system, no symbolic link followed. Files may come and go meanwhile: it is an estimate.
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
  [[nodiscard]] std::uint64_t entries() const { return entries_; }

 private:
  // A folder on the way from one of the roots to where we are.
  struct Level {
    std::size_t path_size = 0;  // of path_, with its name
    std::int64_t offset = 0;    // of the next entry, as the file system numbers them
  };
  bool open_next_root();
  std::size_t read_folder(std::size_t entries_max);
  bool take_entry(int folder, const char* name);
  void leave_folder();

  std::vector<std::string> roots_;  // still to be begun, the next one last
  std::string path_;
  std::vector<Level> levels_;  // from the root to the folder at path_; empty between roots
  std::uint64_t device_ = 0;
  std::set<std::pair<std::uint64_t, std::uint64_t>> linked_;  // device and inode of files with several names
  std::uint64_t bytes_ = 0;
  std::uint64_t entries_ = 0;
};

// All at once. Errors: Errc::timeout when there are more entries than that.
[[nodiscard]] Result<std::uint64_t> disk_usage(const std::vector<std::string>& folders, std::size_t entries_max);

// Whether the file system that holds the path is mounted with project quotas, which Docker needs for a size of its own
// for each container. False also when the mounts cannot be read.
[[nodiscard]] bool has_project_quota(const std::string& path, const std::string& mountinfo = "/proc/self/mountinfo");

}  // namespace windlass
