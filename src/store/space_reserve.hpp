#pragma once
// Space that a journal takes before it needs it. A task can fill the disk at any moment; without blocks of its own the
// journal could then not even write that this task is to be stopped.
//
//   <name>.db      │ pages              │ held: room to grow                                        │
//   <name>.db-wal  │ what was committed │ held: more than is written before it is copied to the .db │
//
// The blocks are allocated behind the ends of the files: SQLite sees nothing of them, and they survive a kill -9.

#include <cstdint>
#include <mutex>
#include <string>

namespace windlass {

class SpaceReserve {
 public:
  // For the database `file`, which must exist and must not be opened and closed by anybody else in this process as long
  // as SQLite has it open: closing any descriptor of it would release SQLite's lock. Destroy it after SQLite's handle.
  explicit SpaceReserve(const std::string& file);
  ~SpaceReserve();
  SpaceReserve(const SpaceReserve&) = delete;
  SpaceReserve& operator=(const SpaceReserve&) = delete;

  // Pages of log after which it is to be copied into the database: what the held space has room for.
  [[nodiscard]] int log_pages() const;
  // Allocates what is missing of it. False: the disk is full, and what is held is all that there will be. Costs some
  // microseconds when all is held. May be called from any thread. True where the file system cannot hold space: nothing
  // is known then.
  bool hold();
  // The log is empty from now on, and keeps its blocks. REQUIRES: all of it has been copied into the database, and
  // SQLite has closed both.
  void clear_log();

 private:
  // Set once by the constructor.
  const std::string log_file_;
  int database_ = -1;
  std::int64_t bytes_ = 0;  // for each of the two files

  std::mutex mutex_;
  int log_ = -1;  // opened with the first hold(): SQLite makes the file
};

}  // namespace windlass
