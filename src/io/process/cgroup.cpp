#include "io/process/cgroup.hpp"

#include "base/text.hpp"
#include "io/files.hpp"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <fstream>
#include <set>
#include <sstream>
#include <system_error>

namespace windlass {

namespace {

constexpr int kill_scans_max = 50;

// Options of a cgroup v1 mount that are not controllers.
// The kernel lists controllers among the mount options; any option that is not known here is taken for one.
bool is_plain_option(std::string_view option) {
  static const std::set<std::string_view> options{"rw",    "ro",     "relatime", "noatime",        "nosuid",
                                                  "nodev", "noexec", "xattr",    "clone_children", "noprefix"};
  return options.contains(option) || option.starts_with("release_agent=");
}

// One line of mountinfo: "36 25 0:31 / /sys/fs/cgroup/memory rw,nosuid shared:15 - cgroup cgroup rw,memory".
bool read_mount(const std::string& line, CgroupHierarchy& hierarchy) {
  const auto fields = split_words(line, " ");
  const auto dash = std::find(fields.begin(), fields.end(), "-");
  if (fields.size() < 6 || fields.end() - dash < 4) return false;
  const std::string_view type = *(dash + 1);
  if (type != "cgroup" && type != "cgroup2") return false;
  hierarchy.root = fields[3];
  hierarchy.mount = fields[4];
  hierarchy.unified = type == "cgroup2";
  // Version 2 does not list its controllers in the mount.
  if (hierarchy.unified) {
    auto controllers = read_file(hierarchy.mount + "/cgroup.controllers");
    const std::string text = controllers ? *controllers : "";
    for (const std::string_view name : split_words(text)) hierarchy.controllers.emplace_back(name);
    return true;
  }
  for (const std::string_view option : split_words(*(dash + 3), ",")) {
    if (!is_plain_option(option)) hierarchy.controllers.emplace_back(option);
  }
  return true;
}

bool is_named(const CgroupHierarchy& hierarchy) {
  return hierarchy.controllers.empty() || hierarchy.controllers[0].starts_with("name=");
}

std::string errno_text() { return std::generic_category().message(errno); }

bool is_folder(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

std::vector<std::string> children_of(const std::string& folder) {
  std::vector<std::string> children;
  DIR* open = ::opendir(folder.c_str());
  if (open == nullptr) return children;
  while (const dirent* entry = ::readdir(open)) {
    const std::string name = entry->d_name;
    const std::string path = folder + "/" + name;
    if (name != "." && name != ".." && is_folder(path)) children.push_back(path);
  }
  ::closedir(open);
  return children;
}

void collect_pids(const std::string& folder, std::set<pid_t>& pids) {
  std::ifstream file{folder + "/cgroup.procs"};
  pid_t pid = 0;
  while (file >> pid) {
    if (pid > 0) pids.insert(pid);  // 0: a process of another pid namespace
  }
  for (const std::string& child : children_of(folder)) collect_pids(child, pids);
}

// A group's files are the kernel's and go with it; only the groups below stand in the way of rmdir.
Result<void> remove_folder(const std::string& folder) {
  if (!is_folder(folder)) return {};
  for (const std::string& child : children_of(folder)) {
    auto removed = remove_folder(child);
    if (!removed) return removed.error();
  }
  if (::rmdir(folder.c_str()) == 0 || errno == ENOENT) return {};
  const Errc code = errno == EBUSY || errno == ENOTEMPTY                  ? Errc::conflict
                    : errno == EACCES || errno == EPERM || errno == EROFS ? Errc::forbidden
                                                                          : Errc::unavailable;
  return Error{code, "rmdir: " + errno_text(), folder};
}

// v2: a group has a controller only when all its parents pass it on.
void pass_controllers_on(const CgroupHierarchy& hierarchy, const std::string& folder) {
  for (const std::string& controller : hierarchy.controllers) {
    std::ofstream file{folder + "/cgroup.subtree_control"};
    file << "+" << controller << std::flush;  // best effort: the root of a container often may not
  }
}

// Makes each folder of the path; the text of the problem, or "".
std::string make_group(const CgroupHierarchy& hierarchy, const std::string& group) {
  std::string folder = hierarchy.mount;
  for (const std::string_view part : split_words(group, "/")) {
    if (hierarchy.unified) pass_controllers_on(hierarchy, folder);
    folder += "/";
    folder += part;
    if (::mkdir(folder.c_str(), 0755) != 0 && errno != EEXIST) return folder + ": " + errno_text();
  }
  return {};
}

// A group's name is a path of ours, but it contains ids that came over the network.
bool is_sound(const std::string& group) {
  const auto parts = split_words(group, "/");
  return !parts.empty() && std::find(parts.begin(), parts.end(), "..") == parts.end() &&
         std::find(parts.begin(), parts.end(), ".") == parts.end();
}

}  // namespace

Result<Cgroups> Cgroups::detect(const std::string& mountinfo) {
  // Line by line: on a machine with many containers it is large, and an executor is to stay small.
  std::ifstream file{mountinfo};
  if (!file) return Error{Errc::unavailable, "open: " + errno_text(), mountinfo};
  Cgroups result;
  std::string line;
  while (std::getline(file, line)) {
    CgroupHierarchy hierarchy;
    if (read_mount(line, hierarchy)) result.hierarchies_.push_back(std::move(hierarchy));
  }
  return result;
}

Cgroups::Created Cgroups::create(const std::string& group) const {
  Created created;
  if (!is_sound(group)) {
    created.problems.push_back("not a group's name: \"" + group + "\"");
    return created;
  }
  // Where version 1 has the controllers, version 2 is mounted beside it for systemd's bookkeeping only.
  const bool has_v1 = std::any_of(hierarchies_.begin(), hierarchies_.end(),
                                  [](const CgroupHierarchy& h) { return !h.unified && !is_named(h); });
  for (const CgroupHierarchy& hierarchy : hierarchies_) {
    const auto& controllers = hierarchy.controllers;
    const bool cpuset = std::find(controllers.begin(), controllers.end(), "cpuset") != controllers.end();
    if (hierarchy.unified ? has_v1 : cpuset || is_named(hierarchy)) continue;
    const std::string problem = make_group(hierarchy, group);
    if (problem.empty()) {
      created.directories.push_back(hierarchy.mount + "/" + group);
    } else {
      created.problems.push_back(problem);
    }
  }
  return created;
}

std::vector<std::string> Cgroups::procs_files(const std::string& group) const {
  std::vector<std::string> files;
  if (!is_sound(group)) return files;
  for (const CgroupHierarchy& hierarchy : hierarchies_) {
    const std::string file = hierarchy.mount + "/" + group + (hierarchy.unified ? "/cgroup.procs" : "/tasks");
    if (::access(file.c_str(), F_OK) == 0) files.push_back(file);
  }
  return files;
}

std::vector<pid_t> Cgroups::pids(const std::string& group) const {
  std::set<pid_t> found;
  if (!is_sound(group)) return {};
  for (const CgroupHierarchy& hierarchy : hierarchies_) collect_pids(hierarchy.mount + "/" + group, found);
  return {found.begin(), found.end()};
}

// cgroup.kill takes all of them at once, also those that are being forked. Without it a fork may run ahead of a scan,
// so scans go on until one finds nobody new.
Result<void> Cgroups::kill(const std::string& group) const {
  for (const CgroupHierarchy& hierarchy : hierarchies_) {
    if (!hierarchy.unified || !is_sound(group)) continue;
    std::ofstream file{hierarchy.mount + "/" + group + "/cgroup.kill"};  // from Linux 5.14 on; else the loop below
    // Not checked: if it has worked, the scan below finds nobody who is alive, or signals them once more.
    file << "1" << std::flush;
  }
  std::set<pid_t> signalled;
  // A signalled process cannot fork any more: a scan without new ones has seen all of them.
  for (int scan = 0; scan < kill_scans_max; ++scan) {
    bool found_new = false;
    for (const pid_t pid : pids(group)) {
      if (!signalled.insert(pid).second) continue;
      found_new = true;
      if (::kill(pid, SIGKILL) != 0 && errno == EPERM) {
        return Error{Errc::forbidden, "kill " + std::to_string(pid) + ": " + errno_text(), group};
      }
    }
    if (!found_new) break;
  }
  return {};
}

Result<void> Cgroups::remove(const std::string& group) const {
  if (!is_sound(group)) return Error{Errc::invalid, "not a group's name", group};
  Result<void> result;
  for (const CgroupHierarchy& hierarchy : hierarchies_) {
    auto removed = remove_folder(hierarchy.mount + "/" + group);
    if (!removed) result = removed.error();  // the other hierarchies are still worth it
  }
  return result;
}

}  // namespace windlass
