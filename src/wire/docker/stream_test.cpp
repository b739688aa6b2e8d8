#include "wire/docker/stream.hpp"

#include <gtest/gtest.h>

namespace windlass {
namespace {

std::string frame(int stream, const std::string& bytes) {
  std::string text{static_cast<char>(stream), 0, 0, 0, 0, 0};
  text += static_cast<char>(bytes.size() >> 8);
  text += static_cast<char>(bytes.size() & 0xff);
  return text + bytes;
}

TEST(OutputReader, SplitsStreamsWhateverTheChunks) {
  const std::string long_text(700, 'x');
  const std::string stream = frame(1, "out") + frame(2, "err") + frame(2, "") + frame(2, "2") + frame(1, long_text);
  OutputReader whole;
  EXPECT_EQ(whole.feed(stream), (std::vector<OutputPiece>{{1, "out"}, {2, "err2"}, {1, long_text}}));
  OutputReader bytewise;
  std::string out;
  std::string err;
  for (const char c : stream) {
    for (const OutputPiece& piece : bytewise.feed({&c, 1})) (piece.stream == 1 ? out : err) += piece.bytes;
  }
  EXPECT_EQ(out, "out" + long_text);
  EXPECT_EQ(err, "err2");
}

TEST(OutputReader, PassesOverWhatWasDelivered) {
  OutputReader reader;
  reader.skip(4, 1);
  EXPECT_EQ(reader.feed(frame(1, "abc") + frame(2, "xy") + frame(1, "def")),
            (std::vector<OutputPiece>{{2, "y"}, {1, "ef"}}));
}

TEST(OutputReader, ATerminalHasNoFrames) {
  OutputReader reader{true};
  EXPECT_EQ(reader.feed("\x01 text"), (std::vector<OutputPiece>{{1, "\x01 text"}}));
}

}  // namespace
}  // namespace windlass
