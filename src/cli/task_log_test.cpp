#include "cli/task_log.hpp"

#include "base/base64.hpp"
#include "cli/client.hpp"

#include <gtest/gtest.h>
#include <boost/json.hpp>

#include <deque>
#include <functional>
#include <map>
#include <sstream>
#include <vector>

namespace windlass {
namespace {

namespace json = boost::json;

// A master with one task, and its agent with the task's files.
class TaskLog : public ::testing::Test {
 protected:
  int run(const std::vector<std::string>& arguments) {
    const ClientWorld world{environment_,
                            [this](const ApiPlace& place) -> Transport {
                              return [this, place](const ApiRequest& request) { return answer(place.url, request); };
                            },
                            in_,
                            out_,
                            err_,
                            [this](std::chrono::milliseconds) {
                              ASSERT_LT(++waits_, 100) << "follows for ever";
                              if (on_wait_) on_wait_(waits_);
                            }};
    std::vector<std::string> all{"task", "log"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    return run_client(all, world);
  }

  Result<ApiReply> answer(const std::string& url, const ApiRequest& request) {
    if (url == master_ && request.target == "/state") return ApiReply{master_status_, state()};
    if (url != "http://10.0.0.9:5051") return Error{Errc::unavailable, "connect: Connection refused", url};
    const json::value call = json::parse(request.body);
    const json::value& read = call.at("read_file");
    const std::string path{read.at("path").as_string()};
    const std::string folder = "/frameworks/F/executors/" + executor_ + "/runs/latest/";
    if (agent_reply_) return *agent_reply_;
    if (!path.starts_with(folder) || !files_.contains(path.substr(folder.size()))) return ApiReply{404, ""};
    const std::string& file = files_[path.substr(folder.size())];
    const auto offset = std::min(read.at("offset").to_number<std::size_t>(), file.size());
    const std::string part = file.substr(offset, read.at("length").to_number<std::size_t>());
    return ApiReply{
        200, json::serialize(json::object{{"type", "READ_FILE"},
                                          {"read_file", {{"size", file.size()}, {"data", encode_base64(part)}}}})};
  }
  std::string state() const {
    if (!state_text_.empty()) return state_text_;
    const json::object task{{"id", "t1"},
                            {"framework_id", "F"},
                            {"executor_id", names_executor_ ? executor_ : ""},
                            {"slave_id", "A"},
                            {"state", task_state_}};
    json::object framework{{"tasks", json::array{}}, {"completed_tasks", json::array{}}};
    framework[task_state_ == "TASK_FINISHED" ? "completed_tasks" : "tasks"].as_array().push_back(task);
    json::object all{{"slaves", json::array{}}};
    if (has_agent_) all["slaves"].as_array().push_back({{"id", "A"}, {"pid", "slave(1)@10.0.0.9:5051"}});
    all[completed_ ? "completed_frameworks" : "frameworks"] = json::array{framework};
    return json::serialize(all);
  }

  std::map<std::string, std::string> environment_;
  std::string master_ = "http://127.0.0.1:5050";
  int master_status_ = 200;
  std::string state_text_;
  std::string executor_ = "x";
  bool names_executor_ = true;
  bool has_agent_ = true;
  bool completed_ = false;
  std::string task_state_ = "TASK_RUNNING";
  std::map<std::string, std::string> files_{{"stdout", "one\ntwo\nthree\n"}, {"stderr", "oh\n"}};
  std::optional<ApiReply> agent_reply_;
  int waits_ = 0;
  std::function<void(int)> on_wait_;
  std::istringstream in_;
  std::ostringstream out_;
  std::ostringstream err_;
};

TEST_F(TaskLog, ShowsWhatATaskHasPrinted) {
  EXPECT_EQ(run({"t1"}), 0) << err_.str();
  EXPECT_EQ(out_.str(), "one\ntwo\nthree\n");
  out_.str("");
  EXPECT_EQ(run({"t1", "--stderr"}), 0);
  EXPECT_EQ(out_.str(), "oh\n");
}

TEST_F(TaskLog, AlsoOfATaskThatHasEndedAndOfOneWithoutAnExecutor) {
  completed_ = true;
  task_state_ = "TASK_FINISHED";
  EXPECT_EQ(run({"t1", "--follow"}), 0) << err_.str();
  EXPECT_EQ(waits_, 0);
  names_executor_ = false;
  executor_ = "t1";
  EXPECT_EQ(run({"t1"}), 0) << err_.str();
  EXPECT_EQ(out_.str(), "one\ntwo\nthree\none\ntwo\nthree\n");
}

TEST_F(TaskLog, ShowsTheLastLines) {
  const auto last = [&](const std::string& lines, const std::string& text) {
    files_["stdout"] = text;
    out_.str("");
    EXPECT_EQ(run({"t1", "-n", lines}), 0) << err_.str();
    return out_.str();
  };
  EXPECT_EQ(last("2", "one\ntwo\nthree\n"), "two\nthree\n");
  EXPECT_EQ(last("2", "one\ntwo\nthr"), "two\nthr") << "a line that is being written counts";
  EXPECT_EQ(last("9", "one\ntwo\n"), "one\ntwo\n");
  EXPECT_EQ(last("0", "one\n"), "");
  EXPECT_EQ(last("1", ""), "");
  EXPECT_EQ(last("1", "\n\n"), "\n");
  const std::string large(200'000, 'x');
  EXPECT_EQ(last("2", "a\n" + large + "\n" + large + "\n"), large + "\n" + large + "\n") << "in several pieces";
  EXPECT_EQ(last("500", std::string("\xff\x00\n", 3)), std::string("\xff\x00\n", 3)) << "byte for byte";
}

TEST_F(TaskLog, FollowsUntilTheTaskHasEnded) {
  on_wait_ = [&](int waits) {
    if (waits == 1) files_["stdout"] += "four\n";
    if (waits == 3) files_["stdout"] = "new\n";  // rotated
    if (waits == 5) {
      task_state_ = "TASK_FINISHED";
      files_["stdout"] += "bye\n";
    }
  };
  EXPECT_EQ(run({"t1", "-f", "-n", "1"}), 0) << err_.str();
  EXPECT_EQ(out_.str(), "three\nfour\nnew\nbye\n");
}

TEST_F(TaskLog, TheMasterIsBesideTheApiUnlessToldOtherwise) {
  master_ = "http://box:5050";
  EXPECT_EQ(run({"t1", "--url=http://box:8080"}), 0) << err_.str();
  master_ = "http://m:1";
  environment_["WINDLASS_MASTER"] = "m:1";
  EXPECT_EQ(run({"t1"}), 0);
  master_ = "http://n:2";
  EXPECT_EQ(run({"t1", "--master=n:2"}), 0);
  master_ = "http://127.0.0.1:5050";
  environment_["WINDLASS_MASTER"] = "embedded";
  EXPECT_EQ(run({"t1"}), 0);
}

TEST_F(TaskLog, SaysWhyThereIsNothingToShow) {
  const auto refused = [&](int code) {
    err_.str("");
    EXPECT_EQ(run({"t1"}), code);
    return err_.str();
  };
  const auto says = [&](const std::string& text, const std::string& words) {
    EXPECT_NE(text.find(words), std::string::npos) << text;
  };
  files_.clear();
  says(refused(1), "runs/latest/stdout: there is no output yet, or its sandbox is gone");
  agent_reply_ = ApiReply{200, R"({"read_file":{"data":"--"}})"};
  says(refused(1), "the answer to READ_FILE is not Mesos'");
  agent_reply_ = ApiReply{500, "boom"};
  says(refused(3), "answered with status 500: boom");
  has_agent_ = false;
  says(refused(1), "the agent A, which has the task's output, is away");
  state_text_ = "{}";
  says(refused(1), "there is no task 't1'; `windlass task list` shows them");
  state_text_ = "<html>";
  says(refused(1), "the answer to /state is not JSON");
  master_status_ = 307;
  says(refused(3), "answered with status 307");
  master_ = "http://elsewhere:5050";
  says(refused(3), "--master=HOST:PORT");
}

TEST_F(TaskLog, AnAgentThatGoesAwayEndsIt) {
  on_wait_ = [&](int waits) {
    if (waits == 2) agent_reply_ = ApiReply{503, ""};
  };
  EXPECT_EQ(run({"t1", "-f"}), 3);
  waits_ = 0;
  agent_reply_.reset();
  on_wait_ = [&](int) { state_text_ = "{}"; };
  EXPECT_EQ(run({"t1", "-f"}), 1) << "the master has forgotten the task";
}

}  // namespace
}  // namespace windlass
