#include "docker/registry_credentials.hpp"

#include "io/child.hpp"
#include "io/deadline.hpp"
#include "io/files.hpp"
#include "io/log.hpp"
#include "wire/docker/registry_auth.hpp"

#include <cstdlib>
#include <utility>
#include <vector>

namespace windlass {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t config_bytes_max = 1 << 20;
constexpr std::size_t helper_output_max = 1 << 16;
constexpr auto helper_limit = 30s;  // it may ask a server for a token

struct Config {
  std::string name;  // for the log
  std::string text;
};

void add_file(std::vector<Config>& found, const std::string& path) {
  auto text = read_file(path, config_bytes_max);
  if (text) found.push_back({path, std::move(*text)});
}

std::vector<Config> configs(CredentialPlaces places) {
  std::vector<Config> found;
  if (!places.task.empty()) found.push_back({"the task's", std::move(places.task)});
  for (const char* name : {"/.docker/config.json", "/.dockercfg"}) add_file(found, places.sandbox + name);
  if (places.host.starts_with('{')) {
    found.push_back({"the executor's flag", std::move(places.host)});
  } else if (!places.host.empty()) {
    add_file(found, places.host);
  }
  return found;
}

std::vector<std::string> own_environment() {
  std::vector<std::string> variables;
  for (char** each = ::environ; *each != nullptr; ++each) variables.emplace_back(*each);
  return variables;
}

// It is told the server on its stdin.
asio::awaitable<Result<std::string>> ask_helper(RegistryLogin login) {
  ProcessSpec spec{
      .argv = {"/bin/sh", "-c", R"(printf %s "$2" | "docker-credential-$1" get)", "sh", login.helper, login.server},
      .env = own_environment()};
  auto running = run_child(std::move(spec), {.separate_stderr = true, .most = helper_output_max});
  auto limited = with_deadline<ChildOutcome>(helper_limit, std::move(running));
  auto outcome = co_await std::move(limited);
  const std::string name = "docker-credential-" + login.helper;
  if (!outcome) co_return Error{outcome.error().code, name + ": " + outcome.error().message, {}};
  if (outcome->code != 0) {
    // Docker's helpers say on stdout what is wrong.
    std::string words = outcome->out.empty() ? outcome->err : outcome->out;
    words.erase(words.find_last_not_of(" \r\n") + 1);
    co_return Error{
        Errc::unavailable, name + " exited with status " + std::to_string(outcome->code) + ": " + words, {}};
  }
  auto header = read_helper_login(outcome->out, login.server);
  if (!header) co_return Error{header.error().code, name + ": " + header.error().message, {}};
  co_return header;
}

}  // namespace

std::string host_docker_config(const std::string& flag) {
  if (!flag.empty()) return flag;
  if (const char* folder = ::getenv("DOCKER_CONFIG"); folder != nullptr && *folder != '\0') {
    return std::string{folder} + "/config.json";
  }
  const char* home = ::getenv("HOME");
  return home == nullptr || *home == '\0' ? std::string{} : std::string{home} + "/.docker/config.json";
}

asio::awaitable<std::string> registry_credentials(CredentialPlaces places, std::string image) {
  const std::vector<Config> found = configs(std::move(places));
  for (const Config& config : found) {
    auto login = registry_login(config.text, image);
    if (login && !login->helper.empty()) {
      auto asking = ask_helper(*login);
      auto header = co_await std::move(asking);
      if (header) co_return *header;
      login = header.error();
    }
    if (login && !login->header.empty()) co_return login->header;
    if (!login) log_warning("registry credentials", {{"file", config.name}, {"error", login.error().message}});
  }
  co_return std::string{};
}

}  // namespace windlass
