#include "docker/client.hpp"

#include "io/http/message.hpp"
#include "wire/docker/container_body.hpp"

#include <chrono>
#include <utility>

namespace windlass {

namespace {

using namespace std::chrono_literals;

// For calls that only ask, or that Docker answers at once.
constexpr auto short_limit = 30s;
constexpr auto pull_head_limit = 60s;  // until the registry has said something
// To create, start and remove: volume plugins and slow disks take their time.
constexpr auto long_limit = 120s;
// Engines with an API before 1.30 send the head of the answer to wait only when the container has ended.
constexpr auto wait_limit = 24h * 365;
constexpr DockerApiVersion early_wait_head{30};

constexpr std::size_t refusal_bytes_max = 16 * 1024;

Errc code_of(int status) {
  switch (status) {
    case 400: return Errc::invalid;
    case 401:
    case 403: return Errc::forbidden;
    case 404: return Errc::not_found;
    case 409: return Errc::conflict;
    // Docker says nearly everything else with 500, and so a code tells less than the words.
    default: return Errc::internal;
  }
}

Error refusal(int status, std::string_view body) {
  std::string text = read_error_text(body);
  if (text.empty()) text = "Docker answered with status " + std::to_string(status);
  return Error{code_of(status), std::move(text), {}};
}

// An upgrade that was refused has the answer's body at the end of its message.
Error in_dockers_words(const Error& error) {
  const auto body = error.message.find(": {");
  const std::string text = body == std::string::npos ? std::string{} : read_error_text(error.message.substr(body + 2));
  return text.empty() ? error : Error{error.code, text, {}};
}

// 304 is the answer to a start of what runs already: what was asked for is so.
bool is_good(int status) { return (status >= 200 && status < 300) || status == 304; }

std::string container_path(const std::string& id, const std::string& rest) {
  return "/containers/" + percent_encode(id) + rest;
}

asio::awaitable<Result<std::string>> read_all(StreamingResponse& stream, std::size_t bytes_max) {
  std::string body;
  while (true) {
    // Without a limit: a wait sends its first byte when the container ends.
    auto reading = stream.read_some(0ms);
    auto bytes = co_await std::move(reading);
    if (!bytes) co_return bytes.error();
    if (bytes->empty()) co_return body;
    body += *bytes;
    if (body.size() > bytes_max) co_return Error{Errc::malformed, "Docker's answer is too long", {}};
  }
}

// Docker: "cgroup-parent for systemd cgroup should be …"; Podman: "… when using systemd to manage cgroups".
bool is_about_groups(const Error& error) {
  return error.message.find("cgroup") != std::string::npos && error.message.find("systemd") != std::string::npos;
}

}  // namespace

Result<std::unique_ptr<DockerClient>> DockerClient::create(asio::any_io_executor loop, std::string host) {
  // One connection is enough: a task makes one call after the other, and each kept one costs memory here and in Docker.
  auto client = HttpClient::create(std::move(loop), host, {.idle_connections_max = 1});
  if (!client) return Error{Errc::invalid, "DOCKER_HOST: " + to_string(client.error()), {}};
  return std::unique_ptr<DockerClient>{new DockerClient{std::move(*client), std::move(host)}};
}

DockerClient::DockerClient(std::unique_ptr<HttpClient> client, std::string host)
    : client_{std::move(client)}, host_{std::move(host)} {}

Error DockerClient::unreachable(const Error& error) {
  // It may come back as another Engine, which speaks other versions.
  version_.reset();
  if (error.code != Errc::unavailable) return Error{error.code, "Docker at " + host_ + ": " + error.message, {}};
  return Error{
      error.code, "Cannot connect to the Docker daemon at " + host_ + " (" + error.message + "). Is it running?", {}};
}

asio::awaitable<Result<DockerApiVersion>> DockerClient::connect() {
  if (version_) co_return *version_;
  // First the ping: its header says the newest version, and that costs the Engine a tenth of GET /version.
  auto pinging = client_->request({.method = "GET", .target = "/_ping"}, short_limit);
  auto pong = co_await std::move(pinging);
  if (!pong) co_return unreachable(pong.error());
  const std::string* newest = find_header(pong->headers, "Api-Version");
  // An Engine that is newer than we are has to say in /version whether it still speaks ours.
  if (is_good(pong->status) && newest != nullptr) version_ = docker_api_of_ping(*newest);
  if (version_) co_return *version_;
  auto asking = client_->request({.method = "GET", .target = "/version"}, short_limit);
  auto answer = co_await std::move(asking);
  if (!answer) co_return unreachable(answer.error());
  if (!is_good(answer->status)) co_return refusal(answer->status, answer->body);
  auto version = negotiate_docker_api(answer->body);
  if (!version) co_return version.error();
  version_ = *version;
  co_return *version;
}

// Another Engine may have come in the place of the one that was asked: then it is asked again, once.
bool DockerClient::speaks_otherwise(const Error& refused, bool asked_again) {
  if (asked_again || !is_version_refusal(refused.message)) return false;
  version_.reset();
  return true;
}

asio::awaitable<Result<HttpClientRequest>> DockerClient::in_its_version(const HttpClientRequest& request) {
  auto connecting = connect();
  auto connected = co_await std::move(connecting);
  if (!connected) co_return connected.error();
  HttpClientRequest versioned = request;
  // Always with a version: calls without one mean the Engine's newest, and are on their way out.
  versioned.target = "/v" + connected->to_string() + request.target;
  co_return versioned;
}

asio::awaitable<Result<HttpClientResponse>> DockerClient::exchange(HttpClientRequest request,
                                                                   std::chrono::milliseconds limit) {
  // At most twice: a refusal of the version the second time is not about an Engine that has been exchanged.
  for (bool again = false;; again = true) {
    auto preparing = in_its_version(request);
    auto versioned = co_await std::move(preparing);
    if (!versioned) co_return versioned.error();
    auto asking = client_->request(std::move(*versioned), limit);
    auto answer = co_await std::move(asking);
    if (!answer) co_return unreachable(answer.error());
    if (is_good(answer->status)) co_return std::move(*answer);
    const Error refused = refusal(answer->status, answer->body);
    if (!speaks_otherwise(refused, again)) co_return refused;
  }
}

asio::awaitable<Result<StreamingResponse>> DockerClient::open(HttpClientRequest request,
                                                              std::chrono::milliseconds limit) {
  for (bool again = false;; again = true) {
    auto preparing = in_its_version(request);
    auto versioned = co_await std::move(preparing);
    if (!versioned) co_return versioned.error();
    auto opening = client_->open_stream(std::move(*versioned), limit);
    auto stream = co_await std::move(opening);
    if (!stream) co_return unreachable(stream.error());
    if (is_good(stream->status())) co_return std::move(*stream);
    const int status = stream->status();
    auto reading = read_all(*stream, refusal_bytes_max);
    auto body = co_await std::move(reading);
    const Error refused = refusal(status, body ? *body : std::string{});
    if (!speaks_otherwise(refused, again)) co_return refused;
  }
}

asio::awaitable<Result<RawConnection>> DockerClient::upgrade(HttpClientRequest request) {
  for (bool again = false;; again = true) {
    auto preparing = in_its_version(request);
    auto versioned = co_await std::move(preparing);
    if (!versioned) co_return versioned.error();
    auto upgrading = client_->upgrade(std::move(*versioned), short_limit);
    auto upgraded = co_await std::move(upgrading);
    if (upgraded) co_return std::move(*upgraded);
    const Error refused = in_dockers_words(upgraded.error());
    if (!speaks_otherwise(refused, again)) co_return refused;
  }
}

asio::awaitable<Result<DockerStorage>> DockerClient::storage() {
  auto asking = exchange({.method = "GET", .target = "/info"}, short_limit);
  auto answer = co_await std::move(asking);
  if (!answer) co_return answer.error();
  co_return read_docker_storage(answer->body);
}

asio::awaitable<Result<std::optional<DockerImage>>> DockerClient::inspect_image(std::string image) {
  // The Engine's routes expect the slashes, the colon and the "@" of a name as they are.
  const std::string target = "/images/" + percent_encode(image, "/:@") + "/json";
  auto asking = exchange({.method = "GET", .target = target}, short_limit);
  auto answer = co_await std::move(asking);
  // "Not here" is an answer and no error: the pull follows.
  if (!answer && answer.error().code == Errc::not_found) co_return std::optional<DockerImage>{};
  if (!answer) co_return answer.error();
  auto read = read_image(answer->body);
  if (!read) co_return read.error();
  co_return std::optional<DockerImage>{std::move(*read)};
}

asio::awaitable<Result<void>> DockerClient::pull(std::string image, std::string registry_auth, OnProgress on_progress,
                                                 std::string platform) {
  pull_cancelled_ = false;
  HttpClientRequest request{.method = "POST", .target = "/images/create?fromImage=" + percent_encode(image)};
  if (!platform.empty()) request.target += "&platform=" + percent_encode(platform);
  if (!registry_auth.empty()) request.headers.emplace_back("X-Registry-Auth", std::move(registry_auth));
  auto opening = open(std::move(request), pull_head_limit);
  auto opened = co_await std::move(opening);
  // Docker says most failures of a pull with status 500; only its words tell an image that is not there from a registry
  // that is away.
  if (!opened && opened.error().code == Errc::internal) {
    co_return Error{pull_error_code(opened.error().message), opened.error().message, {}};
  }
  if (!opened) co_return opened.error();
  // A cancellation while the request was being opened has found no stream that it could close.
  if (pull_cancelled_) co_return Error{Errc::cancelled, "the pull was cancelled", {}};
  pulling_ = std::move(*opened);
  auto reading = read_pull(std::move(on_progress));
  auto outcome = co_await std::move(reading);
  co_return outcome;
}

asio::awaitable<Result<void>> DockerClient::read_pull(OnProgress on_progress) {
  PullReader reader;
  while (true) {
    auto reading = pulling_.read_some(0ms);
    auto bytes = co_await std::move(reading);
    // Before the bytes are looked at: a stream that we closed ourselves reads like one that was lost.
    if (pull_cancelled_) co_return Error{Errc::cancelled, "the pull was cancelled", {}};
    if (!bytes) co_return unreachable(bytes.error());
    if (bytes->empty()) co_return Result<void>{};
    auto fed = reader.feed(*bytes);
    if (!fed) co_return fed.error();
    on_progress(reader);
  }
}

void DockerClient::cancel_pull() {
  pull_cancelled_ = true;
  // Docker ends a pull whose client has gone.
  pulling_.close();
}

asio::awaitable<Result<std::string>> DockerClient::create_container(ContainerSpec spec, std::string own_group) {
  ContainerSpec without = spec;
  auto creating = create_as_said(std::move(spec));
  auto created = co_await std::move(creating);
  // Only the executor's own choice is given up; a group that the task asks for is its condition.
  const bool is_wish = !own_group.empty() && without.cgroup_parent == own_group;
  if (created || !is_wish || !is_about_groups(created.error())) co_return created;
  without.cgroup_parent.clear();
  auto again = create_as_said(std::move(without));
  auto made = co_await std::move(again);
  co_return made;
}

asio::awaitable<Result<std::string>> DockerClient::create_as_said(ContainerSpec spec) {
  auto connecting = connect();
  auto version = co_await std::move(connecting);
  if (!version) co_return version.error();
  // Older Engines ignore fields that they do not know: the container would run without what was asked for.
  auto checked = check_api_version(spec, *version);
  if (!checked) co_return checked.error();
  std::string target = "/containers/create?name=" + percent_encode(spec.name);
  const std::string platform = create_platform(spec, *version);
  if (!platform.empty()) target += "&platform=" + percent_encode(platform);
  HttpClientRequest request{.method = "POST",
                            .target = std::move(target),
                            .headers = {{"Content-Type", "application/json"}},
                            .body = encode_container_spec(spec, *version)};
  auto asking = exchange(std::move(request), long_limit);
  auto answer = co_await std::move(asking);
  if (!answer) co_return answer.error();
  co_return read_created_id(answer->body);
}

asio::awaitable<Result<RawConnection>> DockerClient::attach(std::string id) {
  // Without logs=1: before the start there is nothing to catch up with, and after a loss follow_logs() does that.
  auto upgrading = upgrade({.method = "POST", .target = container_path(id, "/attach?stream=1&stdout=1&stderr=1")});
  auto attached = co_await std::move(upgrading);
  co_return attached;
}

asio::awaitable<Result<StreamingResponse>> DockerClient::follow_logs(std::string id) {
  auto opening = open({.method = "GET", .target = container_path(id, "/logs?follow=1&stdout=1&stderr=1")}, short_limit);
  auto opened = co_await std::move(opening);
  if (!opened) co_return opened.error();
  co_return std::move(*opened);
}

asio::awaitable<Result<void>> DockerClient::start(std::string id) {
  auto asking = exchange({.method = "POST", .target = container_path(id, "/start")}, long_limit);
  auto answer = co_await std::move(asking);
  if (!answer) co_return answer.error();
  co_return Result<void>{};
}

asio::awaitable<Result<ContainerView>> DockerClient::inspect(std::string id) {
  auto asking = exchange({.method = "GET", .target = container_path(id, "/json")}, short_limit);
  auto answer = co_await std::move(asking);
  if (!answer) co_return answer.error();
  co_return read_container(answer->body);
}

asio::awaitable<Result<ContainerEnd>> DockerClient::wait(std::string id) {
  auto connecting = connect();
  auto connected = co_await std::move(connecting);
  if (!connected) co_return connected.error();
  // Then the short limit finds a Docker that hangs; without that head it looks like a container that runs.
  const bool head_comes_early = *connected >= early_wait_head;
  const std::chrono::milliseconds limit =
      head_comes_early ? std::chrono::milliseconds{short_limit} : std::chrono::milliseconds{wait_limit};
  auto opening = open({.method = "POST", .target = container_path(id, "/wait")}, limit);
  auto opened = co_await std::move(opening);
  if (!opened) co_return opened.error();
  auto reading = read_all(*opened, refusal_bytes_max);
  auto body = co_await std::move(reading);
  if (!body) co_return unreachable(body.error());
  // A daemon that is shut down ends the stream without a word.
  if (body->empty()) co_return unreachable(Error{Errc::closed, "the answer to wait ended early", {}});
  co_return read_wait(*body);
}

asio::awaitable<Result<void>> DockerClient::signal(std::string id, std::string signal) {
  const std::string target = container_path(id, "/kill?signal=" + percent_encode(signal));
  auto asking = exchange({.method = "POST", .target = target}, short_limit);
  auto answer = co_await std::move(asking);
  if (!answer) co_return answer.error();
  co_return Result<void>{};
}

asio::awaitable<Result<std::vector<LabelledContainer>>> DockerClient::list_labelled(std::string label) {
  const std::string filters = percent_encode("{\"label\":[\"" + label + "\"]}");
  auto asking = exchange({.method = "GET", .target = "/containers/json?all=1&filters=" + filters}, short_limit);
  auto answer = co_await std::move(asking);
  if (!answer) co_return answer.error();
  co_return read_container_list(answer->body, label);
}

asio::awaitable<Result<std::string>> DockerClient::create_exec(std::string container, ExecSpec spec) {
  HttpClientRequest request{.method = "POST",
                            .target = container_path(container, "/exec"),
                            .headers = {{"Content-Type", "application/json"}},
                            .body = encode_exec(spec)};
  auto asking = exchange(std::move(request), short_limit);
  auto answer = co_await std::move(asking);
  if (!answer) co_return answer.error();
  co_return read_created_id(answer->body);
}

asio::awaitable<Result<RawConnection>> DockerClient::start_exec(std::string exec) {
  auto upgrading = upgrade({.method = "POST",
                            .target = "/exec/" + percent_encode(exec) + "/start",
                            .headers = {{"Content-Type", "application/json"}},
                            .body = encode_exec_start()});
  auto started = co_await std::move(upgrading);
  co_return started;
}

asio::awaitable<Result<ExecView>> DockerClient::inspect_exec(std::string exec) {
  auto asking = exchange({.method = "GET", .target = "/exec/" + percent_encode(exec) + "/json"}, short_limit);
  auto answer = co_await std::move(asking);
  if (!answer) co_return answer.error();
  co_return read_exec(answer->body);
}

asio::awaitable<Result<void>> DockerClient::remove(std::string id) {
  // force: it may still run. v: with its anonymous volumes, which nobody could name any more.
  auto asking = exchange({.method = "DELETE", .target = container_path(id, "?force=1&v=1")}, long_limit);
  auto answer = co_await std::move(asking);
  if (!answer && answer.error().code != Errc::not_found) co_return answer.error();
  co_return Result<void>{};
}

}  // namespace windlass
