#pragma once
// A file that output is appended to, rotated by size when the operator wants that: the current one keeps its name, the
// former one becomes `stdout.1`, that one `stdout.2`, and the oldest goes.
//
//   write ─▶ stdout ──full──▶ stdout.1 ──▶ … ──▶ stdout.<files - 1> ──▶ gone
//
// A file ends where a line ends, unless a line is longer than 16 KiB or a quarter of the file. No byte is lost or
// doubled. Only names in the file's folder are touched, never what symbolic links there lead to: a task may write into
// the folder too. Used on one thread only.

#include "io/fd.hpp"

#include <boost/asio/awaitable.hpp>

#include <sys/stat.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace windlass {

namespace asio = boost::asio;

// For each of stdout and stderr.
struct LogLimits {
  std::uint64_t file_bytes = 0;  // 0: no rotation
  int files = 5;                 // in all, the current one too
  friend bool operator==(const LogLimits&, const LogLimits&) = default;
};

class OutputFile {
 public:
  // The descriptor stays the caller's and is open for appending, for as long as this lives. After a rotation the same
  // number is the new file. What is no regular file with a name (a pipe, a terminal) is not rotated.
  OutputFile(int fd, const LogLimits& limits);

  // Other limits from now on.
  void limit(const LogLimits& limits);
  [[nodiscard]] bool rotates() const { return folder_.value >= 0; }

  // Writes what can be written now and takes it away from the front of `bytes`. Returns how long to wait before the
  // next call (0: all is written): a disk that is full, a pipe that nobody empties. What nobody can ever read is
  // dropped. Does not log: it writes the log, too.
  [[nodiscard]] std::chrono::milliseconds take(std::string_view& bytes);
  // Why the last rotation has failed, once; empty: it has not. The file grows on then, and is tried again later.
  [[nodiscard]] std::string take_problem() { return std::exchange(problem_, {}); }

 private:
  struct Piece {
    std::size_t size = 0;
    bool fills = false;  // what follows belongs into a new file
  };
  [[nodiscard]] Piece piece_for(std::uint64_t size, std::string_view bytes) const;
  void make_room(const struct stat& now);
  [[nodiscard]] bool rotate(const struct stat& now);

  // Set once by the constructor.
  const int fd_;
  bool regular_ = false;

  LogLimits limits_;
  Fd folder_;         // -1: no rotation
  std::string name_;  // in the folder

  bool full_ = false;              // the next byte belongs into a new file
  bool line_open_ = false;         // the last byte that we wrote does not end a line
  std::uint64_t grown_bytes_ = 0;  // a rotation has failed: not again before the file has this size
  std::string problem_;
};

// Writes all of it, waiting where that is needed; what is written is added to `written` as it goes.
// REQUIRES: file and written outlive the call, and nobody else writes this file meanwhile but the log.
[[nodiscard]] asio::awaitable<void> write_output(OutputFile& file, std::string bytes, std::uint64_t& written);

}  // namespace windlass
