#include "store/space_reserve.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace windlass {
namespace {

constexpr std::int64_t page = 4096;             // of SQLite
constexpr std::int64_t frame = page + 24;       // a page in the log
constexpr std::int64_t reserve_max = 20 << 20;  // the log of 4000 pages that is the fastest, and some more
constexpr std::int64_t reserve_min = 512 << 10;
constexpr std::int64_t free_min = 64 << 10;  // less than this is a full disk
constexpr std::int64_t share_of_disk = 32;   // small disks are not taken whole
constexpr int log_pages_max = 4000;

// Gives the file blocks for `bytes` from `from` on and leaves its length as it is, so that SQLite sees nothing of them.
// False only when the disk is full: where the file system cannot do it there is no reserve, but no harm either.
bool allocate(int fd, std::int64_t from, std::int64_t bytes) {
  while (::fallocate(fd, FALLOC_FL_KEEP_SIZE, from, bytes) != 0) {
    if (errno == EINTR) continue;
    return errno != ENOSPC && errno != EDQUOT;
  }
  return true;
}

}  // namespace

SpaceReserve::SpaceReserve(const std::string& file)
    : log_file_{file + "-wal"}, database_{::open(file.c_str(), O_RDWR | O_CLOEXEC)} {
  struct statvfs disk {};
  const bool known = database_ >= 0 && ::fstatvfs(database_, &disk) == 0;
  const auto size = known ? static_cast<std::int64_t>(disk.f_blocks * disk.f_frsize) : reserve_max * share_of_disk;
  bytes_ = std::clamp(size / share_of_disk, reserve_min, reserve_max);
}

SpaceReserve::~SpaceReserve() {
  if (log_ >= 0) ::close(log_);
  if (database_ >= 0) ::close(database_);
}

int SpaceReserve::log_pages() const {
  // Three quarters: the transaction that passes the limit is written before the log is copied.
  return static_cast<int>(std::min<std::int64_t>(log_pages_max, bytes_ * 3 / 4 / frame));
}

// The log is kept for its blocks (SQLITE_FCNTL_PERSIST_WAL); with its old frames, the next start would read them all
// only to find them copied.
void SpaceReserve::clear_log() {
  const std::lock_guard lock{mutex_};
  // A header that is none: SQLite takes such a log for a new one.
  constexpr char nothing[32] = {};
  if (log_ >= 0 && ::pwrite(log_, nothing, sizeof nothing, 0) > 0) (void)::fdatasync(log_);
}

bool SpaceReserve::hold() {
  const std::lock_guard lock{mutex_};
  if (log_ < 0) log_ = ::open(log_file_.c_str(), O_RDWR | O_CLOEXEC);
  struct stat database {};
  // Nothing is known then, which is not the same as full.
  if (database_ < 0 || log_ < 0 || ::fstat(database_, &database) != 0) return true;
  // The log first: nothing at all can be committed without it.
  if (!allocate(log_, 0, bytes_) || !allocate(database_, database.st_size, bytes_)) return false;
  struct statvfs disk {};
  // All is held, but what comes next would be taken from it.
  return ::fstatvfs(database_, &disk) != 0 || disk.f_bavail * disk.f_frsize >= static_cast<std::uint64_t>(free_min);
}

}  // namespace windlass
