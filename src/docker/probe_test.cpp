// Probes of command tasks, and of containers of a Docker that this test plays. tests/integration has the real one.

#include "docker/probe.hpp"

#include "docker/probe_parts.hpp"
#include "io/fd.hpp"
#include "io/files.hpp"
#include "io/http/server.hpp"
#include "io/loop_testing.hpp"
#include "io/task_scope.hpp"

#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <map>

namespace windlass {
namespace {

using namespace std::chrono_literals;
using asio::ip::tcp;
namespace results = probe_results;

std::string answer(int status, const std::string& body) {
  return "HTTP/1.1 " + std::to_string(status) + " X\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
         body;
}

std::string frame(const std::string& text) {
  return std::string{"\x01\0\0\0\0\0\0", 7} + static_cast<char>(text.size()) + text;
}

const std::string upgraded = "HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n";
const std::string hangs = "hangs";
const std::string running = R"({"Id":"c1","State":{"Running":true,"Pid":1}})";

// Answers each request by its first words, then closes. One that it does not know is never answered.
class FakeDocker {
 public:
  explicit FakeDocker(asio::io_context& loop)
      : acceptor_{loop, tcp::endpoint{asio::ip::make_address("127.0.0.1"), 0}}, scope_{loop.get_executor(), nullptr} {
    answers["GET /_ping"] = "HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\nContent-Length: 2\r\n\r\nOK";
    answers["GET /v1.41/containers/c1/json"] = answer(200, running);
    scope_.spawn("accept", accept());
  }
  std::string host() const { return "tcp://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port()); }
  void close() { acceptor_.close(); }

  // An exec up to its output; its end is what the last answer says.
  void exec(const std::string& output, const std::string& view) {
    answers["POST /v1.41/containers/c1/exec"] = answer(201, R"({"Id":"e1"})");
    answers["POST /v1.41/exec/e1/start"] = upgraded + frame(output);
    answers["GET /v1.41/exec/e1/json"] = answer(200, view);
  }

  std::map<std::string, std::string> answers;
  std::vector<std::string> requests;

 private:
  asio::awaitable<void> accept() {
    while (true) {
      auto accepted = co_await acceptor_.async_accept(nothrow);
      auto& [error, socket] = accepted;
      if (error) co_return;
      scope_.spawn("serve", serve(std::move(socket)));
    }
  }
  asio::awaitable<void> serve(tcp::socket socket) {
    std::string seen, piece(4096, '\0');
    std::size_t head = 0;
    while ((head = seen.find("\r\n\r\n")) == std::string::npos) {
      auto read = co_await socket.async_read_some(asio::buffer(piece), nothrow);
      auto& [error, count] = read;
      if (error) co_return;
      seen.append(piece, 0, count);
    }
    requests.push_back(seen);
    std::string bytes = hangs;
    for (const auto& [words, known] : answers) {
      if (seen.starts_with(words + " ") || seen.starts_with(words + "?")) bytes = known;
    }
    const bool stays = bytes.ends_with(hangs);
    if (stays) bytes.resize(bytes.size() - hangs.size());
    auto written = co_await asio::async_write(socket, asio::buffer(bytes), nothrow);
    static_cast<void>(written);
    if (stays) held_.push_back(std::move(socket));
  }

  tcp::acceptor acceptor_;
  std::vector<tcp::socket> held_;
  TaskScope scope_;
};

struct Bench {
  Bench() {
    client = *DockerClient::create(loop.get_executor(), docker.host());
    auto take = [this](const TaskId&, std::uint64_t, ProbeResult found) { result = std::move(found); };
    runner = std::make_unique<ProbeRunner>(loop.get_executor(), client, take);
  }

  ProbeResult ask(Probe probe, ProbeTarget target) {
    result.reset();
    runner->start({"t1"}, ++number, std::move(probe), std::move(target));
    EXPECT_FALSE(result) << "never from inside the call";
    loop.restart();
    const auto until = std::chrono::steady_clock::now() + 30s;
    while (!result && std::chrono::steady_clock::now() < until) loop.run_one_for(1s);
    EXPECT_TRUE(result) << "no result";
    EXPECT_EQ(runner->running(), 0u);
    return result.value_or(results::Unknown{"no result"});
  }
  ProbeResult run(CommandInfo command, Duration timeout = 20s) { return ask({CommandProbe{command}, timeout}, task()); }
  ProbeResult exec(CommandInfo command, Duration timeout = 20s) {
    return ask({CommandProbe{command}, timeout}, {.container = "c1"});
  }
  ProbeTarget task() {
    ProbeTarget target;
    target.process.env = {"PATH=/usr/bin:/bin", "COLOR=green"};
    target.process.cwd = folder.path;
    return target;
  }
  int pid_in(const std::string& name) {
    const auto text = read_file(folder / name);
    return text ? std::atoi(text->c_str()) : 0;
  }

  TempDir folder;
  asio::io_context loop;
  FakeDocker docker{loop};
  std::shared_ptr<DockerClient> client;
  std::unique_ptr<ProbeRunner> runner;
  std::optional<ProbeResult> result;
  std::uint64_t number = 0;
};

CommandInfo shell(const std::string& value) { return CommandInfo{.value = value}; }

std::string why(const ProbeResult& result) {
  if (const auto* failed = std::get_if<results::Failed>(&result)) return "failed: " + failed->why;
  if (const auto* unknown = std::get_if<results::Unknown>(&result)) return "unknown: " + unknown->why;
  if (const auto* refused = std::get_if<results::Refused>(&result)) return "refused: " + refused->why;
  return "another result, " + std::to_string(result.index());
}

bool ends_soon(int pid) {
  if (pid <= 0) return false;
  const Fd fd{static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))};
  if (fd.value < 0) return errno == ESRCH;
  pollfd waiting{fd.value, POLLIN, 0};
  return ::poll(&waiting, 1, 5000) == 1;
}

// --- commands of command tasks ---------------------------------------------------------------------------------------

TEST(ProcessProbe, TellsExitCodeAndOutput) {
  Bench bench;
  EXPECT_EQ(bench.run(shell("exit 0")), ProbeResult{results::Exited{0}});
  EXPECT_EQ(bench.run(shell("echo out; echo err >&2; exit 3")), (ProbeResult{results::Exited{3, "out\nerr\n"}}));
  EXPECT_EQ(bench.run(shell("kill -9 $$")), ProbeResult{results::Exited{137}});
}

TEST(ProcessProbe, HasTheEnvironmentAndFolderOfTheTask) {
  Bench bench;
  CommandInfo command = shell("echo $COLOR $SHAPE; pwd");
  EXPECT_EQ(bench.run(command), (ProbeResult{results::Exited{0, "green\n" + bench.folder.path + "\n"}}));
  command.environment = {{"COLOR", "red"}, {"SHAPE", "round"}};
  EXPECT_EQ(bench.run(command), (ProbeResult{results::Exited{0, "red round\n" + bench.folder.path + "\n"}}));
}

TEST(ProcessProbe, RunsProgramsWithoutAShell) {
  Bench bench;
  const CommandInfo command{.shell = false, .value = "/bin/echo", .arguments = {"echo", "$COLOR", "b"}};
  EXPECT_EQ(bench.run(command), (ProbeResult{results::Exited{0, "$COLOR b\n"}}));
}

TEST(ProcessProbe, NamesTheProgramThatIsMissing) {
  Bench bench;
  const CommandInfo command{.shell = false, .value = "/bin/nope"};
  EXPECT_EQ(why(bench.run(command)), "failed: exec /bin/nope: No such file or directory");
}

TEST(ProcessProbe, IsKilledAfterItsTimeoutWithAllThatItStarted) {
  Bench bench;
  const auto began = std::chrono::steady_clock::now();
  const auto result = bench.run(shell("echo $$ >first; sleep 1000 & echo $! >second; wait"), 300ms);
  EXPECT_EQ(result, ProbeResult{results::TimedOut{}});
  EXPECT_LT(std::chrono::steady_clock::now() - began, 5s);
  EXPECT_TRUE(ends_soon(bench.pid_in("first")));
  EXPECT_TRUE(ends_soon(bench.pid_in("second")));
}

TEST(ProcessProbe, DoesNotWaitForWhatItLeavesBehind) {
  Bench bench;
  const auto began = std::chrono::steady_clock::now();
  EXPECT_EQ(bench.run(shell("echo up; sleep 1000 & echo $! >second")), (ProbeResult{results::Exited{0, "up\n"}}));
  EXPECT_LT(std::chrono::steady_clock::now() - began, 5s);
  EXPECT_TRUE(ends_soon(bench.pid_in("second")));
}

TEST(ProcessProbe, MuchOutputNeitherBlocksNorFillsMemory) {
  Bench bench;
  const auto result = bench.run(shell("head -c 5000000 /dev/zero | tr '\\0' x; echo; echo the end"));
  const auto* exited = std::get_if<results::Exited>(&result);
  ASSERT_NE(exited, nullptr) << why(result);
  EXPECT_EQ(exited->output.size(), 1024u);
  EXPECT_TRUE(exited->output.ends_with("the end\n"));
}

TEST(ProcessProbe, WithoutTimeoutRunsAsLongAsItLikes) {
  Bench bench;
  EXPECT_EQ(bench.run(shell("sleep 0.3; exit 4"), 0s), ProbeResult{results::Exited{4}});
}

TEST(ProcessProbe, CancelledIsKilledAndSilent) {
  Bench bench;
  bench.runner->start({"t1"}, 1, {CommandProbe{shell("echo $$ >first; exec sleep 1000")}, 0s}, bench.task());
  while (bench.pid_in("first") == 0) bench.loop.run_one_for(20ms);
  bench.runner->cancel({"t1"}, 1);
  bench.runner->cancel({"t1"}, 1);
  bench.runner->cancel({"t2"}, 1);
  bench.loop.restart();
  while (bench.runner->running() > 0) bench.loop.run_one_for(1s);
  EXPECT_FALSE(bench.result);
  EXPECT_TRUE(ends_soon(bench.pid_in("first")));
}

TEST(ProcessProbe, EndsWithItsRunner) {
  Bench bench;
  bench.runner->start({"t1"}, 1, {CommandProbe{shell("echo $$ >first; exec sleep 1000")}, 0s}, bench.task());
  while (bench.pid_in("first") == 0) bench.loop.run_one_for(20ms);
  bench.runner.reset();
  bench.loop.run_for(200ms);
  EXPECT_FALSE(bench.result);
  EXPECT_TRUE(ends_soon(bench.pid_in("first")));
}

TEST(ProcessProbe, OfATaskThatHasEndedSaysNothing) {
  Bench bench;
  ProbeTarget target = bench.task();
  target.pid = 1 << 30;  // nobody has it
  EXPECT_EQ(why(bench.ask({CommandProbe{shell("exit 1")}, 20s}, target)), "unknown: the task has ended");
  EXPECT_EQ(bench.ask({CommandProbe{shell("exit 0")}, 20s}, target), ProbeResult{results::Exited{0}});
  target.pid = ::getpid();
  EXPECT_EQ(bench.ask({CommandProbe{shell("exit 1")}, 20s}, target), ProbeResult{results::Exited{1}});
}

// --- Docker's exec ---------------------------------------------------------------------------------------------------

TEST(ExecProbe, TellsExitCodeAndOutput) {
  Bench bench;
  bench.docker.exec("hello", R"({"Running":false,"ExitCode":7})");
  CommandInfo command = shell("x y");
  command.environment = {{"A", "b"}};
  command.user = "nobody";
  EXPECT_EQ(bench.exec(command), (ProbeResult{results::Exited{7, "hello"}}));
  ASSERT_GE(bench.docker.requests.size(), 2u);
  EXPECT_NE(bench.docker.requests[1].find(R"("Cmd":["sh","-c","x y"],"Env":["A=b"],"User":"nobody")"),
            std::string::npos)
      << bench.docker.requests[1];
}

TEST(ExecProbe, PassesAllArgumentsWithoutAShell) {
  Bench bench;
  bench.docker.exec("", R"({"Running":false,"ExitCode":0})");
  const CommandInfo command{.shell = false, .value = "/bin/x", .arguments = {"-a", "-b"}};
  EXPECT_EQ(bench.exec(command), ProbeResult{results::Exited{0}});
  EXPECT_NE(bench.docker.requests.at(1).find(R"("Cmd":["/bin/x","-a","-b"])"), std::string::npos);
}

struct DockerCase {
  std::string request;
  std::string answer;
  std::string result;
};

TEST(ExecProbe, KnowsWhoseFaultItIs) {
  const std::string exec = "POST /v1.41/containers/c1/exec";
  const std::string inspect = "GET /v1.41/containers/c1/json";
  const std::vector<DockerCase> cases{
      {exec, answer(404, R"({"message":"No such container: c1"})"), "unknown: No such container: c1"},
      {exec, answer(409, R"({"message":"container c1 is not running"})"), "unknown: container c1 is not running"},
      {exec, answer(409, R"({"message":"Container c1 is paused"})"), "failed: Container c1 is paused"},
      {exec, answer(400, R"({"message":"No exec command specified"})"), "failed: No exec command specified"},
      {exec, answer(500, R"({"message":"OCI runtime exec failed"})"), "failed: OCI runtime exec failed"},
      {exec, hangs, "unknown: Docker did not start the command in time"},
      {"POST /v1.41/exec/e1/start", hangs, "unknown: Docker did not start the command in time"}};
  for (const DockerCase& each : cases) {
    Bench bench;
    bench.docker.exec("", R"({"Running":false,"ExitCode":0})");
    bench.docker.answers[each.request] = each.answer;
    EXPECT_EQ(why(bench.exec(shell("x"), 400ms)), each.result);
  }
}

TEST(ExecProbe, DockerThatIsAwayIsNoFailureOfTheTask) {
  Bench bench;
  bench.docker.close();
  const std::string text = why(bench.exec(shell("x")));
  EXPECT_TRUE(text.starts_with("unknown: Cannot connect to the Docker daemon")) << text;
}

TEST(ExecProbe, TooLongIsTimedOut) {
  Bench bench;
  bench.docker.exec("begun", R"({"Running":true,"Pid":0})");
  bench.docker.answers["POST /v1.41/exec/e1/start"] += hangs;
  EXPECT_EQ(bench.exec(shell("x"), 400ms), ProbeResult{results::TimedOut{}});
}

TEST(ExecProbe, KnowsTheGroupsOfAContainer) {
  for (const char* groups : {"4:memory:/docker/c1\n3:cpu:/\n", "0::/system.slice/docker-c1.scope\n", "0::/docker/c1",
                             "0::/machine.slice/libpod-c1.scope/container\n", "0::/mesos/xc1x/c1/init\n"}) {
    EXPECT_TRUE(names_container(groups, "c1")) << groups;
  }
  for (const char* groups : {"", "0::/\n", "4:memory:/api/230c1de7\n", "0::/docker/c12\n", "0::/docker/xc1\n", "c1",
                             "0::/docker-xc1.scope"}) {
    EXPECT_FALSE(names_container(groups, "c1")) << groups;
  }
}

TEST(ExecProbe, NeverKillsAProcessOutsideOfTheContainer) {
  Bench bench;
  ProcessSpec spec{.argv = {"/bin/sleep", "1000"}};
  auto bystander = start_process(spec);
  ASSERT_TRUE(bystander);
  bench.docker.exec("begun", R"({"Running":true,"Pid":)" + std::to_string(bystander->id.pid) + "}");
  bench.docker.answers["POST /v1.41/exec/e1/start"] += hangs;
  EXPECT_EQ(bench.exec(shell("x"), 400ms), ProbeResult{results::TimedOut{}});
  EXPECT_TRUE(is_alive(bystander->id));
  EXPECT_TRUE(kill_session(bystander->id));
}

TEST(ExecProbe, EndedWithItsOutputHeldOpenCounts) {
  Bench bench;
  bench.docker.exec("done", R"({"Running":false,"ExitCode":5})");
  bench.docker.answers["POST /v1.41/exec/e1/start"] += hangs;
  EXPECT_EQ(bench.exec(shell("x"), 400ms), (ProbeResult{results::Exited{5, "done"}}));
}

TEST(ExecProbe, FailureOfAContainerThatHasEndedSaysNothing) {
  Bench bench;
  bench.docker.exec("", R"({"Running":false,"ExitCode":137})");
  bench.docker.answers["GET /v1.41/containers/c1/json"] =
      answer(200, R"({"Id":"c1","State":{"Running":false,"ExitCode":0}})");
  EXPECT_EQ(why(bench.exec(shell("x"))), "unknown: the task has ended");
  bench.docker.answers["GET /v1.41/containers/c1/json"] = answer(404, R"({"message":"No such container: c1"})");
  EXPECT_EQ(why(bench.exec(shell("x"))), "unknown: the task has ended");
  bench.docker.answers["GET /v1.41/containers/c1/json"] = answer(500, R"({"message":"oops"})");
  EXPECT_EQ(bench.exec(shell("x")), ProbeResult{results::Exited{137}}) << "Docker does not say: the failure stands";
}

TEST(DockerHealthProbe, TellsWhatDockerSays) {
  Bench bench;
  const auto ask = [&] { return bench.ask({DockerHealthProbe{}, 400ms}, {.container = "c1"}); };
  EXPECT_EQ(ask(), ProbeResult{results::DockerSays{HealthState::none}});
  bench.docker.answers["GET /v1.41/containers/c1/json"] =
      answer(200, R"({"Id":"c1","State":{"Running":true,"Health":{"Status":"unhealthy"}}})");
  EXPECT_EQ(ask(), ProbeResult{results::DockerSays{HealthState::unhealthy}});
  bench.docker.answers["GET /v1.41/containers/c1/json"] = answer(500, R"({"message":"oops"})");
  EXPECT_EQ(why(ask()), "unknown: oops");
  bench.docker.answers["GET /v1.41/containers/c1/json"] = hangs;
  EXPECT_EQ(ask(), ProbeResult{results::TimedOut{}});
}

// --- HTTP and TCP ----------------------------------------------------------------------------------------------------

// "/status/503" answers so; "/to?<location>" redirects there.
asio::awaitable<HttpResponse> serve_site(HttpRequest request) {
  HttpResponse response{.body = "hello"};
  if (request.path.starts_with("/status/")) response.status = std::atoi(request.path.c_str() + 8);
  if (request.path == "/big") response.body = std::string(3'000'000, 'x');
  if (request.path == "/to") {
    response.status = 302;
    response.headers = {{"Location", request.target.substr(4)}};
  }
  co_return response;
}

struct WebBench : Bench {
  WebBench() { server = *HttpServer::listen(loop.get_executor(), {}, serve_site); }
  ProbeResult get(const std::string& path, Duration timeout = 5s) {
    return ask({HttpProbe{.port = server->port(), .path = path}, timeout}, task());
  }
  std::unique_ptr<HttpServer> server;
};

TEST(HttpProbe, TellsTheStatus) {
  WebBench bench;
  EXPECT_EQ(bench.get(""), ProbeResult{results::Answered{200}});
  EXPECT_EQ(bench.get("/big"), ProbeResult{results::Answered{200}});
  for (const std::uint32_t status : {200U, 204U, 304U, 399U, 400U, 404U, 500U, 503U}) {
    EXPECT_EQ(bench.get("/status/" + std::to_string(status)), ProbeResult{results::Answered{status}});
  }
}

TEST(HttpProbe, FollowsRedirects) {
  WebBench bench;
  const std::string port = std::to_string(bench.server->port());
  EXPECT_EQ(bench.get("/to?/status/503"), ProbeResult{results::Answered{503}});
  EXPECT_EQ(bench.get("/to?status/404"), ProbeResult{results::Answered{404}});
  EXPECT_EQ(bench.get("/to?http://127.0.0.1:" + port + "/to?/status/201"), ProbeResult{results::Answered{201}});
  EXPECT_EQ(bench.get("/to?http://localhost:" + port + "/status/202"), ProbeResult{results::Answered{202}});
  EXPECT_EQ(why(bench.get("/to?ftp://a/")), "failed: redirect: URLs of ftp are not followed");
}

asio::awaitable<HttpResponse> redirect_for_ever(HttpRequest request) {
  HttpResponse response{.status = 301};
  response.headers = {{"Location", request.path + "x"}};
  co_return response;
}

TEST(HttpProbe, GivesUpOnEndlessRedirects) {
  WebBench bench;
  bench.server = *HttpServer::listen(bench.loop.get_executor(), {}, redirect_for_ever);
  EXPECT_EQ(why(bench.get("/")), "failed: more than 50 redirects");
}

TEST(HttpProbe, NamesWhatIsWrong) {
  WebBench bench;
  EXPECT_EQ(why(bench.ask({HttpProbe{.port = 0}, 5s}, bench.task())), "failed: 0 is not a port");
  EXPECT_EQ(why(bench.ask({HttpProbe{.port = 65536}, 5s}, bench.task())), "failed: 65536 is not a port");
  const std::uint16_t port = bench.server->port();
  bench.server.reset();
  const std::string text = why(bench.ask({HttpProbe{.port = port}, 5s}, bench.task()));
  EXPECT_TRUE(text.starts_with("failed: ") && text.ends_with("Connection refused")) << text;
}

// Accepts, says `bytes`, and then nothing more.
struct SilentPeer {
  SilentPeer(asio::io_context& loop, std::string bytes)
      : acceptor{loop, tcp::endpoint{asio::ip::make_address("127.0.0.1"), 0}}, text{std::move(bytes)} {
    acceptor.async_accept([this](const boost::system::error_code& error, tcp::socket accepted) {
      if (error) return;
      peer = std::make_unique<tcp::socket>(std::move(accepted));
      boost::system::error_code ignored;
      asio::write(*peer, asio::buffer(text), ignored);
    });
  }
  tcp::acceptor acceptor;
  std::string text;
  std::unique_ptr<tcp::socket> peer;
};

TEST(HttpProbe, SilenceIsTimedOut) {
  Bench bench;
  SilentPeer peer{bench.loop, ""};
  const HttpProbe probe{.port = peer.acceptor.local_endpoint().port()};
  EXPECT_EQ(bench.ask({probe, 300ms}, bench.task()), ProbeResult{results::TimedOut{}});
}

TEST(HttpProbe, WhatIsNotHttpHasFailed) {
  Bench bench;
  SilentPeer peer{bench.loop, "220 mail.example ESMTP\r\n\r\n"};
  const HttpProbe probe{.port = peer.acceptor.local_endpoint().port()};
  const std::string text = why(bench.ask({probe, 5s}, bench.task()));
  EXPECT_TRUE(text.starts_with("failed: ")) << text;
}

TEST(HttpProbe, DoesNotWaitForABodyWithoutEnd) {
  Bench bench;
  SilentPeer peer{bench.loop, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"};
  const HttpProbe probe{.port = peer.acceptor.local_endpoint().port()};
  EXPECT_EQ(bench.ask({probe, 5s}, bench.task()), ProbeResult{results::Answered{200}});
}

TEST(HttpsProbe, NeedsCurl) {
  Bench bench;
  const std::string path = ::getenv("PATH");
  ::setenv("PATH", bench.folder.path.c_str(), 1);
  EXPECT_EQ(why(bench.ask({HttpProbe{.scheme = "https", .port = 443}, 5s}, bench.task())),
            "failed: checks by HTTPS need curl on the agent, and it is not in its PATH");
  ::setenv("PATH", path.c_str(), 1);
}

TEST(TcpProbe, ConnectsOrNot) {
  Bench bench;
  auto open = std::make_unique<tcp::acceptor>(bench.loop, tcp::endpoint{asio::ip::make_address("127.0.0.1"), 0});
  const TcpProbe probe{.port = open->local_endpoint().port()};
  EXPECT_EQ(bench.ask({probe, 5s}, bench.task()), ProbeResult{results::Connected{}});
  open.reset();
  EXPECT_EQ(why(bench.ask({probe, 5s}, bench.task())),
            "refused: connect to 127.0.0.1:" + std::to_string(probe.port) + ": Connection refused");
  EXPECT_EQ(why(bench.ask({TcpProbe{.port = 70'000}, 5s}, bench.task())), "failed: 70000 is not a port");
}

TEST(TcpProbe, SpeaksIpv6) {
  Bench bench;
  boost::system::error_code error;
  tcp::acceptor open{bench.loop};
  open.open(tcp::v6(), error);
  if (!error) open.bind({asio::ip::make_address("::1"), 0}, error);
  if (error) {
    // A machine without IPv6 says so.
    EXPECT_FALSE(std::holds_alternative<results::Connected>(
        bench.ask({TcpProbe{.port = 1, .family = AddressFamily::ipv6}, 5s}, bench.task())));
    return;
  }
  open.listen();
  const TcpProbe probe{.port = open.local_endpoint().port(), .family = AddressFamily::ipv6};
  EXPECT_EQ(bench.ask({probe, 5s}, bench.task()), ProbeResult{results::Connected{}});
}

// --- the way to a container ------------------------------------------------------------------------------------------

TEST(ProbeRoutes, GoToTheAddressWhenTheNetworkCannotBeEntered) {
  WebBench bench;
  const HttpProbe http{.port = bench.server->port()};
  const ProbeTarget reachable{.container = "c1", .addresses = {{.network = "n", .ipv4 = "127.0.0.1"}}};
  EXPECT_EQ(bench.ask({http, 5s}, reachable), ProbeResult{results::Answered{200}});
  EXPECT_EQ(bench.ask({TcpProbe{.port = http.port}, 5s}, reachable), ProbeResult{results::Connected{}});
  const ProbeTarget host{.container = "c1", .host_network = true};
  EXPECT_EQ(bench.ask({http, 5s}, host), ProbeResult{results::Answered{200}});
  const std::string text =
      "failed: cannot enter the container's network (the container's process is not on this "
      "machine), and it has no ";
  EXPECT_EQ(why(bench.ask({http, 5s}, {.container = "c1"})), text + "IPv4 address");
  EXPECT_EQ(why(bench.ask({TcpProbe{1, AddressFamily::ipv6}, 5s}, reachable)), text + "IPv6 address");
}

TEST(ProbeRoutes, AStrangerWithTheContainersPidIsNotEntered) {
  WebBench bench;
  const ProbeTarget target{.container = "another-container", .pid = ::getpid()};
  EXPECT_TRUE(
      why(bench.ask({HttpProbe{.port = bench.server->port()}, 5s}, target)).starts_with("failed: cannot enter"));
}

TEST(ProbeRoutes, AViewBecomesATarget) {
  const ContainerView view{
      .id = "c1", .pid = 42, .host_network = true, .addresses = {{.network = "n", .ipv4 = "1.2.3.4"}}};
  const ProbeTarget target = probe_target(view);
  EXPECT_EQ(target.container, "c1");
  EXPECT_EQ(target.pid, 42);
  EXPECT_TRUE(target.host_network);
  EXPECT_EQ(target.addresses, view.addresses);
}

}  // namespace
}  // namespace windlass
