#include "api/mesos/views/files.hpp"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

namespace windlass {
namespace {

namespace fs = std::filesystem;

Error not_found() { return {Errc::not_found, {}}; }

// The parts of a path without "." and ".."; nothing when it climbs above the root. By the text only: symbolic links on
// the way are for resolve().
std::optional<std::vector<std::string>> path_parts(const std::string& path) {
  std::vector<std::string> parts;
  std::size_t begin = 0;
  while (begin <= path.size()) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    const std::string part = path.substr(begin, end - begin);
    begin = end + 1;
    if (part.empty() || part == ".") continue;
    if (part != "..") {
      parts.push_back(part);
    } else if (parts.empty()) {
      return std::nullopt;
    } else {
      parts.pop_back();
    }
  }
  return parts;
}

std::string joined(const std::vector<std::string>& parts, std::size_t count) {
  std::string path;
  for (std::size_t i = 0; i < std::min(count, parts.size()); ++i) path += "/" + parts[i];
  return path;
}

// "frameworks/<F>/executors/<E>/runs/<container>": how many parts of a path below the root name a sandbox.
constexpr std::size_t sandbox_parts = 6;
bool names_sandbox(const std::vector<std::string>& parts, std::size_t at) {
  return parts.size() >= at + sandbox_parts && parts[at] == "frameworks" && parts[at + 2] == "executors" &&
         parts[at + 4] == "runs";
}

bool is_below(const std::string& path, const std::string& folder) {
  return path == folder || path.starts_with(folder + "/");
}

std::string user_name(uid_t id) {
  const passwd* entry = ::getpwuid(id);
  return entry != nullptr ? entry->pw_name : std::to_string(id);
}

std::string group_name(gid_t id) {
  const group* entry = ::getgrgid(id);
  return entry != nullptr ? entry->gr_name : std::to_string(id);
}

std::optional<operator_api::File> describe_file(const std::string& path) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0) return std::nullopt;
  operator_api::File file;
  file.links = static_cast<std::int32_t>(info.st_nlink);
  file.size = static_cast<std::uint64_t>(info.st_size);
  file.modified = TimePoint{std::chrono::seconds{info.st_mtim.tv_sec}};
  file.mode = info.st_mode;
  file.user = user_name(info.st_uid);
  file.group = group_name(info.st_gid);
  return file;
}

// The task may change its sandbox at any time, so where the file is counts after it was opened.
class OpenFile {
 public:
  OpenFile(const std::string& path, const std::string& folder)
      // NONBLOCK: a pipe that the task has put there must not hold up the thread. NOFOLLOW: resolve() has followed all
      // links already, so this one is new.
      : number_{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW)} {
    if (number_ < 0) return;
    std::error_code failed;
    const auto real = fs::read_symlink("/proc/self/fd/" + std::to_string(number_), failed);
    inside_ = !failed && is_below(real.string(), folder);
  }
  ~OpenFile() {
    if (number_ >= 0) ::close(number_);
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;

  // Its size; none unless it is a regular file.
  [[nodiscard]] std::optional<std::uint64_t> size() const {
    struct stat info {};
    if (!inside_ || ::fstat(number_, &info) != 0 || !S_ISREG(info.st_mode)) return std::nullopt;
    return static_cast<std::uint64_t>(info.st_size);
  }
  [[nodiscard]] std::string read(std::uint64_t offset, std::size_t length) const {
    std::string data(length, '\0');
    std::size_t filled = 0;
    // pread: the file may be read by many at once, and may have become shorter meanwhile.
    while (filled < length) {
      const auto got = ::pread(number_, data.data() + filled, length - filled, static_cast<off_t>(offset + filled));
      if (got <= 0) break;
      filled += static_cast<std::size_t>(got);
    }
    data.resize(filled);
    return data;
  }

 private:
  int number_;
  bool inside_ = false;
};

bool is_folder(const std::string& path) {
  std::error_code failed;
  return fs::is_directory(path, failed);
}

// Names of the folders in a folder, sorted; symbolic links are none.
std::vector<std::string> folders_in(const std::string& path) {
  std::vector<std::string> names;
  std::error_code failed;
  for (fs::directory_iterator at{path, failed}; !failed && at != fs::directory_iterator{}; at.increment(failed)) {
    std::error_code unknown;
    if (at->is_directory(unknown) && !at->is_symlink(unknown)) names.push_back(at->path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

std::string SandboxFiles::sandbox(const FrameworkId& framework, const ExecutorId& executor,
                                  const std::string& container) const {
  return root_ + "/frameworks/" + framework.value + "/executors/" + executor.value + "/runs/" + container;
}

Result<SandboxFiles::Place> SandboxFiles::resolve(const std::string& path) const {
  const auto parts = path_parts(path);
  const auto root = path_parts(root_);
  if (!parts || !root) return not_found();
  std::size_t at = 0;
  // An absolute path, as /state shows it in `directory` (mesos.md 5.5), or else the virtual one, which needs no
  // work_dir.
  if (parts->size() > root->size() && std::equal(root->begin(), root->end(), parts->begin())) {
    at = root->size();
  } else if (parts->size() < sandbox_parts || (*parts)[5] != "latest") {
    return not_found();
  }
  // A path that leads only to somewhere above the sandboxes is not attached: nobody lists all frameworks (mesos.md
  // 5.7).
  if (!names_sandbox(*parts, at)) return not_found();
  const std::vector<std::string> below{parts->begin() + static_cast<std::ptrdiff_t>(at), parts->end()};
  std::error_code failed;
  const std::string sandbox = fs::canonical(root_ + joined(below, sandbox_parts), failed).string();
  if (failed) return not_found();
  // `latest` is ours and stays in the folder of runs; everything below belongs to the task.
  const std::string runs = fs::canonical(root_ + joined(below, sandbox_parts - 1), failed).string();
  if (failed || !is_below(sandbox, runs) || !is_folder(sandbox)) return not_found();
  // Followed to the end, and only then compared: any part of the path may be a link that the task has made.
  const std::string real = fs::canonical(root_ + joined(below, below.size()), failed).string();
  if (failed || !is_below(real, sandbox)) return not_found();
  return Place{real, sandbox};
}

Result<operator_api::Files> SandboxFiles::list(const std::string& path) const {
  auto place = resolve(path);
  if (!place) return place.error();
  operator_api::Files files;
  // Under the path that was asked for, not the real one, so that a client can go on from there.
  std::string prefix = path;
  while (prefix.size() > 1 && prefix.ends_with('/')) prefix.pop_back();
  std::error_code failed;
  for (fs::directory_iterator at{place->real, failed}; !failed && at != fs::directory_iterator{};
       at.increment(failed)) {
    auto file = describe_file(at->path().string());
    // It is gone since the folder was read: tasks remove files at any time.
    if (!file) continue;
    file->path = prefix + "/" + at->path().filename().string();
    files.files.push_back(std::move(*file));
  }
  std::sort(files.files.begin(), files.files.end(),
            [](const operator_api::File& left, const operator_api::File& right) { return left.path < right.path; });
  return files;
}

Result<operator_api::FileData> SandboxFiles::read(const std::string& path, std::uint64_t offset,
                                                  std::optional<std::uint64_t> length) const {
  auto place = resolve(path);
  if (!place) return place.error();
  if (is_folder(place->real)) return Error{Errc::invalid, "Cannot read a directory.\n"};
  const OpenFile file{place->real, place->sandbox};
  const auto size = file.size();
  if (!size) return Error{Errc::invalid, "Failed to open file at '" + place->real + "'.\n"};
  operator_api::FileData part{.size = *size, .data = {}};
  if (offset >= *size) return part;
  const std::uint64_t wanted = std::min(length.value_or(*size - offset), *size - offset);
  part.data = file.read(offset, static_cast<std::size_t>(std::min<std::uint64_t>(wanted, read_bytes_max)));
  return part;
}

Result<std::string> SandboxFiles::download(const std::string& path) const {
  auto place = resolve(path);
  if (!place) return place.error();
  if (is_folder(place->real)) return Error{Errc::invalid, "Cannot download a directory.\n"};
  const OpenFile file{place->real, place->sandbox};
  const auto size = file.size();
  if (!size) return Error{Errc::invalid, "Failed to open file at '" + place->real + "'.\n"};
  // The whole file is in memory while it is sent.
  if (*size > download_bytes_max) {
    return Error{Errc::invalid, "The file has " + std::to_string(*size) + " bytes; read it in pieces.\n"};
  }
  return file.read(0, static_cast<std::size_t>(*size));
}

std::map<std::string, std::string> SandboxFiles::attached() const {
  std::map<std::string, std::string> found;
  for (const std::string& framework : folders_in(root_ + "/frameworks")) {
    const std::string executors = "/frameworks/" + framework + "/executors";
    for (const std::string& executor : folders_in(root_ + executors)) {
      const std::string runs = executors + "/" + executor + "/runs";
      for (const std::string& run : folders_in(root_ + runs))
        found[root_ + runs + "/" + run] = root_ + runs + "/" + run;
      std::error_code failed;
      const std::string latest = fs::canonical(root_ + runs + "/latest", failed).string();
      if (failed) continue;
      found[runs + "/latest"] = latest;
      found[root_ + runs + "/latest"] = latest;
    }
  }
  return found;
}

}  // namespace windlass
