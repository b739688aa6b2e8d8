#include "agent/sandbox_collector.hpp"

#include "io/files.hpp"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <set>
#include <string>

namespace windlass {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

class Collector : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "collector-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    settings_.work_dir = name;
  }
  void TearDown() override { fs::remove_all(settings_.work_dir); }

  // A sandbox that was last used so long ago.
  std::string make(const std::string& executor, const std::string& container, Duration ago) {
    const std::string runs = settings_.work_dir + "/slaves/S0/frameworks/F0/executors/" + executor + "/runs";
    const std::string sandbox = runs + "/" + container;
    EXPECT_TRUE(make_directories(sandbox));
    EXPECT_TRUE(write_file_atomically(sandbox + "/stdout", "x"));
    ::unlink((runs + "/latest").c_str());
    EXPECT_EQ(::symlink(container.c_str(), (runs + "/latest").c_str()), 0);
    touch(sandbox + "/stdout", ago);
    touch(sandbox, ago);
    return sandbox;
  }
  void touch(const std::string& path, Duration ago) const {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now_.time_since_epoch() - ago).count();
    const timespec times[2] = {{seconds, 0}, {seconds, 0}};
    EXPECT_EQ(::utimensat(AT_FDCWD, path.c_str(), times, 0), 0);
  }
  using Paths = std::vector<std::string>;

  CollectorSettings settings_;
  const TimePoint now_ = TimePoint{std::chrono::seconds{1'800'000'000}};
};

TEST_F(Collector, TheFullerTheDiskTheSooner) {
  settings_.gc_delay = 100h;
  EXPECT_EQ(allowed_age(settings_, 0), 90h);
  EXPECT_NEAR(static_cast<double>(allowed_age(settings_, 0.5).count()), static_cast<double>(Duration{40h}.count()),
              1e3);
  EXPECT_EQ(allowed_age(settings_, 0.9), 0h);
  EXPECT_EQ(allowed_age(settings_, 1), 0h);
}

TEST_F(Collector, OldOnesGoAndThoseInUseStay) {
  const std::string old = make("a", "c1", 200h);
  make("b", "c2", 200h);
  make("c", "c3", 100h);
  EXPECT_EQ(old_sandboxes(settings_, {"c2"}, 0.0, now_), Paths{old}) << "a week, less the headroom, is 151 h";
  EXPECT_EQ(old_sandboxes(settings_, {"c1", "c2"}, 0.5, now_).size(), 1u) << "67 h on a disk that is half full";
}

TEST_F(Collector, TheLastHourIsKeptUnlessTheDiskIsFull) {
  make("a", "c1", 59min);
  make("b", "c2", 61min);
  settings_.gc_delay = 1min;
  EXPECT_EQ(old_sandboxes(settings_, {}, 0.0, now_).size(), 1u);
  EXPECT_EQ(old_sandboxes(settings_, {}, 0.95, now_).size(), 2u);
}

TEST_F(Collector, WhatStillWritesIsInUse) {
  const std::string sandbox = make("a", "c1", 200h);
  touch(sandbox + "/stdout", 1h);
  EXPECT_TRUE(old_sandboxes(settings_, {}, 0.0, now_).empty());
}

TEST_F(Collector, EmptyFoldersAboveGoToo) {
  const std::string first = make("a", "c1", 200h);
  const std::string second = make("a", "c2", 200h);
  remove_sandbox(settings_, first);
  EXPECT_FALSE(fs::exists(first));
  EXPECT_TRUE(fs::exists(fs::path{second}.parent_path() / "latest"));
  remove_sandbox(settings_, second);
  EXPECT_FALSE(fs::exists(settings_.work_dir + "/slaves"));
  EXPECT_TRUE(fs::exists(settings_.work_dir));
}

TEST_F(Collector, AnUnknownDiskIsNotFull) { EXPECT_EQ(used_share("/no/such/path"), 0); }

}  // namespace
}  // namespace windlass
