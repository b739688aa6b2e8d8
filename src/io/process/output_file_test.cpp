#include "io/process/output_file.hpp"

#include "io/files.hpp"
#include "io/process/command_output.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <gtest/gtest.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <exception>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace windlass {
namespace {

namespace fs = std::filesystem;

std::string line_of(int number, std::size_t size) {
  std::string line = "line " + std::to_string(number) + " ";
  line.resize(size - 1, '.');
  return line + "\n";
}

class OutputFileTest : public ::testing::Test {
 protected:
  OutputFileTest() {
    char name[] = "/tmp/windlass-output-XXXXXX";
    folder_ = ::mkdtemp(name);
    fd_ = open("stdout");
  }
  ~OutputFileTest() override { fs::remove_all(folder_); }

  [[nodiscard]] Fd open(const std::string& name) const {
    return Fd{::open((folder_ + "/" + name).c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640)};
  }
  [[nodiscard]] std::string text(const std::string& name) const {
    auto found = read_file(folder_ + "/" + name);
    return found ? *found : std::string{"(none)"};
  }
  // What all files hold, the oldest first.
  [[nodiscard]] std::string all() const {
    std::string text_of_all;
    for (int number = 99; number >= 0; --number) {
      const std::string name = number == 0 ? "stdout" : "stdout." + std::to_string(number);
      if (fs::exists(folder_ + "/" + name)) text_of_all += text(name);
    }
    return text_of_all;
  }
  [[nodiscard]] std::size_t count() const {
    const fs::directory_iterator files{folder_};
    return static_cast<std::size_t>(std::distance(begin(files), end(files)));
  }
  static void write(OutputFile& file, std::string_view bytes) {
    EXPECT_EQ(file.take(bytes).count(), 0);
    EXPECT_TRUE(bytes.empty());
  }

  std::string folder_;
  Fd fd_;
};

TEST_F(OutputFileTest, WithoutALimitItGrows) {
  OutputFile file{fd_.value, {}};
  EXPECT_FALSE(file.rotates());
  write(file, std::string(100'000, 'x'));
  EXPECT_EQ(text("stdout").size(), 100'000U);
  EXPECT_EQ(count(), 1U);
}

TEST_F(OutputFileTest, RotatesAtTheEndOfALine) {
  OutputFile file{fd_.value, {.file_bytes = 4096, .files = 100}};
  std::string expected;
  for (int i = 0; i < 1000; ++i) {
    const std::string line = line_of(i, 30 + static_cast<std::size_t>(i * 7 % 90));
    expected += line;
    write(file, line);
  }
  EXPECT_EQ(all(), expected);
  for (const auto& entry : fs::directory_iterator{folder_}) {
    EXPECT_LE(entry.file_size(), 4096U) << entry.path();
    EXPECT_EQ(text(entry.path().filename()).back(), '\n') << entry.path();
    const bool is_current = entry.path().filename() == "stdout";
    EXPECT_TRUE(is_current || entry.file_size() >= 3072U) << entry.path();
  }
}

TEST_F(OutputFileTest, WhateverThePiecesAre) {
  std::string expected;
  for (int i = 0; i < 2000; ++i) expected += line_of(i, 20 + static_cast<std::size_t>(i * 13 % 50));
  for (const std::size_t size : {1U, 3U, 1000U, 4096U, 5000U, 70'000U}) {
    SCOPED_TRACE(size);
    fs::remove_all(folder_);
    fs::create_directory(folder_);
    const Fd fd = open("stdout");
    OutputFile file{fd.value, {.file_bytes = 4096, .files = 100}};
    for (std::size_t at = 0; at < expected.size(); at += size) write(file, expected.substr(at, size));
    EXPECT_EQ(all(), expected);
    for (const auto& entry : fs::directory_iterator{folder_}) {
      EXPECT_LE(entry.file_size(), 4096U) << entry.path();
      const std::string found = text(entry.path().filename());
      EXPECT_EQ(found.rfind("line ", 0), 0U) << entry.path();
    }
  }
}

TEST_F(OutputFileTest, TheOldestFileGoes) {
  OutputFile file{fd_.value, {.file_bytes = 4096, .files = 3}};
  std::string expected;
  for (int i = 0; i < 1000; ++i) {
    expected += line_of(i, 64);
    write(file, line_of(i, 64));
  }
  EXPECT_EQ(count(), 3U);
  EXPECT_TRUE(fs::exists(folder_ + "/stdout.1") && fs::exists(folder_ + "/stdout.2"));
  EXPECT_TRUE(expected.ends_with(all())) << "the newest output, without a gap";
}

TEST_F(OutputFileTest, OneFileBeginsAnew) {
  OutputFile file{fd_.value, {.file_bytes = 4096, .files = 1}};
  for (int i = 0; i < 1000; ++i) write(file, line_of(i, 64));
  EXPECT_EQ(count(), 1U);
  EXPECT_LE(text("stdout").size(), 4096U);
  EXPECT_TRUE(text("stdout").ends_with(line_of(999, 64)));
}

TEST_F(OutputFileTest, LinesThatAreTooLongAreCut) {
  OutputFile file{fd_.value, {.file_bytes = 4096, .files = 100}};
  const std::string line(10'000, 'x');
  write(file, "short\n" + line + "\n" + line);
  EXPECT_EQ(all(), "short\n" + line + "\n" + line);
  EXPECT_EQ(text("stdout.6"), "short\n");
  EXPECT_EQ(text("stdout.5").size(), 4096U);
}

TEST_F(OutputFileTest, TheSameDescriptorIsTheNewFile) {
  ASSERT_EQ(::fchmod(fd_.value, 0604), 0);
  const int before = fd_.value;
  OutputFile file{fd_.value, {.file_bytes = 4096}};
  write(file, line_of(1, 4000));
  write(file, line_of(2, 4000));
  ASSERT_EQ(::write(before, "own\n", 4), 4);
  EXPECT_EQ(text("stdout"), line_of(2, 4000) + "own\n");
  EXPECT_EQ(text("stdout.1"), line_of(1, 4000));
  struct stat status {};
  ASSERT_EQ(::stat((folder_ + "/stdout").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0604U);
  EXPECT_NE(::fcntl(before, F_GETFD) & FD_CLOEXEC, 0);
}

TEST_F(OutputFileTest, WhatOthersWriteCounts) {
  OutputFile file{fd_.value, {.file_bytes = 4096}};
  ASSERT_EQ(::write(fd_.value, line_of(1, 4000).data(), 4000), 4000);
  write(file, line_of(2, 4000));
  EXPECT_EQ(text("stdout"), line_of(2, 4000));
}

TEST_F(OutputFileTest, ADeletedSandboxDoesNotFillTheDisk) {
  OutputFile file{fd_.value, {.file_bytes = 4096}};
  write(file, line_of(1, 4000));
  fs::remove_all(folder_);
  for (int i = 0; i < 100; ++i) write(file, line_of(i, 4000));
  struct stat status {};
  ASSERT_EQ(::fstat(fd_.value, &status), 0);
  EXPECT_LE(status.st_size, 4096);
  EXPECT_EQ(file.take_problem(), "");
}

TEST_F(OutputFileTest, AFileThatWasTakenAwayIsMadeAgain) {
  OutputFile file{fd_.value, {.file_bytes = 4096}};
  write(file, line_of(1, 4000));
  fs::remove(folder_ + "/stdout");
  write(file, line_of(2, 4000));
  EXPECT_EQ(text("stdout"), line_of(2, 4000));
  EXPECT_FALSE(fs::exists(folder_ + "/stdout.1"));
}

TEST_F(OutputFileTest, WhatCannotBeRotatedGrowsAndSaysSo) {
  fs::create_directories(folder_ + "/stdout.1/not-empty");
  OutputFile file{fd_.value, {.file_bytes = 4096, .files = 2}};
  std::string expected;
  for (int i = 0; i < 3; ++i) {
    expected += line_of(i, 3500);
    write(file, line_of(i, 3500));
    EXPECT_EQ(file.take_problem(), i > 0 ? "Is a directory" : "") << "tried again when as much has come once more";
    EXPECT_EQ(file.take_problem(), "");
  }
  EXPECT_EQ(text("stdout"), expected);
  fs::remove_all(folder_ + "/stdout.1");
  write(file, line_of(3, 3500));
  EXPECT_EQ(text("stdout"), line_of(3, 3500));
  EXPECT_EQ(text("stdout.1"), expected);
}

TEST_F(OutputFileTest, SymbolicLinksLeadNowhere) {
  const Fd other = open("precious");
  ASSERT_EQ(::write(other.value, "keep", 4), 4);
  OutputFile file{fd_.value, {.file_bytes = 4096}};
  write(file, line_of(1, 4000));
  for (const char* name : {"stdout", ".stdout.new", "stdout.1"}) {
    fs::remove(folder_ + "/" + name);
    fs::create_symlink("precious", folder_ + "/" + name);
  }
  write(file, line_of(2, 4000));
  EXPECT_EQ(text("precious"), "keep");
  EXPECT_EQ(text("stdout"), line_of(2, 4000));
  EXPECT_FALSE(fs::is_symlink(folder_ + "/stdout"));
}

TEST_F(OutputFileTest, AFullDiskIsWaitedFor) {
  const Fd full{::open("/dev/full", O_WRONLY)};
  OutputFile file{full.value, {.file_bytes = 4096}};
  EXPECT_FALSE(file.rotates()) << "no regular file";
  std::string_view bytes = "text";
  EXPECT_GT(file.take(bytes).count(), 0);
  EXPECT_EQ(bytes, "text");
}

TEST_F(OutputFileTest, APipeWaitsForItsReader) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  Fd reading{ends[0]};
  const Fd writing{ends[1]};
  OutputFile file{writing.value, {.file_bytes = 4096}};
  const std::string much(1 << 20, 'x');
  std::string_view bytes = much;
  EXPECT_GT(file.take(bytes).count(), 0);
  EXPECT_FALSE(bytes.empty());
  reading = Fd{};  // swapped: closed with the temporary
  ::signal(SIGPIPE, SIG_IGN);
  EXPECT_EQ(file.take(bytes).count(), 0);
  EXPECT_TRUE(bytes.empty()) << "nobody will read it";
}

// --- the pipes of a command task -----------------------------------------------------------------------------------

class CommandOutputTest : public OutputFileTest {
 protected:
  CommandOutputTest() {
    err_fd_ = open("stderr");
    out_.emplace(fd_.value, LogLimits{.file_bytes = 4096, .files = 100});
    err_.emplace(err_fd_.value, LogLimits{.file_bytes = 4096, .files = 100});
    auto made = CommandOutput::create(loop_.get_executor(), *out_, *err_);
    EXPECT_TRUE(made);
    output_ = std::move(*made);
    for (auto copying : {&CommandOutput::copy_out, &CommandOutput::copy_err}) spawn(((*output_).*copying)());
  }
  void spawn(asio::awaitable<void> work) {
    asio::co_spawn(loop_, std::move(work), [](const std::exception_ptr& error) { EXPECT_EQ(error, nullptr); });
  }

  asio::io_context loop_;
  Fd err_fd_;
  std::optional<OutputFile> out_, err_;
  std::unique_ptr<CommandOutput> output_;
};

TEST_F(CommandOutputTest, IsRotated) {
  std::string expected;
  for (int i = 0; i < 500; ++i) expected += line_of(i, 64);
  ASSERT_EQ(::write(output_->out_end(), expected.data(), expected.size()), static_cast<ssize_t>(expected.size()));
  ASSERT_EQ(::write(output_->err_end(), "error\n", 6), 6);
  output_->close_ends();
  spawn(output_->drained());
  loop_.run();
  EXPECT_EQ(all(), expected);
  EXPECT_LE(text("stdout").size(), 4096U);
  EXPECT_EQ(text("stderr"), "error\n");
}

}  // namespace
}  // namespace windlass
