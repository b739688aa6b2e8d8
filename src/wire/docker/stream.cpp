#include "wire/docker/stream.hpp"

#include <algorithm>

namespace windlass {

namespace {

constexpr std::size_t head_bytes = 8;

std::size_t length_in(const std::string& head) {
  std::size_t length = 0;
  for (std::size_t i = 4; i < head_bytes; ++i) length = length << 8 | static_cast<unsigned char>(head[i]);
  return length;
}

}  // namespace

// A frame is handed on in the pieces that come, not when it is whole: its length is the container's choice, up to 4 GB.
std::vector<OutputPiece> OutputReader::feed(std::string_view bytes) {
  std::vector<OutputPiece> pieces;
  if (tty_) {
    take(pieces, 1, bytes);
    return pieces;
  }
  while (!bytes.empty()) {
    if (left_ == 0) {
      const std::size_t count = std::min(head_bytes - head_.size(), bytes.size());
      head_ += bytes.substr(0, count);
      bytes.remove_prefix(count);
      if (head_.size() < head_bytes) break;
      left_ = length_in(head_);
      // Everything that is not stderr counts as stdout: output is not lost because of a byte that is not understood.
      stream_ = head_[0] == 2 ? 2 : 1;
      head_.clear();
      continue;
    }
    const std::size_t count = std::min(left_, bytes.size());
    take(pieces, stream_, bytes.substr(0, count));
    bytes.remove_prefix(count);
    left_ -= count;
  }
  return pieces;
}

void OutputReader::take(std::vector<OutputPiece>& pieces, int stream, std::string_view bytes) {
  // Counted for each stream by itself: the daemon's log may interleave the two otherwise than the connection before.
  auto& skip = skip_[static_cast<std::size_t>(stream - 1)];
  const auto passed = static_cast<std::size_t>(std::min<std::uint64_t>(skip, bytes.size()));
  skip -= passed;
  bytes.remove_prefix(passed);
  if (bytes.empty()) return;
  if (!pieces.empty() && pieces.back().stream == stream) {
    pieces.back().bytes += bytes;
  } else {
    pieces.push_back({stream, std::string{bytes}});
  }
}

}  // namespace windlass
