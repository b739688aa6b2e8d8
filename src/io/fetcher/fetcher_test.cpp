#include "io/fetcher/fetcher.hpp"

#include "io/files.hpp"
#include "io/loop_testing.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <thread>

namespace windlass {
namespace {

struct Member {
  std::string name;
  std::string content;
  unsigned type = AE_IFREG;
  std::string link = {};  // of a symbolic link, or (with type AE_IFREG) a hard link
  mode_t mode = 0644;
};

void write_archive(const std::string& path, const std::vector<Member>& members) {
  archive* out = archive_write_new();
  if (path.ends_with(".zip")) {
    archive_write_set_format_zip(out);
  } else {
    archive_write_set_format_pax_restricted(out);
    if (path.ends_with("gz")) archive_write_add_filter_gzip(out);
    if (path.ends_with("bz2")) archive_write_add_filter_bzip2(out);
    if (path.ends_with("xz")) archive_write_add_filter_xz(out);
  }
  ASSERT_EQ(archive_write_open_filename(out, path.c_str()), ARCHIVE_OK);
  for (const Member& member : members) {
    archive_entry* entry = archive_entry_new();
    archive_entry_set_pathname(entry, member.name.c_str());
    archive_entry_set_filetype(entry, member.type);
    archive_entry_set_perm(entry, member.mode);
    archive_entry_set_size(entry, static_cast<la_int64_t>(member.content.size()));
    if (member.type == AE_IFLNK) archive_entry_set_symlink(entry, member.link.c_str());
    if (member.type == AE_IFREG && !member.link.empty()) archive_entry_set_hardlink(entry, member.link.c_str());
    ASSERT_GE(archive_write_header(out, entry), ARCHIVE_WARN) << archive_error_string(out);
    archive_write_data(out, member.content.data(), member.content.size());
    archive_entry_free(entry);
  }
  archive_write_close(out);
  archive_write_free(out);
}

// The folders: <temp>/sandbox, and <temp>/outside where a file lies that must not change.
class Fetcher : public testing::Test {
 protected:
  void SetUp() override {
    ::chmod(folder.path.c_str(), 0755);
    ASSERT_TRUE(make_directories(sandbox));
    ASSERT_TRUE(make_directories(folder / "outside"));
    ASSERT_TRUE(append_file(folder / "outside/victim", "safe"));
  }
  void TearDown() override {
    EXPECT_EQ(*read_file(folder / "outside/victim"), "safe") << "something left the sandbox";
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator{folder / "outside"}, {}), 1);
  }

  Result<void> get(const FetchUri& uri, const std::string& user = {}) {
    return fetch(FetchJob{.uris = {uri}, .sandbox = sandbox, .user = user, .log_path = {}});
  }
  std::string in_sandbox(const std::string& name) const {
    auto text = read_file(sandbox + "/" + name);
    return text ? *text : to_string(text.error());
  }
  std::string log() const { return in_sandbox("stderr"); }

  TempDir folder;
  const std::string sandbox = folder / "sandbox";
};

TEST(FetchFileName, FollowsTheRulesOfMesos) {
  const auto name = [](const std::string& value, const std::string& output = {}) {
    auto result = fetch_file_name(FetchUri{.value = value, .output_file = output});
    return result ? *result : "error: " + result.error().message;
  };
  EXPECT_EQ(name("  http://host/a/b.tgz"), "b.tgz");
  EXPECT_EQ(name("http://host/a?x=y"), "a?x=y");
  EXPECT_EQ(name("/local/file"), "file");
  EXPECT_EQ(name("http://host/a", "dir/b"), "dir/b");
  EXPECT_EQ(name("http://host"), "error: Malformed URI (missing path): http://host");
  EXPECT_EQ(name("http://host/"), "error: Malformed URI (missing path): http://host/");
  EXPECT_EQ(name("http://host/a'b"), "error: Illegal characters in URI");
  EXPECT_EQ(name("http://host/a\\b"), "error: Illegal characters in URI");
  EXPECT_EQ(name(std::string{"/a\0b", 4}), "error: Illegal characters in URI");
  for (const char* output : {"/etc/x", "../x", "a/../../x", "a/", ".", "a/.."}) {
    EXPECT_TRUE(name("http://host/a", output).starts_with("error: ")) << output;
  }
}

TEST_F(Fetcher, CopiesLocalFiles) {
  ASSERT_TRUE(append_file(folder / "source", "content"));
  ASSERT_TRUE(get({.value = folder / "source"}));
  EXPECT_EQ(in_sandbox("source"), "content");
  ASSERT_TRUE(get({.value = "file://localhost" + (folder / "source"), .executable = true, .output_file = "d/e/f"}));
  EXPECT_EQ(in_sandbox("d/e/f"), "content");
  EXPECT_EQ(::access((sandbox + "/d/e/f").c_str(), X_OK), 0);
  EXPECT_NE(log().find("Fetching URI '" + (folder / "source") + "'"), std::string::npos);
}

TEST_F(Fetcher, LogsAndReturnsWhatFailed) {
  auto missing = get({.value = folder / "missing"});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, Errc::not_found);
  EXPECT_NE(log().find(missing.error().message), std::string::npos);
  EXPECT_EQ(get({.value = "relative/path"}).error().code, Errc::invalid);
  EXPECT_EQ(get({.value = "hdfs://host/path"}).error().code, Errc::unsupported);
  EXPECT_EQ(get({.value = "http://127.0.0.1:1/file"}).error().code, Errc::unavailable);
  EXPECT_EQ(get({.value = "/etc/hostname"}, "no-such-user").error().code, Errc::invalid);
}

TEST_F(Fetcher, ActsAsTheUser) {
  ASSERT_EQ(::geteuid(), 0U) << "this test needs root";
  ASSERT_TRUE(change_owner(sandbox, "nobody"));
  EXPECT_EQ(get({.value = "/etc/shadow"}, "nobody").error().code, Errc::forbidden);
  write_archive(folder / "a.tar", {{"dir/file", "x"}});
  ASSERT_TRUE(get({.value = folder / "a.tar"}, "nobody"));
  struct stat status {};
  ASSERT_EQ(::stat((sandbox + "/dir/file").c_str(), &status), 0);
  EXPECT_EQ(status.st_uid, ::getpwnam("nobody")->pw_uid);
  EXPECT_EQ(read_file("/etc/shadow").has_value(), true) << "this thread has lost its identity";
}

TEST_F(Fetcher, ExtractsEveryKindOfArchive) {
  for (const char* ending : {".tar", ".tgz", ".tar.gz", ".tbz2", ".tar.bz2", ".txz", ".tar.xz", ".zip"}) {
    SCOPED_TRACE(ending);
    const std::string path = folder / (std::string{"a"} + ending);
    write_archive(path, {{"tree/script", std::string{"from "} + ending, AE_IFREG, "", 04755}});
    auto fetched = get({.value = path});
    ASSERT_TRUE(fetched) << to_string(fetched.error());
    EXPECT_EQ(in_sandbox("tree/script"), std::string{"from "} + ending);
    struct stat status {};
    ::stat((sandbox + "/tree/script").c_str(), &status);
    EXPECT_EQ(status.st_mode & 07777, 0755U);
    EXPECT_EQ(::access((sandbox + "/a" + ending).c_str(), F_OK), 0) << "the archive itself remains";
  }
  ASSERT_EQ(std::system(("printf text | gzip > " + (folder / "plain.txt.gz")).c_str()), 0);
  ASSERT_TRUE(get({.value = folder / "plain.txt.gz"}));
  EXPECT_EQ(in_sandbox("plain.txt"), "text");
}

TEST_F(Fetcher, DoesNotExtractWhenToldSo) {
  write_archive(folder / "b.tar", {{"inner", "x"}});
  ASSERT_TRUE(get({.value = folder / "b.tar", .extract = false}));
  ASSERT_TRUE(get({.value = folder / "b.tar", .executable = true}));
  EXPECT_FALSE(std::filesystem::exists(sandbox + "/inner"));
}

TEST_F(Fetcher, RefusesDamagedArchives) {
  ASSERT_TRUE(append_file(folder / "bad.tar.gz", "neither tar nor gzip"));
  EXPECT_EQ(get({.value = folder / "bad.tar.gz"}).error().code, Errc::malformed);
  ASSERT_TRUE(append_file(folder / "bad.txt.gz", "not gzip"));
  EXPECT_EQ(get({.value = folder / "bad.txt.gz"}).error().code, Errc::malformed);
  write_archive(folder / "whole.tgz", {{"f", std::string(100'000, 'x')}});
  auto bytes = read_file(folder / "whole.tgz");
  ASSERT_TRUE(append_file(folder / "half.tgz", bytes->substr(0, bytes->size() / 2)));
  EXPECT_EQ(get({.value = folder / "half.tgz"}).error().code, Errc::malformed);
}

TEST_F(Fetcher, ArchivesCannotLeaveTheSandbox) {
  const std::string outside = folder / "outside";
  int number = 0;
  const auto attack = [&](const std::vector<Member>& members, const char* ending = ".tar") {
    const std::string path = folder / ("attack" + std::to_string(++number) + ending);
    write_archive(path, members);
    return get({.value = path});
  };
  EXPECT_FALSE(attack({{"../outside/victim", "evil"}}));
  EXPECT_FALSE(attack({{"../outside/victim", "evil"}}, ".zip"));
  EXPECT_FALSE(attack({{"a/../../outside/new", "evil"}}));
  EXPECT_TRUE(attack({{outside + "/victim", "evil"}}));  // lands below the sandbox
  EXPECT_EQ(in_sandbox(outside + "/victim"), "evil");
  EXPECT_TRUE(attack({{"link", "", AE_IFLNK, outside}, {"link/victim", "evil"}}));  // the folder replaces the link
  EXPECT_EQ(in_sandbox("link/victim"), "evil");
  EXPECT_TRUE(attack({{"link2", "", AE_IFLNK, "../outside"}, {"link2/new", "evil"}}));
  EXPECT_EQ(in_sandbox("link2/new"), "evil");
  static_cast<void>(attack({{"file", "", AE_IFLNK, outside + "/victim"}, {"file", "evil"}}));
  static_cast<void>(attack({{"hard", "", AE_IFREG, outside + "/victim"}, {"hard", "evil"}}));
  EXPECT_FALSE(attack({{"hard2", "", AE_IFREG, "../outside/victim"}, {"hard2", "evil"}}));
  EXPECT_FALSE(attack({{"device", "", AE_IFCHR}}));
  // What an archive plants, the next URI does not follow.
  ASSERT_TRUE(attack({{"planted", "", AE_IFLNK, outside + "/victim"}, {"dir", "", AE_IFLNK, outside}}));
  ASSERT_TRUE(append_file(folder / "planted", "evil"));
  EXPECT_TRUE(get({.value = folder / "planted"}));
  EXPECT_EQ(in_sandbox("planted"), "evil");
  EXPECT_FALSE(get({.value = folder / "planted", .output_file = "dir/new"}));
}

// python3 -m http.server on a port of its own choice.
class WebSite {
 public:
  explicit WebSite(const std::string& folder) {
    const std::string serve = "exec python3 -u -m http.server --bind 127.0.0.1 0 2>/dev/null & echo $!; wait";
    pipe_ = ::popen(("cd " + folder + " && " + serve).c_str(), "r");
    char line[256] = {};
    while (port == 0 && std::fgets(line, sizeof line, pipe_) != nullptr) {
      if (std::sscanf(line, "Serving HTTP on 127.0.0.1 port %d", &port) != 1) pid_ = std::atoi(line);
    }
  }
  ~WebSite() {
    if (pid_ > 0) ::kill(pid_, SIGTERM);
    ::pclose(pipe_);
  }
  [[nodiscard]] std::string url(const std::string& path) const {
    return "http://127.0.0.1:" + std::to_string(port) + "/" + path;
  }
  int port = 0;

 private:
  FILE* pipe_ = nullptr;
  pid_t pid_ = 0;
};

TEST_F(Fetcher, DownloadsOverHttp) {
  TempDir web;
  write_archive(web / "a.tgz", {{"from_web", "yes"}});
  const WebSite site{web.path};
  ASSERT_NE(site.port, 0);
  auto fetched = get({.value = site.url("a.tgz")});
  ASSERT_TRUE(fetched) << to_string(fetched.error());
  EXPECT_EQ(in_sandbox("from_web"), "yes");
  auto missing = get({.value = site.url("missing")});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().message,
            "Failed to fetch '" + site.url("missing") + "': Error downloading resource, received HTTP return code 404");
}

TEST_F(Fetcher, PasswordsAreInNoMessage) {
  TempDir web;
  write_archive(web / "a.tgz", {{"from_web", "yes"}});
  const WebSite site{web.path};
  ASSERT_NE(site.port, 0);
  const std::string place = "hush@127.0.0.1:" + std::to_string(site.port);
  ASSERT_TRUE(get({.value = "http://ann:" + place + "/a.tgz"}));
  auto missing = get({.value = "http://ann:" + place + "/missing"});
  ASSERT_FALSE(missing);
  EXPECT_TRUE(missing.error().message.starts_with("Failed to fetch 'http://ann:***@127.0.0.1:"))
      << missing.error().message;
  EXPECT_EQ(log().find("hush"), std::string::npos) << log();
}

// A server that sends a head and then nothing.
class Silence {
 public:
  Silence() : acceptor_{loop_, {asio::ip::make_address("127.0.0.1"), 0}}, thread_{[this] { serve(); }} {}
  ~Silence() { thread_.join(); }  // ends when the client gives up
  [[nodiscard]] std::string url() const {
    return "http://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port()) + "/file";
  }
  std::atomic<bool> reached = false;

 private:
  void serve() {
    acceptor_.accept(socket_);
    asio::write(socket_, asio::buffer(std::string{"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort"}));
    reached = true;
    char piece[512];
    boost::system::error_code ignored;
    while (!ignored) socket_.read_some(asio::buffer(piece), ignored);
  }
  asio::io_context loop_;
  asio::ip::tcp::acceptor acceptor_;
  asio::ip::tcp::socket socket_{loop_};
  std::thread thread_;
};

TEST_F(Fetcher, GivesUpOnAStalledServer) {
  Silence silence;
  auto stalled =
      fetch(FetchJob{.uris = {{.value = silence.url()}}, .sandbox = sandbox, .stall_timeout = std::chrono::seconds{1}});
  ASSERT_FALSE(stalled);
  EXPECT_EQ(stalled.error().code, Errc::timeout);
}

TEST_F(Fetcher, CountsWhatItMoves) {
  std::atomic<std::uint64_t> moved = 0;
  std::ofstream{sandbox + "/source"} << std::string(100'000, 'x');
  const std::string copy = sandbox + "/source";
  ASSERT_TRUE(fetch(FetchJob{.uris = {{.value = copy, .output_file = "copy"}}, .sandbox = sandbox, .moved = &moved}));
  EXPECT_EQ(moved, 100'000U);
  Silence silence;
  ASSERT_FALSE(fetch(FetchJob{.uris = {{.value = silence.url()}},
                              .sandbox = sandbox,
                              .stall_timeout = std::chrono::seconds{1},
                              .moved = &moved}));
  EXPECT_EQ(moved, 100'005U);
}

TEST_F(Fetcher, CanBeCancelled) {
  Silence silence;
  std::atomic<bool> cancelled = false;
  std::thread canceller{[&] {
    while (!silence.reached) std::this_thread::yield();
    cancelled = true;
  }};
  auto result = fetch(FetchJob{.uris = {{.value = silence.url()}}, .sandbox = sandbox, .cancelled = &cancelled});
  canceller.join();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Errc::cancelled);
}

}  // namespace
}  // namespace windlass
