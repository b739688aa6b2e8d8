#include "io/files.hpp"

#include "io/fd.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <linux/openat2.h>
#include <net/if.h>
#include <netinet/in.h>
#include <pwd.h>
#include <sched.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <system_error>
#include <utility>
#include <vector>

namespace windlass {

namespace {

Error file_error(const std::string& what, int error, const std::string& path) {
  Errc code = Errc::disk;
  if (error == ENOENT || error == ENOTDIR) code = Errc::not_found;
  if (error == EACCES || error == EPERM) code = Errc::forbidden;
  return Error{code, what + ": " + std::generic_category().message(error), path};
}

constexpr std::size_t small_file_max = 1 << 20;

// Reads to the end and does not ask for the size first: files below /proc and /sys say 0.
Result<std::string> read_all_of(const Fd& fd, const std::string& path, std::size_t bytes_max) {
  std::string content;
  char piece[16 * 1024];
  while (true) {
    const ssize_t count = ::read(fd.value, piece, sizeof piece);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return file_error("read", errno, path);
    if (count == 0) return content;
    content.append(piece, static_cast<std::size_t>(count));
    if (content.size() > bytes_max) {
      return Error{Errc::invalid, "larger than " + std::to_string(bytes_max) + " bytes", path};
    }
  }
}

// 0, or errno.
int write_fully(int fd, std::string_view content) {
  while (!content.empty()) {
    const ssize_t count = ::write(fd, content.data(), content.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno;
    content.remove_prefix(static_cast<std::size_t>(count));
  }
  return 0;
}

std::string folder_of(const std::string& path) {
  const auto parent = std::filesystem::path{path}.parent_path().string();
  return parent.empty() ? "." : parent;
}

// The interface of the default route with the lowest metric, from the text of /proc/net/route; empty when there is
// none.
std::string default_interface(const std::string& routes) {
  std::istringstream lines{routes};
  std::string line, best;
  unsigned long best_metric = ~0UL;
  std::getline(lines, line);  // the captions
  while (std::getline(lines, line)) {
    std::istringstream fields{line};
    std::string name, destination, gateway, flags, references, use, metric, mask;
    fields >> name >> destination >> gateway >> flags >> references >> use >> metric >> mask;
    if (destination != "00000000" || mask != "00000000") continue;
    const unsigned long value = std::strtoul(metric.c_str(), nullptr, 10);
    if (value < best_metric) {
      best_metric = value;
      best = name;
    }
  }
  return best;
}

}  // namespace

Result<std::string> read_file(const std::string& path, std::size_t bytes_max) {
  const Fd fd{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (fd.value < 0) return file_error("open", errno, path);
  return read_all_of(fd, path, bytes_max);
}

namespace {

// The kernel resolves the path and refuses to leave the directory at any part of it. A check of our own before the open
// would be a race: the directory is a sandbox, whose task may put a symbolic link there in between.
Result<Fd> open_file_beneath(const std::string& directory, const std::string& path) {
  const Fd folder{::open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)};
  if (folder.value < 0) return file_error("open", errno, directory);
  // RESOLVE_BENEATH refuses every absolute path, also one that leads below the directory.
  const std::string inside = path.starts_with(directory + "/") ? path.substr(directory.size() + 1) : path;
  ::open_how how{};
  how.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK;  // a pipe would have us wait for its writer
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  Fd fd{static_cast<int>(::syscall(SYS_openat2, folder.value, inside.c_str(), &how, sizeof how))};
  // EXDEV is how openat2 says that the path leads out of the directory.
  if (fd.value < 0 && errno == EXDEV) return Error{Errc::forbidden, "is not below " + directory, path};
  if (fd.value < 0) return file_error("open", errno, path);
  struct ::stat status {};
  if (::fstat(fd.value, &status) != 0) return file_error("stat", errno, path);
  if (!S_ISREG(status.st_mode)) return Error{Errc::forbidden, "is not a regular file", path};
  return fd;
}

}  // namespace

Result<std::string> read_file_beneath(const std::string& directory, const std::string& path) {
  auto opened = open_file_beneath(directory, path);
  if (!opened) return opened.error();
  return read_all_of(*opened, path, small_file_max);
}

Result<std::string> read_file_end_beneath(const std::string& directory, const std::string& path,
                                          std::size_t bytes_max) {
  auto opened = open_file_beneath(directory, path);
  if (!opened) return opened.error();
  const Fd& fd = *opened;
  // The file may grow meanwhile: pread takes what was its end when we looked.
  const off_t size = ::lseek(fd.value, 0, SEEK_END);
  const off_t from = std::max<off_t>(0, size - static_cast<off_t>(bytes_max));
  std::string text(static_cast<std::size_t>(std::max<off_t>(0, size - from)), '\0');
  const ssize_t count = ::pread(fd.value, text.data(), text.size(), from);
  if (count < 0) return file_error("read", errno, path);
  text.resize(static_cast<std::size_t>(count));
  return text;
}

// The order is the guarantee. Content is synced before the rename, else a power cut could leave an empty file under the
// final name; the folder is synced after it, else the rename itself could be lost.
Result<void> write_file_atomically(const std::string& path, std::string_view content, mode_t mode) {
  static std::atomic<unsigned> counter{0};
  // In the same folder, because rename does not cross file systems; unique among processes and threads, so that two
  // writers of one path do not write into each other's file.
  const std::string temporary = path + ".tmp" + std::to_string(::getpid()) + "." + std::to_string(++counter);
  const auto fail = [&](const std::string& what, int error) {
    ::unlink(temporary.c_str());
    return file_error(what, error, path);
  };
  {
    const Fd fd{::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)};
    if (fd.value < 0) return fail("create", errno);
    const int error = write_fully(fd.value, content);
    if (error != 0) return fail("write", error);
    // The mode that open() was given has passed through the umask.
    if (::fchmod(fd.value, mode) != 0) return fail("chmod", errno);
    if (::fsync(fd.value) != 0) return fail("fsync", errno);
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0) return fail("rename", errno);
  const Fd folder{::open(folder_of(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (folder.value < 0 || ::fsync(folder.value) != 0) return file_error("fsync of the folder", errno, path);
  return {};
}

Result<void> append_file(const std::string& path, std::string_view content, mode_t mode) {
  const Fd fd{::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, mode)};
  if (fd.value < 0) return file_error("open", errno, path);
  const int error = write_fully(fd.value, content);
  if (error != 0) return file_error("write", error, path);
  return {};
}

Result<void> make_directories(const std::string& path, mode_t mode) {
  std::size_t at = 0;
  while (at < path.size()) {
    at = std::min(path.find('/', at + 1), path.size());
    const std::string folder = path.substr(0, at);
    if (folder == "/" || folder.ends_with('/')) continue;
    // mkdir passes the mode through the umask, chmod does not.
    if (::mkdir(folder.c_str(), mode) == 0) {
      if (::chmod(folder.c_str(), mode) != 0) return file_error("chmod", errno, folder);
      continue;
    }
    // A folder that is there already is no error, whatever mkdir calls it; a file in its place is one.
    const int error = errno;
    struct stat status {};
    const bool is_folder = ::stat(folder.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
    if (!is_folder) return file_error("mkdir", error, folder);
  }
  return {};
}

Result<void> change_owner(const std::string& path, const std::string& user) {
  // The _r form, because pool threads look users up too.
  std::vector<char> space(16 * 1024);
  passwd entry{};
  passwd* found = nullptr;
  ::getpwnam_r(user.c_str(), &entry, space.data(), space.size(), &found);
  if (found == nullptr) return Error{Errc::not_found, "there is no user \"" + user + "\"", path};
  if (::lchown(path.c_str(), entry.pw_uid, entry.pw_gid) != 0) return file_error("chown", errno, path);
  return {};
}

Result<void> remove_tree(const std::string& path) {
  std::error_code error;
  std::filesystem::remove_all(path, error);
  if (error && error != std::errc::no_such_file_or_directory) return file_error("remove", error.value(), path);
  return {};
}

// f_bavail, not f_bfree: what is reserved for root is of no use to tasks.
Result<DiskSize> disk_size(const std::string& path) {
  struct statvfs status {};
  if (::statvfs(path.c_str(), &status) != 0) return file_error("statvfs", errno, path);
  return DiskSize{static_cast<std::uint64_t>(status.f_blocks) * status.f_frsize,
                  static_cast<std::uint64_t>(status.f_bavail) * status.f_frsize};
}

Result<std::uint64_t> memory_total() {
  auto text = read_file("/proc/meminfo");
  if (!text) return text.error();
  unsigned long long kibibytes = 0;
  if (std::sscanf(text->c_str(), "MemTotal: %llu kB", &kibibytes) != 1) {
    return Error{Errc::malformed, "no MemTotal", "/proc/meminfo"};
  }
  return std::uint64_t{kibibytes} * 1024;
}

// Not the processors of the machine: a container or taskset may allow us fewer.
unsigned cpu_count() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (::sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  const int count = CPU_COUNT(&set);
  return count > 0 ? static_cast<unsigned>(count) : 1;
}

std::uint64_t random_seed() {
  std::uint64_t seed = 0;
  if (::getrandom(&seed, sizeof seed, 0) != sizeof seed) seed = static_cast<std::uint64_t>(::getpid());
  return seed;
}

// The last byte stays zero: a name that gethostname cuts off need not be terminated.
std::string host_name() {
  char name[256] = {};
  return ::gethostname(name, sizeof name - 1) == 0 && name[0] != '\0' ? name : "localhost";
}

Result<std::string> boot_id() {
  auto text = read_file("/proc/sys/kernel/random/boot_id");
  if (!text) return text.error();
  return text->substr(0, text->find('\n'));
}

// Asks the kernel's tables only: no packet leaves, and no name server has to answer.
Result<std::string> default_route_address() {
  auto routes = read_file("/proc/net/route");
  if (!routes) return routes.error();
  const std::string interface = default_interface(*routes);
  if (interface.empty()) return Error{Errc::not_found, "there is no default route", "/proc/net/route"};
  ifaddrs* list = nullptr;
  if (::getifaddrs(&list) != 0) return file_error("getifaddrs", errno, interface);
  std::string address;
  for (const ifaddrs* at = list; at != nullptr && address.empty(); at = at->ifa_next) {
    if (at->ifa_addr == nullptr || at->ifa_addr->sa_family != AF_INET || interface != at->ifa_name) continue;
    char text[INET_ADDRSTRLEN] = {};
    const auto* ip = reinterpret_cast<const sockaddr_in*>(at->ifa_addr);
    address = ::inet_ntop(AF_INET, &ip->sin_addr, text, sizeof text) != nullptr ? text : "";
  }
  ::freeifaddrs(list);
  if (address.empty()) return Error{Errc::not_found, "the interface of the default route has no address", interface};
  return address;
}

}  // namespace windlass
