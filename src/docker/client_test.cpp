// How the version of the API is agreed on. tests/integration has the rest, with a real Engine.
#include "docker/client.hpp"

#include "io/loop_testing.hpp"
#include "io/task_scope.hpp"

#include <map>

namespace windlass {
namespace {

using asio::ip::tcp;

std::string pong(const std::string& headers) { return "HTTP/1.1 200 OK\r\n" + headers + "Content-Length: 2\r\n\r\nOK"; }

std::string version(const std::string& newest, const std::string& oldest) {
  const std::string body = R"({"ApiVersion":")" + newest + R"(","MinAPIVersion":")" + oldest + R"("})";
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

// Gives the answers in turn, whatever is asked.
class ScriptedDocker {
 public:
  ScriptedDocker(asio::io_context& loop, std::vector<std::string> answers)
      : acceptor_{loop, tcp::endpoint{asio::ip::make_address("127.0.0.1"), 0}},
        answers_{std::move(answers)},
        scope_{loop.get_executor(), nullptr} {
    scope_.spawn("serve", serve());
  }
  [[nodiscard]] std::string host() const {
    return "tcp://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port());
  }
  std::vector<std::string> asked;  // the first line of each request

 private:
  asio::awaitable<void> serve() {
    auto accepted = co_await acceptor_.async_accept(nothrow);
    auto& [error, socket] = accepted;
    if (error) co_return;
    for (const std::string& bytes : answers_) {
      std::string head, piece(4096, '\0');
      while (!head.ends_with("\r\n\r\n")) {
        auto read = co_await socket.async_read_some(asio::buffer(piece), nothrow);
        auto& [read_error, count] = read;
        if (read_error) co_return;
        head.append(piece, 0, count);
      }
      asked.push_back(head.substr(0, head.find('\r')));
      asio::write(socket, asio::buffer(bytes));
    }
  }

  tcp::acceptor acceptor_;
  std::vector<std::string> answers_;
  TaskScope scope_;
};

asio::awaitable<void> connect(DockerClient& client, Result<DockerApiVersion>& agreed) {
  auto connecting = client.connect();
  agreed = co_await std::move(connecting);
}

struct Agreement {
  Result<DockerApiVersion> version;
  std::vector<std::string> asked;
};

Agreement agree(std::vector<std::string> answers) {
  asio::io_context loop;
  ScriptedDocker docker{loop, std::move(answers)};
  auto client = DockerClient::create(loop.get_executor(), docker.host());
  Result<DockerApiVersion> agreed = Error{};
  run_until_done(loop, connect(**client, agreed));
  return {agreed, docker.asked};
}

const std::string ping = "GET /_ping HTTP/1.1", long_way = "GET /version HTTP/1.1";

TEST(DockerClient, APingIsEnoughForAVersionThatWeKnow) {
  const auto [version, asked] = agree({pong("Api-Version: 1.41\r\n")});
  ASSERT_TRUE(version) << to_string(version.error());
  EXPECT_EQ(version->to_string(), "1.41");
  EXPECT_EQ(asked, std::vector{ping});
}

TEST(DockerClient, ANewerEngineSaysWhatElseItSpeaks) {
  const auto fine = agree({pong("Api-Version: 1.99\r\n"), version("1.99", "1.44")});
  ASSERT_TRUE(fine.version) << to_string(fine.version.error());
  EXPECT_EQ(*fine.version, docker_api_newest);
  EXPECT_EQ(fine.asked, (std::vector{ping, long_way}));
  const auto bad = agree({pong("Api-Version: 1.99\r\n"), version("1.99", "1.60")});
  EXPECT_EQ(bad.version.error().code, Errc::unsupported);
}

TEST(DockerClient, APingWithoutAVersionIsNotTheLastWord) {
  const auto silent = agree({pong(""), version("1.41", "1.12")});
  ASSERT_TRUE(silent.version) << to_string(silent.version.error());
  EXPECT_EQ(silent.version->to_string(), "1.41");
  const auto refused = agree({"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", version("1.40", "1.12")});
  ASSERT_TRUE(refused.version) << to_string(refused.version.error());
  EXPECT_EQ(refused.version->to_string(), "1.40");
}

}  // namespace
}  // namespace windlass
