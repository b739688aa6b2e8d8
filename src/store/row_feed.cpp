#include "store/row_feed.hpp"

#include <utility>

namespace windlass {
namespace {

// Large enough that locking costs nothing against decoding, small enough that the second thread begins soon.
constexpr std::size_t batch_bytes = std::size_t{256} * 1024;
constexpr std::size_t waiting_max = 8;  // bounds the memory if decoding is slower than the disk

}  // namespace

bool RowFeed::add(std::string_view key, std::string_view bytes) {
  if (failed_.load(std::memory_order_relaxed)) return false;
  // Copied, because SQLite's memory is valid only until its next row.
  batch_.text.append(key).append(bytes);
  batch_.rows.push_back({key.size(), bytes.size()});
  if (batch_.text.size() >= batch_bytes) hand_over();
  return true;
}

void RowFeed::hand_over() {
  // The thread starts with the first full batch: a table of a few rows is decoded by the caller, in finish().
  if (!second_.joinable()) second_ = std::thread{[this] { run(); }};
  {
    std::unique_lock lock{mutex_};
    // The reader waits here while the decoder is behind.
    changed_.wait(lock, [this] { return waiting_.size() < waiting_max; });
    waiting_.push_back(std::exchange(batch_, {}));
  }
  changed_.notify_all();
  // A batch passes its size by one row, which should not make the memory grow twofold.
  batch_.text.reserve(batch_bytes + batch_bytes / 8);
}

void RowFeed::run() {
  while (true) {
    Batch batch;
    {
      std::unique_lock lock{mutex_};
      changed_.wait(lock, [this] { return is_last_ || !waiting_.empty(); });
      // is_last_ alone does not end it: what waits comes first.
      if (waiting_.empty()) return;
      batch = std::move(waiting_.front());
      waiting_.pop_front();
    }
    changed_.notify_all();
    show(batch);
  }
}

void RowFeed::show(const Batch& batch) {
  std::string_view rest = batch.text;
  for (const Batch::Sizes& row : batch.rows) {
    // Relaxed is enough: what the flag stands for is read only after the thread was joined.
    if (failed_.load(std::memory_order_relaxed)) return;
    const std::string_view key = rest.substr(0, row.key);
    auto taken = on_row_(key, rest.substr(row.key, row.bytes));
    rest.remove_prefix(row.key + row.bytes);
    if (taken) continue;
    failure_ = Failure{std::string{key}, taken.error()};
    failed_.store(true, std::memory_order_relaxed);
  }
}

// Also by the destructor: a load that fails in the middle leaves without finish(), and a thread that runs on would end
// the process.
void RowFeed::end_thread() {
  if (!second_.joinable()) return;
  {
    const std::lock_guard lock{mutex_};
    is_last_ = true;
  }
  changed_.notify_all();
  second_.join();
}

std::optional<RowFeed::Failure> RowFeed::finish() {
  end_thread();
  show(batch_);  // the rest, after all others
  return std::move(failure_);
}

}  // namespace windlass
