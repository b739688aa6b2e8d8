#include "io/process/disk_usage.hpp"

#include "io/fd.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string_view>

namespace windlass {

namespace {

constexpr std::size_t folder_depth_max = 512;
constexpr std::size_t linked_files_max = 4096;  // beyond these a file counts once for each of its names
// The unit of st_blocks, whatever the block size of the file system is.
constexpr std::uint64_t block_bytes = 512;
constexpr int open_folder = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

bool is_below(std::string_view path, std::string_view folder) {
  if (folder == "/") return path.starts_with('/');
  return path.starts_with(folder) && (path.size() == folder.size() || path[folder.size()] == '/');
}

bool names_project_quota(std::string_view options) {
  while (!options.empty()) {
    const std::string_view option = options.substr(0, options.find(','));
    if (option == "prjquota" || option == "pquota") return true;
    options.remove_prefix(std::min(option.size() + 1, options.size()));
  }
  return false;
}

}  // namespace

DiskUsage::DiskUsage(std::vector<std::string> folders) : roots_{std::move(folders)} {
  // The next root is taken off the end.
  std::reverse(roots_.begin(), roots_.end());
}

bool DiskUsage::advance(std::size_t entries_max) {
  while (!levels_.empty() || open_next_root()) {
    if (entries_max == 0) return false;
    entries_max -= std::min(entries_max, read_folder(entries_max));
  }
  return true;
}

bool DiskUsage::open_next_root() {
  while (!roots_.empty()) {
    path_ = std::move(roots_.back());
    roots_.pop_back();
    struct stat status {};
    // A container that has written nothing yet may have no sandbox or layer to look at.
    if (::stat(path_.c_str(), &status) != 0 || !S_ISDIR(status.st_mode)) continue;
    device_ = status.st_dev;
    bytes_ += static_cast<std::uint64_t>(status.st_blocks) * block_bytes;
    levels_.push_back({.path_size = path_.size()});
    return true;
  }
  return false;
}

// Reads on in the folder at path_, until it ends or an entry of it is a folder to go into. Returns how many entries it
// has looked at; at least one, so that a pass always comes to an end.
std::size_t DiskUsage::read_folder(std::size_t entries_max) {
  // Only the root may be reached through a symbolic link.
  const int flags = levels_.size() == 1 ? open_folder & ~O_NOFOLLOW : open_folder;
  const Fd folder{::open(path_.c_str(), flags)};
  std::size_t seen = 0;
  if (folder.value < 0 || ::lseek(folder.value, levels_.back().offset, SEEK_SET) < 0) {
    leave_folder();
    return 1;
  }
  // The bare system call: its d_off, unlike telldir(), says where to read on after the folder was closed and opened
  // again.
  alignas(dirent64) char buffer[4096];
  while (true) {
    const long size = ::syscall(SYS_getdents64, folder.value, buffer, sizeof buffer);
    if (size <= 0) break;
    for (long at = 0; at < size;) {
      const auto* entry = reinterpret_cast<const dirent64*>(buffer + at);
      at += entry->d_reclen;
      levels_.back().offset = entry->d_off;
      ++seen;
      if (take_entry(folder.value, entry->d_name) || seen >= entries_max) return seen;
    }
  }
  leave_folder();
  return std::max<std::size_t>(seen, 1);
}

// Counts it. True: it is a folder, and the walk goes on inside.
bool DiskUsage::take_entry(int folder, const char* name) {
  if (std::strcmp(name, ".") == 0 || std::strcmp(name, "..") == 0) return false;
  ++entries_;
  struct stat status {};
  // Another device is a volume that is mounted there: not the container's own use.
  if (::fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) != 0 || status.st_dev != device_) return false;
  const bool is_folder = S_ISDIR(status.st_mode);
  if (!is_folder && status.st_nlink > 1) {
    if (linked_.contains({status.st_dev, status.st_ino})) return false;
    if (linked_.size() < linked_files_max) linked_.insert({status.st_dev, status.st_ino});
  }
  bytes_ += static_cast<std::uint64_t>(status.st_blocks) * block_bytes;
  if (!is_folder || levels_.size() >= folder_depth_max) return false;
  path_ += "/";
  path_ += name;
  levels_.push_back({.path_size = path_.size()});
  return true;
}

void DiskUsage::leave_folder() {
  levels_.pop_back();
  if (!levels_.empty()) path_.resize(levels_.back().path_size);
}

Result<std::uint64_t> disk_usage(const std::vector<std::string>& folders, std::size_t entries_max) {
  DiskUsage usage{folders};
  if (usage.advance(entries_max)) return usage.bytes();
  return Error{Errc::timeout, "more than " + std::to_string(entries_max) + " files and folders", {}};
}

bool has_project_quota(const std::string& path, const std::string& mountinfo) {
  std::ifstream file{mountinfo};
  std::string line, longest;
  bool found = false;
  // "36 25 8:1 / /var/lib/docker rw,noatime shared:1 - xfs /dev/sdb rw,attr2,prjquota": the last mount of a path
  // counts.
  while (std::getline(file, line)) {
    std::istringstream fields{line};
    std::string number, parent, device, root, mount, word, type, source, options;
    fields >> number >> parent >> device >> root >> mount;
    while (fields >> word && word != "-") {
    }
    fields >> type >> source >> options;
    if (mount.size() < longest.size() || !is_below(path, mount)) continue;
    longest = mount;
    found = names_project_quota(options);
  }
  return found;
}

}  // namespace windlass
