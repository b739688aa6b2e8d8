#include "agent/sandbox_collector.hpp"

#include "io/files.hpp"
#include "io/log.hpp"

#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <optional>

namespace windlass {
namespace {

namespace fs = std::filesystem;

constexpr Duration kept_for_readers = std::chrono::hours{1};

double share_of(std::uint64_t used, std::uint64_t total) {
  return total == 0 ? 0 : static_cast<double>(used) / static_cast<double>(total);
}

// lstat: a link that a task has put there says nothing of the sandbox's age.
std::optional<TimePoint> changed_at(const std::string& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) return std::nullopt;
  return TimePoint{std::chrono::seconds{status.st_mtim.tv_sec} + std::chrono::duration_cast<std::chrono::microseconds>(
                                                                     std::chrono::nanoseconds{status.st_mtim.tv_nsec})};
}

// When it was last written to: the folder itself when a file comes or goes, its output when the task says something.
std::optional<TimePoint> last_used(const std::string& sandbox) {
  std::optional<TimePoint> newest;
  for (const char* name : {"", "/stdout", "/stderr"}) {
    const auto time = changed_at(sandbox + name);
    if (time && (!newest || *time > *newest)) newest = time;
  }
  return newest;
}

// The folders in it; none when it cannot be read.
std::vector<std::string> folders_in(const std::string& path) {
  std::vector<std::string> found;
  std::error_code error;
  for (fs::directory_iterator each{path, error}, end; !error && each != end; each.increment(error)) {
    std::error_code unknown;
    // Links are not followed: `latest` is one, and a task's could lead out of work_dir.
    if (fs::is_directory(each->symlink_status(unknown)) && !unknown) found.push_back(each->path().string());
  }
  return found;
}

// <work_dir>/slaves/<agent>/frameworks/<framework>/executors/<executor>/runs/<container>
std::vector<std::string> all_sandboxes(const std::string& work_dir) {
  std::vector<std::string> level{work_dir};
  for (const char* name : {"slaves", "frameworks", "executors", "runs"}) {
    std::vector<std::string> next;
    for (const std::string& above : level) {
      const std::vector<std::string> below = folders_in(above + "/" + name);
      next.insert(next.end(), below.begin(), below.end());
    }
    level = std::move(next);
  }
  return level;
}

}  // namespace

double used_share(const std::string& path) {
  struct statvfs disk {};
  // Nobody can tell: then age alone decides, and nothing is removed in a hurry.
  if (::statvfs(path.c_str(), &disk) != 0) return 0;
  // As `df` counts: what only root may use is neither free nor there.
  const std::uint64_t usable = disk.f_blocks - disk.f_bfree + disk.f_bavail;
  return std::max(share_of(disk.f_blocks - disk.f_bfree, usable), share_of(disk.f_files - disk.f_ffree, disk.f_files));
}

Duration allowed_age(const CollectorSettings& settings, double used) {
  const double left = std::max(0.0, 1.0 - settings.gc_disk_headroom - used);
  return Duration{static_cast<Duration::rep>(static_cast<double>(settings.gc_delay.count()) * left)};
}

std::vector<std::string> old_sandboxes(const CollectorSettings& settings, const std::set<std::string>& in_use,
                                       double used, TimePoint now) {
  const Duration allowed = allowed_age(settings, used);
  // A disk that is too full comes before readers: without space nothing new can run at all.
  const Duration least = allowed == Duration::zero() ? allowed : std::max(allowed, kept_for_readers);
  std::vector<std::string> old;
  for (std::string& sandbox : all_sandboxes(settings.work_dir)) {
    // A container that runs may be silent for weeks, and its sandbox look old.
    if (in_use.contains(fs::path{sandbox}.filename().string())) continue;
    const auto time = last_used(sandbox);
    if (time && after(*time, least) <= now) old.push_back(std::move(sandbox));
  }
  return old;
}

void remove_sandbox(const CollectorSettings& settings, const std::string& sandbox) {
  auto removed = remove_tree(sandbox);
  if (!removed) return log_warning("sandbox stays", {{"error", to_string(removed.error())}});
  const fs::path runs = fs::path{sandbox}.parent_path();
  // `latest` may point to another one that is still there.
  if (folders_in(runs.string()).empty()) ::unlink((runs / "latest").c_str());
  // rmdir removes nothing that still has something in it: a launch that makes a sandbox meanwhile is safe.
  for (fs::path folder = runs; folder != settings.work_dir; folder = folder.parent_path()) {
    if (::rmdir(folder.c_str()) != 0) break;
  }
}

}  // namespace windlass
