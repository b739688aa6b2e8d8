#pragma once
// The Docker Engine API over its socket: one method per request that the executor makes. Used on the loop thread only.
//
// Errors: Errc::invalid (400), forbidden (403), not_found (404), conflict (409), internal (other refusals) with
// Docker's own words; unavailable, closed or timeout when Docker cannot be reached.

#include "base/error.hpp"
#include "io/http/client.hpp"
#include "model/container_spec.hpp"
#include "wire/docker/answers.hpp"
#include "wire/docker/api_version.hpp"
#include "wire/docker/pull.hpp"
#include "wire/docker/storage.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace windlass {

namespace asio = boost::asio;

class DockerClient {
 public:
  using OnProgress = std::function<void(const PullReader& reader)>;

  // host as in DOCKER_HOST: "unix:///var/run/docker.sock", "tcp://127.0.0.1:2375". Does not connect yet.
  [[nodiscard]] static Result<std::unique_ptr<DockerClient>> create(asio::any_io_executor loop, std::string host);

  // Agrees on the API version; every other call does it by itself when it is still to be done.
  [[nodiscard]] asio::awaitable<Result<DockerApiVersion>> connect();
  [[nodiscard]] asio::awaitable<Result<DockerStorage>> storage();

  // Nothing: the image is not on this machine.
  [[nodiscard]] asio::awaitable<Result<std::optional<DockerImage>>> inspect_image(std::string image);
  // registry_auth: the value of X-Registry-Auth, or empty. platform: "linux/arm64", or empty. One pull at a time.
  [[nodiscard]] asio::awaitable<Result<void>> pull(std::string image, std::string registry_auth, OnProgress on_progress,
                                                   std::string platform = {});
  void cancel_pull();

  // own_group: the executor's control group. As spec.cgroup_parent it is a wish: where Docker has systemd manage the
  // groups and refuses it, the container is made without. (To ask for the driver before would take longer than the rest
  // of the launch.) Errors, besides: Errc::unsupported when the Engine is too old for what the spec asks for.
  [[nodiscard]] asio::awaitable<Result<std::string>> create_container(ContainerSpec spec, std::string own_group);
  // The output from now on.
  [[nodiscard]] asio::awaitable<Result<RawConnection>> attach(std::string id);
  // The output from its beginning, as the daemon has logged it, and on.
  [[nodiscard]] asio::awaitable<Result<StreamingResponse>> follow_logs(std::string id);
  [[nodiscard]] asio::awaitable<Result<void>> start(std::string id);
  [[nodiscard]] asio::awaitable<Result<ContainerView>> inspect(std::string id);
  // Returns when it has ended.
  [[nodiscard]] asio::awaitable<Result<ContainerEnd>> wait(std::string id);
  [[nodiscard]] asio::awaitable<Result<void>> signal(std::string id, std::string signal);
  // Containers that have the label, running or not: id and the label's value.
  [[nodiscard]] asio::awaitable<Result<std::vector<LabelledContainer>>> list_labelled(std::string label);
  // A command in the container: made, then run (the output comes until its end), then asked about.
  [[nodiscard]] asio::awaitable<Result<std::string>> create_exec(std::string container, ExecSpec spec);
  [[nodiscard]] asio::awaitable<Result<RawConnection>> start_exec(std::string exec);
  [[nodiscard]] asio::awaitable<Result<ExecView>> inspect_exec(std::string exec);
  // Running or not, with its anonymous volumes. One that is not there is fine.
  [[nodiscard]] asio::awaitable<Result<void>> remove(std::string id);

 private:
  DockerClient(std::unique_ptr<HttpClient> client, std::string host);
  [[nodiscard]] asio::awaitable<Result<std::string>> create_as_said(ContainerSpec spec);
  [[nodiscard]] asio::awaitable<Result<HttpClientResponse>> exchange(HttpClientRequest request,
                                                                     std::chrono::milliseconds limit);
  [[nodiscard]] asio::awaitable<Result<StreamingResponse>> open(HttpClientRequest request,
                                                                std::chrono::milliseconds limit);
  [[nodiscard]] asio::awaitable<Result<RawConnection>> upgrade(HttpClientRequest request);
  [[nodiscard]] asio::awaitable<Result<HttpClientRequest>> in_its_version(const HttpClientRequest& request);
  [[nodiscard]] bool speaks_otherwise(const Error& refused, bool asked_again);
  [[nodiscard]] asio::awaitable<Result<void>> read_pull(OnProgress on_progress);
  [[nodiscard]] Error unreachable(const Error& error);

  std::unique_ptr<HttpClient> client_;
  std::string host_;
  std::optional<DockerApiVersion> version_;  // forgotten whenever Docker was away: it may come back as another
  StreamingResponse pulling_;
  bool pull_cancelled_ = false;
};

}  // namespace windlass
