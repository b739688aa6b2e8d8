#include "docker/registry_credentials.hpp"

#include "io/deadline.hpp"
#include "io/files.hpp"
#include "io/log.hpp"
#include "io/process/child.hpp"
#include "model/container_spec.hpp"
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

// One of the places, and what became of it.
struct Place {
  std::string name;
  std::string text = {};   // of the configuration; empty: there is none
  std::string found = {};  // in words
};

Place file_place(std::string name, const std::string& path) {
  auto text = read_file(path, config_bytes_max);
  if (text) return {std::move(name), std::move(*text), {}};
  return {std::move(name), {}, text.error().code == Errc::not_found ? "not there" : to_string(text.error())};
}

std::vector<Place> places_of(CredentialPlaces from) {
  std::vector<Place> places;
  places.push_back({"the task's own configuration", std::move(from.task), {}});
  // Both names, as Mesos looks for them (mesos.md 4.3).
  for (const char* name : {".docker/config.json", ".dockercfg"}) {
    places.push_back(file_place(std::string{name} + " in the sandbox", from.sandbox + "/" + name));
  }
  // Mesos' flag --docker_config may be the JSON itself.
  if (from.host.starts_with('{')) {
    places.push_back({"--docker_config", std::move(from.host), {}});
  } else if (!from.host.empty()) {
    places.push_back(file_place(from.host + " of the agent", from.host));
  }
  for (Place& place : places) {
    if (place.text.empty() && place.found.empty()) place.found = "none";
  }
  return places;
}

// A configuration that was fetched as it is has the name of the real one, and lies beside it.
std::string misplaced_config(const std::string& sandbox, const std::string& image) {
  auto text = read_file(sandbox + "/config.json", config_bytes_max);
  if (!text) return {};
  const auto login = registry_login(*text, image);
  const bool knows = login && (!login->header.empty() || !login->helper.empty());
  return std::string{". The sandbox has a config.json"} + (knows ? " with a login for it" : "") +
         ", which is not looked at: fetch it as .docker/config.json (output_file)";
}

std::string describe(const std::vector<Place>& places, const std::string& image) {
  std::string text = "no login for " + registry_of(image) + " in ";
  for (const Place& place : places) {
    if (&place != &places.front()) text += ", ";
    text += place.name + " (" + place.found + ")";
  }
  return text;
}

std::vector<std::string> own_environment() {
  std::vector<std::string> variables;
  for (char** each = ::environ; *each != nullptr; ++each) variables.emplace_back(*each);
  return variables;
}

// It is told the server on its stdin.
asio::awaitable<Result<std::string>> ask_helper(RegistryLogin login) {
  ProcessSpec spec{
      // The shell only connects the stdin; names come as arguments, so that nothing in them is ever a command.
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

asio::awaitable<Credentials> registry_credentials(CredentialPlaces from, std::string image) {
  const std::string sandbox = from.sandbox;
  std::vector<Place> places = places_of(std::move(from));
  // A place that is broken, or does not know the registry, is passed over: the next may know it, and else the pull is
  // anonymous, which many registries allow. What was found stays for the message.
  for (Place& place : places) {
    if (place.text.empty()) continue;
    auto login = registry_login(place.text, image);
    if (login && !login->helper.empty()) {
      auto asking = ask_helper(*login);
      auto header = co_await std::move(asking);
      if (header) co_return Credentials{*header, "the login is from " + place.name + ", by " + login->helper};
      login = header.error();
    }
    if (login && !login->header.empty()) co_return Credentials{login->header, "the login is from " + place.name};
    place.found = login ? "does not have it" : to_string(login.error());
    if (!login) log_warning("registry credentials", {{"file", place.name}, {"error", login.error().message}});
  }
  co_return Credentials{{}, describe(places, image) + misplaced_config(sandbox, image)};
}

bool is_about_login(std::string_view words) {
  const auto has = [&](const char* part) { return words.find(part) != std::string_view::npos; };
  // Several registries answer "denied" for an image that does not exist, so as not to say which do.
  return has("denied") || has("unauthorized") || has("authentication required") || has("basic auth") ||
         has("docker login");
}

}  // namespace windlass
