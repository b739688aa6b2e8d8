#include "agent/launcher.hpp"

#include "agent/sandbox.hpp"
#include "io/files.hpp"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>

#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <variant>
#include <vector>

namespace windlass {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

class Launcher : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "launcher-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    work_dir_ = name;
    settings_.work_dir = name;
    settings_.executor_program = "/bin/false";
    settings_.cgroups_root = "launcher-test-" + fs::path{name}.filename().string();
    make_launcher();
  }

  void TearDown() override {
    stop_launcher();
    fs::remove_all(work_dir_);
  }

  void make_launcher() {
    launcher_ = std::make_unique<ExecutorLauncher>(
        loop_.get_executor(), settings_, [] { return AgentId{"S0"}; },
        [this](engine::Event event) { events_.push_back(std::move(event)); });
  }

  void stop_launcher() {
    bool stopped = false;
    asio::co_spawn(loop_, launcher_->stop(), [&](const std::exception_ptr&) { stopped = true; });
    while (!stopped) {
      loop_.restart();
      loop_.run_one_for(10s);
    }
    launcher_.reset();
  }

  static engine::LaunchExecutor call(const std::string& container, const std::string& command) {
    engine::LaunchExecutor launch;
    launch.container_id = {container};
    launch.framework.id = {"F0"};
    launch.executor.id = {"e-" + container};
    launch.executor.command = CommandInfo{.value = command};
    return launch;
  }

  static ExecutorRecord record_of(const engine::ExecutorStarted& started) {
    ExecutorRecord record;
    record.pid = started.pid;
    record.start_time = started.start_time;
    record.boot_id = started.boot_id;
    return record;
  }

  // Runs the loop until an event of that kind is there, at most 20 s.
  template <class Kind>
  Kind await() {
    const auto until = std::chrono::steady_clock::now() + 20s;
    while (std::chrono::steady_clock::now() < until) {
      for (std::size_t i = 0; i < events_.size(); ++i) {
        if (!std::holds_alternative<Kind>(events_[i])) continue;
        Kind found = std::get<Kind>(events_[i]);
        events_.erase(events_.begin() + static_cast<std::ptrdiff_t>(i));
        return found;
      }
      loop_.restart();
      loop_.run_one_for(100ms);
    }
    ADD_FAILURE() << "the event did not come";
    return {};
  }

  std::string work_dir_;
  ExecutorLauncher::Settings settings_;
  asio::io_context loop_;
  std::unique_ptr<ExecutorLauncher> launcher_;
  std::vector<engine::Event> events_;
};

TEST_F(Launcher, RunsTheCommandAndReportsItsEnd) {
  launcher_->launch(call("c1", "echo out; echo err >&2; pwd; exit 3"));
  const auto started = await<engine::ExecutorStarted>();
  EXPECT_GT(started.pid, 0);
  EXPECT_FALSE(started.boot_id.empty());
  const auto exited = await<engine::ExecutorExited>();
  EXPECT_EQ(exited.wait_status, 3 << 8);
  EXPECT_EQ(read_file(started.directory + "/stdout").value(), "out\n" + started.directory + "\n");
  EXPECT_EQ(read_file(started.directory + "/stderr").value(), "err\n");
}

TEST_F(Launcher, FailuresNameTheirCause) {
  auto no_file = call("c1", "true");
  no_file.uris = {{.value = "/no/such/file"}};
  launcher_->launch(no_file);
  const std::string fetched = await<engine::ExecutorLaunchFailed>().message;
  EXPECT_TRUE(fetched.starts_with("Failed to fetch all URIs for container 'c1'")) << fetched;

  auto no_user = call("c2", "true");
  no_user.user = "no-such-user-here";
  launcher_->launch(no_user);
  EXPECT_NE(await<engine::ExecutorLaunchFailed>().message.find("no-such-user-here"), std::string::npos);

  auto no_program = call("c3", "");
  no_program.executor.command = CommandInfo{.shell = false, .value = "/no/such/program"};
  launcher_->launch(no_program);
  EXPECT_NE(await<engine::ExecutorLaunchFailed>().message.find("/no/such/program"), std::string::npos);
}

TEST_F(Launcher, DestroyEndsTheWholeFamily) {
  ASSERT_EQ(::prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
  launcher_->launch(call("c1", "sleep 300 & sleep 300; true"));
  const auto started = await<engine::ExecutorStarted>();
  launcher_->destroy({"c1"});
  const auto exited = await<engine::ExecutorExited>();
  EXPECT_EQ(exited.wait_status, SIGKILL);
  // What the executor has left is ours to wait for, since we are its reaper.
  for (int status = 0; ::waitpid(static_cast<pid_t>(-started.pid), &status, 0) > 0;) {
    EXPECT_TRUE(WIFSIGNALED(status)) << "it ended by itself";
  }
  EXPECT_EQ(::kill(static_cast<pid_t>(-started.pid), 0), -1) << "processes of the session are left";
}

TEST_F(Launcher, DestroyDuringTheLaunchIsNotLost) {
  launcher_->launch(call("c1", "sleep 300"));
  launcher_->destroy({"c1"});
  EXPECT_EQ(await<engine::ExecutorLaunchFailed>().message, "The executor is not needed any more");
}

TEST_F(Launcher, TheEndComesWithItsLastWords) {
  launcher_->launch(call("c1", "echo one >&2; echo 'the reason' >&2; echo >&2; exit 127"));
  const auto exited = await<engine::ExecutorExited>();
  EXPECT_EQ(exited.how, "exited with status 127");
  EXPECT_EQ(exited.last_words, "the reason");
}

TEST_F(Launcher, LastWordsAreReadFromTheSandboxOnly) {
  launcher_->launch(call("c1", "rm stderr; ln -s /etc/passwd stderr; exit 1"));
  EXPECT_EQ(await<engine::ExecutorExited>().last_words, "");
}

TEST_F(Launcher, DestroyEndsADownloadAndNothingIsStarted) {
  // A listener that accepts and says nothing: the download would go on until it is given up.
  asio::ip::tcp::acceptor silent{loop_, {asio::ip::make_address("127.0.0.1"), 0}};
  engine::LaunchExecutor launch = call("c1", "touch started; sleep 1000");
  launch.uris = {{.value = "http://127.0.0.1:" + std::to_string(silent.local_endpoint().port()) + "/file"}};
  launcher_->launch(launch);
  launcher_->destroy({"c1"});
  const auto failed = await<engine::ExecutorLaunchFailed>();
  EXPECT_NE(failed.message.find("cancelled"), std::string::npos) << failed.message;
}

TEST_F(Launcher, AFetchThatMovesIsToldAndOneThatStandsStillIsNot) {
  stop_launcher();
  settings_.fetch_report_interval = 20ms;
  make_launcher();
  // The first bytes come at once, the others never.
  asio::ip::tcp::acceptor acceptor{loop_, {asio::ip::make_address("127.0.0.1"), 0}};
  asio::ip::tcp::socket socket{loop_};
  const std::string head = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort";
  acceptor.async_accept(socket, [&](const boost::system::error_code& error) {
    if (!error) asio::write(socket, asio::buffer(head));
  });
  engine::LaunchExecutor launch = call("c1", "true");
  launch.uris = {{.value = "http://127.0.0.1:" + std::to_string(acceptor.local_endpoint().port()) + "/file"}};
  launcher_->launch(launch);
  EXPECT_EQ(await<engine::ExecutorFetching>().bytes, 5U);
  loop_.restart();
  loop_.run_for(200ms);
  EXPECT_TRUE(events_.empty()) << "nothing has moved since";
  launcher_->destroy({"c1"});
  await<engine::ExecutorLaunchFailed>();
}

TEST_F(Launcher, AReaperThatHasLeftItsGroupIsWaitedFor) {
  launcher_->launch(call("c1", "MESOS_DIRECTORY=$MESOS_DIRECTORY setsid sh -c 'sleep 0.5; echo gone >late' & exit 0"));
  const auto started = await<engine::ExecutorStarted>();
  await<engine::ExecutorExited>();
  EXPECT_TRUE(fs::exists(started.directory + "/late"));
}

TEST_F(Launcher, DestroyOfOneThatNeverRanIsAnswered) {
  launcher_->destroy({"nowhere"});
  EXPECT_EQ(await<engine::ExecutorExited>().container_id, ContainerId{"nowhere"});
}

TEST_F(Launcher, ASecondLaunchTakesOverTheRunningProcess) {
  launcher_->launch(call("c1", "exec sleep 300"));
  const auto first = await<engine::ExecutorStarted>();
  stop_launcher();  // as after kill -9 of the engine: the process lives on
  make_launcher();
  launcher_->launch(call("c1", "exec sleep 300"));
  const auto second = await<engine::ExecutorStarted>();
  EXPECT_EQ(second.pid, first.pid);
  EXPECT_EQ(second.start_time, first.start_time);
  launcher_->destroy({"c1"});
  (void)await<engine::ExecutorExited>();
}

TEST_F(Launcher, StoppingLeavesExecutorsAloneAlsoWithoutCgroups) {
  stop_launcher();
  settings_.cgroups = false;
  make_launcher();
  launcher_->launch(call("c1", "sleep 300"));
  const auto started = await<engine::ExecutorStarted>();
  stop_launcher();
  EXPECT_EQ(::kill(static_cast<pid_t>(started.pid), 0), 0) << "the executor was killed";
  EXPECT_TRUE(events_.empty());
  make_launcher();
  launcher_->resume({"c1"}, record_of(started));
  launcher_->destroy({"c1"});
  (void)await<engine::ExecutorExited>();
}

TEST_F(Launcher, ResumeTellsTheDeadFromTheLiving) {
  launcher_->launch(call("c1", "exec sleep 300"));
  const auto started = await<engine::ExecutorStarted>();
  stop_launcher();
  make_launcher();
  ExecutorRecord record = record_of(started);
  launcher_->resume({"c1"}, record);
  ::kill(static_cast<pid_t>(started.pid), SIGTERM);
  EXPECT_EQ(await<engine::ExecutorExited>().container_id, ContainerId{"c1"});

  record.start_time += 1;  // the pid belongs to somebody else now
  launcher_->resume({"c2"}, record);
  const auto gone = await<engine::ExecutorExited>();
  EXPECT_EQ(gone.container_id, ContainerId{"c2"});
  EXPECT_FALSE(gone.wait_status);
}

}  // namespace
}  // namespace windlass
