#include "io/process/disk_usage.hpp"

#include "io/files.hpp"
#include "io/loop_testing.hpp"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>

namespace windlass {
namespace {

constexpr std::size_t plenty = 1'000'000;

// The oracle: du, which counts as we say that we count.
std::uint64_t du(const std::string& options, const std::string& folders) {
  FILE* pipe = ::popen(("du -s -B1 -x " + options + " -c " + folders + " | tail -n 1").c_str(), "r");
  unsigned long long bytes = 0;
  EXPECT_EQ(std::fscanf(pipe, "%llu", &bytes), 1);
  ::pclose(pipe);
  return bytes;
}

TEST(DiskUsage, CountsAsDuDoes) {
  TempDir folder;
  ASSERT_TRUE(make_directories(folder / "a/b/c/d"));
  ASSERT_TRUE(make_directories(folder / "e"));
  ASSERT_TRUE(append_file(folder / "a/b/big", std::string(300'000, 'x')));
  ASSERT_TRUE(append_file(folder / "a/b/c/d/small", "x"));
  ASSERT_TRUE(append_file(folder / "sparse", "x"));
  ASSERT_EQ(::truncate((folder / "sparse").c_str(), 1LL << 30), 0);
  for (int i = 0; i < 300; ++i) ASSERT_TRUE(append_file(folder / "e/file" + std::to_string(i), std::string(5000, 'x')));
  std::filesystem::create_hard_link(folder / "a/b/big", folder / "e/also");
  std::filesystem::create_directory_symlink("/usr", folder / "usr");
  auto bytes = disk_usage({folder.path}, plenty);
  ASSERT_TRUE(bytes) << to_string(bytes.error());
  EXPECT_EQ(*bytes, du("", folder.path));
  EXPECT_GT(*bytes, 1'800'000U);
  EXPECT_LT(*bytes, 4'000'000U) << "holes take no room, two names are one file, links are not followed";
}

TEST(DiskUsage, SeveralFoldersAndMissingOnes) {
  TempDir one, two;
  ASSERT_TRUE(append_file(one / "file", std::string(100'000, 'x')));
  ASSERT_TRUE(append_file(two / "file", std::string(200'000, 'x')));
  EXPECT_EQ(*disk_usage({one.path, "/no/such", two.path}, plenty), du("", one.path + " " + two.path));
  EXPECT_EQ(*disk_usage({}, plenty), 0U);
  EXPECT_EQ(*disk_usage({one / "file"}, plenty), 0U) << "not a folder";
}

TEST(DiskUsage, PiecesAddUp) {
  TempDir folder;
  for (int i = 0; i < 40; ++i) {
    const std::string inner = folder / "d" + std::to_string(i % 8) + "/e" + std::to_string(i);
    ASSERT_TRUE(make_directories(inner));
    for (int j = 0; j < 10; ++j) ASSERT_TRUE(append_file(inner + "/f" + std::to_string(j), std::string(3000, 'x')));
  }
  const std::uint64_t expected = *disk_usage({folder.path}, plenty);
  EXPECT_EQ(expected, du("", folder.path));
  for (const std::size_t piece : {1U, 2U, 7U, 100U}) {
    DiskUsage usage{{folder.path}};
    std::size_t calls = 0;
    std::uint64_t entries = 0;
    while (!usage.advance(piece)) {
      ++calls;
      EXPECT_LE(usage.entries() - entries, piece) << "bounded work";
      entries = usage.entries();
      ASSERT_LT(calls, 10'000U);
    }
    EXPECT_EQ(usage.bytes(), expected) << piece;
    EXPECT_EQ(usage.entries(), 8U + 40 + 400);
    EXPECT_GE(calls, 448 / piece - 1) << piece;
    EXPECT_TRUE(usage.advance(piece)) << "it stays done";
    EXPECT_EQ(usage.bytes(), expected);
  }
  EXPECT_EQ(disk_usage({folder.path}, 100).error().code, Errc::timeout);
}

TEST(DiskUsage, OtherFileSystemsAreNotCounted) {
  auto root = disk_usage({"/dev"}, plenty);
  ASSERT_TRUE(root);
  EXPECT_EQ(*root, du("", "/dev")) << "/dev/shm and /dev/pts are others";
}

TEST(DiskUsage, WhatVanishesMeanwhileIsNoError) {
  TempDir folder;
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(make_directories(folder / "a/b/c" + std::to_string(i)));
  DiskUsage usage{{folder.path}};
  EXPECT_FALSE(usage.advance(6));  // somewhere inside of a
  ASSERT_TRUE(remove_tree(folder / "a"));
  std::size_t calls = 0;
  while (!usage.advance(1)) ASSERT_LT(++calls, 100U);
  EXPECT_GT(usage.bytes(), 0U);
}

TEST(ProjectQuota, IsThatOfTheMountWhichHoldsThePath) {
  TempDir folder;
  ASSERT_TRUE(append_file(folder / "mountinfo",
                          "25 1 8:1 / / rw - ext4 /dev/vda rw\n"
                          "36 25 8:2 / /var/lib/docker rw,noatime shared:1 master:2 - xfs /dev/sdb rw,attr2,prjquota\n"
                          "37 25 8:3 / /var/lib/docker2 rw - xfs /dev/sdc rw,attr2,noquota\n"
                          "38 25 8:4 / /over rw - xfs /dev/sdd rw,pquota\n"
                          "39 38 8:5 / /over rw - ext4 /dev/sde rw\n\nx\n"));
  const auto has = [&](const std::string& path) { return has_project_quota(path, folder / "mountinfo"); };
  EXPECT_TRUE(has("/var/lib/docker"));
  EXPECT_TRUE(has("/var/lib/docker/overlay2/x"));
  EXPECT_FALSE(has("/var/lib/docker2"));
  EXPECT_FALSE(has("/var/lib/docker3")) << "its name only begins as that of another";
  EXPECT_FALSE(has("/var/lib"));
  EXPECT_FALSE(has("/over")) << "what was mounted last counts";
  EXPECT_FALSE(has(""));
  EXPECT_FALSE(has_project_quota("/var/lib/docker", folder / "missing"));
}

}  // namespace
}  // namespace windlass
