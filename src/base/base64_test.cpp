#include "base/base64.hpp"

#include <gtest/gtest.h>

namespace windlass {
namespace {

TEST(Base64, EncodesWithPadding) {
  EXPECT_EQ(encode_base64(""), "");
  EXPECT_EQ(encode_base64("f"), "Zg==");
  EXPECT_EQ(encode_base64("fo"), "Zm8=");
  EXPECT_EQ(encode_base64("foo"), "Zm9v");
  EXPECT_EQ(encode_base64("\xff\xef\xfe"), "/+/+");
}

TEST(Base64, DecodesWhatItEncodes) {
  std::string bytes;
  for (int i = 0; i < 256; ++i) {
    bytes += static_cast<char>(i);
    EXPECT_EQ(decode_base64(encode_base64(bytes)).value(), bytes);
  }
}

TEST(Base64, IsAsLenientAsMesos) {
  EXPECT_EQ(decode_base64(" Zm\n9v\t").value(), "foo");
  EXPECT_EQ(decode_base64("Zm8").value(), "fo") << "missing padding";
  EXPECT_EQ(decode_base64("Zg==Zm9v").value(), "f") << "the first = ends it";
  EXPECT_EQ(decode_base64("Z").value(), "") << "six bits make no byte";
}

TEST(Base64, RefusesOtherCharacters) {
  for (const char* text : {"-_-_", "Zm9v*", "Zm\x80"}) {
    auto bytes = decode_base64(text);
    ASSERT_FALSE(bytes) << text;
    EXPECT_EQ(bytes.error().code, Errc::invalid);
  }
  EXPECT_EQ(decode_base64("Zm9-").error().message, "Invalid character '-'");
}

}  // namespace
}  // namespace windlass
