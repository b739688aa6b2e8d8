#pragma once
// Hands the rows that are read from a file to whoever makes records of them, on a second thread: while that one
// decodes, this one reads on. So a start with a million rows takes the time of the slower of the two, not of both.
//
//   add ──▶ batch ──▶ waiting batches ──▶ on_row
//   (the thread that reads)          (the second thread)

#include "store/journal.hpp"

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace windlass {

class RowFeed {
 public:
  // Of the first row that on_row refused.
  struct Failure {
    std::string key;
    Error error;
  };

  // `on_row` sees the rows in the order in which they were added, one at a time.
  explicit RowFeed(const Journal::OnRow& on_row) : on_row_{on_row} {}
  ~RowFeed() { end_thread(); }
  RowFeed(const RowFeed&) = delete;
  RowFeed& operator=(const RowFeed&) = delete;

  // False: a row has failed, and what is added is not looked at any more.
  bool add(std::string_view key, std::string_view bytes);
  // Waits until all rows were seen. REQUIRES: it is called once, and nothing is added after it.
  [[nodiscard]] std::optional<Failure> finish();

 private:
  // Rows one after the other in one piece of memory.
  struct Batch {
    struct Sizes {
      std::size_t key = 0;
      std::size_t bytes = 0;
    };
    std::string text;
    std::vector<Sizes> rows;
  };

  void hand_over();
  void run();
  void show(const Batch& batch);
  void end_thread();

  const Journal::OnRow& on_row_;
  Batch batch_;         // of the thread that reads
  std::thread second_;  // since the first batch was full: few rows are not worth it
  std::atomic<bool> failed_ = false;
  std::optional<Failure> failure_;  // read when `second_` has ended

  std::mutex mutex_;  // of what follows
  std::condition_variable changed_;
  std::deque<Batch> waiting_;
  bool is_last_ = false;  // nothing comes after what waits
};

}  // namespace windlass
