#include "io/secret.hpp"

#include "io/files.hpp"
#include "io/loop_testing.hpp"

#include <gtest/gtest.h>

#include <sys/stat.h>

#include <string>
#include <vector>

namespace windlass {
namespace {

TEST(Secret, IsItselfOrInAFile) {
  TempDir folder;
  ASSERT_TRUE(write_file_atomically(folder / "key", "ann:secret\n", 0600));
  EXPECT_EQ(*read_secret("ann:secret"), "ann:secret");
  EXPECT_EQ(*read_secret(folder / "key"), "ann:secret\n");
  EXPECT_FALSE(read_secret(folder / "missing"));
}

TEST(Secret, AFileThatOthersMayReadIsRefused) {
  TempDir folder;
  ASSERT_TRUE(write_file_atomically(folder / "key", "ann:secret\n", 0600));
  for (const mode_t mode : {0640, 0604, 0620}) {
    ASSERT_EQ(::chmod((folder / "key").c_str(), mode), 0);
    const auto secret = read_secret(folder / "key");
    ASSERT_FALSE(secret) << mode;
    EXPECT_EQ(secret.error().code, Errc::forbidden);
    EXPECT_EQ(secret.error().message.find("secret"), std::string::npos);
  }
}

TEST(Secret, IsHiddenFromPs) {
  std::vector<std::string> words{"windlass",           "up",       "--http_credentials=ann:secret",
                                 "--http_credentials", "bob:hush", "--http_credentials=/etc/key",
                                 "--http_port=80"};
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  hide_secret(static_cast<int>(argv.size()), argv.data(), "--http_credentials");
  EXPECT_EQ(words, (std::vector<std::string>{"windlass", "up", "--http_credentials=**********", "--http_credentials",
                                             "********", "--http_credentials=/etc/key", "--http_port=80"}));
}

}  // namespace
}  // namespace windlass
