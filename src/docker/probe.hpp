#pragma once
// Carries out the probes of checks (model/probe.hpp):
//
//   command   in a container: Docker's exec, with the container's environment; of a command task: a process of its own,
//             in the task's folder, with the task's environment and user
//   http      from the container's own network, by its loopback address (a socket that is made there: no process, no
//             thread); where that is not allowed, from here to the container's address. https: curl, in that network
//   tcp       likewise
//   docker    what Docker says of the image's HEALTHCHECK
//
// After its timeout a probe is killed, with all that it has started. What looks like a failure of a container that has
// ended meanwhile is Unknown: the end is reported, not the check.

#include "docker/client.hpp"
#include "io/process/process.hpp"
#include "model/ids.hpp"
#include "model/probe.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace windlass {

namespace asio = boost::asio;

// Where a probe looks.
struct ProbeTarget {
  std::string container = {};  // its id; empty: a command task
  int pid = 0;                 // of the container's first process, or of the command task; 0: not known
  bool host_network = false;   // the container has no network of its own
  std::vector<ContainerAddress> addresses = {};
  ProcessSpec process = {};  // of a command task: env, cwd and user
};

// What Docker's inspect says, as a target.
[[nodiscard]] ProbeTarget probe_target(const ContainerView& view);

// Used on the loop thread only. Probes that are cancelled may end after this has gone; they keep the DockerClient.
class ProbeRunner {
 public:
  using OnResult = std::function<void(const TaskId& task, std::uint64_t number, ProbeResult result)>;

  ProbeRunner(asio::any_io_executor loop, std::shared_ptr<DockerClient> docker, OnResult on_result);
  // As cancel_all().
  ~ProbeRunner();
  ProbeRunner(const ProbeRunner&) = delete;
  ProbeRunner& operator=(const ProbeRunner&) = delete;

  // on_result comes once, on the loop, never from inside this call. REQUIRES: the number is new for that task.
  void start(const TaskId& task, std::uint64_t number, Probe probe, ProbeTarget target);
  // No result comes any more. Processes of the probe are killed; what runs in the container ends with the container.
  void cancel(const TaskId& task, std::uint64_t number);
  void cancel_all();
  [[nodiscard]] std::size_t running() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace windlass
