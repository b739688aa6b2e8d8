#include "wire/mesos/recordio.hpp"

#include <gtest/gtest.h>

namespace windlass {
namespace {

using Records = std::vector<std::string>;

TEST(RecordIo, FramesWithLengthAndNewline) {
  EXPECT_EQ(encode_record("hello"), "5\nhello");
  EXPECT_EQ(encode_record(""), "0\n");
  EXPECT_EQ(encode_record("a\nb"), "3\na\nb");
}

TEST(RecordIo, DecodesSeveralRecordsOfOneChunk) {
  RecordDecoder decoder;
  EXPECT_EQ(decoder.feed("1\na0\n2\n\n\n10\n0123456789").value(), (Records{"a", "", "\n\n", "0123456789"}));
  EXPECT_TRUE(decoder.at_boundary());
}

TEST(RecordIo, DecodesWhateverTheChunksAre) {
  const Records records{"", "x", std::string(300, 'y'), std::string("\0\n1", 3), ""};
  std::string stream;
  for (const auto& record : records) stream += encode_record(record);
  for (std::size_t chunk = 1; chunk <= stream.size(); ++chunk) {
    RecordDecoder decoder;
    Records seen;
    for (std::size_t at = 0; at < stream.size(); at += chunk) {
      auto some = decoder.feed(std::string_view(stream).substr(at, chunk));
      ASSERT_TRUE(some);
      seen.insert(seen.end(), some->begin(), some->end());
    }
    EXPECT_EQ(seen, records) << "chunks of " << chunk;
    EXPECT_TRUE(decoder.at_boundary());
  }
}

TEST(RecordIo, KnowsThatTheStreamEndedWithinARecord) {
  RecordDecoder decoder;
  EXPECT_TRUE(decoder.at_boundary());
  EXPECT_TRUE(decoder.feed("1").value().empty());
  EXPECT_FALSE(decoder.at_boundary()) << "in a header";
  EXPECT_TRUE(decoder.feed("\n").value().empty());
  EXPECT_FALSE(decoder.at_boundary()) << "before the payload";
  EXPECT_EQ(decoder.feed("z").value(), Records{"z"});
  EXPECT_TRUE(decoder.at_boundary());
}

TEST(RecordIo, BadHeaderIsFinal) {
  for (const char* bad : {"x", "\n", "-1\n", "+1\n", " 1\n", "1 \n", "0x10\n", "1\r\n", "{\"type\":1}"}) {
    RecordDecoder decoder;
    auto records = decoder.feed(bad);
    ASSERT_FALSE(records) << bad;
    EXPECT_EQ(records.error().code, Errc::malformed);
    EXPECT_TRUE(decoder.failed());
    EXPECT_FALSE(decoder.at_boundary());
    EXPECT_EQ(decoder.feed("1\na").error(), records.error()) << "later good bytes change nothing";
  }
}

TEST(RecordIo, HasLimits) {
  RecordDecoder decoder(10);
  EXPECT_EQ(decoder.feed("10\n0123456789").value(), Records{"0123456789"});
  EXPECT_EQ(decoder.feed("11\n").error().message, "Record of 11 bytes is above the limit of 10");

  RecordDecoder many_digits;
  EXPECT_FALSE(many_digits.feed(std::string(21, '0')));
  RecordDecoder huge;
  EXPECT_FALSE(huge.feed("99999999999999999999\n")) << "does not fit 64 bits";
  RecordDecoder padded;
  EXPECT_EQ(padded.feed("0000000000000000003\nabc").value(), Records{"abc"});
}

}  // namespace
}  // namespace windlass
