#pragma once
// The output of a container as Docker sends it to those who attach: frames of stdout and stderr on one stream.
//
//   1 byte stream (0 stdin, 1 stdout, 2 stderr)   3 bytes 0   4 bytes length, big endian   the bytes
//
// With a terminal there are no frames: everything is stdout.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace windlass {

struct OutputPiece {
  int stream = 1;  // 1 stdout, 2 stderr
  std::string bytes;
  friend bool operator==(const OutputPiece&, const OutputPiece&) = default;
};

// Takes the stream apart, whatever its chunks are. Holds no more than a frame's head.
class OutputReader {
 public:
  explicit OutputReader(bool tty = false) : tty_{tty} {}

  // Bytes to pass over at the beginning of each stream: what an earlier connection has delivered already.
  void skip(std::uint64_t stdout_bytes, std::uint64_t stderr_bytes) { skip_ = {stdout_bytes, stderr_bytes}; }
  // Neighbouring pieces of one stream come as one.
  std::vector<OutputPiece> feed(std::string_view bytes);

 private:
  void take(std::vector<OutputPiece>& pieces, int stream, std::string_view bytes);

  bool tty_;
  std::array<std::uint64_t, 2> skip_{};
  std::string head_;      // of the frame that begins
  std::size_t left_ = 0;  // of the frame that is being read
  int stream_ = 1;
};

}  // namespace windlass
