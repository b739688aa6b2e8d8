#include "io/process/output_file.hpp"

#include "io/log.hpp"
#include "io/nothrow.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace windlass {

namespace {

using namespace std::chrono_literals;

constexpr auto slow_reader_pause = 5ms;   // a pipe that is full
constexpr auto full_disk_pause = 1s;      // then it is tried again: the container waits meanwhile
constexpr std::size_t pipe_piece = 4096;  // PIPE_BUF: never blocks when poll() says that there is room
// A file is full at the first end of a line within this much of its limit, so that lines stay whole.
constexpr std::uint64_t line_room = 16 * 1024;
constexpr std::uint64_t line_room_share = 4;  // and at most a quarter of the file
constexpr mode_t permissions = 07777;

// A write into a full pipe would block the loop, and with it everything else; the descriptor is shared with others, so
// that it cannot be made non-blocking.
bool has_room(int fd) {
  pollfd entry{.fd = fd, .events = POLLOUT, .revents = 0};
  return ::poll(&entry, 1, 0) == 1;
}

// The path behind a descriptor; empty: it has none.
std::string path_of(int fd) {
  char path[4096];
  const ssize_t size = ::readlink(("/proc/self/fd/" + std::to_string(fd)).c_str(), path, sizeof path);
  const std::string found{path, size > 0 ? static_cast<std::size_t>(size) : 0};
  return found.starts_with('/') && !found.ends_with(" (deleted)") ? found : std::string{};
}

bool rename_if_there(int folder, const std::string& from, const std::string& to) {
  return ::renameat(folder, from.c_str(), folder, to.c_str()) == 0 || errno == ENOENT;
}

// A new file beside the old one that looks like it; it gets the name last, so that a failure changes nothing.
Fd make_successor(int folder, const std::string& name, const struct stat& old) {
  static_cast<void>(::unlinkat(folder, name.c_str(), 0));
  constexpr int flags = O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_NOFOLLOW | O_CLOEXEC;
  Fd made{::openat(folder, name.c_str(), flags, old.st_mode & permissions)};
  if (made.value < 0) return made;
  static_cast<void>(::fchown(made.value, old.st_uid, old.st_gid));
  static_cast<void>(::fchmod(made.value, old.st_mode & permissions));
  return made;
}

// stdout.3 to stdout.4, …, stdout to stdout.1.
// From the oldest on, so that only the oldest file is overwritten.
bool shift(int folder, const std::string& name, int files) {
  for (int number = files - 1; number > 0; --number) {
    const std::string from = number == 1 ? name : name + "." + std::to_string(number - 1);
    if (!rename_if_there(folder, from, name + "." + std::to_string(number))) return false;
  }
  return true;
}

}  // namespace

OutputFile::OutputFile(int fd, const LogLimits& limits) : fd_{fd} {
  struct stat status {};
  // A pipe or a terminal has no size to go by and no name to change.
  regular_ = ::fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
  limit(limits);
}

void OutputFile::limit(const LogLimits& limits) {
  limits_ = limits;
  folder_ = Fd{};
  const std::string path = limits.file_bytes > 0 && regular_ ? path_of(fd_) : std::string{};
  if (path.empty()) return;
  const std::size_t slash = path.rfind('/');
  name_ = path.substr(slash + 1);
  folder_ = Fd{::open(path.substr(0, slash + 1).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
}

// How much of the bytes belongs into the current file, which has this size.
// Near the limit it looks for the end of a line, and from there on the next file takes over. Only lines longer than the
// reserve are cut.
OutputFile::Piece OutputFile::piece_for(std::uint64_t size, std::string_view bytes) const {
  const std::uint64_t limit = std::max(limits_.file_bytes, grown_bytes_);
  const std::uint64_t reserve = std::min(line_room, limits_.file_bytes / line_room_share);
  const std::uint64_t room = limit - std::min(limit, size);
  if (bytes.size() + reserve <= room) return {bytes.size()};
  const auto fitting = static_cast<std::size_t>(std::min<std::uint64_t>(room, bytes.size()));
  const bool fits = fitting == bytes.size();
  const std::size_t line_end = bytes.substr(0, fitting).rfind('\n');
  if (line_end == std::string_view::npos) {
    const bool may_wait = !line_open_ && size > 0 && grown_bytes_ == 0;  // the line begins here: then in the next file
    return {!fits && may_wait ? 0 : fitting, !fits};
  }
  const std::size_t lines = line_end + 1;
  // It ends with the beginning of a long line, far from the limit.
  if (fits && size + lines + reserve < limit) return {fitting};
  return {lines, true};
}

void OutputFile::make_room(const struct stat& now) {
  full_ = false;
  grown_bytes_ = 0;
  if (rotate(now)) return;
  const int error = errno;
  // The sandbox has been deleted: what nobody can read must not fill the disk.
  if (now.st_nlink == 0 && ::ftruncate(fd_, 0) == 0) return;
  problem_ = std::generic_category().message(error);
  grown_bytes_ = static_cast<std::uint64_t>(now.st_size) + limits_.file_bytes;
}

// The successor is made before any name changes: where none can be made (a full disk), everything stays as it is. dup3
// puts it behind the number that everybody writes to.
bool OutputFile::rotate(const struct stat& now) {
  const std::string made_name = "." + name_ + ".new";
  const Fd made = make_successor(folder_.value, made_name, now);
  if (made.value < 0) return false;
  const bool done = shift(folder_.value, name_, limits_.files) &&
                    ::renameat(folder_.value, made_name.c_str(), folder_.value, name_.c_str()) == 0;
  if (done) return ::dup3(made.value, fd_, fd_ > 2 ? O_CLOEXEC : 0) >= 0;
  const int error = errno;
  static_cast<void>(::unlinkat(folder_.value, made_name.c_str(), 0));
  errno = error;
  return false;
}

std::chrono::milliseconds OutputFile::take(std::string_view& bytes) {
  while (!bytes.empty()) {
    if (!regular_ && !has_room(fd_)) return slow_reader_pause;
    Piece piece{regular_ ? bytes.size() : std::min(pipe_piece, bytes.size())};
    struct stat now {};
    // Asked anew each time: the log writes into the same file.
    if (rotates() && ::fstat(fd_, &now) == 0) {
      piece = piece_for(static_cast<std::uint64_t>(now.st_size), bytes);
      if (full_ || piece.size == 0) {
        make_room(now);
        continue;
      }
    }
    const ssize_t count = ::write(fd_, bytes.data(), piece.size);
    if (count >= 0) {
      full_ = piece.fills && static_cast<std::size_t>(count) == piece.size;
      if (count > 0) line_open_ = bytes[static_cast<std::size_t>(count) - 1] != '\n';
      bytes.remove_prefix(static_cast<std::size_t>(count));
      // Waiting here stops the reading of the task's output as well: its pipe fills up and it waits, and no byte is
      // lost.
    } else if (errno == ENOSPC || errno == EDQUOT || errno == EAGAIN) {
      return full_disk_pause;
    } else if (errno != EINTR) {
      bytes = {};  // nobody reads it, and nobody will: the task must not wait for that
    }
  }
  return {};
}

asio::awaitable<void> write_output(OutputFile& file, std::string bytes, std::uint64_t& written) {
  auto loop = co_await asio::this_coro::executor;
  std::string_view left{bytes};
  while (!left.empty()) {
    const std::size_t before = left.size();
    const auto wait = file.take(left);
    written += before - left.size();
    const std::string problem = file.take_problem();
    if (!problem.empty()) log_warning("output cannot be rotated, the file grows on", {{"error", problem}});
    if (wait.count() == 0) continue;
    asio::steady_timer timer{loop, wait};
    auto waited = co_await timer.async_wait(nothrow);
    static_cast<void>(waited);
  }
}

}  // namespace windlass
